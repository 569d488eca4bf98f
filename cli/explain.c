/* trailwarden rules explain, and the tree that it prints. */
#include "cli/explain.h"

#include <stdio.h>
#include <sys/stat.h>

#include "adapters/cloud.h"
#include "adapters/files.h"
#include "adapters/geo.h"
#include "base/escape.h"
#include "cli/command.h"
#include "cli/explain_window.h"
#include "cli/rules.h"
#include "handlers/object.h"
#include "respond/put.h"
#include "respond/redact.h"

#define EXPLAIN_BYTES_MAX (4u << 20) /* what is said of one rule: lines and keys are few */

/* ---- the tree ---- */

void explain_put_value(struct buf *b, struct str value)
{
    buf_putc(b, '"');
    put_text(b, value, EXPLAIN_VALUE_MAX);
    buf_putc(b, '"');
}

void explain_put_found(struct buf *b, struct str path, struct str value, struct arena *a)
{
    explain_put_value(b, redact_is_secret_path(path) ? S(REDACTED) : redact_text(value, a));
}

struct tree {
    struct buf *b;
    struct event *ev;
    size_t lines;
};

static const char *node_word(const struct rs_node *node)
{
    switch ((enum node_op)node->op) {
    case NODE_FALSE:
        return "never";
    case NODE_TRUE:
        return "always";
    case NODE_NOT:
        return "not";
    case NODE_AND:
        return "all of";
    case NODE_OR:
        return "any of";
    case NODE_PRED:
        break;
    }
    return "";
}

/* Depth is bounded by NODE_DEPTH_MAX, lines by EXPLAIN_LINES_MAX: equal parts of a program are one
 * node, so the tree can be larger than the program. */
static void put_node(struct tree *t, uint32_t number, int depth)
{
    const struct ruleset *rs = t->ev->rules;
    const struct rs_node *node = &rs->nodes[number];
    if (t->lines++ >= EXPLAIN_LINES_MAX)
        return;
    buf_putf(t->b, "%-4s %*s%s", event_node(t->ev, number) ? "yes" : "no", 2 * depth, "",
             node_word(node));
    if (node->op == NODE_PRED && rs->preds[node->a].dialect == DIALECT_SIGMA)
        explain_put_sigma(t->b, t->ev, &rs->preds[node->a]);
    else if (node->op == NODE_PRED)
        explain_put_falco(t->b, t->ev, &rs->preds[node->a]);
    buf_putc(t->b, '\n');
    if (node->op == NODE_NOT)
        put_node(t, node->a, depth + 1);
    for (uint32_t i = 0; (node->op == NODE_AND || node->op == NODE_OR) && i < node->kids.n; i++)
        put_node(t, rs->numbers[node->kids.first + i], depth + 1);
}

void explain_put(struct buf *b, struct event *ev, uint32_t rule)
{
    struct tree t = {b, ev, 0};
    put_node(&t, ev->rules->rules[rule].program, 0);
    if (t.lines > EXPLAIN_LINES_MAX)
        buf_putf(b, "     ... and %zu more lines\n", t.lines - EXPLAIN_LINES_MAX);
}

/* ---- the command ---- */

/* Where the records of the event's file go. */
struct explaining {
    const struct ruleset *rs;
    const char *path; /* of the file, or s3://bucket/key */
    struct str event; /* its id: the only one that plain rules are explained for; absent: all */
    size_t events;    /* that were */
    bool unreadable;  /* some of it was */
    struct port_geo geo;
    struct str wanted;               /* id or title; absent: all */
    size_t rules;                    /* that are called so */
    struct explain_windows *windows; /* NULL: none of them is a correlation */
};

static bool is_wanted(const struct explaining *x, uint32_t rule)
{
    const struct rs_rule *r = &x->rs->rules[rule];
    if (!str_present(x->wanted))
        return true;
    return str_eq(rs_str(x->rs, r->id), x->wanted) || str_eq(rs_str(x->rs, r->title), x->wanted);
}

