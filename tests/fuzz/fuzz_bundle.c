/* Bundles whose sums are right and whose bytes are not: either they are refused, or reading events,
 * matching, writing outputs and telling alerts with them ends without a fault.
 *
 * The input's first byte picks a small set of rules; each eight bytes behind it edit one word of
 * their bundle: its place, what is done with it, and a number to do it with. Then the sums are
 * made anew. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/bundle.h"
#include "engine/event.h"
#include "engine/falco_term.h"
#include "engine/loader.h"
#include "tests/unit/support/alert_case.h"

#define BUNDLE_BYTES_MAX (1u << 20)
#define OUTPUT_BYTES_MAX 65536
#define EDIT_BYTES       8
#define TESTS_MAX        100000. /* that one rule may make: kids may be shared, so trees unfold */

static const char sigma[] =
    "title: One\nname: one\nid: 11111111-2222-4333-8444-555555555555\n"
    "logsource: {product: aws, service: cloudtrail}\n"
    "detection:\n  a: {eventName|re|i: '^Create.*(User|Role)$', eventName|contains: [er, le]}\n"
    "  b: {sourceIPAddress|cidr: [192.0.2.0/24, '2001:db8::/32'], n|gte: 7, eventTime|hour: 14}\n"
    "  c: {userIdentity.userName|fieldref|startswith: userIdentity.type}\n"
    "  d: ['x*y', plain]\n  e: {errorCode: null, readOnly|exists: true}\n"
    "  condition: 1 of them and not (c or d)\n"
    "fields: [eventName, trailwarden.subject]\nlevel: low\n"
    "---\ntitle: Two\nname: two\nid: 11111111-2222-4333-8444-555555555556\n"
    "logsource: {product: aws, service: cloudtrail}\n"
    "detection: {s: {eventName: [CreateUser, CreateRole], n: 22}, condition: s}\nlevel: low\n"
    "---\ntitle: Many\nname: many\nid: 11111111-2222-4333-8444-555555555557\n"
    "correlation: {type: value_count, rules: [one], group-by: [userIdentity.arn],\n"
    "  timespan: 1h, condition: {field: eventName, gte: 2}}\nlevel: high\n"
    "---\ntitle: Both\nid: 11111111-2222-4333-8444-555555555558\n"
    "correlation: {type: temporal_ordered, rules: [many, two], group-by: [userIdentity.arn],\n"
    "  timespan: 1h}\nlevel: high\n";

static const char falco[] =
    "- macro: made\n  condition: ct.name startswith Create\n"
    "- list: names\n  items: [CreateUser, CreateRole]\n"
    "- rule: One\n  desc: d\n  priority: WARNING\n  source: aws_cloudtrail\n"
    "  condition: made and ct.name in (names) and not tolower(ct.srcip) = x and\n"
    "    basename(json.value[/userIdentity/type]) exists and ct.name glob C*\n"
    "  output: Made %ct.user by %20ct.srcip (%json.value[/requestParameters/items/0/a])\n"
    "- rule: Two\n  desc: d\n  priority: INFO\n  source: aws_cloudtrail\n"
    "  condition: join(\",\", (ct.name, \"x\", 1)) contains ser and concat(ct.name, \"!\") exists\n"
    "    or getopt((ct.name, \"x\"), \"ab:\")[b] = x or len(ct.name) > 3 and ct.name regex "
    "\"C.*[a-z]+\"\n"
    "  output: '%ct.name %evt.time %evt.num %ct.request'\n";

static const char *const records[] = {
    "{\"eventID\":\"1\",\"eventName\":\"CreateUser\",\"eventSource\":\"iam.amazonaws.com\","
    "\"eventTime\":\"2026-03-17T14:05:00Z\",\"readOnly\":false,\"errorCode\":null,\"n\":22,"
    "\"sourceIPAddress\":\"192.0.2.7\",\"requestParameters\":{\"items\":[{\"a\":\"x\"},{\"a\":[1]}]"
    "},\"userIdentity\":{\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::111122223333:user/A\","
    "\"userName\":\"A\\u0062\"}}",
    "{\"eventName\":[\"-bx\",{\"a\":1},null],\"n\":\"7.5e1\",\"sourceIPAddress\":\"2001:db8::1\","
    "\"userIdentity\":{\"type\":\"Ab\",\"userName\":\"abc\"},\"eventTime\":1}",
};

/* The bundle of one of the sets; made at the first call, for that takes longer than using it. */
static struct str bundle_of(bool of_falco)
{
    static struct buf made[2];
    struct buf *b = made + of_falco;
    struct diags diags;
    struct err e;
    struct ruleset *rs;
    if (b->n)
        return buf_str(b);
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    buf_init(b, BUNDLE_BYTES_MAX);
    if (!l || !loader_add(l, S("a.yml"), str_of(of_falco ? falco : sigma), &e) ||
        !loader_finish(l, &rs, &e) || rs->n_rules < 2 ||
        !bundle_put(rs, &(struct bundle_facts){.n_files = 1}, b, &e))
        abort();
    ruleset_free(rs);
    loader_free(l);
    diags_release(&diags);
    return buf_str(b);
}

