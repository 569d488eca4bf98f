/* engine/sieve: lines of values that no rule can hold for. What is right follows from what Sigma's
 * tests mean (tests/unit/test_sigma_match.c): `lines` say by hand what must go and what must stay,
 * and `loses_nothing` compares with event_match over many lines at the borders of what rules ask.
 */
#include "tests/unit/support/check.h"

#include "engine/loader.h"
#include "engine/sieve.h"
#include "handlers/flowlog.h"

static struct ruleset *load(const char *detections[], size_t n)
{
    struct diags diags;
    struct ruleset *rs;
    struct buf rules;
    struct err e = {0};
    diags_init(&diags);
    buf_init(&rules, 100000);
    struct loader *l = loader_new(NULL, &diags);
    for (size_t i = 0; i < n; i++) {
        buf_putz(&rules, i ? "---\n" : "");
        buf_putz(&rules, "title: t\nlogsource: {product: aws, service: vpcflow}\ndetection: {");
        buf_putz(&rules, detections[i]);
        buf_putz(&rules, "}\n");
    }
    assert_true(loader_add(l, S("t.yml"), buf_str(&rules), &e));
    assert_true(loader_finish(l, &rs, &e));
    assert_int_equal(rs->n_rules, n);
    loader_free(l);
    diags_release(&diags);
    buf_release(&rules);
    return rs;
}

/* ---- single lines ---- */

/* Columns of all lines here: two texts, two numbers, and a number that only readers want. */
#define COLUMNS "srcaddr action dstport bytes start"

