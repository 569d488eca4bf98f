/* The modifiers of Sigma 2.1, one row each in a table. */
#include "engine/sigma_parts.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/base64.h"
#include "base/vec.h"
#include "engine/pattern.h"
#include "engine/sigma_cidr.h"
#include "engine/sigma_match.h"

#define DASHES_MAX 5 /* in one value: 5 to the 5th stays below SIGMA_VALUES_MAX */

enum { OPEN_FRONT = 1, OPEN_BACK = 2 };
enum { UTF16_LE, UTF16_BE, UTF16_BOM };

struct modifier {
    const char *name;
    const char *doc;
    unsigned takes; /* kinds of value, enum sigma_val_kind; where TEXT is among them but NUMBER and
                       BOOL are not, those two are taken as they are written */
    bool (*apply)(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e);
    unsigned arg;
};

/* ---- flags of the item ---- */

static bool apply_all(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    (void)arg;
    (void)e;
    if (it->groups == 1)
        diag_add(sc->diags, DIAG_WARNING, sc->file, it->line, sc->rule,
                 "'%.*s' has one value: 'all' does nothing", SHOWN(it->key));
    it->all = true;
    return true;
}

static bool apply_neq(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    (void)sc;
    (void)arg;
    (void)e;
    it->neq = true;
    return true;
}

static bool apply_cased(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    (void)arg;
    if (it->regex_options & PCRE2_CASELESS)
        return sigma_at(
            sc, it->line,
            err_set(e, ERR_INPUT, "'%.*s' asks for 'i' and 'cased' at once", SHOWN(it->key)));
    it->cased = true;
    return true;
}

static bool apply_exists(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    (void)arg;
    if (it->n != 1)
        return sigma_at(
            sc, it->line,
            err_set(e, ERR_INPUT, "'%.*s' wants one value, true or false", SHOWN(it->key)));
    it->exists = true;
    return true;
}

static bool apply_part(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    if (it->part)
        return sigma_at(
            sc, it->line,
            err_set(e, ERR_INPUT, "'%.*s' asks for two parts of one time", SHOWN(it->key)));
    it->part = (uint16_t)arg;
    return true;
}

static bool apply_compare(struct sigma_scope *sc, struct sigma_item *it, unsigned arg,
                          struct err *e)
{
    if (it->compares)
        return sigma_at(
            sc, it->line,
            err_set(e, ERR_INPUT, "'%.*s' compares in two ways at once", SHOWN(it->key)));
    for (size_t i = 0; i < it->n; i++) {
        struct sigma_val *v = it->values + i;
        if (v->kind == VAL_TEXT && !sigma_number(v->raw, &v->number))
            return sigma_at(sc, v->line,
                            err_set(e, ERR_INPUT, "'%.*s' wants a number, not '%.*s'",
                                    SHOWN(it->key), SHOWN(v->raw)));
        v->kind = VAL_NUMBER;
    }
    it->compares = (uint16_t)arg;
    return true;
}

/* ---- texts ---- */

/* Copies what b holds into the arena and empties b. */
static bool keep(struct sigma_scope *sc, struct buf *b, struct str *out, struct err *e)
{
    if (!buf_ok(b, "a value of a rule", e))
        return false;
    *out = arena_str(sc->a, buf_str(b));
    buf_reset(b);
    return str_present(*out) || sigma_no_memory(e);
}

static bool open_text(struct sigma_scope *sc, struct sigma_val *v, unsigned arg, struct err *e)
{
    struct buf b;
    buf_init(&b, SIGMA_VALUE_BYTES_MAX);
    if ((arg & OPEN_FRONT) && !pattern_starts_open(v->text))
        buf_putc(&b, '*');
    buf_put(&b, v->text);
    if ((arg & OPEN_BACK) && !pattern_ends_open(v->text))
        buf_putc(&b, '*');
    bool ok = keep(sc, &b, &v->text, e);
    buf_release(&b);
    return ok;
}

