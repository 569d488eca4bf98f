/* How many elements a second go through the protocol of windows with its state in a SQLite file.
 *   windows_sqlite FILE KEYS EACH OBJECTS
 * settles OBJECTS objects of EACH events, a second apart, whose keys come by turns, for one rule:
 * five events of a key within ten minutes. Prints
 *   ELEMENTS WALL_MS CPU_US ALERTS
 * for all objects: reading the events is in it, loading the rule and opening the file are not. */
#include <stdio.h>
#include <stdlib.h>

#include "adapters/sqlite.h"
#include "base/clock.h"
#include "base/timefmt.h"
#include "engine/loader.h"
#include "handlers/windows.h"

#define T0         1704067200000ll /* 2024-01-01T00:00:00Z */
#define LEASE_MS   60000
#define MEMORY_MS  (15 * 86400000ll)
#define RECORD_MAX 1000

static const char rule[] =
    "title: Call\nid: 5b8d5a4f-1111-4222-8333-000000000001\nname: call\nlevel: low\n"
    "logsource: {product: aws, service: cloudtrail}\n"
    "detection: {s: {eventName: GetObject}, condition: s}\n---\n"
    "title: Calls\nid: 5b8d5a4f-1111-4222-8333-000000000002\nlevel: high\n"
    "correlation: {type: event_count, rules: call, group-by: userIdentity.arn, timespan: 10m, "
    "condition: {gte: 5}}\n";

struct bench {
    uint64_t keys, each, objects;
    struct diags diags;
    struct ruleset *rules;
    struct event ev;
    struct sqlite_state *file;
    struct windows *windows;
    struct buf record;
    uint64_t events, alerts;
};

static void describe(void *to, struct event *ev, uint32_t of, const struct facts *f,
                     struct buf *out)
{
    (void)to, (void)ev, (void)of;
    buf_put(out, f->evidence);
}

static bool tell(void *to, const struct window_alert *a, struct err *e)
{
    (void)a, (void)e;
    ((struct bench *)to)->alerts++;
    return true;
}

static bool load(struct bench *b, struct err *e)
{
    diags_init(&b->diags);
    struct loader *l = loader_new(NULL, &b->diags);
    bool ok = l ? loader_add(l, S("rule.yml"), str_of(rule), e) && loader_finish(l, &b->rules, e)
                : err_set(e, ERR_SYSTEM, "no memory for rules");
    loader_free(l);
    return ok && event_init(&b->ev, b->rules, e);
}

static bool open_state(struct bench *b, const char *path, struct err *e)
{
    /* No rule of a lower level is told: the correlation's window is all there is. */
    const struct windows_config cfg = {.rules = b->rules,
                                       .min_level = LEVEL_HIGH,
                                       .entries_max = WINDOWS_ENTRIES_MAX,
                                       .elements_max = WINDOWS_ELEMENTS_MAX,
                                       .memory_ms = MEMORY_MS};
    b->file = sqlite_state_open(path, (struct port_clock){0}, e);
    if (!b->file)
        return false;
    const struct port_state port = sqlite_state_port(b->file);
    b->windows = windows_new(&cfg, &port, (struct windows_calls){b, describe, tell, NULL}, e);
    return b->windows != NULL;
}

/* {"eventID":"00000000-0000-4000-8000-00000000002a","eventName":"GetObject","eventTime":...} */
static void put_record(struct bench *b)
{
    buf_reset(&b->record);
    buf_putf(&b->record,
             "{\"eventID\":\"00000000-0000-4000-8000-%012llx\",\"eventName\":\"GetObject\","
             "\"eventSource\":\"s3.amazonaws.com\",\"recipientAccountId\":\"111122223333\","
             "\"userIdentity\":{\"arn\":\"arn:aws:iam::111122223333:user/u%llu\"},\"eventTime\":\"",
             (unsigned long long)b->events, (unsigned long long)(b->events % b->keys));
    time_put(&b->record, T0 + (int64_t)b->events * 1000);
    buf_putz(&b->record, "\"}");
    b->events++;
}

static bool add_event(struct bench *b, struct err *e)
{
    struct facts facts;
    size_t used, n;
    put_record(b);
    if (event_read(&b->ev, buf_str(&b->record), &used, e) != JSON_OK)
        return false;
    const uint32_t *hits = event_match(&b->ev, &n);
    facts_read(&b->ev, S("object"), &facts);
    return windows_add(b->windows, &b->ev, &facts, hits, n, e);
}

static bool settle_object(struct bench *b, uint64_t number, struct err *e)
{
    struct delivery d = {.now_ms = T0 + (int64_t)b->events * 1000, .lease_ms = LEASE_MS};
    memcpy(d.owner, &number, sizeof number);
    windows_begin(b->windows, &d);
    for (uint64_t i = 0; i < b->each; i++)
        if (!add_event(b, e))
            return false;
    return windows_settle(b->windows, e);
}

static bool run(struct bench *b, struct err *e)
{
    const int64_t wall = clock_mono_ms(), cpu = clock_cpu_us();
    for (uint64_t i = 0; i < b->objects; i++)
        if (!settle_object(b, i + 1, e))
            return false;
    printf("%llu %lld %lld %llu\n", (unsigned long long)b->events,
           (long long)(clock_mono_ms() - wall), (long long)(clock_cpu_us() - cpu),
           (unsigned long long)b->alerts);
    return true;
}

static bool read_number(const char *text, uint64_t *out)
{
    unsigned long long n;
    const bool ok = str_u64(str_of(text), &n) && n > 0;
    if (ok)
        *out = n;
    return ok;
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct err e = {0};
    buf_init(&b.record, RECORD_MAX);
    bool ok = (argc == 5 && read_number(argv[2], &b.keys) && read_number(argv[3], &b.each) &&
               read_number(argv[4], &b.objects)) ||
              err_set(&e, ERR_USAGE, "windows_sqlite FILE KEYS EACH OBJECTS");
    ok = ok && load(&b, &e) && open_state(&b, argv[1], &e) && run(&b, &e);
    if (!ok)
        fprintf(stderr, "%s\n", e.text);
    windows_free(b.windows);
    sqlite_state_close(b.file);
    event_release(&b.ev);
    ruleset_free(b.rules);
    diags_release(&b.diags);
    buf_release(&b.record);
    return !ok;
}
