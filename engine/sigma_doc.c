/* Sigma documents: merging, keys, metadata. */
#include "engine/sigma_doc.h"

#include <stdlib.h>

#include "engine/source.h"

#define TITLE_MAX       256 /* characters; the specification's bound */
#define UUID_LENGTH     36
#define KEY_LENGTH_MAX  32 /* of keys that are looked at for misspelling */
#define SIGMA_VERSION_3 3  /* the first that gives brackets in field names a meaning */

/* Keys of rules, filters and correlations in version 2.1, of the older collections, and our own. */
static const char *const known_keys[] = {
    "title",          "id",        "name",          "related",     "status",
    "description",    "license",   "references",    "author",      "date",
    "modified",       "logsource", "detection",     "fields",      "level",
    "falsepositives", "tags",      "scope",         "correlation", "filter",
    "generate",       "taxonomy",  "sigma-version", "action",      "runbook",
};

/* ---- keys ---- */

static int key_order(const void *x, const void *y)
{
    const struct yaml *a = *(const struct yaml *const *)x, *b = *(const struct yaml *const *)y;
    int order = str_cmp(a->text, b->text);
    return order ? order : a->line < b->line ? -1 : a->line > b->line;
}

static bool check_map(struct sigma_scope *sc, const struct yaml *y, struct err *e)
{
    const struct yaml **keys = arena_array(sc->a, y->n, sizeof *keys);
    if (!keys)
        return sigma_no_memory(e);
    for (size_t i = 0; i < y->n; i++)
        keys[i] = y->pairs[i].key;
    if (y->n)
        qsort(keys, y->n, sizeof *keys, key_order);
    for (size_t i = 1; i < y->n; i++)
        if (str_eq(keys[i - 1]->text, keys[i]->text))
            return sigma_at(sc, keys[i]->line,
                            err_set(e, ERR_INPUT, "key '%.*s' is given twice in one map",
                                    SHOWN(keys[i]->text)));
    return true;
}

bool sigma_check_keys(struct sigma_scope *sc, const struct yaml *y, struct err *e)
{
    if (y->kind == YAML_MAP && !check_map(sc, y, e))
        return false;
    for (size_t i = 0; y->kind != YAML_SCALAR && i < y->n; i++)
        if (!sigma_check_keys(sc, y->kind == YAML_MAP ? y->pairs[i].value : y->items[i], e))
            return false;
    return true;
}

static const struct yaml *get(const struct yaml *y, struct str key)
{
    for (size_t i = 0; i < y->n; i++)
        if (str_eq(y->pairs[i].key->text, key))
            return y->pairs[i].value;
    return NULL;
}

const struct yaml *sigma_merge(struct arena *a, const struct yaml *base, const struct yaml *over)
{
    if (!base || !over)
        return over ? over : base;
    struct yaml *y = arena_alloc(a, sizeof *y);
    struct yaml_pair *pairs = arena_array(a, base->n + over->n, sizeof *pairs);
    if (!y || !pairs)
        return NULL;
    *y = *over;
    y->line = base->line > over->line ? base->line : over->line;
    y->n = 0;
    y->pairs = pairs;
    for (size_t i = 0; i < over->n; i++) {
        struct yaml_pair pair = over->pairs[i];
        const struct yaml *other = get(base, pair.key->text);
        if (other && other->kind == YAML_MAP && pair.value->kind == YAML_MAP)
            pair.value = sigma_merge(a, other, pair.value);
        if (!pair.value)
            return NULL;
        pairs[y->n++] = pair;
    }
    for (size_t i = 0; i < base->n; i++)
        if (!get(over, base->pairs[i].key->text))
            pairs[y->n++] = base->pairs[i];
    return y;
}

/* ---- misspelt keys ---- */

/* Whether a becomes b by one letter added, left out, changed, or two neighbours swapped. Both are
 * lower case and differ. */
static bool one_step_apart(struct str a, struct str b)
{
    if (a.n > b.n)
        return one_step_apart(b, a);
    size_t i = 0;
    while (i < a.n && a.p[i] == b.p[i])
        i++;
    struct str x = str_skip(a, i), y = str_skip(b, i);
    if (a.n + 1 == b.n)
        return x.n == 0 || str_eq(x, str_skip(y, 1));
    if (a.n != b.n)
        return false;
    bool changed = str_eq(str_skip(x, 1), str_skip(y, 1));
    bool swapped =
        x.n > 1 && x.p[0] == y.p[1] && x.p[1] == y.p[0] && str_eq(str_skip(x, 2), str_skip(y, 2));
    return changed || swapped;
}

