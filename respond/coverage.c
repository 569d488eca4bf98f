/* Rules sorted under the techniques of their tags. */
#include "respond/coverage.h"

#include <stdlib.h>

#include "base/escape.h"
#include "base/vec.h"
#include "respond/mitre.h"

#define NAMED_MAX     (100000 * MITRE_PER_RULE_MAX) /* as many rules as a ruleset may hold */
#define ID_BYTES      10                            /* T1234.567 and a NUL */
#define TITLES_MAX    40 /* of one technique in a layer's comment; a tooltip shows less */
#define ATTACK_BASICS "https://attack.mitre.org/matrices/enterprise/cloud/iaas/"

/* One rule under one technique and tactic. */
struct named {
    uint32_t rule;
    struct str tactic; /* "TA0040"; absent: all that the technique has */
    char id[ID_BYTES]; /* "T1485", or empty */
};

struct coverage {
    const struct ruleset *rs;
    struct vec named; /* struct named: by level, the highest first, then title */
    size_t told;
};

/* ---- cells ---- */

static bool in_cell(const struct named *n, const struct mitre_cell *cell)
{
    const struct mitre m = {
        .tactic = str_present(n->tactic) ? n->tactic : cell->tactic,
        .technique = str_of(n->id),
    };
    return mitre_is_cell(&m, cell);
}

/* Whether some cell shows it. */
static bool is_placed(const struct named *n)
{
    struct mitre_walk w = {0};
    struct mitre_cell cell;
    while (mitre_next(&w, &cell))
        if (in_cell(n, &cell))
            return true;
    return false;
}

/* ---- gathering ---- */

/* A technique that ATT&CK has under none of its rule's tactics counts under all that it has. */
static void spread(struct named *n)
{
    struct named everywhere = *n;
    everywhere.tactic = STR_ABSENT;
    if (is_placed(&everywhere))
        *n = everywhere;
}

static bool add_rule(struct coverage *c, uint32_t rule)
{
    struct mitre list[MITRE_PER_RULE_MAX];
    size_t n = mitre_of(c->rs, &c->rs->rules[rule], list);
    if (!n)
        list[n++] = (struct mitre){.tactic = STR_ABSENT};
    for (size_t i = 0; i < n; i++) {
        struct named *to = vec_push(&c->named, 1);
        if (!to)
            return false;
        to->rule = rule;
        to->tactic = list[i].tactic;
        memcpy(to->id, list[i].id, sizeof to->id);
        if (!is_placed(to))
            spread(to);
    }
    return true;
}

/* Rules by level, the highest first, then title, then as they were loaded. */
struct ranked {
    uint32_t rule;
    uint8_t level;
    struct str title;
};

static int rank(const void *x, const void *y)
{
    const struct ranked *a = x, *b = y;
    int titles = str_cmp(a->title, b->title);
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    return titles ? titles : a->rule < b->rule ? -1 : a->rule > b->rule;
}

static bool add_all(struct coverage *c, const struct ruleset *rs)
{
    struct ranked *list = calloc(rs->n_rules + 1u, sizeof *list);
    bool ok = list != NULL;
    for (uint32_t i = 0; ok && i < rs->n_rules; i++)
        if (!rs->rules[i].muted)
            list[c->told++] =
                (struct ranked){i, rs->rules[i].level, rs_str(rs, rs->rules[i].title)};
    if (ok)
        qsort(list, c->told, sizeof *list, rank);
    for (size_t i = 0; ok && i < c->told; i++)
        ok = add_rule(c, list[i].rule);
    free(list);
    return ok;
}

bool coverage_new(const struct ruleset *rs, struct coverage **out, struct err *e)
{
    struct coverage *c = calloc(1, sizeof *c);
    *out = c;
    if (!c)
        return err_set(e, ERR_SYSTEM, "no memory for the coverage of the rules");
    c->rs = rs;
    vec_init(&c->named, sizeof(struct named), NAMED_MAX);
    if (add_all(c, rs))
        return true;
    coverage_free(c);
    *out = NULL;
    return err_set(e, ERR_SYSTEM, "no memory for the coverage of the rules");
}

void coverage_free(struct coverage *c)
{
    if (!c)
        return;
    vec_release(&c->named);
    free(c);
}

/* ---- asking ---- */

/* Whether it names a part (T1485.001) of the cell's technique (T1485). */
static bool in_part(const struct named *n, const struct mitre_cell *cell)
{
    struct mitre_cell part = *cell;
    part.technique = str_of(n->id);
    return part.technique.n > cell->technique.n && str_starts(part.technique, cell->technique) &&
           in_cell(n, &part);
}

