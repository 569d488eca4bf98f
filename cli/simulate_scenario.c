/* Reading scenarios. */
#include "cli/simulate_scenario.h"

#include "cli/testrecord.h"

static struct str text_or(const struct yaml *y, const char *key, struct str otherwise)
{
    struct str s = yaml_text(yaml_get(y, key));
    return str_present(s) ? s : otherwise;
}

static bool flag(const struct yaml *y, const char *key)
{
    bool b = false;
    const struct yaml *v = yaml_get(y, key);
    return v && yaml_bool(v, &b) && b;
}

/* 90s, 5m, 2h, 3d. */
static bool duration(const struct yaml *y, int64_t *ms, struct err *e)
{
    static const char units[] = "smhd";
    static const int64_t unit_ms[] = {1000, 60000, 3600000, 86400000};
    struct str s = yaml_text(y);
    unsigned long long n;
    const char *unit = s.n ? strchr(units, s.p[s.n - 1]) : NULL;
    if (!unit || !str_u64(str_slice(s, 0, s.n - 1), &n) || n > 100000)
        return testrecord_wrong(e, y->line, "no length of time:", s);
    *ms = (int64_t)n * unit_ms[unit - units];
    return true;
}

/* ---- actors ---- */

const char *actor_kind_name(enum actor_kind kind)
{
    static const char *const names[ACTOR_KINDS] = {
        [ACTOR_USER] = "user",
        [ACTOR_ROLE] = "role",
        [ACTOR_SERVICE] = "service",
        [ACTOR_ROOT] = "root",
        [ACTOR_STRANGER] = "stranger",
        [ACTOR_SAML] = "saml",
        [ACTOR_OKTA] = "okta",
        [ACTOR_MACHINE] = "machine",
        [ACTOR_WEB] = "web",
        [ACTOR_GITHUB] = "github",
        [ACTOR_KUBERNETES] = "kubernetes",
    };
    return names[kind];
}

static bool read_kind(const struct yaml *y, struct actor *to)
{
    for (unsigned k = 0; k < ACTOR_KINDS; k++) {
        to->kind = (enum actor_kind)k;
        to->name = yaml_text(yaml_get(y, actor_kind_name(to->kind)));
        if (str_present(to->name))
            return true;
    }
    return false;
}

static bool read_actor(const struct yaml_pair *p, struct actor *to, struct err *e)
{
    const struct yaml *y = p->value;
    to->id = p->key->text;
    if (!read_kind(y, to))
        return testrecord_wrong(e, y->line,
                                "no user, role, service or other kind of actor:", to->id);
    to->key = text_or(y, "key", to->name);
    to->path = text_or(y, "path", S("/"));
    to->session = text_or(y, "session", to->id);
    to->ip = yaml_text(yaml_get(y, "ip"));
    to->agent = text_or(y, "agent", S("aws-cli/2.22.7"));
    to->imds = yaml_text(yaml_get(y, "imds"));
    to->console = flag(y, "console");
    to->mfa = flag(y, "mfa");
    if (!str_present(to->ip) && to->kind != ACTOR_SERVICE)
        return testrecord_wrong(e, y->line, "no ip:", to->id);
    return true;
}

static bool read_actors(const struct yaml *y, struct arena *a, struct scenario *out, struct err *e)
{
    size_t n = y && y->kind == YAML_MAP ? y->n : 0;
    out->actors = arena_array(a, n, sizeof *out->actors);
    out->n_actors = n;
    for (size_t i = 0; i < n && out->actors; i++)
        if (!read_actor(&y->pairs[i], out->actors + i, e))
            return false;
    return out->actors || err_set(e, ERR_LIMIT, "no memory for a scenario");
}

static bool find_actor(const struct scenario *s, const struct yaml *y, struct actor **out,
                       struct err *e)
{
    for (size_t i = 0; i < s->n_actors; i++) {
        *out = s->actors + i;
        if (str_eq(s->actors[i].id, yaml_text(y)))
            return true;
    }
    return testrecord_wrong(e, y->line, "there is no actor", yaml_text(y));
}

/* ---- steps ---- */

