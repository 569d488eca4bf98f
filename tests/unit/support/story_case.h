/* For tests of stories: records read once for their incidents, and again for their steps. */
#ifndef TW_TESTS_UNIT_SUPPORT_STORY_CASE_H
#define TW_TESTS_UNIT_SUPPORT_STORY_CASE_H

#include "respond/story.h"
#include "tests/unit/support/incident_case.h"

struct story_case {
    struct alert_case c;
    struct incidents x;
    struct stories s;
};

static inline void story_case_begin(struct story_case *t)
{
    alert_case_load(&t->c, incident_files, incident_texts);
    incidents_init(&t->x, t->c.rules);
    stories_init(&t->s);
}

static inline void story_case_release(struct story_case *t)
{
    stories_release(&t->s);
    incidents_release(&t->x);
    alert_case_release(&t->c);
}

/* A record of the first reading, from that object. */
static inline bool story_case_see(struct story_case *t, const char *record, struct str object,
                                  struct err *e)
{
    struct facts facts;
    if (!alert_case_add(&t->c, record, e))
        return false;
    facts_read(&t->c.ev, object, &facts);
    incidents_see(&t->x, &t->c.ev, &facts, true);
    return true;
}

/* alert_case_fn */
static inline bool story_case_alert(void *to, const struct ruleset *rs, const struct alert *a,
                                    struct err *e)
{
    (void)rs;
    return incidents_alert(to, a, e);
}

/* The first reading is over; the second begins with that object. */
static inline bool story_case_turn(struct story_case *t, struct str object, struct err *e)
{
    if (!alert_case_tell(&t->c, story_case_alert, &t->x, e) || !incidents_group(&t->x, e) ||
        !stories_take(&t->s, &t->x, t->x.groups.p, t->x.groups.n, e))
        return false;
    stories_ready(&t->s);
    stories_file(&t->s, object);
    return true;
}

/* A record of the second reading. */
static inline bool story_case_again(struct story_case *t, const char *record, struct str object,
                                    struct err *e)
{
    struct facts facts;
    size_t used;
    if (event_read(&t->c.ev, str_of(record), &used, e) != JSON_OK)
        return false;
    facts_read(&t->c.ev, object, &facts);
    stories_see(&t->s, &t->c.ev, &facts);
    return true;
}

/* The object had n records and this SHA-256, and was the last. */
static inline void story_case_end(struct story_case *t, const unsigned char *hash, uint64_t n)
{
    stories_file_end(&t->s, hash, n);
    stories_end(&t->s);
}

/* page_fn: keeps the page in a struct buf. */
static inline bool story_page_keep(void *to, struct str piece, struct err *e)
{
    buf_put(to, piece);
    return buf_ok(to, "a page", e);
}

/* What stands in a page behind `from` and before the next `to`; absent when one is not there. */
static inline struct str story_page_between(struct str page, const char *from, const char *to)
{
    size_t begin = str_find(page, str_of(from), 0);
    if (begin == SIZE_MAX)
        return STR_ABSENT;
    begin += strlen(from);
    size_t end = str_find(page, str_of(to), begin);
    return end == SIZE_MAX ? STR_ABSENT : str_slice(page, begin, end);
}

#endif