/* contains, startswith, endswith: `*` around, behind, in front; of regular expressions and fields
 * the item remembers it. */
static bool apply_open(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    for (size_t i = 0; i < it->n; i++)
        if (it->values[i].kind == VAL_TEXT && !open_text(sc, it->values + i, arg, e))
            return false;
    if (arg == OPEN_BACK)
        it->from_start = true;
    else if (arg == OPEN_FRONT)
        it->to_end = true;
    else
        it->inside = true;
    it->changed = true;
    return true;
}

static bool apply_regex(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    (void)arg;
    for (size_t i = 0; i < it->n; i++) {
        struct sigma_val *v = it->values + i;
        if (!sigma_regex_check(v->raw, e))
            return sigma_at(sc, v->line, false);
        v->kind = VAL_REGEX;
    }
    return true;
}

static bool apply_regex_flag(struct sigma_scope *sc, struct sigma_item *it, unsigned arg,
                             struct err *e)
{
    it->regex_options |= arg;
    return !it->cased || apply_cased(sc, it, 0, e);
}

static bool apply_cidr(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    (void)arg;
    struct cidr net;
    for (size_t i = 0; i < it->n; i++) {
        struct sigma_val *v = it->values + i;
        if (!cidr_parse(v->raw, &net, e))
            return sigma_at(sc, v->line, false);
        v->kind = VAL_CIDR;
    }
    return true;
}

/* The values have become field names before the first modifier: sigma_item_parse sees to it. */
static bool apply_fieldref(struct sigma_scope *sc, struct sigma_item *it, unsigned arg,
                           struct err *e)
{
    (void)arg;
    for (size_t i = 0; i < it->n; i++)
        if (it->values[i].raw.n == 0)
            return sigma_at(sc, it->values[i].line,
                            err_set(e, ERR_INPUT, "'%.*s' names no field", SHOWN(it->key)));
    return true;
}

/* ---- encodings ---- */

static bool apply_utf16(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    struct buf coded, pattern;
    bool ok = true;
    buf_init(&coded, SIGMA_VALUE_BYTES_MAX);
    buf_init(&pattern, SIGMA_VALUE_BYTES_MAX);
    for (size_t i = 0; ok && i < it->n; i++) {
        struct str text = it->values[i].text;
        if (arg == UTF16_BOM)
            buf_putz(&pattern, "\xFF\xFE");
        for (size_t at = 0, n; at < text.n; at += n) {
            n = pattern_token(text, at);
            bool wildcard = text.p[at] == '*' || text.p[at] == '?';
            while (!wildcard && n == 1 && at + n < text.n && (text.p[at + n] & 0x80))
                n++;
            buf_reset(&coded);
            if (wildcard)
                buf_putc(&pattern, text.p[at]);
            else
                sigma_put_utf16(&coded, str_slice(text, at + (text.p[at] == '\\'), at + n),
                                arg == UTF16_BE);
            pattern_put_literal(&pattern, buf_str(&coded));
        }
        ok = keep(sc, &pattern, &it->values[i].text, e);
    }
    it->changed = true;
    buf_release(&coded);
    buf_release(&pattern);
    return ok;
}

/* The bytes that a pattern without wildcards stands for. */
static bool literal_of(struct sigma_scope *sc, const struct sigma_item *it,
                       const struct sigma_val *v, struct buf *out, struct err *e)
{
    if (pattern_has_wildcard(v->text))
        return sigma_at(
            sc, v->line,
            err_set(e, ERR_INPUT, "'%.*s' cannot encode a value with wildcards", SHOWN(it->key)));
    (void)pattern_compile(v->text, false, out);
    return buf_ok(out, "a value of a rule", e);
}

bool sigma_add_form(struct sigma_scope *sc, struct vec *out, const struct sigma_val *v,
                    struct buf *pattern, struct err *e)
{
    struct sigma_val *to = vec_push(out, 1);
    if (!to)
        return sigma_at(
            sc, v->line,
            err_set(e, ERR_INPUT, "one item comes to more than %d values", SIGMA_VALUES_MAX));
    *to = *v;
    return keep(sc, pattern, &to->text, e);
}

