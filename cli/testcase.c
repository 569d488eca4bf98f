/* Reading test cases: YAML to JSON, and the changes each case makes to the base record. */
#include "cli/testcase.h"

#include <jansson.h>
#include <stdlib.h>

#include "engine/yaml.h"

#define RECORD_TEXT_MAX (4u << 20) /* as large as records may be */

static bool at_line(struct err *e, unsigned line, const char *what, struct str detail)
{
    return err_set(e, ERR_INPUT, "line %u: %s%s%.*s", line, what, detail.n ? " " : "",
                   (int)(detail.n < 100 ? detail.n : 100), detail.n ? detail.p : "");
}

/* ---- JSON values -------------------------------------------------------------------------------
 */

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
        return at_line(e, y->line, "not a JSON value:", str_of(why.text));
    return ok;
}

static bool from_json(const json_t *j, struct arena *a, struct str *out, struct err *e)
{
    char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
    *out = arena_str(a, str_of(text));
    free(text);
    return str_present(*out) || err_set(e, ERR_LIMIT, "no memory for a test's record");
}

/* ---- changes -----------------------------------------------------------------------------------
 */

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
    for (unsigned steps = 0; steps < TESTCASE_PATH_MAX; steps++) {
        struct str step = str_cut(&rest, '.');
        if (!str_present(rest))
            return put(j, step, value) || at_line(e, line, "cannot set", path);
        json_t *next = member(j, step);
        if (!json_is_object(next) && !json_is_array(next)) {
            next = json_object();
            if (!put(j, step, next))
                break;
        }
        j = next;
    }
    json_decref(value);
    return at_line(e, line, "cannot set", path);
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
    return done || at_line(e, line, "there is nothing to unset at", path);
}

static bool apply_set(json_t *record, const struct yaml *set, struct err *e)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct yaml_pair *p = &set->pairs[i];
        json_t *value;
        if (!to_json(p->value, &value, e) ||
            !set_path(record, p->key->text, value, p->key->line, e))
            return false;
    }
    return true;
}

static bool apply_unset(json_t *record, const struct yaml *unset, struct err *e)
{
    for (size_t i = 0; i < unset->n; i++)
        if (!unset_path(record, unset->items[i]->text, unset->items[i]->line, e))
            return false;
    return true;
}

/* ---- one test ----------------------------------------------------------------------------------
 */

static bool check_keys(const struct yaml *map, const char *const *known, size_t n, struct err *e)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct yaml *key = map->pairs[i].key;
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found = found || str_eqz(key->text, known[k]);
        if (!found)
            return at_line(e, key->line, "unknown key", key->text);
    }
    return true;
}

static bool check_test(const struct yaml *y, const struct yaml *base, struct err *e)
{
    static const char *const known[] = {"name", "expect", "set", "unset", "event", "rule"};
    if (y->kind != YAML_MAP)
        return at_line(e, y->line, "a test must be a map", S(""));
    const struct yaml *set = yaml_get(y, "set");
    const struct yaml *unset = yaml_get(y, "unset");
    if (!check_keys(y, known, sizeof known / sizeof *known, e))
        return false;
    if (!yaml_text(yaml_get(y, "name")).n)
        return at_line(e, y->line, "a test needs a name", S(""));
    if ((set && set->kind != YAML_MAP) || (unset && unset->kind != YAML_SEQ))
        return at_line(e, y->line, "set must be a map, unset a list", S(""));
    if (!base && !yaml_get(y, "event"))
        return at_line(e, y->line, "without base a test needs an event", S(""));
    return true;
}

static bool read_expect(const struct yaml *y, struct testcase *t, struct err *e)
{
    struct str expect = yaml_text(yaml_get(y, "expect"));
    t->expect_match = str_eqz(expect, "match");
    return t->expect_match || str_eqz(expect, "no-match") ||
           at_line(e, y->line, "expect must be match or no-match, not", expect);
}

static bool read_test(const struct yaml *y, const struct yaml *base, struct arena *a,
                      struct testcase *t, struct err *e)
{
    if (!check_test(y, base, e) || !read_expect(y, t, e))
        return false;
    const struct yaml *event = yaml_get(y, "event");
    const struct yaml *set = yaml_get(y, "set");
    const struct yaml *unset = yaml_get(y, "unset");
    json_t *record;
    if (!to_json(event ? event : base, &record, e))
        return false;
    t->line = y->line;
    t->name = arena_str(a, yaml_text(yaml_get(y, "name")));
    t->rule = arena_str(a, yaml_text(yaml_get(y, "rule")));
    bool ok = json_is_object(record) || at_line(e, y->line, "the event is no map", S(""));
    ok = ok && (!set || apply_set(record, set, e)) && (!unset || apply_unset(record, unset, e)) &&
         from_json(record, a, &t->record, e);
    json_decref(record);
    return ok;
}

static bool read_file(const struct yaml *root, struct arena *a, struct testcase **out, size_t *n,
                      struct err *e)
{
    static const char *const known[] = {"base", "tests"};
    const struct yaml *base = yaml_get(root, "base");
    const struct yaml *tests = yaml_get(root, "tests");
    if (root->kind != YAML_MAP || !tests || tests->kind != YAML_SEQ || tests->n == 0)
        return at_line(e, root->line, "there is no list of tests", S(""));
    if (!check_keys(root, known, 2, e))
        return false;
    if (tests->n > TESTCASES_MAX)
        return err_set(e, ERR_LIMIT, "more than %d tests in one file", TESTCASES_MAX);
    *out = arena_array(a, tests->n, sizeof **out);
    *n = tests->n;
    bool ok = *out || err_set(e, ERR_LIMIT, "no memory for tests");
    for (size_t i = 0; ok && i < tests->n; i++)
        ok = read_test(tests->items[i], base, a, &(*out)[i], e);
    return ok;
}

bool testcases_read(struct str yaml, struct arena *a, struct testcase **out, size_t *n,
                    struct err *e)
{
    const struct yaml **docs;
    size_t n_docs;
    if (!yaml_parse(yaml, a, &docs, &n_docs, e))
        return false;
    if (n_docs != 1)
        return err_set(e, ERR_INPUT, "a test file has one document, this has %zu", n_docs);
    return read_file(docs[0], a, out, n, e);
}
