/* From an incident's id to a page in its place. */
#include "handlers/storytelling.h"

#include <string.h>

#include "base/timefmt.h"
#include "engine/json.h"
#include "handlers/about.h"
#include "handlers/advising.h"
#include "handlers/handle.h"
#include "handlers/logkey.h"
#include "handlers/members.h"
#include "handlers/rereading.h"
#include "respond/page.h"
#include "respond/put.h"

/* A report's name and where it lies. */
#define NAME_MAX  128
#define WHERE_MAX 2048
/* "s3://", a bucket's 63 bytes and a key's 1,024. */
#define ADDRESS_MAX 2048
/* Beside HANDLE_MARGIN_MS, to make a page and store it: 0.3 s at 128 MB of memory (docs/bench.md).
 */
#define PAGE_MS 1000
#define DAY_MS  86400000LL

/* One order being obeyed. */
struct telling {
    const struct storytelling *with;
    struct stories stories;
    struct rereading reading;
    struct str bucket;  /* the present one */
    struct buf address; /* of the present object */
    int64_t reserve_ms; /* of the time, for what comes behind reading */
    struct about about;
    struct buf containment, marks; /* JSON, of the incident */
    struct advising advising;
    /* Objects from first_day to last_day may have steps, those from base_day on what was used
     * before; empty: any may. */
    char base_day[LOGKEY_DAY_BYTES + 1];
    char first_day[LOGKEY_DAY_BYTES + 1], last_day[LOGKEY_DAY_BYTES + 1];
    bool before; /* the days before first_day are being read */
};

static bool read_id(struct str hex, unsigned char id[INCIDENT_ID_BYTES], struct err *e)
{
    bool ok = hex.n == 2 * INCIDENT_ID_BYTES;
    for (size_t i = 0; ok && i < INCIDENT_ID_BYTES; i++) {
        int high = byte_hex(hex.p[2 * i]), low = byte_hex(hex.p[2 * i + 1]);
        ok = high >= 0 && low >= 0;
        if (ok)
            id[i] = (unsigned char)(high << 4 | low);
    }
    return ok || err_set(e, ERR_USAGE, "\"incident\" is no id of an incident: 32 digits");
}

/* ---- reading logs again ---- */

static int64_t left_ms(const struct telling *t)
{
    const struct port_clock *clock = &t->with->ports->clock;
    return clock->left_ms(clock->self);
}

/* rereading_calls.going */
static bool has_time(void *to, struct err *e)
{
    struct telling *t = to;
    if (left_ms(t) >= t->reserve_ms)
        return true;
    t->advising.cut = true;
    if (!t->before)
        t->stories.stopped = "the function's time was up";
    return err_set(e, ERR_RETRY, "the time for reading logs is up");
}

/* "2026/03/17", as CloudTrail's keys have it. */
static void put_day(char day[LOGKEY_DAY_BYTES + 1], int64_t ms)
{
    struct buf b;
    buf_init(&b, LOGKEY_DAY_BYTES + 1);
    struct time_parts p = time_split(ms);
    buf_putf(&b, "%04d/%02d/%02d", p.year, p.month, p.day);
    const char *z = buf_z(&b);
    memcpy(day, z ? z : "", z ? b.n + 1 : 1);
    buf_release(&b);
}

/* rereading_calls.see */
static void advise(void *to, struct event *ev, const struct facts *f)
{
    struct telling *t = to;
    advising_see(&t->advising, ev, f);
}

/* A record lies under the day on which it was delivered: that of its call, or within a day. */
static void set_days(struct telling *t)
{
    const struct story *story = stories_at(&t->stories, 0);
    if (story->from_ms > story->until_ms)
        return;
    put_day(t->base_day, story->from_ms - (t->advising.n ? ADVISING_DAYS * DAY_MS : 0));
    put_day(t->first_day, story->from_ms);
    put_day(t->last_day, story->until_ms + DAY_MS);
}

enum told_days { DAYS_STEPS, DAYS_BEFORE, DAYS_OTHER };

/* What an object may have. */
static enum told_days days_of(const struct telling *t, struct str key)
{
    struct logkey at;
    if (!t->first_day[0] || !logkey_read(key, &at))
        return DAYS_STEPS;
    if (memcmp(at.day.p, t->base_day, LOGKEY_DAY_BYTES) < 0 ||
        memcmp(at.day.p, t->last_day, LOGKEY_DAY_BYTES) > 0)
        return DAYS_OTHER;
    return memcmp(at.day.p, t->first_day, LOGKEY_DAY_BYTES) < 0 ? DAYS_BEFORE : DAYS_STEPS;
}