static bool base64_form(struct sigma_scope *sc, const struct sigma_item *it,
                        const struct sigma_val *v, struct vec *out, struct err *e)
{
    struct buf bytes, coded;
    buf_init(&bytes, SIGMA_VALUE_BYTES_MAX);
    buf_init(&coded, SIGMA_VALUE_BYTES_MAX);
    bool ok = literal_of(sc, it, v, &bytes, e);
    if (ok) {
        buf_put_base64(&coded, buf_str(&bytes));
        ok = sigma_add_form(sc, out, v, &coded, e);
    }
    buf_release(&bytes);
    buf_release(&coded);
    return ok;
}

static bool base64_offset_forms(struct sigma_scope *sc, const struct sigma_item *it,
                                const struct sigma_val *v, struct vec *out, struct err *e)
{
    struct buf bytes, coded;
    buf_init(&bytes, SIGMA_VALUE_BYTES_MAX);
    buf_init(&coded, SIGMA_VALUE_BYTES_MAX);
    bool ok = literal_of(sc, it, v, &bytes, e);
    for (unsigned offset = 0; ok && offset < 3; offset++) {
        sigma_put_base64_offset(&coded, buf_str(&bytes), offset);
        if (ok && coded.n == 0 && !coded.failed)
            ok = sigma_at(
                sc, v->line,
                err_set(e, ERR_INPUT, "'%.*s' is too short for base64offset", SHOWN(v->raw)));
        ok = ok && sigma_add_form(sc, out, v, &coded, e);
    }
    buf_release(&bytes);
    buf_release(&coded);
    return ok;
}

/* ---- one value to many ---- */

bool sigma_to_forms(struct sigma_scope *sc, struct sigma_item *it, sigma_forms_fn *forms,
                    struct err *e)
{
    struct vec out;
    vec_init(&out, sizeof(struct sigma_val), SIGMA_VALUES_MAX);
    bool ok = true;
    for (size_t i = 0; ok && i < it->n; i++)
        ok = forms(sc, it, it->values + i, &out, e);
    struct sigma_val *kept = ok ? arena_array(sc->a, out.n, sizeof *kept) : NULL;
    if (kept) {
        if (out.n)
            memcpy(kept, out.p, out.n * sizeof *kept);
        it->values = kept;
        it->n = out.n;
    } else if (ok) {
        ok = sigma_no_memory(e);
    }
    vec_release(&out);
    return ok;
}

static bool apply_base64(struct sigma_scope *sc, struct sigma_item *it, unsigned by_offsets,
                         struct err *e)
{
    it->changed = true;
    it->by_offsets = it->by_offsets || by_offsets;
    return sigma_to_forms(sc, it, by_offsets ? base64_offset_forms : base64_form, e);
}

/* Position of the next - or / that begins a word, at or after `at`; SIZE_MAX when there is none. */
static size_t next_dash(struct str text, size_t at)
{
    for (size_t n; at < text.n; at += n) {
        n = pattern_token(text, at);
        char c = text.p[at];
        if ((c == '-' || c == '/') && (at == 0 || !sigma_is_word_byte(text.p[at - 1])) &&
            at + 1 < text.n && sigma_is_word_byte(text.p[at + 1]))
            return at;
    }
    return SIZE_MAX;
}

