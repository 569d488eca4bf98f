/* Records of containment, by incident. */
#include "handlers/about.h"

#include "handlers/contain_notice.h"
#include "respond/incident_say.h"
#include "respond/put.h"
#include "respond/subject.h"

/* Bytes of an ARN. */
#define PRINCIPAL_MAX 2048

void about_init(struct about *a, size_t max)
{
    *a = (struct about){.n = 0};
    arena_init(&a->memory, max);
    marks_init(&a->marks);
}

void about_release(struct about *a)
{
    arena_release(&a->memory);
    marks_release(&a->marks);
}

bool about_read(struct about *a, const struct port_state *port, int64_t now_ms, struct err *e)
{
    struct vec keys;
    vec_init(&keys, sizeof(struct state_key), SIZE_MAX);
    bool ok = contain_records_between(port, now_ms - CONTAIN_CLOSED_MS, now_ms, &keys, e);
    a->n = ok ? keys.n : 0;
    a->list = arena_array(&a->memory, keys.n + 1, sizeof *a->list);
    ok =
        ok && (a->list || err_set(e, ERR_LIMIT, "%zu records of containment are too many", keys.n));
    ok = ok && contain_record_read(port, keys.p, keys.n, &a->memory, a->list, e);
    vec_release(&keys);
    return ok && marks_read(&a->marks, port, e);
}

bool about_is(const struct contain_record *r, const struct incident *i)
{
    bool is = str_eqz(r->incident, i->group->id);
    for (size_t k = 0; k < i->group->n_joined && !is; k++)
        is = str_eq(r->incident, i->group->joined[k]);
    for (size_t k = 0; k < i->signals.n && !is; k++)
        is = str_eq(r->alert, incident_signal(i, k)->alert->id);
    return is;
}

void about_put_json(struct buf *b, const struct about *a, const struct incident *i)
{
    buf_putc(b, '[');
    for (size_t k = 0; k < a->n; k++) {
        if (!about_is(a->list + k, i))
            continue;
        buf_putc(b, '{');
        contain_put_state(b, a->list + k);
        put_close(b, '}');
        buf_putc(b, ',');
    }
    put_close(b, ']');
}

void about_put_principal(struct buf *b, struct str arn)
{
    struct subject s;
    subject_of_arn(arn, &s);
    if (subject_can(&s) && s.kind != SUBJECT_KEY)
        subject_put_arn(b, &s);
    else
        buf_put(b, arn);
}

const struct mark *about_mark(const struct about *a, const struct incident *i, size_t actor)
{
    struct buf b;
    buf_init(&b, PRINCIPAL_MAX);
    about_put_principal(&b,
                        lineage_graph_node(&i->from->graph, incident_actor(i, actor)->node)->name);
    const struct mark *mark = b.failed ? NULL : marks_find(&a->marks, buf_str(&b));
    buf_release(&b);
    return mark;
}

void about_put_marks(struct buf *b, const struct about *a, const struct incident *i)
{
    buf_putc(b, '[');
    for (size_t k = 0; k < a->marks.n; k++) {
        bool is = false;
        for (size_t n = 0; n < i->actors.n && !is; n++)
            is = about_mark(a, i, n) == a->marks.list + k;
        if (!is)
            continue;
        mark_put_json(b, a->marks.list + k);
        buf_putc(b, ',');
    }
    put_close(b, ']');
}