static const char *meant_key(struct str key)
{
    char lower[KEY_LENGTH_MAX];
    if (key.n == 0 || key.n > sizeof lower)
        return NULL;
    for (size_t i = 0; i < key.n; i++)
        lower[i] = byte_lower(key.p[i]);
    struct str s = str_n(lower, key.n);
    for (size_t i = 0; i < sizeof known_keys / sizeof *known_keys; i++)
        if (str_eqz(s, known_keys[i]) || one_step_apart(s, str_of(known_keys[i])))
            return known_keys[i];
    return NULL;
}

static bool is_known(struct str key)
{
    for (size_t i = 0; i < sizeof known_keys / sizeof *known_keys; i++)
        if (str_eqz(key, known_keys[i]))
            return true;
    return false;
}

static void warn_misspelt(struct sigma_scope *sc, const struct yaml *root)
{
    for (size_t i = 0; i < root->n; i++) {
        const struct yaml *key = root->pairs[i].key;
        const char *meant = is_known(key->text) ? NULL : meant_key(key->text);
        if (meant && !yaml_get(root, meant))
            diag_add(sc->diags, DIAG_WARNING, sc->file, key->line, sc->rule,
                     "key '%.*s' is ignored: is '%s' meant?", SHOWN(key->text), meant);
    }
}

/* ---- metadata ---- */

/* The text at key; absent when there is none or it is null. */
static bool read_text(struct sigma_scope *sc, const struct yaml *root, const char *key,
                      struct str *out, struct err *e)
{
    const struct yaml *y = yaml_get(root, key);
    *out = yaml_text(y);
    if (!y || y->kind == YAML_SCALAR)
        return true;
    return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "'%s' is no text", key));
}

static unsigned line_of(const struct yaml *root, const char *key)
{
    const struct yaml *y = yaml_get(root, key);
    return y ? y->line : root->line;
}

static bool is_uuid(struct str s)
{
    if (s.n != UUID_LENGTH)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? s.p[i] != '-' : byte_hex(s.p[i]) < 0)
            return false;
    }
    return true;
}

static bool read_level(struct sigma_scope *sc, const struct yaml *root, struct sigma_meta *out,
                       struct err *e)
{
    struct str level;
    out->level = LEVEL_MEDIUM;
    if (!read_text(sc, root, "level", &level, e))
        return false;
    for (int i = LEVEL_INFORMATIONAL; i <= LEVEL_CRITICAL && str_present(level); i++)
        if (str_eq_fold(level, str_of(level_name((enum level)i)))) {
            out->level = (enum level)i;
            return true;
        }
    if (!str_present(level))
        return true;
    return sigma_at(sc, line_of(root, "level"),
                    err_set(e, ERR_INPUT,
                            "level '%.*s' is none of informational, low, medium, high, critical",
                            SHOWN(level)));
}

static void check_status(struct sigma_scope *sc, const struct yaml *root, struct str status)
{
    static const char *const known[] = {"stable", "test", "experimental", "deprecated",
                                        "unsupported"};
    if (!str_present(status))
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq_fold(status, str_of(known[i])))
            return;
    diag_add(sc->diags, DIAG_WARNING, sc->file, line_of(root, "status"), sc->rule,
             "status '%.*s' is none of stable, test, experimental, deprecated, unsupported",
             SHOWN(status));
}

static bool read_title(struct sigma_scope *sc, const struct yaml *root, struct sigma_meta *out,
                       struct err *e)
{
    if (!read_text(sc, root, "title", &out->title, e))
        return false;
    if (str_trim(out->title).n == 0)
        return sigma_at(sc, line_of(root, "title"), err_set(e, ERR_INPUT, "there is no title"));
    if (out->title.n > TITLE_MAX)
        diag_add(sc->diags, DIAG_WARNING, sc->file, line_of(root, "title"), sc->rule,
                 "the title is longer than %d bytes", TITLE_MAX);
    return true;
}

static bool read_source(struct sigma_scope *sc, const struct yaml *root, struct sigma_meta *out,
                        struct err *e)
{
    const struct yaml *y = yaml_get(root, "logsource");
    struct sigma_source *s = &out->source;
    if (!y && yaml_get(root, "correlation"))
        return true;
    if (!y || y->kind != YAML_MAP)
        return sigma_at(
            sc, y ? y->line : root->line,
            err_set(e, ERR_INPUT, y ? "'logsource' is no map" : "there is no logsource"));
    if (!read_text(sc, y, "product", &s->product, e) ||
        !read_text(sc, y, "category", &s->category, e) ||
        !read_text(sc, y, "service", &s->service, e))
        return false;
    if (s->product.n || s->category.n || s->service.n)
        return true;
    return sigma_at(sc, y->line,
                    err_set(e, ERR_INPUT, "the logsource has no product, category or service"));
}

