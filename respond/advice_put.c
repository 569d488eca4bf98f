/* The advice as one JSON value, which the text is then written from. */
#include "respond/advice_put.h"

#include <stdlib.h>

#include "base/escape.h"
#include "base/timefmt.h"
#include "respond/advice_policy.h"

#define SENTENCE_MAX 4096

static json_t *text(struct str s)
{
    return str_present(s) ? json_stringn(s.p, s.n) : json_null();
}

static json_t *time_text(int64_t ms)
{
    struct buf b;
    buf_init(&b, 40);
    time_put(&b, ms);
    json_t *out = text(buf_str(&b));
    buf_release(&b);
    return out;
}

static json_t *texts(const struct vec *v)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->n; i++)
        if (json_array_append_new(list, text(*(struct str *)vec_at(v, i))) != 0)
            break;
    return list;
}

/* ---- gaps ---- */

static bool has_region(const struct advice *a, struct str region)
{
    for (size_t i = 0; i < a->regions.n; i++)
        if (str_eq(*(struct str *)vec_at(&a->regions, i), region))
            return true;
    return false;
}

/* The regions that are wanted and not there, joined by ", ". */
static void put_missing(struct buf *b, const struct advice *a, const struct advice_wanted *w)
{
    const char *before = "";
    if (!has_region(a, S("us-east-1"))) {
        buf_putz(b, "us-east-1");
        before = ", ";
    }
    for (size_t i = 0; w->regions && i < w->regions->n; i++) {
        struct str region = str_of(*(const char **)vec_at(w->regions, i));
        if (has_region(a, region) || str_eqz(region, "us-east-1"))
            continue;
        buf_putz(b, before);
        buf_put(b, region);
        before = ", ";
    }
}

unsigned advice_gaps(const struct advice *a, const struct advice_wanted *w)
{
    struct buf missing;
    buf_init(&missing, SENTENCE_MAX);
    put_missing(&missing, a, w);
    unsigned gaps = (a->uses_before == 0 ? GAP_BASELINE : 0) |
                    (a->days.n < w->days ? GAP_SHORT : 0) |
                    (a->has_s3 && !a->data_events ? GAP_DATA : 0) |
                    (missing.n || missing.failed ? GAP_REGIONS : 0) | (w->cut ? GAP_CUT : 0);
    buf_release(&missing);
    return gaps;
}

/* The gap as a sentence. */
static void put_gap(struct buf *b, const struct advice *a, const struct advice_wanted *w,
                    unsigned gap)
{
    switch (gap) {
    case GAP_BASELINE:
        if (a->uses_after + a->refused == 0) {
            buf_putz(b,
                     "There is no baseline: no call of this identity is in the logs. Look whether "
                     "its ARN is written as there, with its path.");
            break;
        }
        buf_putf(b,
                 "There is no baseline: no allowed use%s is in the logs. Deny everything and "
                 "build the identity anew.",
                 a->has_since ? " before the compromise" : "");
        break;
    case GAP_SHORT:
        buf_putf(b,
                 "The logs cover %zu day%s%s where %zu are wanted: what is done once a week is not "
                 "in them (--accept short).",
                 a->days.n, a->days.n == 1 ? "" : "s", a->has_since ? " before the compromise" : "",
                 w->days);
        break;
    case GAP_DATA:
        buf_putz(b, "S3 is used and the logs have no data events: which objects it reads and "
                    "writes cannot be seen (--accept data-events).");
        break;
    case GAP_REGIONS:
        buf_putz(b, "The logs have nothing of ");
        put_missing(b, a, w);
        buf_putz(b, ": what is done there cannot be seen (--accept regions).");
        break;
    case GAP_CUT:
        buf_putz(b, "The logs were not read to their end: what else was used is not known.");
        break;
    default:
        break;
    }
}

static bool add_sentence(json_t *list, struct buf *b)
{
    bool ok = !b->failed && json_array_append_new(list, text(buf_str(b))) == 0;
    buf_reset(b);
    return ok;
}