/* Which of the names from i on is the next in the cell, the end when none is. A rule that names
 * several parts of one technique comes once. */
static size_t next_in(const struct coverage *c, const struct mitre_cell *cell, bool parts, size_t i)
{
    for (; i < c->named.n; i++) {
        const struct named *n = vec_at(&c->named, i);
        bool again = false;
        if (!in_cell(n, cell) && !(parts && in_part(n, cell)))
            continue;
        for (size_t k = i; k > 0 && !again; k--) {
            const struct named *before = vec_at(&c->named, k - 1);
            if (before->rule != n->rule)
                break;
            again = in_cell(before, cell) || (parts && in_part(before, cell));
        }
        if (!again)
            return i;
    }
    return i;
}

static size_t count_in(const struct coverage *c, const struct mitre_cell *cell, bool parts)
{
    size_t n = 0;
    for (size_t i = 0; (i = next_in(c, cell, parts, i)) < c->named.n; i++)
        n++;
    return n;
}

static const struct rs_rule *rule_at(const struct coverage *c, size_t named)
{
    return &c->rs->rules[((const struct named *)vec_at(&c->named, named))->rule];
}

/* ---- the layer ---- */

/* "critical: Title\nhigh: Title", as JSON. */
static void put_comment(const struct coverage *c, struct buf *b, const struct mitre_cell *cell)
{
    struct buf text;
    size_t n = 0;
    buf_init(&text, COVERAGE_BYTES_MAX);
    for (size_t i = 0; (i = next_in(c, cell, true, i)) < c->named.n; i++) {
        const struct rs_rule *r = rule_at(c, i);
        if (n++ >= TITLES_MAX)
            continue;
        buf_putf(&text, "%s%s: ", n > 1 ? "\n" : "", level_name((enum level)r->level));
        buf_put(&text, rs_str(c->rs, r->title));
    }
    if (n > TITLES_MAX)
        buf_putf(&text, "\nand %zu more", n - TITLES_MAX);
    buf_put_json(b, buf_str(&text));
    buf_release(&text);
}

static void put_technique(const struct coverage *c, struct buf *b, const struct mitre_cell *cell,
                          size_t score)
{
    buf_putz(b, "\n{\"techniqueID\":");
    buf_put_json(b, cell->technique);
    buf_putz(b, ",\"tactic\":");
    buf_put_json(b, cell->tactic_slug);
    buf_putf(b, ",\"score\":%zu,\"comment\":", score);
    put_comment(c, b, cell);
    buf_putz(b, ",\"enabled\":true}");
}

void coverage_put_navigator(const struct coverage *c, struct buf *b)
{
    struct mitre_walk w = {0};
    struct mitre_cell cell;
    size_t most = 1;
    buf_putf(b,
             "{\"name\":\"trailwarden\",\"versions\":{\"attack\":\"18\",\"navigator\":\"5.2.0\","
             "\"layer\":\"4.5\"},\"domain\":\"enterprise-attack\",\"description\":\"What %zu rules "
             "for CloudTrail see; a score is a number of rules\",\"filters\":{\"platforms\":"
             "[\"IaaS\"]},\"sorting\":0,\"layout\":{\"layout\":\"side\",\"showID\":true,"
             "\"showName\":true,\"expandedSubtechniques\":\"all\"},\"hideDisabled\":false,"
             "\"techniques\":[",
             c->told);
    for (bool first = true; mitre_next(&w, &cell);) {
        size_t n = count_in(c, &cell, true);
        if (!n && !cell.iaas)
            continue;
        buf_putz(b, first ? "" : ",");
        put_technique(c, b, &cell, n);
        first = false;
        most = n > most ? n : most;
    }
    buf_putf(b,
             "\n],\"gradient\":{\"colors\":[\"#ffffff\",\"#a8d5a2\",\"#2e7d32\"],\"minValue\":0,"
             "\"maxValue\":%zu},\"legendItems\":[{\"label\":\"no rule\",\"color\":\"#ffffff\"},"
             "{\"label\":\"the most rules\",\"color\":\"#2e7d32\"}]}\n",
             most);
}

/* ---- the page ---- */