/* Adds all forms of v that begin with what b holds and go on from text.p[at]. */
static bool dash_forms(struct sigma_scope *sc, const struct sigma_val *v, size_t at, struct buf *b,
                       struct vec *out, struct err *e)
{
    static const char *const dashes[] = {"-", "/", "\u2013", "\u2014", "\u2015"};
    size_t dash = next_dash(v->text, at), length = b->n;
    buf_put(b, str_slice(v->text, at, dash));
    if (dash == SIZE_MAX) {
        struct buf form = *b;
        struct sigma_val *to = vec_push(out, 1);
        if (!to)
            return sigma_at(
                sc, v->line,
                err_set(e, ERR_INPUT, "one item comes to more than %d values", SIGMA_VALUES_MAX));
        *to = *v;
        to->text = arena_str(sc->a, buf_str(&form));
        buf_cut(b, length);
        return str_present(to->text) || sigma_no_memory(e);
    }
    size_t before = b->n;
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof dashes / sizeof *dashes; i++) {
        buf_putz(b, dashes[i]);
        ok = dash_forms(sc, v, dash + 1, b, out, e);
        buf_cut(b, before);
    }
    buf_cut(b, length);
    return ok;
}

static bool windash_forms(struct sigma_scope *sc, const struct sigma_item *it,
                          const struct sigma_val *v, struct vec *out, struct err *e)
{
    size_t n = 0;
    for (size_t at = next_dash(v->text, 0); at != SIZE_MAX; at = next_dash(v->text, at + 1))
        n++;
    if (n > DASHES_MAX)
        return sigma_at(sc, v->line,
                        err_set(e, ERR_INPUT, "'%.*s': a value has more than %d dashes",
                                SHOWN(it->key), DASHES_MAX));
    struct buf b;
    buf_init(&b, SIGMA_VALUE_BYTES_MAX);
    bool ok = dash_forms(sc, v, 0, &b, out, e) && buf_ok(&b, "a value of a rule", e);
    buf_release(&b);
    return ok;
}

static bool apply_windash(struct sigma_scope *sc, struct sigma_item *it, unsigned arg,
                          struct err *e)
{
    (void)arg;
    it->changed = true;
    return sigma_to_forms(sc, it, windash_forms, e);
}

/* ---- the table ---- */

#define WRITTEN (VAL_TEXT | VAL_REGEX | VAL_FIELD)
#define PRESENT (VAL_BOOL | VAL_NUMBER | VAL_TEXT | VAL_REGEX | VAL_CIDR | VAL_FIELD)

static const struct modifier modifiers[] = {
    {"all", "every value must be found, not just one", PRESENT, apply_all, 0},
    {"neq", "the item must not hold; a missing field fits", PRESENT | VAL_NULL, apply_neq, 0},
    {"cased", "upper and lower case differ", PRESENT, apply_cased, 0},
    {"exists", "the field is there (true) or not (false)", VAL_BOOL, apply_exists, 0},
    {"contains", "the value stands anywhere in the field", WRITTEN, apply_open,
     OPEN_FRONT | OPEN_BACK},
    {"startswith", "the field begins with the value", WRITTEN, apply_open, OPEN_BACK},
    {"endswith", "the field ends with the value", WRITTEN, apply_open, OPEN_FRONT},
    {"re", "a regular expression is found in the field", VAL_TEXT, apply_regex, 0},
    {"i", "after re: case does not count", VAL_REGEX, apply_regex_flag, PCRE2_CASELESS},
    {"ignorecase", "the same as i", VAL_REGEX, apply_regex_flag, PCRE2_CASELESS},
    {"m", "after re: ^ and $ at each line", VAL_REGEX, apply_regex_flag, PCRE2_MULTILINE},
    {"multiline", "the same as m", VAL_REGEX, apply_regex_flag, PCRE2_MULTILINE},
    {"s", "after re: . takes a line feed too", VAL_REGEX, apply_regex_flag, PCRE2_DOTALL},
    {"dotall", "the same as s", VAL_REGEX, apply_regex_flag, PCRE2_DOTALL},
    {"cidr", "the field is an address of the network", VAL_TEXT, apply_cidr, 0},
    {"lt", "less", VAL_NUMBER | VAL_TEXT, apply_compare, SIGMA_LT},
    {"lte", "less or equal", VAL_NUMBER | VAL_TEXT, apply_compare, SIGMA_LTE},
    {"gt", "greater", VAL_NUMBER | VAL_TEXT, apply_compare, SIGMA_GT},
    {"gte", "greater or equal", VAL_NUMBER | VAL_TEXT, apply_compare, SIGMA_GTE},
    {"fieldref", "the value names another field of the event", VAL_FIELD, apply_fieldref, 0},
    {"expand", "%name% stands for values of the configuration", VAL_TEXT, sigma_apply_expand, 0},
    {"base64", "the value, encoded", VAL_TEXT, apply_base64, 0},
    {"base64offset", "the value inside something encoded", VAL_TEXT, apply_base64, 1},
    {"wide", "the value as UTF-16, little endian", VAL_TEXT, apply_utf16, UTF16_LE},
    {"utf16le", "the same as wide", VAL_TEXT, apply_utf16, UTF16_LE},
    {"utf16be", "the value as UTF-16, big endian", VAL_TEXT, apply_utf16, UTF16_BE},
    {"utf16", "as wide, after a byte order mark", VAL_TEXT, apply_utf16, UTF16_BOM},
    {"windash", "- and / before a word are any of five dashes", VAL_TEXT, apply_windash, 0},
    {"minute", "of the time in the field", VAL_NUMBER, apply_part, SIGMA_MINUTE},
    {"hour", "of the time in the field", VAL_NUMBER, apply_part, SIGMA_HOUR},
    {"day", "of the month", VAL_NUMBER, apply_part, SIGMA_DAY},
    {"week", "of the year, ISO 8601", VAL_NUMBER, apply_part, SIGMA_WEEK},
    {"month", "of the time in the field", VAL_NUMBER, apply_part, SIGMA_MONTH},
    {"year", "of the time in the field", VAL_NUMBER, apply_part, SIGMA_YEAR},
};

