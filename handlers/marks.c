/* Marks, as one item that is read whole and changed by compare-and-set. */
#include "handlers/marks.h"

#include <jansson.h>

#include "base/timefmt.h"
#include "respond/put.h"

#define SWAPS_MAX 10 /* as many others at once would be a script gone wild */

static struct state_key key_of(void)
{
    struct state_key key;
    memcpy(key.bytes, MARKS_KEY_BYTES, sizeof key.bytes);
    return key;
}

void marks_init(struct marks *m)
{
    *m = (struct marks){.n = 0};
    arena_init(&m->memory, 2 * (size_t)MARKS_BYTES);
}

void marks_release(struct marks *m)
{
    arena_release(&m->memory);
}

/* ---- the item ---- */

static struct str text_at(const json_t *object, const char *member)
{
    const json_t *j = json_object_get(object, member);
    return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR_ABSENT;
}

static bool read_one(struct marks *m, const json_t *j)
{
    if (m->n == MARKS_MAX)
        return true;
    struct mark *to = m->list + m->n++;
    to->principal = arena_str(&m->memory, text_at(j, "principal"));
    to->by = arena_str(&m->memory, text_at(j, "by"));
    to->reason = arena_str(&m->memory, text_at(j, "reason"));
    to->marked = json_is_true(json_object_get(j, "marked"));
    return str_present(to->principal) && time_parse(text_at(j, "at"), &to->at_ms);
}

static bool parse(struct marks *m, struct str blob, struct err *e)
{
    json_error_t why;
    json_t *list = json_loadb(blob.p, blob.n, 0, &why);
    const json_t *one;
    size_t i;
    bool ok = json_is_array(list);
    m->n = 0;
    arena_reset(&m->memory);
    json_array_foreach(list, i, one) ok = ok && read_one(m, one);
    json_decref(list);
    return ok || err_set(e, ERR_INPUT, "the list of who is compromised is not one of ours");
}

static bool read_item(struct marks *m, const struct port_state *state, uint64_t *version,
                      struct err *e)
{
    struct state_claims item = {.key = key_of()};
    buf_init(&item.blob, MARKS_BYTES + 1);
    m->n = 0;
    bool ok = state->claims(state->self, &item, 1, e) &&
              (item.blob.n == 0 || parse(m, buf_str(&item.blob), e));
    *version = item.version;
    buf_release(&item.blob);
    return ok;
}

bool marks_read(struct marks *m, const struct port_state *state, struct err *e)
{
    uint64_t version;
    return read_item(m, state, &version, e);
}

void mark_put_json(struct buf *b, const struct mark *mark)
{
    buf_putc(b, '{');
    put_member(b, S("principal"), mark->principal, SIZE_MAX);
    buf_putf(b, "\"marked\":%s,", mark->marked ? "true" : "false");
    put_member_time(b, "at", true, mark->at_ms);
    put_member(b, S("by"), mark->by, SIZE_MAX);
    put_member(b, S("reason"), mark->reason, SIZE_MAX);
    put_close(b, '}');
}

/* The new one in front, without the principal's former one; as many as fit. */
static void put_all(struct buf *b, const struct marks *m, const struct mark *new)
{
    buf_putc(b, '[');
    mark_put_json(b, new);
    size_t kept = 1;
    for (size_t i = 0; i < m->n && kept < MARKS_MAX; i++) {
        if (str_eq(m->list[i].principal, new->principal))
            continue;
        size_t before = b->n;
        buf_putc(b, ',');
        mark_put_json(b, m->list + i);
        kept++;
        if (b->n <= MARKS_BYTES - 1)
            continue;
        buf_cut(b, before);
        break;
    }
    buf_putc(b, ']');
}

/* ---- changing it ---- */

static bool is_arn(struct str s)
{
    return str_present(s) && s.n <= MARK_TEXT_MAX && str_starts(s, S("arn:")) &&
           (str_find(s, S(":user/"), 0) != SIZE_MAX || str_find(s, S(":role/"), 0) != SIZE_MAX ||
            str_find(s, S(":assumed-role/"), 0) != SIZE_MAX || str_ends(s, S(":root")));
}

static bool check(const struct mark *mark, struct err *e)
{
    if (!is_arn(mark->principal))
        return err_set(e, ERR_USAGE, "the principal is no ARN of a user, a role or the root user");
    if ((str_present(mark->reason) && mark->reason.n > MARK_TEXT_MAX) ||
        (str_present(mark->by) && mark->by.n > MARK_TEXT_MAX))
        return err_set(e, ERR_USAGE, "a reason or a name has at most %d bytes", MARK_TEXT_MAX);
    return true;
}

static bool swap(const struct port_state *state, struct marks *m, const struct mark *mark,
                 bool *conflict, struct err *e)
{
    struct buf b;
    struct state_swap request = {.key = key_of(),
                                 .expires_s = (mark->at_ms + MARKS_KEPT_MS) / 1000};
    if (!read_item(m, state, &request.version, e))
        return false;
    buf_init(&b, MARKS_BYTES + (16u << 10));
    put_all(&b, m, mark);
    request.blob = buf_str(&b);
    bool ok =
        buf_ok(&b, "the list of who is compromised", e) && state->swap(state->self, &request, 1, e);
    *conflict = request.conflict;
    buf_release(&b);
    return ok;
}

bool marks_set(const struct port_state *state, const struct mark *mark, struct err *e)
{
    struct marks m;
    bool conflict = true, ok = check(mark, e);
    marks_init(&m);
    for (unsigned round = 0; ok && conflict && round < SWAPS_MAX; round++)
        ok = swap(state, &m, mark, &conflict, e);
    marks_release(&m);
    return ok && (!conflict || err_set(e, ERR_RETRY, "others keep changing who is compromised"));
}

const struct mark *marks_find(const struct marks *m, struct str principal)
{
    for (size_t i = 0; i < m->n; i++)
        if (str_eq(m->list[i].principal, principal))
            return m->list + i;
    return NULL;
}

bool marks_order(const struct port_state *state, struct str order, int64_t now_ms,
                 struct buf *answer, struct err *e)
{
    json_error_t why;
    json_t *j = json_loadb(order.p, order.n, 0, &why);
    const struct mark mark = {.principal = text_at(j, "principal"),
                              .by = text_at(j, "by"),
                              .reason = text_at(j, "reason"),
                              .marked = !json_is_false(json_object_get(j, "marked")),
                              .at_ms = now_ms};
    bool ok = marks_set(state, &mark, e);
    if (ok) {
        buf_putz(answer, "{\"ok\":true,\"mark\":");
        mark_put_json(answer, &mark);
        buf_putc(answer, '}');
        ok = buf_ok(answer, "the answer", e);
    }
    json_decref(j);
    return ok;
}