static void edit(char *bytes, size_t n, const uint8_t *by)
{
    uint16_t place, how;
    uint32_t number, word, other;
    memcpy(&place, by, sizeof place);
    memcpy(&how, by + 2, sizeof how);
    memcpy(&number, by + 4, sizeof number);
    size_t words = n / sizeof word;
    char *at = bytes + place % words * sizeof word;
    memcpy(&word, at, sizeof word);
    memcpy(&other, bytes + number % words * sizeof other, sizeof other);
    const uint32_t results[] = {
        number,  number % 256,     word + number % 16, word - 1, other, word ^ 1u << number % 32,
        RS_NONE, word + (1u << 16)};
    word = results[how % (sizeof results / sizeof *results)];
    memcpy(at, &word, sizeof word);
}

/* How many tests the most costly rule makes at most. */
static double cost(const struct ruleset *rs)
{
    double *costs = calloc((size_t)rs->n_nodes + 1, sizeof *costs), most = 0;
    if (!costs)
        abort();
    for (uint32_t i = 0; i < rs->n_nodes; i++) {
        const struct rs_node *n = rs->nodes + i;
        costs[i] = 1 + (n->op == NODE_NOT ? costs[n->a] : 0);
        for (uint32_t k = 0; n->op >= NODE_AND && k < n->kids.n; k++)
            costs[i] += costs[rs->numbers[n->kids.first + k]];
        most = costs[i] > most ? costs[i] : most;
    }
    free(costs);
    return most;
}

static void use(struct event *ev, const struct ruleset *rs)
{
    size_t n;
    bool any = false;
    (void)event_match(ev, &n);
    for (uint32_t i = 0; i < rs->n_rules; i++) {
        struct buf out;
        buf_init(&out, OUTPUT_BYTES_MAX);
        any = event_node(ev, rs->rules[i].program) || any; /* candidate or not */
        falco_put_output(&out, ev, rs->rules + i);
        for (uint32_t f = 0; f < rs->rules[i].fields.n; f++)
            any = event_first(ev, rs->numbers[rs->rules[i].fields.first + f]) || any;
        buf_release(&out);
    }
    for (uint32_t i = 0; i < rs->n_inputs; i++)
        for (uint32_t v = 0; v < rs->inputs[i].values.n; v++)
            any = str_present(rs_value_name(rs, rs->inputs + i, v)) || any;
    for (size_t f = 0; f < CORE_FIELDS; f++)
        any = str_present(event_core(ev, (enum core_field)f)) || any;
    (void)any;
}

/* alert_case_fn */
static bool see_alert(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    (void)to, (void)rs, (void)a, (void)e;
    return true;
}

/* Each rule hits, so that all windows are fed. False when a limit was met. */
static bool gather(struct alert_case *c, const uint32_t *hits, struct err *e)
{
    size_t used;
    struct facts facts;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        if (event_read(&c->ev, str_of(records[i]), &used, e) != JSON_OK)
            continue;
        use(&c->ev, c->rules);
        facts_read(&c->ev, S("a.json"), &facts);
        if (!windows_add(c->windows, &c->ev, &facts, hits, c->rules->n_rules, e))
            return false;
    }
    return true;
}

static void evaluate(struct ruleset *rs)
{
    struct alert_case c = {.rules = rs, .state = state_memory_new()};
    struct err e = {0};
    uint32_t *hits = calloc((size_t)rs->n_rules + 1, sizeof *hits);
    if (!hits || !c.state || !event_init(&c.ev, rs, &e))
        abort();
    for (uint32_t i = 0; i < rs->n_rules; i++)
        hits[i] = i;
    alerting_init(&c.alerting, rs);
    if (!alert_case_begin(&c, &e))
        abort();
    if (gather(&c, hits, &e) && !alert_case_tell(&c, see_alert, NULL, &e) && e.text[0] == '\0')
        abort(); /* an error says why */
    windows_free(c.windows);
    alerting_release(&c.alerting);
    event_release(&c.ev);
    state_memory_free(c.state);
    free(hits);
}

static void release(void *bytes, size_t n)
{
    (void)n;
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str whole = bundle_of(size && data[0] & 1);
    struct bundle_facts facts;
    struct ruleset *rs;
    struct err e = {0};
    char *bytes = aligned_alloc(16, whole.n); /* of whole tables: a multiple of 16 */
    if (!bytes)
        abort();
    memcpy(bytes, whole.p, whole.n);
    for (size_t at = 1; at + EDIT_BYTES <= size; at += EDIT_BYTES)
        edit(bytes, whole.n, data + at);
    bundle_seal(bytes, whole.n);
    if (!bundle_open(bytes, whole.n, release, &facts, &rs, &e)) {
        free(bytes);
        return 0;
    }
    bool sound = bundle_check(rs, &e);
    if (sound && cost(rs) <= TESTS_MAX)
        evaluate(rs);
    else if (!sound && size < 1 + EDIT_BYTES)
        abort(); /* nothing was edited */
    ruleset_free(rs);
    return 0;
}