static const struct {
    const char *name, *detection, *line;
    bool keeps;
} lines[] = {
    {"the number", "a: {dstport: 22}, condition: a", "x y 22 1 1", true},
    {"another", "a: {dstport: 22}, condition: a", "x y 23 1 1", false},
    {"a zero in front", "a: {dstport: 22}, condition: a", "x y 022 1 1", true},
    {"absent", "a: {dstport: 22}, condition: a", "x y - 1 1", false},
    {"empty", "a: {dstport: 22}, condition: a", "x y  1 1", false},
    {"a number of a list", "a: {dstport: [22, 3389]}, condition: a", "x y 3389 1 1", true},
    {"between those of a list", "a: {dstport: [22, 3389]}, condition: a", "x y 23 1 1", false},
    {"a number as text", "a: {dstport: '22'}, condition: a", "x y 22 1 1", true},
    {"a text that is none", "a: {dstport: ssh}, condition: a", "x y 22 1 1", true},
    {"below", "a: {bytes|lt: 100}, condition: a", "x y 1 99 1", true},
    {"not below", "a: {bytes|lt: 100}, condition: a", "x y 1 100 1", false},
    {"at most", "a: {bytes|lte: 100}, condition: a", "x y 1 100 1", true},
    {"not at most", "a: {bytes|lte: 100}, condition: a", "x y 1 101 1", false},
    {"above", "a: {bytes|gt: 100}, condition: a", "x y 1 101 1", true},
    {"not above", "a: {bytes|gt: 100}, condition: a", "x y 1 100 1", false},
    {"at least", "a: {bytes|gte: 100000000}, condition: a", "x y 1 100000000 1", true},
    {"not at least", "a: {bytes|gte: 100000000}, condition: a", "x y 1 99999999 1", false},
    {"above a fraction", "a: {bytes|gt: 2.5}, condition: a", "x y 1 3 1", true},
    {"below a fraction", "a: {bytes|gt: 2.5}, condition: a", "x y 1 2 1", false},
    {"never below zero", "a: {bytes|lt: -1}, condition: a", "x y 1 0 1", false},
    {"15 digits", "a: {bytes|lt: 5}, condition: a", "x y 1 999999999999999 1", false},
    {"16 digits are left to others", "a: {bytes|lt: 5}, condition: a", "x y 1 1000000000000000 1",
     true},
    {"no number", "a: {dstport: 22}, condition: a", "x y 2x 1 1", true},
    {"no number where no test is", "a: {dstport: 22}, condition: a", "x y 23 1 1x", true},
    {"a text", "a: {action: ACCEPT}, condition: a", "x ACCEPT 1 1 1", true},
    {"in other case", "a: {action: ACCEPT}, condition: a", "x accept 1 1 1", true},
    {"another text", "a: {action: ACCEPT}, condition: a", "x ACCEPTS 1 1 1", false},
    {"its first eight bytes", "a: {action: ACCEPTED1}, condition: a", "x ACCEPTED2 1 1 1", false},
    {"in its case", "a: {action|cased: ACCEPT}, condition: a", "x ACCEPT 1 1 1", true},
    {"a wildcard", "a: {action: 'AC*'}, condition: a", "x REJECT 1 1 1", true},
    {"in the network", "a: {srcaddr|cidr: 10.0.0.0/8}, condition: a", "10.255.255.255 y 1 1 1",
     true},
    {"behind it", "a: {srcaddr|cidr: 10.0.0.0/8}, condition: a", "11.0.0.0 y 1 1 1", false},
    {"before it", "a: {srcaddr|cidr: 10.0.0.0/8}, condition: a", "9.255.255.255 y 1 1 1", false},
    {"the last network", "a: {srcaddr|cidr: 255.0.0.0/8}, condition: a", "255.255.255.255 y 1 1 1",
     true},
    {"all of IPv4", "a: {srcaddr|cidr: 0.0.0.0/0}, condition: a", "255.255.255.255 y 1 1 1", true},
    {"but not of IPv6", "a: {srcaddr|cidr: 0.0.0.0/0}, condition: a", ":: y 1 1 1", false},
    {"IPv6", "a: {srcaddr|cidr: 'fc00::/7'}, condition: a", "fdff::1 y 1 1 1", true},
    {"outside", "a: {srcaddr|cidr: 'fc00::/7'}, condition: a", "fe00::1 y 1 1 1", false},
    {"all of IPv6", "a: {srcaddr|cidr: '::/0'}, condition: a", "ffff:: y 1 1 1", true},
    {"one address", "a: {srcaddr|cidr: '2001:db8::1/128'}, condition: a", "2001:db8::1 y 1 1 1",
     true},
    {"the next one", "a: {srcaddr|cidr: '2001:db8::1/128'}, condition: a", "2001:db8::2 y 1 1 1",
     false},
    {"no address", "a: {srcaddr|cidr: 10.0.0.0/8}, condition: a", "x y 1 1 1", false},
    {"an absent one is outside",
     "a: {dstport: 1}, b: {srcaddr|cidr: 10.0.0.0/8}, "
     "condition: a and not b",
     "- y 1 1 1", true},
    {"there", "a: {action|exists: true}, condition: a", "x y 1 1 1", true},
    {"not there", "a: {action|exists: true}, condition: a", "x - 1 1 1", false},
    {"a column the log has not", "a: {pkt-dstaddr: x}, condition: a", "x y 1 1 1", false},
    {"which is null", "a: {pkt-dstaddr: null}, condition: a", "x y 1 1 1", true},
    {"null", "a: {action: null}, condition: a", "x - 1 1 1", true},
    {"not null", "a: {action: null}, condition: a", "x y 1 1 1", false},
    {"not", "a: {dstport: 22}, condition: not a", "x y 22 1 1", false},
    {"and", "a: {dstport: 22, action: ACCEPT}, condition: a", "x REJECT 22 1 1", false},
    {"or", "a: {dstport: 22}, b: {bytes: 7}, condition: a or b", "x y 23 7 1", true},
    {"neither", "a: {dstport: 22}, b: {bytes: 7}, condition: a or b", "x y 23 8 1", false},
    {"and of what cannot be told", "a: {dstport: 22, action: 'A*'}, condition: a", "x A 23 1 1",
     false},
    {"a field of ours", "a: {trailwarden.country: DE}, condition: a", "x y 1 1 1", true},
    {"any text", "a: ['zzz'], condition: a", "x y 1 1 1", true},
};