/* "iam CreateUser" */
static bool read_call(const struct yaml *y, struct step *to, struct err *e)
{
    struct str rest = yaml_text(yaml_get(y, "do"));
    to->service = str_cut(&rest, ' ');
    to->event = rest;
    return str_present(rest) ||
           testrecord_wrong(e, y->line, "a step needs do: SERVICE EVENT", S(""));
}

static bool read_times(const struct yaml *y, struct step *to, struct err *e)
{
    unsigned long long times = 1;
    const struct yaml *at = yaml_get(y, "at"), *every = yaml_get(y, "every");
    struct str text = yaml_text(yaml_get(y, "times"));
    if (str_present(text) && (!str_u64(text, &times) || times < 1 || times > SIMULATE_REPEAT_MAX))
        return testrecord_wrong(e, y->line, "no number of times:", text);
    to->times = times;
    return (!at || duration(at, &to->at_ms, e)) && (!every || duration(every, &to->every_ms, e));
}

static bool read_step(const struct yaml *y, const struct scenario *s, struct step *to,
                      struct err *e)
{
    const struct yaml *as = yaml_get(y, "as"), *starts = yaml_get(y, "starts");
    to->line = y->line;
    if (!as)
        return testrecord_wrong(e, y->line, "a step needs as: ACTOR", S(""));
    if (!find_actor(s, as, &to->as, e) || (starts && !find_actor(s, starts, &to->starts, e)) ||
        !read_call(y, to, e) || !read_times(y, to, e))
        return false;
    to->region = yaml_text(yaml_get(y, "region"));
    to->kind = yaml_text(yaml_get(y, "kind"));
    to->error = yaml_text(yaml_get(y, "error"));
    to->message = yaml_text(yaml_get(y, "message"));
    to->data = flag(y, "data");
    to->request = yaml_get(y, "request");
    to->response = yaml_get(y, "response");
    to->resources = yaml_get(y, "resources");
    to->additional = yaml_get(y, "additional");
    return true;
}

static bool read_steps(const struct yaml *y, struct arena *a, const struct scenario *s,
                       struct step **out, size_t *n_out, struct err *e)
{
    size_t n = y && y->kind == YAML_SEQ ? y->n : 0;
    if (n > SIMULATE_STEPS_MAX)
        return err_set(e, ERR_LIMIT, "more than %d steps", SIMULATE_STEPS_MAX);
    struct step *steps = arena_array(a, n, sizeof *steps);
    if (!steps)
        return err_set(e, ERR_LIMIT, "no memory for a scenario");
    for (size_t i = 0; i < n; i++) {
        if (!read_step(y->items[i], s, steps + i, e))
            return false;
        if (i && steps[i].at_ms < steps[i - 1].at_ms)
            return testrecord_wrong(e, y->items[i]->line, "the step is before the one above it",
                                    S(""));
    }
    *out = steps;
    *n_out = n;
    return true;
}

bool scenario_read(struct str yaml, struct arena *a, struct scenario *out, struct err *e)
{
    const struct yaml **docs;
    size_t n;
    *out = (struct scenario){0};
    if (!yaml_parse(yaml, a, &docs, &n, e))
        return false;
    if (n != 1)
        return err_set(e, ERR_INPUT, "%zu documents where there is to be one", n);
    out->title = yaml_text(yaml_get(docs[0], "title"));
    out->about = yaml_text(yaml_get(docs[0], "about"));
    out->source = yaml_text(yaml_get(docs[0], "source"));
    return read_actors(yaml_get(docs[0], "actors"), a, out, e) &&
           read_steps(yaml_get(docs[0], "steps"), a, out, &out->steps, &out->n_steps, e) &&
           read_steps(yaml_get(docs[0], "ordinary"), a, out, &out->ordinary, &out->n_ordinary, e);
}

int64_t scenario_ms(const struct scenario *s)
{
    int64_t last = 0;
    for (size_t i = 0; i < s->n_steps; i++) {
        int64_t end = s->steps[i].at_ms + (int64_t)(s->steps[i].times - 1) * s->steps[i].every_ms;
        last = end > last ? end : last;
    }
    return last;
}
