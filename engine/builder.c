/* Tables in which equal rows, and equal runs of rows, are kept once. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/builder_parts.h"

#include <pcre2.h>
#include <stdlib.h>

#include "base/buf.h"

#define TEXT_BYTES_MAX (64u << 20) /* all texts of all rules; the largest public set has 2 MB */
#define ROWS_MAX       (4u << 20)  /* of any other table */

static void table_init(struct table *t, size_t size, size_t max)
{
    *t = (struct table){0};
    vec_init(&t->rows, size, max);
    vec_init(&t->runs, sizeof(struct rs_list), max);
}

static void table_release(struct table *t)
{
    vec_release(&t->rows);
    vec_release(&t->runs);
    free(t->slots);
}

void builder_fail(struct builder *b, const char *what)
{
    if (!b->failed)
        err_set(&b->why, ERR_LIMIT, "the rules are too many or too large: %s", what);
    b->failed = true;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(const void *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    const unsigned char *at = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ at[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

static bool table_grow(struct table *t)
{
    size_t n = t->n_slots ? t->n_slots * 2 : 64;
    uint32_t *slots = calloc(n, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < t->runs.n; i++) {
        const struct rs_list *run = vec_at(&t->runs, i);
        size_t at = hash_bytes(vec_at(&t->rows, run->first), run->n * t->rows.size) & (n - 1);
        while (slots[at])
            at = (at + 1) & (n - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(t->slots);
    t->slots = slots;
    t->n_slots = n;
    return true;
}

/* The run of n rows equal to `rows`: an earlier one, or appended now. *ok is false when it fits no
 * more. */
static struct rs_list table_put(struct table *t, const void *rows, size_t n, bool *ok)
{
    static const struct rs_list nothing;
    if (n == 0)
        return nothing;
    if (t->runs.n * 2 >= t->n_slots && !table_grow(t)) {
        *ok = false;
        return nothing;
    }
    size_t bytes = n * t->rows.size;
    size_t at = hash_bytes(rows, bytes) & (t->n_slots - 1);
    for (; t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
        const struct rs_list *run = vec_at(&t->runs, t->slots[at] - 1);
        if (run->n == n && memcmp(vec_at(&t->rows, run->first), rows, bytes) == 0)
            return *run;
    }
    size_t first = t->rows.n;
    void *to = vec_push(&t->rows, n);
    struct rs_list *run = to ? vec_push(&t->runs, 1) : NULL;
    if (!run) {
        *ok = false;
        return nothing;
    }
    memcpy(to, rows, bytes);
    *run = (struct rs_list){(uint32_t)first, (uint32_t)n};
    t->slots[at] = (uint32_t)t->runs.n;
    return *run;
}

static struct rs_list put(struct builder *b, struct table *t, const void *rows, size_t n,
                          const char *what)
{
    bool ok = true;
    struct rs_list run = {0, 0};
    if (!b->failed)
        run = table_put(t, rows, n, &ok);
    if (!ok)
        builder_fail(b, what);
    return run;
}

static uint32_t new_step(struct builder *b, struct rs_text key, uint32_t index)
{
    struct step *s = vec_push(&b->steps, 1);
    if (!s) {
        builder_fail(b, "field paths");
        return 0;
    }
    *s = (struct step){key, index, RS_NONE, RS_NONE, RS_NONE};
    return (uint32_t)b->steps.n - 1;
}

struct builder *builder_new(void)
{
    struct builder *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    table_init(&b->text, 1, TEXT_BYTES_MAX);
    table_init(&b->texts, sizeof(struct rs_text), ROWS_MAX);
    table_init(&b->numbers, sizeof(uint32_t), ROWS_MAX);
    table_init(&b->terms, sizeof(struct rs_term), ROWS_MAX);
    table_init(&b->values, sizeof(struct rs_value), ROWS_MAX);
    table_init(&b->preds, sizeof(struct rs_pred), ROWS_MAX);
    table_init(&b->nodes, sizeof(struct rs_node), ROWS_MAX);
    table_init(&b->slots, sizeof(struct rs_slot), ROWS_MAX);
    table_init(&b->outputs, sizeof(struct rs_output), ROWS_MAX);
    table_init(&b->regexes, sizeof(struct rs_regex), ROWS_MAX);
    vec_init(&b->rules, sizeof(struct rs_rule), ROWS_MAX);
    vec_init(&b->windows, sizeof(struct rs_window), ROWS_MAX);
    vec_init(&b->inputs, sizeof(struct rs_input), ROWS_MAX);
    vec_init(&b->steps, sizeof(struct step), ROWS_MAX);
    for (size_t f = 0; f < OWN_FIELDS; f++)
        b->own[f] = RS_NONE;
    b->roots[SLOT_FAN] = new_step(b, RS_TEXT_ABSENT, RS_NONE);
    b->roots[SLOT_POINT] = new_step(b, RS_TEXT_ABSENT, RS_NONE);
    return b;
}

void builder_free(struct builder *b)
{
    if (!b)
        return;
    struct table *tables[] = {&b->text,  &b->texts, &b->numbers, &b->terms,   &b->values,
                              &b->preds, &b->nodes, &b->slots,   &b->outputs, &b->regexes};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        table_release(tables[i]);
    vec_release(&b->rules);
    vec_release(&b->windows);
    vec_release(&b->inputs);
    vec_release(&b->steps);
    free(b);
}

struct rs_text builder_text(struct builder *b, struct str s)
{
    if (!str_present(s))
        return RS_TEXT_ABSENT;
    struct rs_list run = put(b, &b->text, s.p, s.n, "their texts");
    return (struct rs_text){run.first, run.n};
}

struct rs_list builder_texts(struct builder *b, const struct str *list, size_t n)
{
    struct rs_list run = {0, 0};
    struct rs_text *texts = calloc(n ? n : 1, sizeof *texts);
    if (!texts) {
        builder_fail(b, "memory");
        return run;
    }
    for (size_t i = 0; i < n; i++)
        texts[i] = builder_text(b, list[i]);
    run = put(b, &b->texts, texts, n, "their lists of texts");
    free(texts);
    return run;
}

struct rs_list builder_numbers(struct builder *b, const uint32_t *list, size_t n)
{
    return put(b, &b->numbers, list, n, "their lists");
}

/* An array position as Go's Atoi reads it (the source of Falco's json.value): digits with an
 * optional sign, leading zeros allowed. RS_NONE for anything else. */
static uint32_t position_of(struct str key)
{
    if (key.n && (key.p[0] == '+' || key.p[0] == '-')) {
        bool minus = key.p[0] == '-';
        key = str_skip(key, 1);
        unsigned long long v;
        return str_u64(key, &v) && v < RS_NONE && (!minus || v == 0) ? (uint32_t)v : RS_NONE;
    }
    unsigned long long v;
    return str_u64(key, &v) && v < RS_NONE ? (uint32_t)v : RS_NONE;
}

static uint32_t kid_step(struct builder *b, uint32_t parent, enum slot_kind kind, struct str key)
{
    struct rs_text text = builder_text(b, key);
    if (b->failed)
        return 0;
    for (uint32_t k = step_at(b, parent)->first_kid; k != RS_NONE; k = step_at(b, k)->next)
        if (step_at(b, k)->key.at == text.at && step_at(b, k)->key.n == text.n)
            return k;
    uint32_t kid = new_step(b, text, kind == SLOT_POINT ? position_of(key) : RS_NONE);
    if (b->failed)
        return 0;
    step_at(b, kid)->next = step_at(b, parent)->first_kid;
    step_at(b, parent)->first_kid = kid;
    return kid;
}

static uint32_t slot_for(struct builder *b, enum slot_kind kind, struct str path)
{
    struct rs_slot slot = {builder_text(b, path), kind};
    return put(b, &b->slots, &slot, 1, "field paths").first;
}

/* A slot without steps: no record fills it. */
static uint32_t slot_own(struct builder *b, enum own_field field, struct str path)
{
    b->own[field] = slot_for(b, SLOT_OWN, path);
    return b->own[field];
}

uint32_t builder_slot_fan(struct builder *b, struct str path)
{
    enum own_field field = own_field_of(path);
    if (field != OWN_FIELDS)
        return slot_own(b, field, path);
    uint32_t slot = slot_for(b, SLOT_FAN, path);
    uint32_t at = b->roots[SLOT_FAN];
    struct str rest = path;
    for (size_t depth = 0; str_present(rest); depth++) {
        if (depth == FIELD_STEPS_MAX) {
            builder_fail(b, "a field path has more than 64 steps");
            return 0;
        }
        struct str tail = rest;
        struct str key = str_cut(&rest, '.');
        if (str_present(rest) && !b->failed) {
            uint32_t dotted = kid_step(b, at, SLOT_FAN, tail);
            if (!b->failed)
                step_at(b, dotted)->slot = slot;
        }
        at = kid_step(b, at, SLOT_FAN, key);
        if (b->failed)
            return 0;
    }
    step_at(b, at)->slot = slot;
    return slot;
}

/* The path for people, and what tells two slots apart: steps with ~ and / escaped as RFC 6901 does.
 */
static void put_pointer(struct buf *path, const struct str *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_putc(path, '/');
        for (size_t j = 0; j < steps[i].n; j++) {
            char c = steps[i].p[j];
            if (c == '~' || c == '/')
                buf_putz(path, c == '~' ? "~0" : "~1");
            else
                buf_putc(path, c);
        }
    }
}

uint32_t builder_slot_point(struct builder *b, const struct str *steps, size_t n)
{
    struct buf path;
    buf_init(&path, TEXT_BYTES_MAX);
    put_pointer(&path, steps, n);
    if (path.failed || n > FIELD_STEPS_MAX)
        builder_fail(b, "a field path has more than 64 steps");
    uint32_t slot = slot_for(b, SLOT_POINT, buf_str(&path));
    buf_release(&path);
    uint32_t at = b->roots[SLOT_POINT];
    for (size_t i = 0; i < n && !b->failed; i++)
        at = kid_step(b, at, SLOT_POINT, steps[i]);
    if (b->failed)
        return 0;
    step_at(b, at)->slot = slot;
    return slot;
}

uint32_t builder_term(struct builder *b, struct rs_term t)
{
    return put(b, &b->terms, &t, 1, "terms").first;
}

struct rs_list builder_values(struct builder *b, const struct rs_value *list, size_t n)
{
    return put(b, &b->values, list, n, "values");
}

uint32_t builder_pred(struct builder *b, struct rs_pred p)
{
    return put(b, &b->preds, &p, 1, "tests").first;
}

bool builder_regex(struct builder *b, struct str pattern, uint32_t options, uint32_t *number,
                   struct err *e)
{
    int code;
    PCRE2_SIZE offset;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &code, &offset, NULL);
    if (!compiled) {
        PCRE2_UCHAR why[160];
        pcre2_get_error_message(code, why, sizeof why);
        return err_set(e, ERR_INPUT, "at byte %zu: %s", (size_t)offset + 1, (const char *)why);
    }
    pcre2_code_free(compiled);
    struct rs_regex r = {builder_text(b, pattern), options};
    *number = put(b, &b->regexes, &r, 1, "regular expressions").first;
    return true;
}

static uint32_t put_node(struct builder *b, struct rs_node n)
{
    return put(b, &b->nodes, &n, 1, "conditions").first;
}

uint32_t builder_node_const(struct builder *b, bool value)
{
    return put_node(b, (struct rs_node){.op = value ? NODE_TRUE : NODE_FALSE});
}

uint32_t builder_node_pred(struct builder *b, uint32_t pred)
{
    return put_node(b, (struct rs_node){.op = NODE_PRED, .a = pred});
}

uint32_t builder_node_not(struct builder *b, uint32_t node)
{
    return put_node(b, (struct rs_node){.op = NODE_NOT, .a = node});
}

static uint32_t node_of(struct builder *b, enum node_op op, const uint32_t *kids, size_t n)
{
    if (n == 0)
        return builder_node_const(b, op == NODE_AND);
    if (n == 1)
        return kids[0];
    return put_node(b, (struct rs_node){.op = op, .kids = builder_numbers(b, kids, n)});
}

uint32_t builder_node_and(struct builder *b, const uint32_t *kids, size_t n)
{
    return node_of(b, NODE_AND, kids, n);
}

uint32_t builder_node_or(struct builder *b, const uint32_t *kids, size_t n)
{
    return node_of(b, NODE_OR, kids, n);
}

struct rs_list builder_outputs(struct builder *b, const struct rs_output *list, size_t n)
{
    return put(b, &b->outputs, list, n, "outputs");
}

uint32_t builder_rule(struct builder *b, const struct rs_rule *r)
{
    struct rs_rule *at = b->failed ? NULL : vec_push(&b->rules, 1);
    if (!at) {
        builder_fail(b, "rules");
        return 0;
    }
    *at = *r;
    return (uint32_t)b->rules.n - 1;
}

uint32_t builder_window(struct builder *b, const struct rs_window *w)
{
    struct rs_window *at = b->failed ? NULL : vec_push(&b->windows, 1);
    if (!at) {
        builder_fail(b, "correlations");
        return 0;
    }
    *at = *w;
    return (uint32_t)b->windows.n - 1;
}

uint32_t builder_input(struct builder *b, const struct rs_input *in)
{
    struct rs_input *at = b->failed ? NULL : vec_push(&b->inputs, 1);
    if (!at) {
        builder_fail(b, "inputs of correlations");
        return 0;
    }
    *at = *in;
    return (uint32_t)b->inputs.n - 1;
}

struct rs_rule *builder_rule_at(struct builder *b, uint32_t rule)
{
    return b->failed ? NULL : vec_at(&b->rules, rule);
}

void builder_hash(struct builder *b, const unsigned char hash[SHA256_BYTES])
{
    memcpy(b->hash, hash, SHA256_BYTES);
}