static const struct modifier *find_modifier(struct str name)
{
    for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++)
        if (str_eqz(name, modifiers[i].name))
            return modifiers + i;
    return NULL;
}

static const char *kind_name(enum sigma_val_kind kind)
{
    switch (kind) {
    case VAL_NULL:
        return "null";
    case VAL_BOOL:
        return "true or false";
    case VAL_NUMBER:
        return "a number";
    case VAL_TEXT:
        return "a text";
    case VAL_REGEX:
        return "a regular expression";
    case VAL_CIDR:
        return "a network";
    case VAL_FIELD:
        return "a field's name";
    }
    return "";
}

static bool takes_value(struct sigma_scope *sc, const struct sigma_item *it,
                        const struct modifier *m, struct sigma_val *v, struct err *e)
{
    bool as_written =
        (m->takes & VAL_TEXT) && (v->kind & (VAL_NUMBER | VAL_BOOL)) && !it->compares && !it->part;
    if (m->takes & v->kind)
        return true;
    if (!as_written)
        return sigma_at(sc, v->line,
                        err_set(e, ERR_INPUT, "'%.*s': modifier '%s' does not take %s",
                                SHOWN(it->key), m->name, kind_name(v->kind)));
    v->kind = VAL_TEXT;
    v->text = v->raw;
    return true;
}

/* Modifiers that read the value as it stands in the file. */
static bool reads_raw(const struct modifier *m)
{
    return m->apply == apply_regex || m->apply == apply_cidr || m->apply == sigma_apply_expand ||
           m->apply == apply_compare;
}

bool sigma_modify(struct sigma_scope *sc, struct sigma_item *it, struct str modifier, struct err *e)
{
    const struct modifier *m = find_modifier(modifier);
    if (!m)
        return sigma_at(sc, it->line,
                        err_set(e, ERR_INPUT, "'%.*s': there is no modifier '%.*s'", SHOWN(it->key),
                                SHOWN(modifier)));
    if (it->changed && reads_raw(m))
        return sigma_at(sc, it->line,
                        err_set(e, ERR_INPUT, "'%.*s': '%s' must stand before what changes texts",
                                SHOWN(it->key), m->name));
    for (size_t i = 0; i < it->n; i++)
        if (!takes_value(sc, it, m, it->values + i, e))
            return false;
    return m->apply(sc, it, m->arg, e);
}
