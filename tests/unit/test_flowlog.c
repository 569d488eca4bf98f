/* handlers/flowlog, through handlers/object: lines of flow logs, cut into pieces of every size. The
 * lines are those of "Flow log record examples" (Amazon VPC User Guide), and variations of them. */
#include "handlers/object.h"

#include "engine/loader.h"
#include "tests/unit/support/check.h"

struct world {
    struct buf told; /* an event as "srcaddr>dstport;", a bad line as its sentence */
    struct str text;
    size_t piece;
};

#define HEADER                                                                                     \
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "      \
    "start end action log-status\n"
#define LINE(src, port)                                                                            \
    "2 123456789010 eni-1235b8ca123456789 " src " 172.31.9.12 49761 " port                         \
    " 6 20 4249 1418530010 1418530070 ACCEPT OK\n"
#define NODATA "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA\n"
#define SKIPDATA                                                                                   \
    "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - SKIPDATA\n"

static const struct {
    const char *name, *text, *told;
    bool ok;
    uint64_t no_data, skipped_data;
} cases[] = {
    {"with a header", HEADER LINE("10.0.0.1", "22"), "10.0.0.1>22;", true, 0, 0},
    {"without one", LINE("10.0.0.1", "22") LINE("10.0.0.2", "80"), "10.0.0.1>22;10.0.0.2>80;", true,
     0, 0},
    {"no line end", "version srcaddr dstport\n5 10.0.0.1 443", "10.0.0.1>443;", true, 0, 0},
    {"lines that end in CR LF", "srcaddr dstport\r\n10.0.0.1 443\r\n\r\n", "10.0.0.1>443;", true, 0,
     0},
    {"any order, a column nobody knows yet", "dstport vpc-id colour srcaddr\n1 vpc-1 red ::1\n",
     "::1>1;", true, 0, 0},
    {"absent values", "srcaddr dstport\n- 443\n10.0.0.1 -\n", ">443;10.0.0.1>;", true, 0, 0},
    {"NODATA and SKIPDATA", HEADER NODATA LINE("10.0.0.1", "22") SKIPDATA NODATA, "10.0.0.1>22;",
     true, 2, 1},
    {"nothing but NODATA", HEADER NODATA, "", true, 1, 0},
    {"nothing but a header", HEADER, "", true, 0, 0},
    {"another header on the way", "srcaddr dstport\na 1\ndstport srcaddr\n2 b\n", "a>1;b>2;", true,
     0, 0},
    {"too few and too many fields", "srcaddr dstport\na\na 1 x\nb 2\n",
     "record 1 at byte 16 skipped: a line of 1 fields; its format has 2;"
     "record 2 at byte 18 skipped: a line of 3 fields; its format has 2;b>2;",
     true, 0, 0},
    {"a number that is none", "srcaddr dstport\na ssh\nb 2\n",
     "record 1 at byte 16 skipped: its dstport is no number;b>2;", true, 0, 0},
    {"bad lines only", "srcaddr dstport\na\n",
     "record 1 at byte 16 skipped: a line of 1 fields; its format has 2;", false, 0, 0},
    {"Parquet", "PAR1\x15\x04", "", false, 0, 0},
    {"words", "hello world, this is no log\n", "", false, 0, 0},
    {"JSON after all", "{\"eventName\":\"x\",\"srcaddr\":\"j\",\"dstport\":7}", "j>7;", true, 0, 0},
};

static bool on_piece(void *to, size_t bytes, struct err *e)
{
    (void)to;
    (void)bytes;
    (void)e;
    return true;
}

static void put_value(struct buf *b, struct event *ev, const char *name)
{
    struct value *v = event_first(ev, event_member_slot(ev, str_of(name)));
    if (v)
        buf_put(b, event_text(ev, v));
}

static bool on_record(void *to, struct event *ev, struct err *e)
{
    struct world *w = to;
    (void)e;
    put_value(&w->told, ev, "srcaddr");
    buf_putc(&w->told, '>');
    put_value(&w->told, ev, "dstport");
    buf_putc(&w->told, ';');
    return true;
}

static void on_bad(void *to, const char *sentence)
{
    struct world *w = to;
    buf_putz(&w->told, sentence);
    buf_putc(&w->told, ';');
}

static bool read_pieces(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                        struct err *e)
{
    struct world *w = self;
    (void)ref;
    for (size_t i = 0; i < w->text.n; i += w->piece)
        if (!take(to, str_slice(w->text, i, i + w->piece), e))
            return false;
    return true;
}

