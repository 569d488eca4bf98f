/* handlers/records (with skip and logshape): what is cut out of a text, what is named bad, and that
 * neither depends on how the text comes in pieces. */
#include "handlers/records.h"

#include "base/vec.h"
#include "engine/builder.h"
#include "tests/unit/support/check.h"

#define TRACE_MAX 4096
#define TEXT_MAX  (32u << 20)

struct fixture {
    struct ruleset *rs;
    struct event ev;
    struct records records;
    struct buf trace;
    const char *refuse; /* id of the record at which the sink says no */
};

/* "+id " for a record. */
static bool on_record(void *to, struct event *ev, const struct record_place *at, struct err *e)
{
    struct fixture *f = to;
    struct str id = event_core(ev, CORE_ID);
    (void)at;
    if (f->refuse && str_eqz(id, f->refuse))
        return err_set(e, ERR_RETRY, "not now");
    buf_putc(&f->trace, '+');
    buf_put(&f->trace, str_present(id) ? id : S("?"));
    buf_putc(&f->trace, ' ');
    return true;
}

/* "!number@offset " for a bad one. */
static void on_bad(void *to, const struct record_place *at, const char *why)
{
    struct fixture *f = to;
    assert_true(*why);
    buf_putf(&f->trace, "!%llu@%llu ", (unsigned long long)at->number,
             (unsigned long long)at->offset);
}

static void setup(struct fixture *f)
{
    struct err e;
    struct builder *b = builder_new();
    *f = (struct fixture){0};
    assert_true(builder_freeze(b, &f->rs, &e));
    builder_free(b);
    assert_true(event_init(&f->ev, f->rs, &e));
    records_init(&f->records, &f->ev, (struct records_sink){f, on_record, on_bad});
    buf_init(&f->trace, TRACE_MAX);
}

static void teardown(struct fixture *f)
{
    records_release(&f->records);
    event_release(&f->ev);
    ruleset_free(f->rs);
    buf_release(&f->trace);
}

/* Reads text in pieces of n bytes; the trace ends with "." or the error's sentence. */
static void run(struct fixture *f, struct str text, size_t n)
{
    struct err e = {0};
    bool ok = true;
    buf_reset(&f->trace);
    records_begin(&f->records);
    while (ok && text.n) {
        struct str piece = str_slice(text, 0, n);
        ok = records_take(&f->records, piece, &e);
        text = str_skip(text, piece.n);
    }
    ok = ok && records_end(&f->records, &e);
    buf_putz(&f->trace, ok ? "." : e.text);
}

#define R(id)  "{\"eventVersion\":\"1.08\",\"eventID\":\"" id "\"}"
#define RZ(id) "{\"eventID\":\"" id "\",\"awsRegion\":\"x\"}"

