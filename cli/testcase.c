/* Reading test cases: which keys there are, and the records that each case comes to. */
#include "cli/testcase.h"

#include "base/sha256.h"
#include "base/timefmt.h"
#include "base/vec.h"
#include "cli/testrecord.h"

#define UUID_BYTES  16
#define OFFSET_MAX  (100 * 365 * 86400000LL) /* a hundred years: timespans have at most ten */
#define EVENTS_EACH "`at` is needed: a whole number and s, m, h or d, like 90s"

struct reading {
    const struct yaml *base; /* NULL: each event brings its own record */
    struct testgeo geo;      /* of the file */
    struct arena *memory;
};

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_LIMIT, "no memory for tests");
}

/* ---- keys ---- */

static bool check_keys(const struct yaml *map, const char *const *known, size_t n, struct err *e)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct yaml *key = map->pairs[i].key;
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found = found || str_eqz(key->text, known[k]);
        if (!found)
            return testrecord_wrong(e, key->line, "unknown key", key->text);
    }
    return true;
}

/* A map of a test, or of one of its events, that says what a record is made of. */
static bool check_changes(const struct reading *r, const struct yaml *y, const char *const *known,
                          size_t n, struct err *e)
{
    const struct yaml *set = yaml_get(y, "set");
    const struct yaml *unset = yaml_get(y, "unset");
    if (!check_keys(y, known, n, e))
        return false;
    if ((set && set->kind != YAML_MAP) || (unset && unset->kind != YAML_SEQ))
        return testrecord_wrong(e, y->line, "set must be a map, unset a list", S(""));
    if (!r->base && !yaml_get(y, "event"))
        return testrecord_wrong(e, y->line, "without base a test needs an event", S(""));
    return true;
}

/* The record of base or event with the changes; n is the number of the repeat. */
static bool change(json_t *record, const struct yaml *y, size_t n, struct err *e)
{
    const struct yaml *set = yaml_get(y, "set");
    const struct yaml *unset = yaml_get(y, "unset");
    return (!set || testrecord_set(record, set, n, e)) &&
           (!unset || testrecord_unset(record, unset, e));
}

/* ---- one event of a case ---- */