/* A text that Markdown takes for nothing but text, in one cell of a table. */
static void put_plain(struct buf *b, struct str s)
{
    struct buf shown;
    buf_init(&shown, COVERAGE_BYTES_MAX);
    buf_put_terminal(&shown, s);
    struct str text = buf_str(&shown);
    for (size_t i = 0; i < text.n; i++) {
        if (str_find_byte(S("\\`*_[]<>|~&"), text.p[i], 0) != SIZE_MAX)
            buf_putc(b, '\\');
        buf_putc(b, text.p[i]);
    }
    buf_release(&shown);
}

static void put_rule(const struct coverage *c, struct buf *b, const struct rs_rule *r)
{
    put_plain(b, rs_str(c->rs, r->title));
    buf_putf(b, " (%s)", level_name((enum level)r->level));
}

static void put_row(const struct coverage *c, struct buf *b, const struct mitre_cell *cell)
{
    size_t n = 0;
    buf_putz(b, "| ");
    buf_put(b, cell->technique);
    buf_putz(b, " | ");
    put_plain(b, cell->technique_name);
    buf_putz(b, cell->iaas ? " | " : " (of another platform) | ");
    for (size_t i = 0; (i = next_in(c, cell, false, i)) < c->named.n; i++) {
        buf_putz(b, n++ ? "; " : "");
        put_rule(c, b, rule_at(c, i));
    }
    if (!n)
        buf_putz(b, count_in(c, cell, true) ? "see its parts" : "**none**");
    buf_putz(b, " |\n");
}

/* One tactic's line of the summary: techniques of the matrix, and how many of them a rule names. */
struct tally {
    struct str tactic, name;
    size_t techniques, covered;
};

static void put_tally(struct buf *b, const struct tally *t)
{
    if (!t->techniques)
        return;
    buf_putz(b, "| ");
    buf_put(b, t->name);
    buf_putf(b, " | %zu | %zu |\n", t->techniques, t->covered);
}

static void put_summary(const struct coverage *c, struct buf *b)
{
    struct mitre_walk w = {0};
    struct mitre_cell cell;
    struct tally t = {0}, all = {.name = S("all")};
    buf_putz(b, "| tactic | techniques | covered |\n|---|---|---|\n");
    while (mitre_next(&w, &cell)) {
        if (!str_eq(t.tactic, cell.tactic)) {
            put_tally(b, &t);
            t = (struct tally){cell.tactic, cell.tactic_name, 0, 0};
        }
        bool covered = cell.iaas && count_in(c, &cell, true);
        t.techniques += cell.iaas;
        all.techniques += cell.iaas;
        t.covered += covered;
        all.covered += covered;
    }
    put_tally(b, &t);
    put_tally(b, &all);
}

static void put_tactics(const struct coverage *c, struct buf *b)
{
    struct mitre_walk w = {0};
    struct mitre_cell cell;
    struct str tactic = STR_ABSENT;
    while (mitre_next(&w, &cell)) {
        if (!cell.iaas && !count_in(c, &cell, true))
            continue;
        if (!str_eq(tactic, cell.tactic)) {
            buf_putz(b, "\n## ");
            buf_put(b, cell.tactic_name);
            buf_putz(b, "\n\n| technique | name | rules |\n|---|---|---|\n");
            tactic = cell.tactic;
        }
        put_row(c, b, &cell);
    }
}

/* Rules of which a tag is in no cell: tactics without a technique, techniques of other versions. */
static void put_unplaced(const struct coverage *c, struct buf *b)
{
    bool any = false;
    for (size_t i = 0; i < c->named.n; i++) {
        const struct named *n = vec_at(&c->named, i);
        if (is_placed(n))
            continue;
        buf_putz(b, any ? "" : "\n## Not in the tables above\n\n");
        any = true;
        buf_putz(b, "- ");
        put_rule(c, b, rule_at(c, i));
        buf_putz(b, ": ");
        if (!str_present(n->tactic) && !*n->id)
            buf_putz(b, "no tag of ATT&CK");
        if (str_present(n->tactic))
            buf_put(b, n->tactic);
        buf_putf(b, "%s%s\n", str_present(n->tactic) && *n->id ? " " : "", n->id);
    }
}

void coverage_put_markdown(const struct coverage *c, struct buf *b)
{
    buf_putf(b,
             "# Coverage of ATT&CK\n\nWhat %zu rules see of the matrix for IaaS "
             "(<" ATTACK_BASICS ">, version 18.1). A technique is covered when a rule is tagged "
             "with it or with one of its parts; a rule stands under the tactics of its own tags.\n"
             "\n",
             c->told);
    put_summary(c, b);
    put_tactics(c, b);
    put_unplaced(c, b);
}
