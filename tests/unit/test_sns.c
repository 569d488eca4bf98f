/* adapters/sns: topics, and the form of a Publish (SNS API Reference). */
#include "adapters/sns.h"

#include "tests/unit/support/check.h"

#define ARN "arn:aws:sns:eu-west-1:111122223333:alerts"

static void reads_arns(void **state)
{
    static const struct {
        const char *arn, *region; /* region NULL: refused */
        bool fifo;
    } cases[] = {
        {ARN, "eu-west-1", false},
        {"arn:aws-us-gov:sns:us-gov-west-1:111122223333:a.fifo", "us-gov-west-1", true},
        {"arn:aws:sns:eu-west-1:111122223333:", NULL, false},
        {"arn:aws:sns:eu-west-1:111122223333:a:subscription", NULL, false},
        {"arn:aws:sqs:eu-west-1:111122223333:a", NULL, false},
        {"arn:aws:sns:eu west 1:111122223333:a", NULL, false},
        {"arn:aws:sns::111122223333:a", NULL, false},
        {"arn:aws:sns:eu-west-1::a", NULL, false},
        {"alerts", NULL, false},
        {"", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sns_topic topic;
        struct err e = {0};
        const bool ok = sns_topic_init(&topic, NULL, str_of(cases[i].arn), &e);
        check_int(cases[i].arn, ok, cases[i].region != NULL);
        check_int(cases[i].arn, e.kind, ok ? ERR_NONE : ERR_USAGE);
        if (ok) {
            check_str(cases[i].arn, topic.region, str_of(cases[i].region));
            check_int(cases[i].arn, topic.fifo, cases[i].fifo);
        }
    }
}

static const struct message message = {
    .id = {"id", 2},
    .updates = 2,
    .account = {"111122223333", 12},
    .subject = {"S s", 3},
    .text = {"a\nb", 3},
    .json = {"{\"a\":1}", 7},
    .attributes = {{"level", {"high", 4}}, {"rule", {"r+1", 3}}},
    .n_attributes = 2,
};

static void check_form(const char *arn, const char *want)
{
    struct sns_topic topic;
    struct buf form;
    struct err e = {0};
    buf_init(&form, 10000);
    check_true(arn, sns_topic_init(&topic, NULL, str_of(arn), &e));
    check_true(arn, sns_put_form(&topic, &message, &form, &e));
    check_str(arn, buf_str(&form), str_of(want));
    buf_release(&form);
}

#define FORM_TAIL                                                                                  \
    "&Subject=S+s&MessageStructure=json&Message=%7B%22default%22%3A%22%7B%5C%22a%5C%22%3A1%7D%"    \
    "22%2C%22email%22%3A%22a%5Cnb%22%2C%22sms%22%3A%22S+s%22%7D"                                   \
    "&MessageAttributes.entry.1.Name=level&MessageAttributes.entry.1.Value.DataType=String"        \
    "&MessageAttributes.entry.1.Value.StringValue=high&MessageAttributes.entry.2.Name=rule"        \
    "&MessageAttributes.entry.2.Value.DataType=String"                                             \
    "&MessageAttributes.entry.2.Value.StringValue=r%2B1"

static void writes_forms(void **state)
{
    (void)state;
    check_form(ARN, "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A"
                    "111122223333%3Aalerts" FORM_TAIL);
    check_form(ARN ".fifo",
               "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A"
               "111122223333%3Aalerts.fifo" FORM_TAIL
               "&MessageGroupId=111122223333&MessageDeduplicationId=id.2");
}

#define DIGITS_64  "0123456789012345678901234567890123456789012345678901234567890123"
#define DIGITS_128 DIGITS_64 "4567890123456789012345678901234567890123456789012345678901234567"

/* The digests: printf %s TEXT | sha256sum */
static const struct {
    const char *name, *id;
    uint32_t updates;
    const char *account, *group, *deduplication; /* account NULL: not known */
} fifos[] = {
    {"an alert", "a1", 0, "111122223333", "111122223333", "a1.0"},
    {"its update is another message", "a1", 1, "111122223333", "111122223333", "a1.1"},
    {"no account", "a1", 0, NULL, "a1", "a1.0"},
    {"an empty account", "a1", 0, "", "a1", "a1.0"},
    {"128 bytes fit", "a1", 0, DIGITS_128, DIGITS_128, "a1.0"},
    {"129 do not", "a1", 0, DIGITS_128 "8",
     "5fd5d92c21a0c695de143dcca8e43b297c7afe9610c7b78f28fbc5e3587fc6a9", "a1.0"},
    {"an id that is full with its number", DIGITS_128, 7, "1", "1",
     "501a080d9c1d21f2112713ca1d48006f0dda8434f27161fd33750487de26c75d"},
    {"a blank", "a1", 0, "two words",
     "a03f1d611645eb53ad16c1af546ca0792dc884505bab57ede80f4dad6b911d3a", "a1.0"},
    {"a letter outside ASCII", "a1", 0, "\xC3\xBC",
     "607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f", "a1.0"},
};

static void tells_fifo_messages_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fifos); i++) {
        struct sns_topic topic;
        const struct message m = {.id = str_of(fifos[i].id),
                                  .updates = fifos[i].updates,
                                  .account = str_of(fifos[i].account)};
        struct buf form, want;
        struct err e = {0};
        buf_init(&form, 10000);
        buf_init(&want, 10000);
        buf_putf(&want, "&MessageGroupId=%s&MessageDeduplicationId=%s", fifos[i].group,
                 fifos[i].deduplication);
        check_true(fifos[i].name, sns_topic_init(&topic, NULL, S(ARN ".fifo"), &e));
        check_true(fifos[i].name, sns_put_form(&topic, &m, &form, &e));
        const size_t at = str_find(buf_str(&form), S("&MessageGroupId="), 0);
        check_str(fifos[i].name, str_skip(buf_str(&form), at), buf_str(&want));
        buf_release(&form);
        buf_release(&want);
    }
}

static void counts_what_sns_counts(void **state)
{
    static char text[MESSAGE_BYTES_MAX];
    const struct sns_topic topic = {.arn = S(ARN)};
    struct message m = {.subject = S("s"), .json = S("{}"), .text = {text, 0}};
    const size_t frame = sizeof "{\"default\":\"{}\",\"email\":\"\",\"sms\":\"s\"}" - 1;
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t over = 0; over < 2; over++) {
        struct buf form;
        struct err e = {0};
        buf_init(&form, 4 * MESSAGE_BYTES_MAX);
        m.text.n = MESSAGE_BYTES_MAX - frame + over;
        check_int("at the limit, and over", sns_put_form(&topic, &m, &form, &e), !over);
        check_int("kind", e.kind, over ? ERR_LIMIT : ERR_NONE);
        buf_release(&form);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_arns),
        cmocka_unit_test(writes_forms),
        cmocka_unit_test(tells_fifo_messages_apart),
        cmocka_unit_test(counts_what_sns_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