static bool put_gaps(json_t *list, const struct advice *a, const struct advice_wanted *w,
                     unsigned gaps)
{
    struct buf b;
    bool ok = true;
    buf_init(&b, SENTENCE_MAX);
    for (unsigned gap = 1; gap <= GAP_CUT && ok; gap <<= 1) {
        if (!(gaps & gap))
            continue;
        put_gap(&b, a, w, gap);
        ok = add_sentence(list, &b);
    }
    buf_release(&b);
    return ok;
}

/* ---- caveats ---- */

static void put_list(struct buf *b, const char *before, const struct vec *list, const char *after)
{
    for (size_t i = 0; i < list->n; i++) {
        buf_putz(b, i ? ", " : before);
        buf_put(b, *(struct str *)vec_at(list, i));
    }
    buf_putz(b, list->n ? after : "");
}

static bool is_wide(const struct advice_action *x)
{
    for (size_t i = 0; i < x->targets.n; i++) {
        const struct advice_target *t = vec_at(&x->targets, i);
        if (t->before && str_eqz(t->resource, "*"))
            return true;
    }
    return false;
}

static void put_wide(struct buf *b, const struct advice *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->actions.n; i++)
        n += is_wide(vec_at(&a->actions, i));
    if (n)
        buf_putf(b,
                 "%zu action%s on any resource: the records name none, or the action knows none.",
                 n, n == 1 ? " is" : "s are");
}

static void put_width(struct buf *b, const struct policy_made *p)
{
    if (p->width == POLICY_PREFIXES)
        buf_putz(b, "Resources were written as what they have in common, so that it fits.");
    if (p->width == POLICY_WILDCARDS)
        buf_putz(b, "Reading actions were written as wildcards on any resource, so that it fits.");
    if (p->document && !p->inline_fits && !p->managed_fits)
        buf_putf(b, " It has %zu characters and fits no policy: part it into several.", p->size);
}

static bool put_caveats(json_t *list, const struct advice *a, const struct advice_wanted *w,
                        const struct policy_made *p)
{
    struct buf b;
    buf_init(&b, SENTENCE_MAX);
    buf_putz(&b, "What is done less often than the logs reach back (at the end of a month, of a "
                 "year) is not in them.");
    bool ok = add_sentence(list, &b);
    put_list(&b, "RunInstances handed over instance profiles, of which no record tells the role: ",
             &a->profiles, ". Add iam:PassRole on their roles.");
    ok = ok && (b.n == 0 || add_sentence(list, &b));
    put_list(&b, "No action is known for these calls: ", &a->unmapped, ".");
    ok = ok && (b.n == 0 || add_sentence(list, &b));
    put_wide(&b, a);
    ok = ok && (b.n == 0 || add_sentence(list, &b));
    put_width(&b, p);
    ok = ok && (b.n == 0 || add_sentence(list, &b));
    buf_putz(&b, w->rough
                     ? "An event that was delivered twice may count twice: there were too many "
                       "to tell."
                     : "");
    ok = ok && (b.n == 0 || add_sentence(list, &b));
    buf_release(&b);
    return ok;
}

/* ---- actions ---- */

/* Of the uses before, or of those that were only made after. */
struct tally {
    json_t *resources;
    uint64_t count;
    int64_t first_ms, last_ms;
};

static bool tally_add(struct tally *t, const struct advice_target *x, bool before)
{
    if ((x->before > 0) != before)
        return true;
    t->count += before ? x->before : x->after;
    t->first_ms = t->count && x->first_ms < t->first_ms ? x->first_ms : t->first_ms;
    t->last_ms = x->last_ms > t->last_ms ? x->last_ms : t->last_ms;
    return json_array_append_new(t->resources, text(x->resource)) == 0;
}

