/* From an incident's id to a page in its place. */
#include "handlers/storytelling.h"

#include "handlers/members.h"
#include "respond/page.h"
#include "respond/put.h"

/* A report's name and where it lies. */
#define NAME_MAX  128
#define WHERE_MAX 2048

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

/* page_fn */
static bool keep_piece(void *to, struct str piece, struct err *e)
{
    buf_put(to, piece);
    return buf_ok(to, "a report", e);
}

/* The steps are what the alerts kept. */
static bool make_page(const struct retold *retold, struct stories *s, const struct ruleset *rules,
                      struct buf *page, struct err *e)
{
    if (!stories_take(s, retold->incidents, retold->group, 1, e))
        return false;
    stories_ready(s);
    stories_recall(s);
    stories_end(s);
    return page_write(s, rules, keep_piece, page, e);
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

static bool tell(const struct retold *retold, const struct ruleset *rules,
                 const struct port_reports *reports, struct buf *answer, struct err *e)
{
    struct stories s;
    struct buf page, where;
    stories_init(&s);
    buf_init(&page, STORYTELLING_PAGE_MAX);
    buf_init(&where, WHERE_MAX);
    bool ok =
        make_page(retold, &s, rules, &page, e) && store(reports, retold->group, &page, &where, e);
    if (ok) {
        buf_putz(answer, "{\"ok\":true,");
        put_member(answer, S("incident"), str_of(retold->group->id), SIZE_MAX);
        put_member(answer, S("report"), buf_str(&where), SIZE_MAX);
        buf_putf(answer, "\"steps\":%zu}", s.steps.n);
        ok = buf_ok(answer, "the answer", e);
    }
    buf_release(&where);
    buf_release(&page);
    stories_release(&s);
    return ok;
}

bool storytelling_order(struct teller *t, const struct ruleset *rules,
                        const struct port_reports *reports, struct str order, struct buf *answer,
                        struct err *e)
{
    unsigned char id[INCIDENT_ID_BYTES];
    struct found_incident found = {.record = NULL};
    struct retold retold;
    struct arena memory;
    arena_init(&memory, LINEAGES_MEMORY_MAX);
    bool ok = read_id(member_text(order, "incident", &memory), id, e) &&
              teller_find(t, id, &memory, &found, e);
    if (ok && !found.record)
        ok = err_set(e, ERR_MISSING, "the state knows no such incident (any more)");
    ok = ok && teller_retell(t, &found, &retold, e) && tell(&retold, rules, reports, answer, e);
    arena_release(&memory);
    return ok;
}