static const struct {
    const char *name, *text;
    const char
        *want; /* the whole trace, or its beginning when the error's rest is of no interest */
} cases[] = {
    /* what CloudTrail and its users write */
    {"one record", "{\"Records\":[" R("a") "]}", "+a ."},
    {"three records", "{\"Records\":[" R("a") "," R("b") "," R("c") "]}", "+a +b +c ."},
    {"blanks everywhere", " {\n \"Records\" :\t[ " R("a") " ,\r\n " R("b") " ] } \n", "+a +b ."},
    {"no records", "{\"Records\":[]}", "."},
    {"null records", "{\"Records\":null}", "."},
    {"empty object", "{}", "."},
    {"keys before", "{\"a\":{\"Records\":[1]},\"b\":\"Records\",\"Records\":[" R("a") "]}", "+a ."},
    {"keys behind", "{\"Records\":[" R("a") "],\"x\":{\"y\":[1,2]},\"z\":\"]}\"}", "+a ."},
    {"a second Records", "{\"Records\":[" R("a") "],\"Records\":[" R("b") "]}", "+a +b ."},
    {"bare array", "[" R("a") "," R("b") "]", "+a +b ."},
    {"empty array", "[]", "."},
    {"one record alone", R("a"), "+a ."},
    {"a record that begins with another known key", RZ("a"), "+a ."},
    {"JSON lines", R("a") "\n" R("b") "\n", "+a +b ."},
    {"JSON lines, CR LF", R("a") "\r\n" R("b") "\r\n", "+a +b ."},
    {"JSON lines, an empty line", R("a") "\n\n\n" R("b"), "+a +b ."},
    {"objects without a line between", R("a") R("b"), "+a +b ."},
    {"pretty-printed",
     "{\n  \"eventVersion\": \"1\",\n  \"r\": [\n    {\n \"x\": 1\n }\n  ],\n"
     "  \"eventID\": \"a\"\n}\n" R("b"),
     "+a +b ."},
    {"lists in a row", "{\"Records\":[" R("a") "]}\n{\"Records\":[" R("b") "]}", "+a +b ."},
    {"byte order mark", "\xEF\xBB\xBF{\"Records\":[" R("a") "]}", "+a ."},
    {"a digest", "{\"awsAccountId\":\"1\",\"digestStartTime\":\"x\",\"logFiles\":[{\"a\":\"}\"}]}",
     "."},
    {"braces in strings", "[{\"eventID\":\"a\",\"x\":\"}]{[\\\"\"}," R("b") "]", "+a +b ."},
    {"members of a list that are no records", "[{\"x\":1}," R("a") ",{}]", "!1@1 +a !3@47 ."},
    /* bad records */
    {"broken in the middle", "{\"Records\":[" R("a") ",{\"eventID\" \"b\"}," R("c") "]}",
     "+a !2@50 +c ."},
    {"a comma too many", "[" R("a") ",{\"eventID\":,\"x\":\"}\"}," R("c") "]", "+a !2@39 +c ."},
    {"no objects", "[" R("a") ",null,1,\"x,]\",[1,[2]],true," R("b") "]",
     "+a !2@39 !3@44 !4@46 !5@52 !6@60 +b ."},
    {"a broken line", R("a") "\n{\"eventID\":\"x\" \"y\"}\n" R("b"), "+a !2@38 +b ."},
    {"a line cut off in a string", R("a") "\n{\"eventID\":\"x\n" R("b") "\n" R("c"),
     "+a !2@38 +b +c ."},
    {"a line cut off behind a value", R("a") "\n{\"eventID\":{\"x\":1\n" R("b") "\n",
     "+a !2@38 +b ."},
    {"a last line cut off", R("a") "\n{\"eventVersion\":\"1\",\"x\"",
     "+a cut off: it ends inside record 2"},
    {"a line that is no JSON", R("a") "\nhello\n" R("b"), "+a !2@38 +b ."},
    {"an unknown object among lines", R("a") "\n{\"x\":1}\n" R("b"), "+a !2@38 +b ."},
    /* objects that fail */
    {"nothing", "", "it is empty"},
    {"only blanks", " \n\t", "it is empty"},
    {"cut off in a record", "{\"Records\":[" R("a") ",{\"eventID\":\"b",
     "+a cut off: it ends inside record 2"},
    {"cut off behind a record", "{\"Records\":[" R("a"), "+a cut off: it ends inside the list"},
    {"cut off behind a comma", "{\"Records\":[" R("a") ",", "+a cut off: it ends inside the list"},
    {"cut off behind the list", "{\"Records\":[" R("a") "]", "+a cut off: it ends inside the list"},
    {"cut off before Records", "{\"Rec", "cut off: it ends inside record 1"},
    {"two records without a comma", "[" R("a") R("b") "]", "+a broken JSON at byte 38"},
    {"junk in a list", "[" R("a") ",x]", "+a broken JSON at byte 39"},
    {"an unknown object", "{\"foo\":1,\"b\\u0061r\":2}",
     "!1@0 nothing in it is a record that is read here: "
     "neither a record of a log that is read here nor a list of them: its keys are \"foo\", "
     "\"b\\u0061r\""},
    {"Records is no list", "{\"Records\":1}", "!1@0 nothing in it is a record that is read here"},
    {"not JSON", "hello", "neither JSON nor gzip: byte 0 is 0x68"},
    {"CSV", "eventName,eventTime\n", "neither JSON nor gzip"},
    {"gzip inside gzip", "\x1f\x8b\x08", "gzip inside gzip is not read"},
    {"a string", "\"x\"", "neither JSON nor gzip"},
    {"UTF-16", "\xFF\xFE{", "neither JSON nor gzip"},
    {"only a bad one", "{\"eventID\" 1}", "!1@0 nothing in it is a record that is read here"},
};

static void cuts_records(void **state)
{
    static const size_t pieces[] = {TEXT_MAX, 1, 2, 3, 7, 40};
    (void)state;
    struct fixture f;
    setup(&f);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str want = str_of(cases[i].want);
        for (size_t p = 0; p < COUNT(pieces); p++) {
            run(&f, str_of(cases[i].text), pieces[p]);
            check_str(cases[i].name, str_slice(buf_str(&f.trace), 0, want.n), want);
        }
    }
    teardown(&f);
}