/* Whether a line of COLUMNS is kept, twice: the second answer is a remembered one. */
static bool keeps(struct sieve *s, const char *line)
{
    char text[200] = {0};
    uint32_t marks[6] = {UINT32_MAX}, n = 0;
    size_t length = strlen(line);
    assert_true(length + SIEVE_SLACK < sizeof text);
    memcpy(text, line, length);
    for (uint32_t i = 0; i < length; i++)
        if (line[i] == ' ')
            marks[++n] = i;
    marks[++n] = (uint32_t)length;
    assert_int_equal(n + 1, COUNT(marks));
    bool is = sieve_keeps(s, text, marks);
    assert_int_equal(sieve_keeps(s, text, marks), is);
    return is;
}

static void tells_lines(void **state)
{
    static const char *const names[] = {"srcaddr", "action", "dstport", "bytes", "start"};
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        const char *detection = lines[i].detection;
        struct ruleset *rs = load(&detection, 1);
        struct event ev;
        struct err e;
        struct sieve_column columns[COUNT(names)];
        assert_true(event_init(&ev, rs, &e));
        for (size_t k = 0; k < COUNT(names); k++)
            columns[k] = (struct sieve_column){event_member_slot(&ev, str_of(names[k])), k >= 2};
        struct sieve *s = sieve_new(rs, SOURCE_VPCFLOW);
        assert_non_null(s);
        check_true("without columns", keeps(s, lines[i].line));
        assert_true(sieve_set_columns(s, columns, COUNT(columns)));
        check_int(lines[i].name, keeps(s, lines[i].line), lines[i].keeps);
        sieve_free(s);
        event_release(&ev);
        ruleset_free(rs);
    }
}

/* ---- many lines ---- */

static const char *detections[] = {
    "a: {dstport: [22, 3389, 5985], protocol: 6, packets|gte: 20}, "
    "b: {srcaddr|cidr: [10.0.0.0/8, 'fc00::/7']}, condition: a and not b",
    "a: {bytes|gte: 100000000, action: ACCEPT}, b: {dstaddr|cidr: 172.16.0.0/12}, "
    "c: {pkt-dst-aws-service|exists: true}, condition: a and not b and not c",
    "a: {dstport|lt: 32768, packets|lte: 3, protocol: [6, 17]}, "
    "b: {srcaddr|cidr: 192.168.0.0/16}, condition: a and b",
    "a: {dstaddr: [169.254.169.254, 'fd00:ec2::254']}, b: {action|cased: REJECT}, "
    "condition: a or b",
    "a: {flow-direction: egress, action: 'ACC*'}, b: {bytes|gt: 99.5}, condition: a and not b",
};

#define DEFAULT_HEAD                                                                               \
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "      \
    "start end action log-status\n"

static const char *const heads[] = {
    DEFAULT_HEAD,
    "srcaddr dstaddr dstport protocol packets bytes action flow-direction start\n",
    "action dstport dstport packets protocol srcaddr\n", /* a column twice */
    "dstport\n",
};

/* Values of columns whose name begins so; the last row is that of all others. */
static const struct {
    const char *begin, *values[12];
} pools[] = {
    {"log", {"OK", "OK", "OK", "OK", "-", "NODATA", "SKIPDATA", "OKAY"}},
    {"action", {"ACCEPT", "ACCEPT", "REJECT", "accept", "reject", "-", ""}},
    {"flow", {"egress", "ingress", "-"}},
    {"src", {"10.0.0.0", "11.0.0.0", "192.168.1.1", "fd00::1", "8.8.8.8", "32768", "1023", "-"}},
    {"dsta", {"169.254.169.254", "FD00:EC2::254", "172.31.255.255", "172.32.0.0", "::1", "x"}},
    {"dstp", {"21", "22", "3389", "5985", "32767", "32768", "65535", "0", "-", "22x", "022"}},
    {"protocol", {"6", "17", "1", "6", "17"}},
    {"packets", {"3", "4", "19", "20", "1"}},
    {"bytes", {"99", "100", "99999999", "100000000", "1000000000000000", "40"}},
    {"", {"1773756151", "2", "12345678901234567890"}},
};

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
    return (uint32_t)(*seed >> 33) % n;
}

