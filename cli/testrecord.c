/* Records of tests: YAML to JSON, and dotted paths into it. */
#include "cli/testrecord.h"

#include <stdlib.h>

#define RECORD_TEXT_MAX (4u << 20) /* as large as records may be */

bool testrecord_wrong(struct err *e, unsigned line, const char *what, struct str detail)
{
    return err_set(e, ERR_INPUT, "line %u: %s%s%.*s", line, what, detail.n ? " " : "",
                   (int)(detail.n < 100 ? detail.n : 100), detail.n ? detail.p : "");
}

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory for a test's record");
}

/* The node as a jansson value of the caller's. */
static bool to_json(const struct yaml *y, json_t **out, struct err *e)
{
    struct buf text;
    json_error_t why;
    buf_init(&text, RECORD_TEXT_MAX);
    bool ok = yaml_put_json(&text, y, e) && buf_ok(&text, "a record", e);
    *out = ok ? json_loadb(buf_str(&text).p, text.n, JSON_DECODE_ANY, &why) : NULL;
    buf_release(&text);
    if (ok && !*out)
        return testrecord_wrong(e, y->line, "not a JSON value:", str_of(why.text));
    return ok;
}

bool testrecord_make(const struct yaml *y, json_t **out, struct err *e)
{
    if (y->kind != YAML_MAP) {
        *out = NULL;
        return testrecord_wrong(e, y->line, "the event is no map", S(""));
    }
    return to_json(y, out, e);
}

bool testrecord_text(const json_t *record, struct arena *a, struct str *out, struct err *e)
{
    char *text = json_dumps(record, JSON_COMPACT);
    *out = arena_str(a, str_of(text));
    free(text);
    return str_present(*out) || err_set(e, ERR_LIMIT, "no memory for a test's record");
}

/* ---- the number of a repeat ---- */

static json_t *numbered_text(const json_t *j, size_t n)
{
    struct str rest = str_n(json_string_value(j), json_string_length(j));
    struct buf b;
    buf_init(&b, RECORD_TEXT_MAX);
    for (size_t at; (at = str_find(rest, S("${n}"), 0)) != SIZE_MAX;
         rest = str_skip(rest, at + 4)) {
        buf_put(&b, str_slice(rest, 0, at));
        buf_put_u64(&b, n);
    }
    buf_put(&b, rest);
    json_t *out = b.failed ? NULL : json_stringn(buf_str(&b).p, b.n);
    buf_release(&b);
    return out;
}

/* A copy of j with the number in its texts; NULL without memory. As deep as YAML_DEPTH_MAX. */
static json_t *numbered(const json_t *j, size_t n)
{
    if (json_is_string(j))
        return numbered_text(j, n);
    json_t *out = json_deep_copy(j);
    const char *key;
    json_t *member;
    size_t i;
    bool ok = out != NULL;
    json_object_foreach(out, key, member) ok =
        ok && json_object_set_new(out, key, numbered(member, n)) == 0;
    json_array_foreach(out, i, member) ok =
        ok && json_array_set_new(out, i, numbered(member, n)) == 0;
    if (ok)
        return out;
    json_decref(out);
    return NULL;
}

/* ---- changes ---- */

/* The member or element of j that step names, NULL when there is none. */
static json_t *member(json_t *j, struct str step)
{
    unsigned long long i;
    if (json_is_array(j))
        return str_u64(step, &i) ? json_array_get(j, (size_t)i) : NULL;
    return json_object_getn(j, step.p, step.n);
}

/* Puts value (whose reference it takes) at step; into a list at its end, too. */
static bool put(json_t *j, struct str step, json_t *value)
{
    unsigned long long i;
    if (json_is_object(j))
        return json_object_setn_new(j, step.p, step.n, value) == 0;
    if (!json_is_array(j) || !str_u64(step, &i) || i > json_array_size(j)) {
        json_decref(value);
        return false;
    }
    return (i == json_array_size(j) ? json_array_append_new(j, value)
                                    : json_array_set_new(j, (size_t)i, value)) == 0;
}

/* Takes the reference of value. Objects on the way that are not there are made. */
static bool set_path(json_t *record, struct str path, json_t *value, unsigned line, struct err *e)
{
    json_t *j = record;
    struct str rest = path;
    for (unsigned steps = 0; steps < TESTRECORD_STEPS_MAX; steps++) {
        struct str step = str_cut(&rest, '.');
        if (!str_present(rest))
            return put(j, step, value) || testrecord_wrong(e, line, "cannot set", path);
        json_t *next = member(j, step);
        if (!json_is_object(next) && !json_is_array(next)) {
            next = json_object();
            if (!put(j, step, next))
                break;
        }
        j = next;
    }
    json_decref(value);
    return testrecord_wrong(e, line, "cannot set", path);
}

static bool unset_path(json_t *record, struct str path, unsigned line, struct err *e)
{
    json_t *j = record;
    struct str rest = path;
    struct str step = str_cut(&rest, '.');
    while (j && str_present(rest)) {
        j = member(j, step);
        step = str_cut(&rest, '.');
    }
    unsigned long long i;
    bool done = json_is_array(j) ? str_u64(step, &i) && json_array_remove(j, (size_t)i) == 0
                                 : j && json_object_deln(j, step.p, step.n) == 0;
    return done || testrecord_wrong(e, line, "there is nothing to unset at", path);
}

bool testrecord_set(json_t *record, const struct yaml *set, size_t n, struct err *e)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct yaml_pair *p = &set->pairs[i];
        json_t *value;
        if (!to_json(p->value, &value, e))
            return false;
        if (n != TESTRECORD_EVENT) {
            json_t *with = numbered(value, n);
            json_decref(value);
            value = with;
        }
        if (!value)
            return no_memory(e);
        if (!set_path(record, p->key->text, value, p->key->line, e))
            return false;
    }
    return true;
}

bool testrecord_unset(json_t *record, const struct yaml *unset, struct err *e)
{
    for (size_t i = 0; i < unset->n; i++)
        if (!unset_path(record, unset->items[i]->text, unset->items[i]->line, e))
            return false;
    return true;
}
