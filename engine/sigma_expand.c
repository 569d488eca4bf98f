/* The modifier `expand`: placeholders and the values that the configuration, or a document among
 * the rules, gives them. */
#include "engine/pattern.h"
#include "engine/sigma_parts.h"

#define PLACEHOLDERS_MAX 16 /* in one value */

/* The next %name% at or after `at`, no backslash in front; its name, absent when there is none. */
static struct str next_placeholder(struct str s, size_t at, size_t *begins)
{
    while ((at = str_find_byte(s, '%', at)) != SIZE_MAX) {
        size_t n = 0;
        while (at + 1 + n < s.n && (sigma_is_word_byte(s.p[at + 1 + n]) || s.p[at + 1 + n] == '-'))
            n++;
        *begins = at;
        if (n && at + 1 + n < s.n && s.p[at + 1 + n] == '%' && (at == 0 || s.p[at - 1] != '\\'))
            return str_slice(s, at + 1, at + 1 + n);
        at++;
    }
    return STR_ABSENT;
}

/* Appends s without the backslashes that keep a percent sign from being one of a placeholder. */
static void put_percent_unescaped(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\\' || i + 1 == s.n || s.p[i + 1] != '%')
            buf_putc(b, s.p[i]);
}

void sigma_warn_unexpanded(struct sigma_scope *sc, const struct sigma_item *it)
{
    for (size_t i = 0; i < it->n; i++) {
        const struct sigma_val *v = it->values + i;
        size_t begins;
        struct str name = next_placeholder(v->raw, 0, &begins);
        if (v->kind == VAL_TEXT && name.n + 2 == v->raw.n && rule_config_near(sc->cfg, name))
            diag_add(sc->diags, DIAG_WARNING, sc->file, v->line, sc->rule,
                     "'%.*s': %.*s stands for itself: a placeholder wants the modifier 'expand'",
                     SHOWN(it->key), SHOWN(v->raw));
    }
}

static bool add_expanded(struct sigma_scope *sc, const struct sigma_val *v, const struct buf *raw,
                         struct vec *out, struct err *e)
{
    struct buf pattern;
    buf_init(&pattern, 2 * SIGMA_VALUE_BYTES_MAX);
    pattern_put_sigma(&pattern, buf_str(raw));
    bool ok = sigma_add_form(sc, out, v, &pattern, e);
    buf_release(&pattern);
    if (!ok)
        return false;
    struct sigma_val *to = vec_at(out, out->n - 1);
    to->raw = arena_str(sc->a, buf_str(raw));
    return str_present(to->raw) || sigma_no_memory(e);
}

static bool refuse_placeholder(struct sigma_scope *sc, const struct sigma_val *v, struct str name,
                               struct err *e)
{
    const struct placeholder *meant = rule_config_near(sc->cfg, name);
    err_set(e, ERR_INPUT, "placeholder %%%.*s%% is not defined in the configuration", SHOWN(name));
    if (meant)
        err_set(e, ERR_INPUT,
                "placeholder %%%.*s%% is not defined in the configuration, %%%.*s%% is",
                SHOWN(name), SHOWN(meant->name));
    return sigma_at(sc, v->line, false);
}

/* Adds all forms of v that begin with what b holds and go on from raw.p[at]. */
static bool expand_from(struct sigma_scope *sc, const struct sigma_val *v, size_t at, struct buf *b,
                        struct vec *out, struct err *e)
{
    size_t begins = v->raw.n, length = b->n;
    struct str name = next_placeholder(v->raw, at, &begins);
    put_percent_unescaped(b, str_slice(v->raw, at, str_present(name) ? begins : v->raw.n));
    bool ok = true;
    if (!str_present(name))
        ok = buf_ok(b, "a value of a rule", e) && add_expanded(sc, v, b, out, e);
    const struct placeholder *p =
        str_present(name) && sc->cfg ? rule_config_find(sc->cfg, name) : NULL;
    if (str_present(name) && !p)
        ok = refuse_placeholder(sc, v, name, e);
    if (p)
        *p->asked = true;
    size_t before = b->n;
    for (size_t i = 0; ok && p && i < p->n; i++) {
        buf_put(b, p->values[i]);
        ok = expand_from(sc, v, begins + name.n + 2, b, out, e);
        buf_cut(b, before);
    }
    buf_cut(b, length);
    return ok;
}

static bool expand_forms(struct sigma_scope *sc, const struct sigma_item *it,
                         const struct sigma_val *v, struct vec *out, struct err *e)
{
    size_t n = 0, at = 0;
    for (struct str name = next_placeholder(v->raw, 0, &at); str_present(name); n++)
        name = next_placeholder(v->raw, at + name.n + 2, &at);
    if (n > PLACEHOLDERS_MAX)
        return sigma_at(sc, v->line,
                        err_set(e, ERR_INPUT, "'%.*s': a value has more than %d placeholders",
                                SHOWN(it->key), PLACEHOLDERS_MAX));
    struct buf b;
    buf_init(&b, SIGMA_VALUE_BYTES_MAX);
    bool ok = expand_from(sc, v, 0, &b, out, e);
    buf_release(&b);
    return ok;
}

bool sigma_apply_expand(struct sigma_scope *sc, struct sigma_item *it, unsigned arg, struct err *e)
{
    (void)arg;
    return sigma_to_forms(sc, it, expand_forms, e);
}