static const char *any_value(struct str column, uint64_t *seed)
{
    size_t pool = 0, n = 0;
    while (!str_starts(column, str_of(pools[pool].begin)))
        pool++;
    while (n < COUNT(pools[pool].values) && pools[pool].values[n])
        n++;
    return pools[pool].values[random_below(seed, (uint32_t)n)];
}

static void put_line(struct buf *b, const char *head, uint64_t *seed)
{
    struct str rest = str_trim(str_of(head));
    while (str_present(rest)) {
        buf_putz(b, any_value(str_cut(&rest, ' '), seed));
        if (str_present(rest))
            buf_putc(b, ' ');
    }
    if (random_below(seed, 100) == 0)
        buf_putz(b, " one more");
    buf_putz(b, random_below(seed, 100) == 0 ? "\n\n" : "\n");
}

struct reading {
    struct records_counts counts;
    struct buf told; /* place and rules of each record that some rule holds for; bad lines */
    size_t delivered;
    uint64_t numbers;
};

static bool on_record(void *to, struct event *ev, const struct record_place *at, struct err *e)
{
    struct reading *r = to;
    size_t n;
    const uint32_t *hits = event_match(ev, &n);
    (void)e;
    r->delivered++;
    if (n)
        buf_put(&r->told, str_n((const char *)at, sizeof *at));
    buf_put(&r->told, str_n((const char *)hits, n * sizeof *hits));
    return true;
}

static void on_bad(void *to, const struct record_place *at, const char *why)
{
    struct reading *r = to;
    buf_put(&r->told, str_n((const char *)at, sizeof *at));
    buf_putz(&r->told, why);
}

static void read_all(const struct ruleset *rs, struct str text, bool sifts, struct reading *r)
{
    struct event ev;
    struct flowlog f;
    struct err e;
    *r = (struct reading){0};
    buf_init(&r->told, 10000000);
    assert_true(event_init(&ev, rs, &e));
    flowlog_init(&f, &ev, (struct records_sink){r, on_record, on_bad}, &r->counts);
    assert_true(!sifts || flowlog_sift(&f, &e));
    flowlog_begin(&f);
    assert_true(flowlog_take(&f, text, &e));
    assert_true(flowlog_end(&f, &e));
    r->numbers = ev.number;
    flowlog_release(&f);
    event_release(&ev);
}

static void check_same(const char *head, const struct ruleset *rs, struct str text)
{
    struct reading all, sifted;
    read_all(rs, text, false, &all);
    read_all(rs, text, true, &sifted);
    check_true(head, all.told.n > 0);
    check_str(head, buf_str(&sifted.told), buf_str(&all.told));
    check_size(head, sifted.counts.records, all.counts.records);
    check_size(head, sifted.counts.bad, all.counts.bad);
    check_size(head, sifted.counts.no_data, all.counts.no_data);
    check_size(head, sifted.numbers, all.numbers);
    check_size(head, all.delivered, all.counts.records);
    check_true(head, sifted.delivered < all.delivered);
    buf_release(&all.told);
    buf_release(&sifted.told);
}

static void loses_nothing(void **state)
{
    struct buf text;
    uint64_t seed = 1;
    (void)state;
    buf_init(&text, 1000000);
    for (size_t i = 0; i <= COUNT(detections); i++) { /* each rule by itself, then all */
        bool all = i == COUNT(detections);
        struct ruleset *rs = load(detections + (all ? 0 : i), all ? i : 1);
        for (size_t h = 0; h < COUNT(heads); h++) {
            buf_reset(&text);
            buf_putz(&text, heads[h]);
            for (size_t k = 0; k < 4000; k++)
                put_line(&text, heads[h], &seed);
            check_same(heads[h], rs, buf_str(&text));
        }
        ruleset_free(rs);
    }
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_lines),
        cmocka_unit_test(loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