/* key_fn */
static bool read_listed(void *to, struct str key, struct err *e)
{
    struct telling *t = to;
    struct logkey at;
    enum told_days days = days_of(t, key);
    if (days != (t->before ? DAYS_BEFORE : DAYS_STEPS)) {
        t->stories.passed_over += days == DAYS_OTHER && !t->before;
        return has_time(t, e);
    }
    if ((logkey_read(key, &at) && at.digest) || str_ends(key, S("/")))
        return true;
    buf_reset(&t->address);
    buf_putz(&t->address, "s3://");
    buf_put(&t->address, t->bucket);
    buf_putc(&t->address, '/');
    buf_put(&t->address, key);
    return buf_ok(&t->address, "an object's address", e) && has_time(t, e) &&
           rereading_object(&t->reading, &t->with->ports->objects,
                            &(struct object_ref){.bucket = t->bucket, .key = key},
                            buf_str(&t->address), e);
}

static bool is_object(struct str key)
{
    return str_ends(key, S(".gz")) || str_ends(key, S(".json"));
}

/* Reads what lies at one address. */
static bool read_address(struct telling *t, struct str address, struct err *e)
{
    const struct port_listing *listing = &t->with->ports->listing;
    struct str rest = str_skip(address, 5);
    if (!str_present(address) || !str_starts(address, S("s3://")) || rest.n == 0)
        return err_set(e, ERR_USAGE, "\"from\" takes addresses as s3://bucket/prefix");
    t->bucket = str_cut(&rest, '/');
    struct str key = str_present(rest) ? rest : S("");
    if (!t->with->may_read(t->with->to, t->bucket))
        return err_set(e, ERR_DENIED, "\"from\": its bucket is not among TRAILWARDEN_BUCKETS");
    if (is_object(key))
        return read_listed(t, key, e);
    if (!listing->list)
        return err_set(e, ERR_USAGE, "\"from\": objects cannot be listed here; name each");
    return listing->list(listing->self, t->bucket, key, read_listed, t, e);
}

static bool read_addresses(struct telling *t, struct str from, struct err *e)
{
    struct members m = members_of(from);
    struct arena memory;
    struct str value;
    bool ok = true;
    size_t n = 0;
    arena_init(&memory, STORYTELLING_FROM_MAX * (size_t)ADDRESS_MAX);
    if (from.n && from.p[0] == '"')
        ok = read_address(t, json_string_text(from, &memory), e);
    else
        while (ok && members_next(&m, &value) && ++n <= STORYTELLING_FROM_MAX)
            ok = read_address(t, json_string_text(value, &memory), e);
    arena_release(&memory);
    if (ok && ((n == 0 && from.p[0] != '"') || n > STORYTELLING_FROM_MAX || m.broken))
        ok = err_set(e, ERR_USAGE, "\"from\" is an address or a list of 1 to %d",
                     STORYTELLING_FROM_MAX);
    return ok;
}

/* Of logs that are not read to their end for want of time the page tells what was read. What was
 * used before the incident comes last: the steps matter more. */
static bool read_logs(struct telling *t, struct str order, struct err *e)
{
    struct str from = json_member(order, S("from"));
    int64_t left = left_ms(t);
    if (!str_present(from))
        return true;
    t->reserve_ms = left == INT64_MAX ? 0 : left / 3;
    if (t->reserve_ms < HANDLE_MARGIN_MS + PAGE_MS)
        t->reserve_ms = HANDLE_MARGIN_MS + PAGE_MS;
    if (!str_eqz(json_member(order, S("advice")), "false"))
        advising_begin(&t->advising, &t->stories, &advising_function);
    set_days(t);
    bool ok = read_addresses(t, from, e);
    t->before = true;
    if (ok && t->advising.n && t->first_day[0])
        ok = read_addresses(t, from, e);
    return ok || t->advising.cut;
}

/* ---- the page ---- */

/* page_fn */
static bool keep_piece(void *to, struct str piece, struct err *e)
{
    buf_put(to, piece);
    return buf_ok(to, "a report", e);
}

/* What became of the incident's identities. More of it than fits is left out: a page without it is
 * better than none. */
static bool read_about(struct telling *t, struct story *story, struct err *e)
{
    const struct ports *ports = t->with->ports;
    int64_t now_ms = ports->clock.now_ms(ports->clock.self);
    if (!about_read(&t->about, &ports->state, now_ms, e))
        return e->kind == ERR_LIMIT;
    about_put_json(&t->containment, &t->about, &story->incident);
    about_put_marks(&t->marks, &t->about, &story->incident);
    if (!t->containment.failed && !t->marks.failed) {
        story->containment = buf_str(&t->containment);
        story->marks = buf_str(&t->marks);
    }
    return true;
}

