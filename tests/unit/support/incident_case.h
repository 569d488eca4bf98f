/* For tests of incidents: rules, records, and what the incidents' summaries say. */
#ifndef TW_TESTS_UNIT_SUPPORT_INCIDENT_CASE_H
#define TW_TESTS_UNIT_SUPPORT_INCIDENT_CASE_H

#include "tests/unit/support/alert_case.h"
#include "tests/unit/support/lineage_case.h"

#define CASE_RECORDS_MAX 8
#define RULE(title, id, level, name)                                                               \
    "title: " title "\nid: " id "\nauthor: somebody\ndescription: It matters.\nlevel: " level      \
    "\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  s: {eventName: " name         \
    "}\n  condition: s\n"

static const char *const incident_files[] = {"bad.yml", "odd.yml", "pair.yml", NULL};
static const char *const incident_texts[] = {
    RULE("A bad call", "6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01", "high", "Bad"),
    RULE("An odd call", "6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a02", "low", "Odd"),
    /* Two people at one address: an alert over several lineages. */
    RULE("First half", "6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a03", "informational",
         "Half") "---\n"
                 "title: Both halves\nid: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a04\nauthor: somebody\n"
                 "description: It matters.\nlevel: high\ncorrelation:\n  type: event_count\n"
                 "  rules: [6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a03]\n  group-by: [sourceIPAddress]\n"
                 "  timespan: 10m\n  condition: {gte: 2}\n",
    NULL};

#define DANA            USER("U1", "dana", "AKIA1")
#define EVE             USER("U2", "eve", "AKIA2")
#define BAD(time, who)  CALL(time, "iam", "Bad", who, "")
#define ODD(time, who)  CALL(time, "iam", "Odd", who, "")
#define HALF(time, who) CALL(time, "iam", "Half", who, "")
#define MADE_EVE(time)                                                                             \
    CALL(time, "iam", "CreateUser", DANA,                                                          \
         ",\"requestParameters\":{\"userName\":\"eve\"},\"responseElements\":{\"user\":{"          \
         "\"userId\":\"AIDAU2\",\"arn\":\"arn:aws:iam::111122223333:user/eve\"}}")
#define AT(day, rest)                                                                              \
    "{\"eventTime\":\"2026-03-" day "Z\",\"eventSource\":\"iam.amazonaws.com\","                   \
    "\"eventName\":\"Bad\",\"recipientAccountId\":\"111122223333\",\"userIdentity\":" DANA rest    \
    "}"

/* Summaries, one a line. */
static const struct incident_case {
    const char *name, *summaries;
    const char *records[CASE_RECORDS_MAX];
} incident_cases[] = {
    {"one alert",
     "user dana from 198.51.100.7: 1 alert at 2026-03-17T14:00:00Z, \"A bad call\" (high).\n",
     {BAD("14:00:00", DANA)}},
    {"low alone is none", "", {ODD("14:00:00", DANA)}},
    {"low beside it is a signal",
     "user dana from 198.51.100.7: 2 alerts from 2026-03-17T14:00:00Z to 2026-03-17T14:30:00Z, "
     "the gravest \"A bad call\" (high).\n",
     {ODD("14:00:00", DANA), BAD("14:30:00", DANA)}},
    {"strangers",
     "user dana from 198.51.100.7: 1 alert at 2026-03-17T14:00:00Z, \"A bad call\" (high).\n"
     "user eve from 198.51.100.7: 1 alert at 2026-03-17T14:00:01Z, \"A bad call\" (high).\n",
     {BAD("14:00:00", DANA), BAD("14:00:01", EVE)}},
    {"made by the other",
     "user dana from 198.51.100.7: 2 alerts from 2026-03-17T14:00:00Z to 2026-03-17T14:20:00Z, "
     "the gravest \"A bad call\" (high). It led to user eve.\n",
     {BAD("14:00:00", DANA), MADE_EVE("14:10:00"), BAD("14:20:00", EVE)}},
    {"who only made the other is behind it",
     "user dana from 198.51.100.7: 1 alert at 2026-03-17T14:20:00Z, \"A bad call\" (high). It led "
     "to user eve.\n",
     {MADE_EVE("14:10:00"), BAD("14:20:00", EVE)}},
    {"a day and a second apart",
     "user dana: 1 alert at 2026-03-17T14:00:00Z, \"A bad call\" (high).\n"
     "user dana: 1 alert at 2026-03-18T14:00:01Z, \"A bad call\" (high).\n",
     {AT("17T14:00:00", ""), AT("18T14:00:01", "")}},
    {"a day apart",
     "user dana: 2 alerts from 2026-03-17T14:00:00Z to 2026-03-18T14:00:00Z, the gravest \"A bad "
     "call\" (high).\n",
     {AT("17T14:00:00", ""), AT("18T14:00:00", "")}},
    {"over two lineages it is of who ended it",
     "user eve from 198.51.100.7: 1 alert at 2026-03-17T14:01:00Z, \"Both halves\" (high).\n",
     {HALF("14:00:00", DANA), HALF("14:01:00", EVE)}},
    {"and a signal where there is an incident",
     "user dana from 198.51.100.7: 2 alerts from 2026-03-17T13:00:00Z to 2026-03-17T14:00:00Z, "
     "the gravest \"A bad call\" (high).\n"
     "user eve from 198.51.100.7: 1 alert at 2026-03-17T14:01:00Z, \"Both halves\" (high).\n",
     {BAD("13:00:00", DANA), HALF("14:00:00", DANA), HALF("14:01:00", EVE)}},
    {"without a time",
     "user dana: 1 alert, \"A bad call\" (high).\n",
     {"{\"eventName\":\"Bad\",\"userIdentity\":" DANA "}"}},
    {"nobody", "", {ODD("14:00:00", "{}")}},
};

#endif
