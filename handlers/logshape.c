/* Telling shapes by keys. */
#include "handlers/logshape.h"

#include "base/escape.h"
#include "engine/json.h"
#include "engine/source.h"
#include "handlers/flowformat.h"

#define KEYS_TOLD_MAX      6  /* enough to recognise a format by */
#define KEY_TOLD_BYTES_MAX 40 /* CloudTrail's longest key has 28 */

/* Keys of a record's top (CloudTrail User Guide, "CloudTrail record contents"), those of other
 * sources behind. */
static const char *const record_keys[] = {
    "eventVersion",
    "eventTime",
    "eventSource",
    "eventName",
    "eventID",
    "eventType",
    "eventCategory",
    "userIdentity",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "requestParameters",
    "responseElements",
    "requestID",
    "errorCode",
    "errorMessage",
    "recipientAccountId",
    "managementEvent",
    "additionalEventData",
    /* Okta's, GitHub's and Kubernetes' (engine/source.c), and EventBridge around one of them */
    "published",
    "legacyEventType",
    "displayMessage",
    "@timestamp",
    "_document_id",
    "action",
    "actor",
    "sender",
    "repository",
    "webhook_type",
    "auditID",
    "stageTimestamp",
    "requestReceivedTimestamp",
    "detail",
};

/* Keys of a digest ("CloudTrail digest file structure"); its first key, awsAccountId, is not among
 * them. */
static const char *const digest_keys[] = {"digestStartTime", "digestEndTime", "digestS3Object"};

static bool key_among(struct str key, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eqz(key, list[i]))
            return true;
    return false;
}

/* A walk over the keys of one object. */
struct keys {
    const char *p;
    const char *end;
    struct str key; /* raw, between its quotes */
};

/* Moves to the next key's value: JSON_OK with p on it; JSON_ABSENT's place is taken by *done. */
static enum json_status keys_next(struct keys *k, bool *done)
{
    k->p = json_blanks(k->p, k->end);
    if (k->p < k->end && *k->p == ',')
        k->p = json_blanks(k->p + 1, k->end);
    if (k->p == k->end)
        return JSON_MORE;
    *done = *k->p == '}';
    if (*done)
        return JSON_OK;
    if (*k->p != '"')
        return JSON_BAD;
    const char *from = k->p + 1;
    bool escaped;
    enum json_status status = json_skip_string(&k->p, k->end, &escaped);
    if (status != JSON_OK)
        return status;
    k->key = str_n(from, (size_t)(k->p - 1 - from));
    k->p = json_blanks(k->p, k->end);
    if (k->p == k->end)
        return JSON_MORE;
    if (*k->p != ':')
        return JSON_BAD;
    k->p = json_blanks(k->p + 1, k->end);
    return k->p == k->end ? JSON_MORE : JSON_OK;
}

static enum logshape shape_of_status(enum json_status status)
{
    return status == JSON_MORE ? LOGSHAPE_MORE : LOGSHAPE_BROKEN;
}

enum logshape logshape_of(struct str bytes, size_t *at)
{
    struct keys k = {.p = bytes.p + 1, .end = bytes.p + bytes.n};
    enum logshape ended = LOGSHAPE_EMPTY;
    for (;;) {
        bool done = false;
        enum json_status status = keys_next(&k, &done);
        if (status != JSON_OK)
            return shape_of_status(status);
        if (done)
            return ended;
        if (key_among(k.key, record_keys, sizeof record_keys / sizeof *record_keys))
            return LOGSHAPE_RECORD;
        if (key_among(k.key, digest_keys, sizeof digest_keys / sizeof *digest_keys))
            return LOGSHAPE_DIGEST;
        bool records = str_eqz(k.key, "Records") || str_eqz(k.key, "items");
        if (records && *k.p == '[') {
            *at = (size_t)(k.p + 1 - bytes.p);
            return LOGSHAPE_LIST;
        }
        if (!records || *k.p != 'n')
            ended = LOGSHAPE_UNKNOWN;
        status = json_skip(&k.p, k.end);
        if (status != JSON_OK)
            return shape_of_status(status);
    }
}

void logshape_put_keys(struct buf *b, struct str bytes)
{
    struct keys k = {.p = bytes.p + 1, .end = bytes.p + bytes.n};
    for (int n = 0;; n++) {
        bool done = false;
        if (keys_next(&k, &done) != JSON_OK || done)
            return;
        buf_putz(b, n ? ", " : "");
        if (n == KEYS_TOLD_MAX) {
            buf_putz(b, "...");
            return;
        }
        buf_putc(b, '"');
        buf_put_terminal(b, str_slice(k.key, 0, KEY_TOLD_BYTES_MAX));
        buf_putc(b, '"');
        if (json_skip(&k.p, k.end) != JSON_OK)
            return;
    }
}

/* ---- sources ---- */

static bool has_marks(struct str record, enum source source, size_t set)
{
    size_t n = 0;
    for (; n < SOURCE_MARK_FIELDS && source_mark(source, set, n); n++)
        if (!str_present(json_member(record, str_of(source_mark(source, set, n)))))
            return false;
    return n > 0;
}

static bool is_record(struct str record)
{
    for (size_t s = 0; s < SOURCES; s++)
        for (size_t set = 0; set < SOURCE_MARKS; set++)
            if (has_marks(record, (enum source)s, set))
                return true;
    return false;
}

static bool is_flow_line(struct str line)
{
    struct flow_format format;
    return (flow_format_read(&format, line) && format.n >= FLOW_KNOWN_MIN) ||
           flow_line_is_default(line);
}

bool logshape_shows_source(struct str begin)
{
    size_t at;
    begin = str_trim(begin);
    if (begin.n && *begin.p == '[')
        begin = str_trim(str_skip(begin, 1));
    if (begin.n == 0 || *begin.p != '{') {
        size_t end = str_find_byte(begin, '\n', 0);
        return is_flow_line(str_trim(str_slice(begin, 0, end)));
    }
    if (logshape_of(begin, &at) == LOGSHAPE_LIST)
        begin = str_trim(str_skip(begin, at));
    return is_record(begin) || is_record(json_member(begin, S("detail")));
}