/* The steps are those of the logs, and what the alerts kept of others. */
static bool make_page(struct telling *t, const struct retold *retold, struct str order,
                      struct buf *page, struct err *e)
{
    struct stories *s = &t->stories;
    if (!stories_take(s, retold->incidents, retold->group, 1, e))
        return false;
    stories_ready(s);
    if (!read_about(t, stories_at(s, 0), e) || !read_logs(t, order, e))
        return false;
    stories_recall(s);
    stories_end(s);
    advising_end(&t->advising);
    return page_write(s, t->with->rules, keep_piece, page, e);
}

static bool store(const struct port_reports *reports, const struct incident_group *g,
                  const struct buf *page, struct buf *where, struct err *e)
{
    struct buf name;
    buf_init(&name, NAME_MAX);
    buf_putf(&name, "story-%s.html", g->id);
    bool ok = buf_ok(&name, "a report's name", e) &&
              reports->put(reports->self, buf_str(&name), buf_str(page), where, e);
    buf_release(&name);
    return ok;
}

static void put_answer(struct buf *b, const struct telling *t, const char *incident,
                       struct str where)
{
    buf_putz(b, "{\"ok\":true,");
    put_member(b, S("incident"), str_of(incident), SIZE_MAX);
    put_member(b, S("report"), where, SIZE_MAX);
    buf_putf(b, "\"steps\":%zu,\"read\":{\"objects\":%llu,\"failed\":%llu,", t->stories.steps.n,
             (unsigned long long)t->reading.objects, (unsigned long long)t->reading.failed);
    buf_putf(b, "\"passed_over\":%llu,\"whole\":%s}}", (unsigned long long)t->stories.passed_over,
             t->advising.cut ? "false" : "true");
}

static bool tell(struct telling *t, const struct retold *retold, struct str order,
                 struct buf *answer, struct err *e)
{
    struct buf page, where;
    buf_init(&page, STORYTELLING_PAGE_MAX);
    buf_init(&where, WHERE_MAX);
    bool ok = make_page(t, retold, order, &page, e) &&
              store(&t->with->ports->reports, retold->group, &page, &where, e);
    if (ok) {
        put_answer(answer, t, retold->group->id, buf_str(&where));
        ok = buf_ok(answer, "the answer", e);
    }
    buf_release(&where);
    buf_release(&page);
    return ok;
}

/* ---- the order ---- */

static bool telling_init(struct telling *t, const struct storytelling *with, struct err *e)
{
    *t = (struct telling){.with = with};
    buf_init(&t->address, ADDRESS_MAX);
    about_init(&t->about, STORYTELLING_ABOUT_MAX);
    buf_init(&t->containment, STORYTELLING_ABOUT_MAX);
    buf_init(&t->marks, STORYTELLING_ABOUT_MAX);
    stories_init(&t->stories);
    stories_bound(&t->stories, &(struct story_bounds){.steps = STORYTELLING_STEPS_MAX,
                                                      .bytes = STORYTELLING_BYTES_MAX,
                                                      .known = STORYTELLING_KNOWN_MAX});
    return rereading_init(&t->reading, &t->stories, with->rules, with->said, with->ports->geo,
                          (struct rereading_calls){.to = t, .going = has_time, .see = advise}, e);
}

static void telling_release(struct telling *t)
{
    rereading_release(&t->reading);
    advising_release(&t->advising);
    stories_release(&t->stories);
    buf_release(&t->address);
    buf_release(&t->containment);
    buf_release(&t->marks);
    about_release(&t->about);
}

static bool retell(struct teller *teller, const struct storytelling *with,
                   const struct found_incident *found, struct str order, struct buf *answer,
                   struct err *e)
{
    struct retold retold;
    struct telling t;
    bool ok = telling_init(&t, with, e) && teller_retell(teller, found, &retold, e) &&
              tell(&t, &retold, order, answer, e);
    telling_release(&t);
    return ok;
}

bool storytelling_order(struct teller *t, const struct storytelling *with, struct str order,
                        struct buf *answer, struct err *e)
{
    unsigned char id[INCIDENT_ID_BYTES];
    struct found_incident found = {.record = NULL};
    struct arena memory;
    arena_init(&memory, LINEAGES_MEMORY_MAX);
    bool ok = read_id(json_member_text(order, "incident", &memory), id, e) &&
              teller_find(t, id, &memory, &found, e);
    if (ok && !found.record)
        ok = err_set(e, ERR_MISSING, "the state knows no such incident (any more)");
    ok = ok && retell(t, with, &found, order, answer, e);
    arena_release(&memory);
    return ok;
}