static bool put_action(json_t *list, const struct advice_action *x, bool before)
{
    struct tally t = {.resources = json_array(), .first_ms = INT64_MAX, .last_ms = INT64_MIN};
    bool ok = t.resources != NULL;
    for (size_t i = 0; ok && i < x->targets.n; i++)
        ok = tally_add(&t, vec_at(&x->targets, i), before);
    t.count += before ? 0 : x->after_beyond;
    if (ok && t.count)
        ok = json_array_append_new(
                 list, json_pack("{s:o,s:O,s:I,s:o,s:o}", "action", text(x->action), "resources",
                                 t.resources, "count", (json_int_t)t.count, "first",
                                 time_text(t.first_ms), "last", time_text(t.last_ms))) == 0;
    json_decref(t.resources);
    return ok;
}

static json_t *actions(const struct advice *a, bool before)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < a->actions.n; i++) {
        if (put_action(list, vec_at(&a->actions, i), before))
            continue;
        json_decref(list);
        return NULL;
    }
    return list;
}

/* ---- all of it ---- */

static json_t *baseline(const struct advice *a)
{
    bool any = a->uses_before > 0;
    return json_pack("{s:I,s:o,s:o,s:I,s:o,s:I,s:b}", "uses", (json_int_t)a->uses_before, "first",
                     any ? time_text(a->first_ms) : json_null(), "last",
                     any ? time_text(a->last_ms) : json_null(), "days", (json_int_t)a->days.n,
                     "regions", texts(&a->regions), "refused", (json_int_t)a->refused,
                     "data_events", (int)a->data_events);
}

static json_t *fits(const struct policy_made *p)
{
    json_t *list = json_array();
    if (p->inline_fits && json_array_append_new(list, json_string("inline")) != 0)
        return list;
    if (p->managed_fits && json_array_append_new(list, json_string("managed")) != 0)
        return list;
    return list;
}

static json_t *make(const struct advice *a, const struct advice_wanted *w,
                    const struct policy_made *p, json_t *compared)
{
    json_t *refusals = json_array(), *caveats = json_array();
    unsigned gaps = advice_gaps(a, w), accepted = w->accepted & ~(unsigned)GAP_BASELINE;
    bool made = p->document != NULL;
    bool ok = put_gaps(refusals, a, w, gaps & ~accepted) &&
              put_gaps(caveats, a, w, gaps & accepted) && put_caveats(caveats, a, w, p);
    json_t *out =
        json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:O?,s:I,s:o,s:o,s:O?}", "type", "policy",
                  "principal", text(a->principal.arn), "since",
                  a->has_since ? time_text(a->since_ms) : json_null(), "since_by",
                  text(w->since_by), "baseline", baseline(a), "actions", actions(a, true),
                  "excluded", actions(a, false), "caveats", caveats, "refusals", refusals,
                  "document", p->document, "size", (json_int_t)p->size, "fits", fits(p), "denying",
                  made ? policy_denying(p->document) : json_null(), "current", compared);
    if (ok)
        return out;
    json_decref(out);
    return NULL;
}

static bool advise(const struct advice *a, const struct advice_wanted *w, json_t **out,
                   struct err *e)
{
    struct policy_made p = {0};
    json_t *compared = NULL;
    bool refused = advice_gaps(a, w) & (~w->accepted | GAP_BASELINE);
    bool ok = (refused || policy_make(a, &p, e)) &&
              (!str_present(w->current) || policy_compare(a, w->current, &compared, e));
    *out = ok ? make(a, w, &p, compared) : NULL;
    json_decref(p.document);
    json_decref(compared);
    return *out || (ok && err_set(e, ERR_SYSTEM, "no memory for advice"));
}

bool advice_put_json(struct buf *b, const struct advice *a, const struct advice_wanted *w,
                     struct err *e)
{
    json_t *j;
    if (!advise(a, w, &j, e))
        return false;
    char *line = json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(j);
    buf_put(b, line ? str_of(line) : STR_ABSENT);
    buf_putc(b, '\n');
    bool ok = line || err_set(e, ERR_SYSTEM, "no memory for advice");
    free(line);
    return ok;
}