static void counts(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    run(&f, S("[" R("a") ",1," R("b") "]"), 5);
    check_size("records", f.records.counts.records, 2);
    check_size("bad", f.records.counts.bad, 1);
    run(&f, S("{\"digestStartTime\":1}\n{\"digestEndTime\":1}"), 5);
    check_size("records of the next object", f.records.counts.records, 0);
    check_size("digests", f.records.counts.digests, 2);
    teardown(&f);
}

/* A list: a record, one with a string of n bytes, a record. */
static void put_large(struct buf *b, size_t n)
{
    buf_reset(b);
    buf_putz(b, "{\"Records\":[" R("a") ",{\"eventID\":\"b\",\"x\":\"");
    for (size_t i = 0; i < n; i++)
        buf_putc(b, i % 7 ? 'x' : '{');
    buf_putz(b, "\"}," R("c") "]}");
}

static void bounds_a_record(void **state)
{
    static const size_t pieces[] = {TEXT_MAX, 1000003, 65536, 4097};
    const size_t around = sizeof "{\"eventID\":\"b\",\"x\":\"\"}" - 1;
    (void)state;
    struct fixture f;
    struct buf text;
    setup(&f);
    buf_init(&text, TEXT_MAX);
    for (size_t p = 0; p < COUNT(pieces); p++) {
        put_large(&text, 1u << 20);
        run(&f, buf_str(&text), pieces[p]);
        check_str("1 MB", buf_str(&f.trace), S("+a +b +c ."));
        put_large(&text, RECORD_BYTES_MAX - around);
        run(&f, buf_str(&text), pieces[p]);
        check_str("4 MiB", buf_str(&f.trace), S("+a +b +c ."));
        put_large(&text, RECORD_BYTES_MAX - around + 1);
        run(&f, buf_str(&text), pieces[p]);
        check_str("4 MiB and a byte", buf_str(&f.trace), S("+a !2@50 +c ."));
        check_size("oversized", f.records.counts.oversized, 1);
        put_large(&text, 3 * RECORD_BYTES_MAX);
        run(&f, buf_str(&text), pieces[p]);
        check_str("12 MiB", buf_str(&f.trace), S("+a !2@50 +c ."));
        assert_true(f.records.window.cap <= RECORD_BYTES_MAX + 1);
    }
    buf_release(&text);
    teardown(&f);
}

/* Records behind a key whose value is larger than the window. */
static void walks_large_keys(void **state)
{
    static const size_t pieces[] = {TEXT_MAX, 65536};
    (void)state;
    struct fixture f;
    struct buf text;
    setup(&f);
    buf_init(&text, TEXT_MAX);
    buf_putz(&text, "{\"junk\":[\"");
    for (size_t i = 0; i < RECORD_BYTES_MAX + 100; i++)
        buf_putc(&text, 'x');
    buf_putz(&text, "\"],\"Records\":[" R("a") "]}");
    for (size_t p = 0; p < COUNT(pieces); p++) {
        run(&f, buf_str(&text), pieces[p]);
        check_str("large key in front", buf_str(&f.trace), S("+a ."));
    }
    buf_release(&text);
    teardown(&f);
}

/* Every line is cut off behind a value, so that each swallows the next: tries are bounded. */
static void bounds_resyncs(void **state)
{
    (void)state;
    struct fixture f;
    struct buf text;
    setup(&f);
    f.trace.max = 1u << 20;
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < 3 * RECORDS_RESYNC_MAX; i++)
        buf_putz(&text, "{\"eventVersion\":{\"x\":1\n");
    run(&f, buf_str(&text), TEXT_MAX);
    assert_true(f.records.counts.bad >= RECORDS_RESYNC_MAX);
    assert_true(f.records.counts.bad <= RECORDS_RESYNC_MAX + 1);
    assert_true(str_find(buf_str(&f.trace), S("cut off"), 0) != SIZE_MAX);
    buf_release(&text);
    teardown(&f);
}

static void stops_when_told(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    f.refuse = "b";
    run(&f, S("[" R("a") "," R("b") "," R("c") "]"), 11);
    check_str("refused at b", buf_str(&f.trace), S("+a not now"));
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_records),    cmocka_unit_test(counts),
        cmocka_unit_test(bounds_a_record), cmocka_unit_test(walks_large_keys),
        cmocka_unit_test(bounds_resyncs),  cmocka_unit_test(stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