/* The reader over a rule that names srcaddr and dstport; without `use` it is to be refused. */
static void with_reader(const struct log_said *said,
                        void (*use)(struct object_reader *o, struct world *w))
{
    struct world w = {.piece = SIZE_MAX};
    struct diags diags;
    struct ruleset *rs;
    struct err e = {0};
    struct object_reader o;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    assert_true(loader_add(l, S("t.yml"),
                           S("title: t\nlogsource: {product: aws, service: vpcflow}\n"
                             "detection: {s: {dstport: 22, srcaddr: a}, condition: s}\n"),
                           &e));
    assert_true(loader_finish(l, &rs, &e));
    loader_free(l);
    diags_release(&diags);
    buf_init(&w.told, 10000);
    const struct object_calls calls = {&w, on_piece, on_record, on_bad};
    if (use)
        assert_true(object_reader_init(&o, rs, said, calls, &e));
    else
        assert_false(object_reader_init(&o, rs, said, calls, &e));
    if (use)
        use(&o, &w);
    else
        check_int("the format is none", e.kind, ERR_USAGE);
    object_reader_release(&o);
    buf_release(&w.told);
    ruleset_free(rs);
}

static bool read_text(struct object_reader *o, struct world *w, struct err *e)
{
    struct port_objects port = {.self = w, .read = read_pieces};
    buf_reset(&w->told);
    return object_read(o, &port, &(struct object_ref){.key = S("k")}, e);
}

static void read_cases(struct object_reader *o, struct world *w)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, SIZE_MAX / 2};
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t p = 0; p < COUNT(pieces); p++) {
            struct err e = {0};
            w->text = str_of(cases[i].text);
            w->piece = pieces[p];
            check_int(cases[i].name, read_text(o, w, &e), cases[i].ok);
            check_str(cases[i].name, buf_str(&w->told), str_of(cases[i].told));
            check_size(cases[i].name, o->records.counts.no_data, cases[i].no_data);
            check_size(cases[i].name, o->records.counts.skipped_data, cases[i].skipped_data);
        }
}

static void reads_lines(void **state)
{
    (void)state;
    with_reader(NULL, read_cases);
}

static void read_long(struct object_reader *o, struct world *w)
{
    static const size_t pieces[] = {1000, 40000, SIZE_MAX / 2};
    struct buf text;
    struct err e = {0};
    buf_init(&text, 100000);
    buf_putz(&text, "srcaddr dstport\n");
    for (size_t i = 0; i < FLOW_LINE_MAX; i++)
        buf_putc(&text, 'x');
    buf_putz(&text, " 1\nb 2\n");
    w->text = buf_str(&text);
    for (size_t p = 0; p < COUNT(pieces); p++) {
        w->piece = pieces[p];
        assert_true(read_text(o, w, &e));
        check_str("a long line", buf_str(&w->told),
                  S("record 1 at byte 16 skipped: it is a line longer than 32 KiB;b>2;"));
        check_size("oversized", o->records.counts.oversized, 1);
    }
    buf_release(&text);
}

static void skips_long_lines(void **state)
{
    (void)state;
    with_reader(NULL, read_long);
}

static void read_given(struct object_reader *o, struct world *w)
{
    struct err e = {0};
    w->text = S("22 10.0.0.1 ACCEPT");
    assert_true(read_text(o, w, &e));
    check_str("a line of the given format", buf_str(&w->told), S("10.0.0.1>22;"));
    w->text = S("srcaddr dstport\n10.0.0.1 443\n");
    assert_true(read_text(o, w, &e));
    check_str("a header goes before", buf_str(&w->told), S("10.0.0.1>443;"));
}

static void takes_a_format(void **state)
{
    (void)state;
    const struct log_said given = {.flow_format = S("${dstport} ${srcaddr} ${action}")};
    const struct log_said none = {.flow_format = S("what is this")};
    with_reader(&given, read_given);
    with_reader(&none, NULL);
}

static void read_json(struct object_reader *o, struct world *w)
{
    struct err e = {0};
    size_t used;
    char kept[500];
    w->text = S("srcaddr dstport bytes vpc-id\na\"b 22 007 -\n");
    assert_true(read_text(o, w, &e));
    struct event *ev = &o->ev;
    event_begin(ev, SOURCE_VPCFLOW, S("a\"b 22 007 -"),
                (struct event_columns){o->flows.format.names, o->flows.format.numbers, 4});
    struct str json = event_json(ev);
    check_str("as JSON", json, S("{\"srcaddr\":\"a\\\"b\",\"dstport\":22,\"bytes\":\"007\"}"));
    memcpy(kept, json.p, json.n);
    check_int("read again", event_read(ev, str_n(kept, json.n), &used, &e), JSON_OK);
    check_str("which is itself", event_json(ev), str_n(kept, json.n));
}

static void becomes_json(void **state)
{
    (void)state;
    with_reader(NULL, read_json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lines),
        cmocka_unit_test(skips_long_lines),
        cmocka_unit_test(takes_a_format),
        cmocka_unit_test(becomes_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
