/* handlers/object: what is delivered, what is counted, and what kind of end it was. */
#include "handlers/object.h"

#include "engine/loader.h"
#include "tests/unit/support/check.h"

/* Bytes of a piece. Records come when the window is worth a look, so after one of these none has.
 */
#define PIECE 20

struct world {
    struct buf told;             /* "r " a record, "b " a bad one */
    const char *text;            /* of the object */
    size_t cut_at;               /* bytes after which the transfer breaks; 0: it does not */
    unsigned pieces, piece_fail; /* the call that fails, from 1; 0: none */
    unsigned records, record_fail;
};

static bool on_piece(void *to, size_t bytes, struct err *e)
{
    struct world *w = to;
    assert_true(bytes > 0);
    return ++w->pieces != w->piece_fail || err_set(e, ERR_INPUT, "stopped");
}

static bool on_record(void *to, struct event *ev, struct err *e)
{
    struct world *w = to;
    (void)ev;
    buf_putz(&w->told, "r ");
    return ++w->records != w->record_fail || err_set(e, ERR_INPUT, "refused");
}

static void on_bad(void *to, const char *sentence)
{
    struct world *w = to;
    buf_putz(&w->told, strstr(sentence, "more records skipped") ? "more " : "b ");
}

static bool read_text(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                      struct err *e)
{
    struct world *w = self;
    struct str text = str_of(w->text);
    (void)ref;
    for (size_t i = 0; i < text.n; i += PIECE) {
        if (w->cut_at && i == w->cut_at)
            return err_set(e, ERR_RETRY, "the transfer broke");
        if (!take(to, str_slice(text, i, i + PIECE), e))
            return false;
    }
    return true;
}

#define R "{\"eventName\":\"x\"}"
#define B "{\"x\" 1}"

static const struct {
    const char *name, *text;
    size_t cut_at;
    unsigned piece_fail, record_fail;
    const char *told;
    enum object_fault fault;
} cases[] = {
    {"two records", "[" R "," R "]", 0, 0, 0, "r r ", OBJECT_WHOLE},
    {"a bad one among them", "[" R "," B "," R "]", 0, 0, 0, "r b r ", OBJECT_WHOLE},
    {"a dozen bad ones",
     "[" B "," B "," B "," B "," B "," B "," B "," B "," B "," B "," B "," B "," R "]", 0, 0, 0,
     "b b b b b b b b b b r more ", OBJECT_WHOLE},
    {"cut off",
     "[" R ","
     "{\"ev",
     0, 0, 0, "r ", OBJECT_CONTENT},
    {"no log", "hello", 0, 0, 0, "", OBJECT_CONTENT},
    {"nothing", "", 0, 0, 0, "", OBJECT_CONTENT},
    {"a broken transfer", "[" R "," R "]", PIECE, 0, 0, "", OBJECT_SOURCE},
    {"stopped before a piece", "[" R "," R "]", 0, 2, 0, "", OBJECT_STOPPED},
    {"a record refused", "[" R "," R "]", 0, 0, 1, "r ", OBJECT_STOPPED},
};

/* The reader over one rule. */
static void with_reader(struct world *w, void (*use)(struct object_reader *o, struct world *w))
{
    struct diags diags;
    struct ruleset *rs;
    struct err e = {0};
    struct object_reader o;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    assert_true(loader_add(l, S("t.yml"),
                           S("title: t\nlogsource: {product: aws, service: cloudtrail}\n"
                             "detection: {s: {a: b}, condition: s}\n"),
                           &e));
    assert_true(loader_finish(l, &rs, &e));
    loader_free(l);
    diags_release(&diags);
    buf_init(&w->told, 1000);
    assert_true(object_reader_init(&o, rs, NULL,
                                   (struct object_calls){w, on_piece, on_record, on_bad}, &e));
    use(&o, w);
    object_reader_release(&o);
    buf_release(&w->told);
    ruleset_free(rs);
}

static void read_all(struct object_reader *o, struct world *w)
{
    struct port_objects port = {.self = w, .read = read_text};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        struct buf told = w->told;
        *w = (struct world){.text = cases[i].text,
                            .cut_at = cases[i].cut_at,
                            .piece_fail = cases[i].piece_fail,
                            .record_fail = cases[i].record_fail,
                            .told = told};
        buf_reset(&w->told);
        bool ok = object_read(o, &port, &(struct object_ref){.key = S("k")}, &e);
        check_str(cases[i].name, buf_str(&w->told), str_of(cases[i].told));
        check_int(cases[i].name, o->fault, cases[i].fault);
        check_int(cases[i].name, ok, cases[i].fault == OBJECT_WHOLE);
        if (ok)
            check_size(cases[i].name, o->stored_bytes, strlen(cases[i].text));
    }
}

static void tells_ends_apart(void **state)
{
    (void)state;
    struct world w = {0};
    with_reader(&w, read_all);
}

static void read_texts(struct object_reader *o, struct world *w)
{
    struct err e = {0};
    assert_true(object_read_text(o, S(R), &e));
    check_size("records", o->records.counts.records, 1);
    check_size("nothing was stored", o->stored_bytes, 0);
    assert_false(object_read_text(o, S("{\"foo\":1}"), &e));
    check_int("no record", o->fault, OBJECT_CONTENT);
    w->record_fail = 2;
    assert_false(object_read_text(o, S(R), &e));
    check_int("refused", o->fault, OBJECT_STOPPED);
    assert_true(object_read_text(o, S(R), &e));
    check_int("afterwards", o->fault, OBJECT_WHOLE);
}

static void reads_records_at_hand(void **state)
{
    (void)state;
    struct world w = {0};
    with_reader(&w, read_texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_ends_apart),
        cmocka_unit_test(reads_records_at_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