/* ---- for people ---- */

static void put_text(struct buf *b, const json_t *j)
{
    buf_put_terminal(b, str_n(json_string_value(j), json_string_length(j)));
}

static void put_sentences(struct buf *b, const char *heading, const json_t *list)
{
    const json_t *one;
    size_t i;
    if (json_array_size(list))
        buf_putf(b, "\n%s\n", heading);
    json_array_foreach(list, i, one)
    {
        buf_putz(b, "  - ");
        put_text(b, one);
        buf_putc(b, '\n');
    }
}

static void put_excluded(struct buf *b, const json_t *list)
{
    const json_t *one;
    size_t i;
    if (json_array_size(list))
        buf_putz(b, "\nLeft out, because first used after it (put back what is yours):\n");
    json_array_foreach(list, i, one)
    {
        const json_t *resources = json_object_get(one, "resources");
        buf_putz(b, "  ");
        put_text(b, json_object_get(one, "action"));
        buf_putf(b, " x%lld since ", (long long)json_integer_value(json_object_get(one, "count")));
        put_text(b, json_object_get(one, "first"));
        buf_putz(b, " on ");
        put_text(b, json_array_get(resources, 0));
        if (json_array_size(resources) > 1)
            buf_putf(b, " and %zu more", json_array_size(resources) - 1);
        buf_putc(b, '\n');
    }
}

static bool put_document(struct buf *b, const json_t *j, struct err *e)
{
    const json_t *document = json_object_get(j, "document");
    if (json_is_null(document))
        return true;
    char *pretty = json_dumps(document, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    buf_putf(b, "\nPolicy (%lld characters%s%s):\n",
             (long long)json_integer_value(json_object_get(j, "size")),
             json_array_size(json_object_get(j, "fits")) ? ", fits " : "",
             json_array_size(json_object_get(j, "fits")) > 1 ? "inline or managed"
             : json_array_size(json_object_get(j, "fits"))
                 ? json_string_value(json_array_get(json_object_get(j, "fits"), 0))
                 : "");
    buf_put(b, pretty ? str_of(pretty) : STR_ABSENT);
    buf_putc(b, '\n');
    bool ok = pretty || err_set(e, ERR_SYSTEM, "no memory for advice");
    free(pretty);
    return ok;
}

static void put_head(struct buf *b, const struct advice *a, const struct advice_wanted *w)
{
    buf_putz(b, "Least privilege for ");
    buf_put_terminal(b, a->principal.arn);
    buf_putf(b, "\n  %llu allowed uses on logs of %zu day%s", (unsigned long long)a->uses_before,
             a->days.n, a->days.n == 1 ? "" : "s");
    if (a->has_since) {
        buf_putz(b, " before ");
        time_put(b, a->since_ms);
        buf_putz(b, ", when it was compromised as ");
        buf_put_terminal(b, w->since_by);
        buf_putf(b, " said; %llu uses after", (unsigned long long)a->uses_after);
    }
    buf_putf(b, "; %llu calls were refused\n", (unsigned long long)a->refused);
}

bool advice_put_text(struct buf *b, const struct advice *a, const struct advice_wanted *w,
                     struct err *e)
{
    json_t *j;
    if (!advise(a, w, &j, e))
        return false;
    put_head(b, a, w);
    put_sentences(b, "No policy is advised:", json_object_get(j, "refusals"));
    bool ok = put_document(b, j, e);
    put_excluded(b, json_object_get(j, "excluded"));
    const json_t *current = json_object_get(j, "current");
    put_sentences(b, "The current policy gives without need:", json_object_get(current, "unused"));
    put_sentences(b, "The current policy does not give, though it was used:",
                  json_object_get(current, "missing"));
    put_sentences(b, "To know:", json_object_get(j, "caveats"));
    json_decref(j);
    return ok;
}
