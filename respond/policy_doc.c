/* Writes the documents. */
#include "respond/policy_doc.h"

#include "base/escape.h"
#include "base/sha256.h"
#include "base/timefmt.h"

#define VERSION "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\","
#define ALL     "\"Action\":\"*\",\"Resource\":\"*\""
#define END     "}]}"

/* Digits of a session's hash in its policy's name: two sessions of one role meet once in 65,000. */
#define SESSION_HASH_BYTES 4

bool policy_is_ours(struct str name)
{
    return str_eq(name, S(POLICY_DENY_ALL)) || str_eq(name, S(POLICY_FENCE)) ||
           str_eq(name, S(POLICY_REVOKE_OLDER)) || str_starts(name, S(POLICY_DENY_SESSION));
}

void policy_put_deny_all_arn(struct buf *b, struct str partition)
{
    buf_putz(b, "arn:");
    buf_put(b, partition);
    buf_putz(b, ":iam::aws:policy/AWSDenyAll");
}

void policy_put_deny_all(struct buf *b)
{
    buf_putz(b, VERSION ALL END);
}

void policy_put_revoke_older(struct buf *b, int64_t now_ms)
{
    int64_t second = now_ms % 1000;
    buf_putz(b, VERSION ALL ",\"Condition\":{\"DateLessThan\":{\"aws:TokenIssueTime\":\"");
    time_put(b, now_ms - (second < 0 ? second + 1000 : second));
    buf_putz(b, "\"}}" END);
}

void policy_put_deny_session(struct buf *b, struct str userid)
{
    buf_putz(b, VERSION ALL ",\"Condition\":{\"StringEquals\":{\"aws:userid\":");
    buf_put_json(b, userid);
    buf_putz(b, "}}" END);
}

void policy_put_session_name(struct buf *b, struct str userid)
{
    unsigned char raw[SHA256_BYTES];
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, userid);
    sha256_end(&s, raw);
    buf_putz(b, POLICY_DENY_SESSION);
    buf_put_hex(b, raw, SESSION_HASH_BYTES);
}

static void put_list(struct buf *b, const struct str *list, size_t n)
{
    buf_putc(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_putc(b, ',');
        buf_put_json(b, list[i]);
    }
    buf_putc(b, ']');
}

void policy_put_fence(struct buf *b, const struct policy_fence *f)
{
    buf_putz(b, VERSION ALL ",\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":");
    put_list(b, f->cidrs, f->n_cidrs);
    if (f->n_endpoints) {
        buf_putz(b, "},\"StringNotEquals\":{\"aws:SourceVpce\":");
        put_list(b, f->endpoints, f->n_endpoints);
    }
    buf_putz(b, "},\"Bool\":{\"aws:ViaAWSService\":\"false\"}}" END);
}

void policy_put_no_trust(struct buf *b)
{
    buf_putz(b, VERSION "\"Principal\":\"*\",\"Action\":[\"sts:AssumeRole\","
                        "\"sts:AssumeRoleWithSAML\",\"sts:AssumeRoleWithWebIdentity\"]" END);
}

size_t policy_size(struct str document)
{
    size_t n = 0;
    for (size_t i = 0; i < document.n; i++) {
        char c = document.p[i];
        bool follows = ((unsigned char)c & 0xC0) == 0x80;
        n += !follows && c != ' ' && c != '\t' && c != '\n' && c != '\r';
    }
    return n;
}
