/* What one event says of who, what, where and when, in the log's own words. */
#ifndef TW_RESPOND_FACTS_H
#define TW_RESPOND_FACTS_H

#include "base/buf.h"
#include "base/sha256.h"
#include "engine/event.h"

/* All strings are borrowed from the event until its next record, secrets already taken out
 * (respond/redact.h). Absent: the record has no such string. Not to be copied: evidence may point
 * at hash. */
struct facts {
    struct str id;       /* eventID; absent when missing or empty */
    struct str evidence; /* never absent: id, or else the SHA-256 of the record in hex */
    bool timed;          /* whether eventTime is a time */
    int64_t time_ms;     /* INT64_MIN when it is not */
    struct str source, name, account, region, ip, user_agent, error;
    struct str actor;    /* userIdentity.arn, else principalId, else invokedBy */
    struct str identity; /* principalId, else invokedBy, else accountId, else sourceIPAddress, else
                            "unknown": the key that single-event alerts are gathered by */
    struct str user_type, user_name, user_arn, user_account, principal, invoked_by, access_key,
        issuer;
    struct str sign_in; /* of ConsoleLogin: "Success", else it proves nobody's password */
    struct geo where;   /* ip is, as far as it is known; the port's (engine/geo.h) */
    struct str object;  /* s3://bucket/key, or a path; the caller's */
    char hash[SHA256_HEX];
};

void facts_read(struct event *ev, struct str object, struct facts *out);

/* Sets actor and identity from the other strings. */
void facts_name(struct facts *f);

/* Appends "country":"DE","asn":64500,"as_org":"Example Networks", and a comma; what is not known is
 * left out, texts are cut at max bytes. */
void facts_put_where(struct buf *b, const struct facts *f, size_t max);

/* The output line of a Falco rule for this event, secrets taken out; absent for a Sigma rule, or
 * when it does not fit (FACTS_OUTPUT_MAX). b is the caller's and holds it until its next use. */
#define FACTS_OUTPUT_MAX                                                                           \
    (1u << 20) /* a record is at most 256 KB in CloudTrail, named twice over                       \
                */
struct str facts_output(struct event *ev, uint32_t rule, struct buf *b);

#endif