/* "Title (id)", then what is said of the rule. */
static void put_name(struct buf *b, const struct ruleset *rs, uint32_t rule)
{
    buf_init(b, EXPLAIN_BYTES_MAX);
    put_text(b, rs_str(rs, rs->rules[rule].title), SIZE_MAX);
    buf_putz(b, " (");
    put_text(b, rs_str(rs, rs->rules[rule].id), SIZE_MAX);
    buf_putc(b, ')');
}

static void print(struct buf *b)
{
    struct str text = buf_str(b);
    fwrite(text.p, 1, text.n, stdout);
    buf_release(b);
}

static void print_rule(struct event *ev, uint32_t rule)
{
    struct buf b;
    put_name(&b, ev->rules, rule);
    buf_putz(&b, event_node(ev, ev->rules->rules[rule].program) ? " holds for event "
                                                                : " does not hold for event ");
    struct str id = event_core(ev, CORE_ID);
    put_text(&b, id.n ? id : S("without an eventID"), SIZE_MAX);
    buf_putc(&b, '\n');
    explain_put(&b, ev, rule);
    print(&b);
}

static bool take_piece(void *to, size_t bytes, struct err *e)
{
    (void)to;
    (void)bytes;
    (void)e;
    return true;
}

static bool explain_record(void *to, struct event *ev, struct err *e)
{
    struct explaining *x = to;
    bool asked = !str_present(x->event) || str_eq(event_core(ev, CORE_ID), x->event);
    x->events += asked;
    for (uint32_t i = 0; i < x->rs->n_rules && asked; i++)
        if (is_wanted(x, i) && !explain_windows_is(x->rs, i))
            print_rule(ev, i);
    return !x->windows || explain_windows_add(x->windows, ev, e);
}

static void note_bad(void *to, const char *sentence)
{
    struct explaining *x = to;
    struct err e;
    err_set(&e, ERR_INPUT, "%.200s: %s", x->path, sentence);
    complain(&e);
    x->unreadable = true;
}

/* Correlations are explained when all events are there. */
static bool print_correlations(const struct explaining *x, struct err *e)
{
    bool ok = true;
    for (uint32_t i = 0; i < x->rs->n_rules && ok && x->windows; i++) {
        struct buf b;
        if (!is_wanted(x, i) || !explain_windows_is(x->rs, i))
            continue;
        put_name(&b, x->rs, i);
        buf_putz(&b, ": ");
        ok = explain_windows_put(x->windows, &b, i, e);
        print(&b);
    }
    return ok;
}

/* What stands in front of a fault of the content is explained. */
static bool explain_object(struct explaining *x, const struct port_objects *port,
                           const struct object_ref *ref, struct err *e)
{
    const struct object_calls calls = {x, take_piece, explain_record, note_bad};
    struct object_reader reader;
    bool ok = object_reader_init(&reader, x->rs, NULL, calls, e);
    event_set_geo(&reader.ev, x->geo);
    if (ok && !object_read(&reader, port, ref, e)) {
        ok = reader.fault == OBJECT_CONTENT;
        if (ok)
            note_bad(x, e->text);
        else if (!str_present(ref->bucket)) /* S3's faults name the object */
            err_wrap(e, "%.200s", x->path);
    }
    object_reader_release(&reader);
    return ok;
}

/* s3://bucket/key, with the credentials and endpoints that `scan` takes. */
static bool explain_s3(struct explaining *x, struct err *e)
{
    struct str rest = str_skip(str_of(x->path), 5);
    struct object_ref ref = {.bucket = str_cut(&rest, '/')};
    ref.key = rest;
    if (!ref.bucket.n || !str_present(ref.key) || !ref.key.n)
        return err_set(e, ERR_USAGE, "%.200s is not of the form s3://bucket/key", x->path);
    struct cloud *cloud = cloud_new(e);
    if (!cloud)
        return false;
    const struct port_objects port = cloud_objects(cloud);
    bool ok = explain_object(x, &port, &ref, e);
    cloud_free(cloud);
    return ok;
}