/* 90s, 10m, 24h, 7d in milliseconds. */
static bool read_offset(struct str text, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    unsigned long long number;
    if (text.n < 2 || !str_u64(str_slice(text, 0, text.n - 1), &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text.p[text.n - 1] == units[i].unit) {
            *ms = (int64_t)(number < OFFSET_MAX ? number : OFFSET_MAX) * units[i].ms;
            return number <= (unsigned long long)(OFFSET_MAX / units[i].ms);
        }
    return false;
}

static bool text_of(const json_t *record, const char *name, struct str *out)
{
    const json_t *j = json_object_get(record, name);
    *out = str_n(json_string_value(j), json_string_length(j));
    return str_present(*out);
}

/* A UUID (RFC 9562, version 8: made from a hash) for event number i of a case. */
static json_t *event_id(struct str name, size_t i)
{
    unsigned char sum[SHA256_BYTES];
    struct sha256 h;
    struct buf b;
    buf_init(&b, 64);
    buf_put_u64(&b, i);
    sha256_init(&h);
    sha256_add_part(&h, name);
    sha256_add_part(&h, buf_str(&b));
    sha256_end(&h, sum);
    sum[6] = (unsigned char)(0x80 | (sum[6] & 0x0f));
    sum[8] = (unsigned char)(0x80 | (sum[8] & 0x3f));
    buf_reset(&b);
    for (size_t k = 0; k < UUID_BYTES; k++) {
        if (k == 4 || k == 6 || k == 8 || k == 10)
            buf_putc(&b, '-');
        buf_put_hex(&b, sum + k, 1);
    }
    json_t *out = json_stringn(buf_str(&b).p, b.n);
    buf_release(&b);
    return out;
}

/* Where a record of each source has its time and its id (engine/source.c). */
static const struct moment {
    const char *time, *id; /* id NULL: events have none, and must differ in something */
    int64_t unit_ms;       /* of a time that is a number; 0 when it is a text */
} moments[] = {
    {"eventTime", "eventID", 0},
    {"published", "uuid", 0},
    {"@timestamp", "_document_id", 1},
    {"webhook_time", "webhook_delivery", 0},
    {"stageTimestamp", "auditID", 0},
    {"requestReceivedTimestamp", "auditID", 0},
    {"start", NULL, 1000},
};
#define MOMENTS (sizeof moments / sizeof *moments)

/* The time that a record gives in the way of m. */
static bool moment_read(const struct moment *m, const json_t *record, int64_t *ms)
{
    const json_t *j = json_object_get(record, m->time);
    if (m->unit_ms) {
        *ms = json_integer_value(j) * m->unit_ms;
        return json_is_integer(j);
    }
    return time_parse(str_n(json_string_value(j), json_string_length(j)), ms);
}

static json_t *time_text(const struct moment *m, int64_t ms)
{
    struct buf b;
    if (m->unit_ms)
        return json_integer(ms / m->unit_ms);
    buf_init(&b, 64);
    time_put(&b, ms);
    json_t *out = json_stringn(buf_str(&b).p, b.n);
    buf_release(&b);
    return out;
}

/* How one entry of `events` makes its records. */
struct series {
    const struct yaml *y;
    json_t *record;              /* before the changes */
    const struct moment *moment; /* how it tells its time */
    bool own_id;                 /* `event` gives its id */
    int64_t first_ms, every_ms;
    unsigned long long repeat;
};

static bool read_times(struct series *s, struct err *e)
{
    const struct yaml *every = yaml_get(s->y, "every"), *repeat = yaml_get(s->y, "repeat");
    int64_t at = 0;
    if (!read_offset(yaml_text(yaml_get(s->y, "at")), &at))
        return testrecord_wrong(e, s->y->line, EVENTS_EACH, S(""));
    if (every && !read_offset(yaml_text(every), &s->every_ms))
        return testrecord_wrong(e, every->line, "`every` is no time like 10s, but",
                                yaml_text(every));
    s->repeat = 1;
    if (repeat && (!str_u64(yaml_text(repeat), &s->repeat) || s->repeat == 0))
        return testrecord_wrong(e, repeat->line, "`repeat` is no number from 1, but",
                                yaml_text(repeat));
    s->first_ms += at;
    return true;
}

/* The moment that `at` counts from: base's, else the event's own. */
static bool read_start(const struct reading *r, struct series *s, struct err *e)
{
    json_t *base = NULL;
    if (r->base && !testrecord_make(r->base, &base, e))
        return false;
    bool found = false;
    for (size_t i = 0; i < 2 * MOMENTS && !found; i++) {
        s->moment = &moments[i % MOMENTS];
        found = moment_read(s->moment, i < MOMENTS ? base : s->record, &s->first_ms);
    }
    json_decref(base);
    return found || testrecord_wrong(e, s->y->line,
                                     "`at` counts from base's eventTime, and there is none", S(""));
}

static bool series_make(const struct reading *r, const struct yaml *y, struct series *s,
                        struct err *e)
{
    static const char *const known[] = {"at", "repeat", "every", "set", "unset", "event"};
    const struct yaml *event = yaml_get(y, "event");
    struct str id;
    *s = (struct series){.y = y};
    if (y->kind != YAML_MAP)
        return testrecord_wrong(e, y->line, "an event must be a map", S(""));
    if (!check_changes(r, y, known, sizeof known / sizeof *known, e) ||
        !testrecord_make(event ? event : r->base, &s->record, e))
        return false;
    if (!read_start(r, s, e))
        return false;
    s->own_id = !s->moment->id || (event && text_of(s->record, s->moment->id, &id));
    return read_times(s, e);
}

/* Record number n of a series, number i of its case. */
static bool series_record(const struct reading *r, const struct series *s, const struct testcase *t,
                          size_t n, struct str *out, struct err *e)
{
    json_t *record = json_deep_copy(s->record);
    int64_t ms = s->first_ms + (int64_t)n * s->every_ms;
    bool ok = record &&
              json_object_set_new(record, s->moment->time, time_text(s->moment, ms)) == 0 &&
              (s->own_id ||
               json_object_set_new(record, s->moment->id, event_id(t->name, t->n_records)) == 0);
    if (!ok)
        no_memory(e);
    ok = ok && change(record, s->y, n, e) && testrecord_text(record, r->memory, out, e);
    json_decref(record);
    return ok;
}

/* ---- a case of several events ---- */

static bool add_series(const struct reading *r, const struct yaml *y, struct testcase *t,
                       struct vec *records, struct err *e)
{
    struct series s;
    bool ok = series_make(r, y, &s, e);
    for (size_t n = 0; ok && n < s.repeat; n++) {
        struct str *to = vec_push(records, 1);
        ok = to || err_set(e, ERR_LIMIT, "line %u: more than %d events, or no memory", y->line,
                           TESTCASE_EVENTS_MAX);
        ok = ok && series_record(r, &s, t, n, to, e);
        t->n_records = records->n;
    }
    json_decref(s.record);
    return ok;
}

static bool read_key(const struct reading *r, const struct yaml *y, struct testcase *t,
                     struct err *e)
{
    if (!y)
        return true;
    if (y->kind != YAML_MAP || y->n == 0)
        return testrecord_wrong(e, y->line, "key must be a map of fields to values", S(""));
    struct testcase_key *key = arena_array(r->memory, y->n, sizeof *key);
    for (size_t i = 0; key && i < y->n; i++) {
        key[i].field = arena_str(r->memory, y->pairs[i].key->text);
        key[i].value = arena_str(r->memory, yaml_text(y->pairs[i].value));
        if (!str_present(key[i].value))
            return testrecord_wrong(e, y->pairs[i].key->line, "key has no value for",
                                    y->pairs[i].key->text);
    }
    t->key = key;
    t->n_key = y->n;
    return key || no_memory(e);
}

static bool read_events(const struct reading *r, const struct yaml *y, struct testcase *t,
                        struct err *e)
{
    static const char *const known[] = {"name", "rule", "events", "alerts", "key", "geo"};
    const struct yaml *events = yaml_get(y, "events");
    unsigned long long alerts;
    struct vec records;
    if (!check_keys(y, known, sizeof known / sizeof *known, e))
        return false;
    if (events->kind != YAML_SEQ || events->n == 0)
        return testrecord_wrong(e, events->line, "there is no list of events", S(""));
    if (!str_u64(yaml_text(yaml_get(y, "alerts")), &alerts))
        return testrecord_wrong(e, y->line, "a test with events says how many alerts: N", S(""));
    t->counts_alerts = true;
    t->alerts = alerts;
    vec_init(&records, sizeof(struct str), TESTCASE_EVENTS_MAX);
    bool ok = read_key(r, yaml_get(y, "key"), t, e);
    for (size_t i = 0; ok && i < events->n; i++)
        ok = add_series(r, events->items[i], t, &records, e);
    struct str *list = ok ? arena_array(r->memory, records.n, sizeof *list) : NULL;
    if (list)
        memcpy(list, records.p, records.n * sizeof *list);
    t->records = list;
    vec_release(&records);
    return list || (ok && no_memory(e));
}

/* ---- a case of one record ---- */

static bool read_record(const struct reading *r, const struct yaml *y, struct testcase *t,
                        struct err *e)
{
    static const char *const known[] = {"name", "expect", "set", "unset", "event", "rule", "geo"};
    const struct yaml *event = yaml_get(y, "event");
    struct str expect = yaml_text(yaml_get(y, "expect"));
    if (!check_changes(r, y, known, sizeof known / sizeof *known, e))
        return false;
    t->expect_match = str_eqz(expect, "match");
    if (!t->expect_match && !str_eqz(expect, "no-match"))
        return testrecord_wrong(e, y->line, "expect must be match or no-match, not", expect);
    json_t *record;
    struct str *text = arena_alloc(r->memory, sizeof *text);
    if (!text)
        return no_memory(e);
    bool ok = testrecord_make(event ? event : r->base, &record, e) &&
              change(record, y, TESTRECORD_EVENT, e) && testrecord_text(record, r->memory, text, e);
    json_decref(record);
    t->records = text;
    t->n_records = 1;
    return ok;
}

/* ---- the file ---- */

static bool read_test(const struct reading *r, const struct yaml *y, struct testcase *t,
                      struct err *e)
{
    if (y->kind != YAML_MAP)
        return testrecord_wrong(e, y->line, "a test must be a map", S(""));
    const struct yaml *geo = yaml_get(y, "geo");
    *t = (struct testcase){.line = y->line, .geo = r->geo};
    t->name = arena_str(r->memory, yaml_text(yaml_get(y, "name")));
    t->rule = arena_str(r->memory, yaml_text(yaml_get(y, "rule")));
    if (!t->name.n)
        return testrecord_wrong(e, y->line, "a test needs a name", S(""));
    if (geo && !testgeo_read(geo, r->memory, &t->geo, e))
        return false;
    return yaml_get(y, "events") ? read_events(r, y, t, e) : read_record(r, y, t, e);
}

static bool read_file(const struct yaml *root, struct arena *a, struct testcase **out, size_t *n,
                      struct err *e)
{
    static const char *const known[] = {"base", "geo", "tests"};
    struct reading r = {.base = yaml_get(root, "base"), .memory = a};
    const struct yaml *geo = yaml_get(root, "geo");
    const struct yaml *tests = yaml_get(root, "tests");
    if (root->kind != YAML_MAP || !tests || tests->kind != YAML_SEQ || tests->n == 0)
        return testrecord_wrong(e, root->line, "there is no list of tests", S(""));
    if (!check_keys(root, known, sizeof known / sizeof *known, e))
        return false;
    if (geo && !testgeo_read(geo, a, &r.geo, e))
        return false;
    if (tests->n > TESTCASES_MAX)
        return err_set(e, ERR_LIMIT, "more than %d tests in one file", TESTCASES_MAX);
    *out = arena_array(a, tests->n, sizeof **out);
    *n = tests->n;
    bool ok = *out || no_memory(e);
    for (size_t i = 0; ok && i < tests->n; i++)
        ok = read_test(&r, tests->items[i], &(*out)[i], e);
    return ok;
}

bool testcases_read(struct str yaml, struct arena *a, struct testcase **out, size_t *n,
                    struct err *e)
{
    const struct yaml **docs;
    size_t n_docs;
    if (!yaml_parse(yaml, a, &docs, &n_docs, e))
        return false;
    if (n_docs != 1)
        return err_set(e, ERR_INPUT, "a test file has one document, this has %zu", n_docs);
    return read_file(docs[0], a, out, n, e);
}