/* An author, or several in a list. */
static bool read_author(struct sigma_scope *sc, const struct yaml *root, struct sigma_meta *out,
                        struct err *e)
{
    const struct yaml *y = yaml_get(root, "author");
    if (!y || y->kind != YAML_SEQ)
        return read_text(sc, root, "author", &out->author, e);
    size_t n;
    const struct str *list = sigma_texts(sc, root, "author", &n);
    struct buf b;
    buf_init(&b, SIGMA_VALUE_BYTES_MAX);
    for (size_t i = 0; list && i < n; i++) {
        buf_putz(&b, i ? ", " : "");
        buf_put(&b, list[i]);
    }
    out->author = arena_str(sc->a, buf_str(&b));
    bool ok = buf_ok(&b, "the list of authors", e);
    buf_release(&b);
    return ok && ((list && str_present(out->author)) || sigma_no_memory(e));
}

static bool check_version(struct sigma_scope *sc, const struct yaml *root, struct err *e)
{
    const struct yaml *y = yaml_get(root, "sigma-version");
    double version;
    if (!y || !yaml_number(y, &version) || version < SIGMA_VERSION_3)
        return true;
    return sigma_at(sc, y->line,
                    err_set(e, ERR_INPUT, "sigma-version %.*s is not read: 2.1 is the last that is",
                            SHOWN(y->text)));
}

bool sigma_meta_read(struct sigma_scope *sc, const struct yaml *root, struct sigma_meta *out,
                     struct err *e)
{
    *out = (struct sigma_meta){0};
    warn_misspelt(sc, root);
    if (!read_title(sc, root, out, e) || !check_version(sc, root, e) ||
        !read_text(sc, root, "id", &out->id, e) || !read_text(sc, root, "name", &out->name, e) ||
        !read_text(sc, root, "description", &out->description, e) ||
        !read_text(sc, root, "runbook", &out->runbook, e) ||
        !read_text(sc, root, "status", &out->status, e) || !read_author(sc, root, out, e) ||
        !read_level(sc, root, out, e) || !read_source(sc, root, out, e))
        return false;
    if (out->id.n == 0)
        out->id = STR_ABSENT;
    if (str_present(out->id) && !is_uuid(out->id))
        diag_add(sc->diags, DIAG_WARNING, sc->file, line_of(root, "id"), sc->rule,
                 "id '%.*s' is no UUID", SHOWN(out->id));
    check_status(sc, root, out->status);
    return true;
}

struct str sigma_label(const struct yaml *root)
{
    static const char *const keys[] = {"id", "title", "name"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct str s = yaml_text(yaml_get(root, keys[i]));
        if (s.n)
            return s;
    }
    return STR_ABSENT;
}

const struct str *sigma_texts(struct sigma_scope *sc, const struct yaml *root, const char *key,
                              size_t *n)
{
    const struct yaml *y = yaml_get(root, key);
    bool list = y && y->kind == YAML_SEQ;
    size_t most = list ? y->n : 1;
    struct str *texts = arena_array(sc->a, most, sizeof *texts);
    *n = 0;
    if (!texts || !y || (!list && yaml_is_null(y)))
        return texts;
    for (size_t i = 0; i < most; i++) {
        const struct yaml *one = list ? y->items[i] : y;
        struct str s = yaml_text(one);
        if (str_present(s))
            texts[(*n)++] = s;
        else
            diag_add(sc->diags, DIAG_WARNING, sc->file, one->line, sc->rule,
                     "a member of '%s' is no text and left out", key);
    }
    return texts;
}

/* ---- log sources ---- */

bool sigma_source_find(const struct sigma_source *s, enum source *out)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (source_is_sigma((enum source)i, s->product, s->category, s->service)) {
            *out = (enum source)i;
            return true;
        }
    return false;
}

bool sigma_source_is_open_to_ours(const struct sigma_source *s)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (source_may_be_sigma((enum source)i, s->product, s->category, s->service))
            return true;
    return false;
}

static bool part_holds(struct str outer, struct str inner)
{
    return outer.n == 0 || str_eq_fold(outer, inner);
}

bool sigma_source_holds(const struct sigma_source *outer, const struct sigma_source *inner)
{
    return part_holds(outer->product, inner->product) &&
           part_holds(outer->category, inner->category) &&
           part_holds(outer->service, inner->service);
}