static bool explain_file(struct explaining *x, struct err *e)
{
    const struct object_ref ref = {.key = str_of(x->path)};
    const struct port_objects files = files_port();
    bool ok =
        str_starts(ref.key, S("s3://")) ? explain_s3(x, e) : explain_object(x, &files, &ref, e);
    if (ok && str_present(x->event) && x->events == 0)
        return err_set(e, ERR_USAGE, "no event in %.200s has the id %.100s", x->path, x->event.p);
    return ok && print_correlations(x, e);
}

/* RULE may be a file: then its rules are loaded, and all of them explained. */
static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Counts the rules that are wanted, and makes ready for correlations among them. */
static bool find_wanted(struct explaining *x, const char *rule, struct err *e)
{
    bool correlations = false;
    for (uint32_t i = 0; i < x->rs->n_rules; i++) {
        x->rules += is_wanted(x, i);
        correlations = correlations || (is_wanted(x, i) && explain_windows_is(x->rs, i));
    }
    if (x->rules == 0)
        return err_set(e, ERR_USAGE, "no rule has the id or title \"%.100s\"", rule);
    if (correlations)
        x->windows = explain_windows_new(x->rs, e);
    if (x->windows)
        explain_windows_set_geo(x->windows, x->geo);
    return x->windows || !correlations;
}

/* Options of its own; NULL: not given. */
struct explain_asked {
    const char *countries, *systems; /* files that tell where addresses are */
    const char *event;
};

static int explain(struct rules_asked *a, const struct explain_asked *asked, const char *rule,
                   const char *path)
{
    struct err e = {0};
    struct geo_files *geo = NULL;
    struct loaded rules;
    bool file = a->rules.n == 0 && is_file(rule);
    const char **named = file ? vec_push(&a->rules, 1) : NULL;
    if (named)
        *named = rule;
    bool ok = rules_load(&a->rules, a->config, &rules, &e);
    diags_print(stderr, &rules.diags);
    ok = ok && geo_open(asked->countries, asked->systems, &geo, &e);
    struct explaining x = {.rs = rules.rules,
                           .path = path,
                           .event = str_of(asked->event),
                           .wanted = file ? STR_ABSENT : str_of(rule),
                           .geo = geo_port(geo)};
    ok = ok && find_wanted(&x, rule, &e) && explain_file(&x, &e);
    int code = !ok ? fail(&e) : x.unreadable ? EXIT_UNREADABLE : EXIT_DONE;
    explain_windows_free(x.windows);
    geo_close(geo);
    loaded_release(&rules);
    return code;
}

int rules_explain(int argc, char **argv)
{
    struct explain_asked asked = {0};
    const struct option more[] = {
        {"event", 0, OPTION_TEXT, &asked.event, "ID", "only the event with this eventID"},
        {"geoip", 0, OPTION_TEXT, &asked.countries, "FILE.mmdb", "which country an address is in"},
        {"asn", 0, OPTION_TEXT, &asked.systems, "FILE.mmdb", "which network an address belongs to"},
    };
    const struct rules_usage usage = {
        .text =
            "usage: trailwarden rules explain [options] RULE EVENT.json\n\n"
            "RULE is an id or a title (of a Falco rule: its name), or a file of rules; EVENT.json\n"
            "holds one record or many, in any form that scan reads, and may lie in S3\n"
            "(s3://bucket/key). Prints each test of the rule with its result and the event's "
            "value;\n"
            "of a correlation, how its windows fill with all events.\n",
        .arguments = true,
        .more = more,
        .n_more = sizeof more / sizeof *more,
    };
    struct err e;
    struct rules_asked a;
    int code;
    if (rules_asked_read(&a, &usage, argc, argv, &code)) {
        const char *const *named = a.rest.p;
        if (a.rest.n == 2) {
            code = explain(&a, &asked, named[0], named[1]);
        } else {
            err_set(&e, ERR_USAGE, "rules explain needs a rule and a file with an event");
            code = fail(&e);
        }
    }
    rules_asked_release(&a);
    return code;
}
