/* respond/incident_record.c. The answers follow from the rules in its header, by hand. */
#include "respond/incident_record.h"

#include "tests/unit/support/check.h"

#define HOUR  (3600 * 1000LL)
#define LEASE 1000

struct book_case {
    struct arena memory;
    struct book book;
};

static void begin(struct book_case *c)
{
    arena_init(&c->memory, 64u << 20);
    book_init(&c->book, &c->memory);
}

static void end(struct book_case *c)
{
    book_release(&c->book);
    arena_release(&c->memory);
}

/* A main signal, an hour long, of the alert and the actor of those numbers. */
static struct record_signal signal_of(unsigned char alert, uint64_t actor, enum level level,
                                      int64_t hour)
{
    struct record_signal s = {.actor = {1, actor},
                              .main = true,
                              .level = (uint8_t)level,
                              .tactics = 1u << 5,
                              .first_ms = hour * HOUR,
                              .last_ms = (hour + 1) * HOUR,
                              .text = STR_ABSENT};
    memset(s.alert, alert, sizeof s.alert);
    return s;
}

static void place(struct book_case *c, struct record_signal s)
{
    struct err e = {0};
    if (!book_place(&c->book, &s, &e))
        fail_msg("%s", e.text);
}

/* The delivery called `name`, which touched all from hour 0 to 9999. */
static const struct span everything = {0, 9999 * HOUR};

static struct record_telling delivery(char name, int64_t now_ms)
{
    struct record_telling by = {
        .now_ms = now_ms, .lease_ms = LEASE, .spans = &everything, .n_spans = 1};
    memset(by.owner, name, sizeof by.owner);
    return by;
}

static struct incident_record *only(const struct book_case *c)
{
    assert_int_equal(c->book.list.n, 1);
    return book_at(&c->book, 0);
}

/* Claims as that delivery, tells what is its own, and marks it. How many messages that were. */
static unsigned tell(struct book_case *c, const struct record_telling *by)
{
    unsigned n = 0;
    book_claim(&c->book, by);
    for (size_t k = 0; k < c->book.list.n; k++) {
        struct incident_record *i = book_at(&c->book, k);
        if (!record_is_mine(i, by))
            continue;
        book_mark(&c->book, i->id, i->due);
        n++;
    }
    return n;
}

static void groups_by_the_gap(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t hours[4]; /* of signals an hour long; -1: no more */
        size_t records;
    } cases[] = {
        {"one", {5, -1}, 1},
        {"at the gap", {0, 25, -1}, 1}, /* ends at 1, begins at 25 */
        {"beyond it", {0, 26, -1}, 2},
        {"the third lies between", {0, 50, 25, -1}, 1},
        {"backwards", {50, 0, 100, -1}, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct book_case c;
        begin(&c);
        for (unsigned char k = 0; k < 4 && cases[i].hours[k] >= 0; k++)
            place(&c, signal_of((unsigned char)(k + 1), 1, LEVEL_LOW, cases[i].hours[k]));
        check_size(cases[i].name, c.book.list.n, cases[i].records);
        for (size_t k = 1; k < c.book.list.n; k++)
            assert_true(book_at(&c.book, k - 1)->first_ms < book_at(&c.book, k)->first_ms);
        end(&c);
    }
}

static void keeps_alerts_without_time_apart(void **state)
{
    (void)state;
    struct book_case c;
    struct record_signal s = signal_of(1, 1, LEVEL_HIGH, 0);
    begin(&c);
    place(&c, s);
    memset(s.alert, 2, sizeof s.alert);
    s.first_ms = s.last_ms = INT64_MIN;
    place(&c, s);
    memset(s.alert, 3, sizeof s.alert);
    place(&c, s);
    assert_int_equal(c.book.list.n, 2);
    assert_int_equal(book_at(&c.book, 0)->n_signals, 2);
    end(&c);
}

static void makes_what_is_worth_it(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum level main, other; /* of a main signal and one that is not */
        enum level min_level;
        bool made;
    } cases[] = {
        {"low", LEVEL_LOW, LEVEL_LOW, LEVEL_LOW, false},
        {"medium", LEVEL_MEDIUM, LEVEL_LOW, LEVEL_LOW, true},
        {"grave, but not its own", LEVEL_LOW, LEVEL_CRITICAL, LEVEL_LOW, false},
        {"below what is told", LEVEL_MEDIUM, LEVEL_LOW, LEVEL_HIGH, false},
        {"its level is the gravest's", LEVEL_MEDIUM, LEVEL_HIGH, LEVEL_HIGH, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct book_case c;
        struct record_telling by = delivery('a', 5);
        by.min_level = cases[i].min_level;
        begin(&c);
        place(&c, signal_of(1, 1, cases[i].main, 0));
        struct record_signal other = signal_of(2, 1, cases[i].other, 0);
        other.main = false;
        place(&c, other);
        check_int(cases[i].name, tell(&c, &by), cases[i].made);
        check_int(cases[i].name, only(&c)->made, cases[i].made);
        assert_true(book_settled(&c.book, &by));
        end(&c);
    }
}

/* The first half of SHA-256 over ("incident", 32 times "1", actor), each with its length; computed
 * with Python's hashlib. */
static void names_it_as_a_scan_does(void **state)
{
    (void)state;
    static const unsigned char want[INCIDENT_ID_BYTES] = {0x50, 0xc0, 0x0a, 0x0c, 0x78, 0x6f,
                                                          0x54, 0x15, 0x81, 0x5b, 0xb9, 0x4e,
                                                          0xc8, 0x3d, 0x76, 0xe4};
    struct book_case c;
    struct record_telling by = delivery('a', 5);
    begin(&c);
    place(&c, signal_of(0x22, 9, LEVEL_HIGH, 1));
    place(&c, signal_of(0x11, 0x0203, LEVEL_LOW, 0));
    book_claim(&c.book, &by);
    assert_memory_equal(only(&c)->id, want, sizeof want);
    end(&c);
}

/* What comes after the first message, and whether that is news. */
static void calls_for_updates(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct {
            unsigned char alert;
            uint64_t actor;
            enum level level;
            uint32_t tactics;
        } next;
        unsigned updates;
    } cases[] = {
        {"the same again", {1, 1, LEVEL_HIGH, 1}, 0},
        {"one more alert", {2, 1, LEVEL_HIGH, 1}, 0},
        {"a graver one", {2, 1, LEVEL_CRITICAL, 1}, 1},
        {"a milder one", {2, 1, LEVEL_LOW, 1}, 0},
        {"another tactic", {2, 1, LEVEL_LOW, 4}, 1},
        {"another actor", {2, 7, LEVEL_LOW, 1}, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct book_case c;
        struct record_telling a = delivery('a', 5), b = delivery('b', 6);
        begin(&c);
        struct record_signal s = signal_of(1, 1, LEVEL_HIGH, 0);
        s.tactics = 1;
        place(&c, s);
        assert_int_equal(tell(&c, &a), 1);
        s = signal_of(cases[i].next.alert, cases[i].next.actor, cases[i].next.level, 0);
        s.tactics = cases[i].next.tactics;
        place(&c, s);
        check_int(cases[i].name, book_settled(&c.book, &b), cases[i].updates == 0);
        check_int(cases[i].name, tell(&c, &b), cases[i].updates);
        check_int(cases[i].name, only(&c)->told, 1 + cases[i].updates);
        assert_true(book_settled(&c.book, &b));
        assert_int_equal(tell(&c, &b), 0);
        end(&c);
    }
}

static void leases(void **state)
{
    (void)state;
    struct book_case c;
    struct record_telling a = delivery('a', 5), b = delivery('b', 6);
    begin(&c);
    place(&c, signal_of(1, 1, LEVEL_HIGH, 0));
    book_claim(&c.book, &a);
    book_claim(&c.book, &b);
    assert_true(record_is_mine(only(&c), &a));
    assert_false(record_is_mine(only(&c), &b));
    assert_false(book_settled(&c.book, &b));
    b.again = true; /* the object came before */
    assert_true(record_is_mine(only(&c), &b));
    b = delivery('b', 5 + LEASE + 1); /* the lease has run out */
    book_claim(&c.book, &b);
    assert_true(record_is_mine(only(&c), &b));
    assert_false(record_is_mine(only(&c), &a));
    end(&c);
}

/* What one delivery told while another found more is not the other's news. */
static void tells_what_came_meanwhile(void **state)
{
    (void)state;
    struct book_case c;
    struct record_telling a = delivery('a', 5), b = delivery('b', 6);
    begin(&c);
    place(&c, signal_of(1, 1, LEVEL_HIGH, 0));
    book_claim(&c.book, &a);
    place(&c, signal_of(2, 7, LEVEL_CRITICAL, 0));
    book_claim(&c.book, &b); /* the first message is not told yet: no update */
    assert_int_equal(only(&c)->due, 1);
    book_mark(&c.book, only(&c)->id, 1);
    assert_false(book_settled(&c.book, &b));
    assert_int_equal(tell(&c, &b), 1);
    assert_int_equal(only(&c)->told, 2);
    end(&c);
}

/* ---- joining ---- */

/* Two lineages, with one told incident each that begins at those hours. */
struct pair {
    struct book_case a, b;
};

static void begin_pair(struct pair *p, int64_t a, int64_t b)
{
    struct record_telling by = delivery('a', 5);
    begin(&p->a);
    begin(&p->b);
    place(&p->a, signal_of(1, 1, LEVEL_HIGH, a));
    place(&p->b, signal_of(2, 2, LEVEL_HIGH, b));
    assert_int_equal(tell(&p->a, &by), 1);
    assert_int_equal(tell(&p->b, &by), 1);
}

static void end_pair(struct pair *p)
{
    end(&p->a);
    end(&p->b);
}

static void merge(struct book_case *to, const struct book_case *from)
{
    struct err e = {0};
    if (!book_merge(&to->book, &from->book, &e))
        fail_msg("%s", e.text);
}

static void keeps_the_older_id(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t a, b;
        size_t records;
        bool a_survives;
    } cases[] = {
        {"a is older", 0, 10, 1, true},
        {"b is older", 10, 0, 1, false},
        {"far apart", 0, 100, 2, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair p;
        struct record_telling by = delivery('c', 9);
        unsigned char ids[2][INCIDENT_ID_BYTES];
        begin_pair(&p, cases[i].a, cases[i].b);
        memcpy(ids[0], only(&p.a)->id, INCIDENT_ID_BYTES);
        memcpy(ids[1], only(&p.b)->id, INCIDENT_ID_BYTES);
        by.linked = true;
        by.n_spans = 0;
        merge(&p.a, &p.b);
        check_size(cases[i].name, p.a.book.list.n, cases[i].records);
        check_int(cases[i].name, tell(&p.a, &by), cases[i].records == 1);
        if (cases[i].records == 1) {
            const struct incident_record *r = only(&p.a);
            assert_memory_equal(r->id, ids[!cases[i].a_survives], INCIDENT_ID_BYTES);
            assert_int_equal(r->n_joined, 1);
            assert_memory_equal(r->joined[0], ids[cases[i].a_survives], INCIDENT_ID_BYTES);
            assert_int_equal(r->told, 2);
            assert_ptr_equal(book_find(&p.a.book, ids[0]), r);
            assert_ptr_equal(book_find(&p.a.book, ids[1]), r);
        }
        end_pair(&p);
    }
}

/* The mover of a lineage died after its first step, and both went on. */
static void merges_twice(void **state)
{
    (void)state;
    struct pair p;
    struct record_telling c = delivery('c', 9), d = delivery('d', 9);
    begin_pair(&p, 5, 10);
    merge(&p.a, &p.b);
    c.linked = true;
    assert_int_equal(tell(&p.a, &c), 1); /* "b is a" */
    assert_int_equal(tell(&p.a, &c), 0);
    place(&p.b, signal_of(3, 3, LEVEL_CRITICAL, 0)); /* b is now the older of the two */
    assert_int_equal(tell(&p.b, &d), 1);
    merge(&p.a, &p.b);
    assert_int_equal(only(&p.a)->n_joined, 1);
    assert_int_equal(only(&p.a)->n_signals, 3);
    unsigned char id[INCIDENT_ID_BYTES];
    record_id(id, signal_of(1, 1, LEVEL_HIGH, 5).alert, (struct id128){1, 1});
    assert_memory_equal(only(&p.a)->id, id, sizeof id);
    assert_int_equal(tell(&p.a, &c), 1);
    merge(&p.a, &p.b);
    assert_int_equal(tell(&p.a, &c), 0);
    end_pair(&p);
}

/* ---- limits ---- */

static void keeps_the_gravest_signals(void **state)
{
    (void)state;
    struct book_case c;
    begin(&c);
    for (unsigned char k = 0; k < RECORD_SIGNALS_MAX; k++)
        place(&c, signal_of((unsigned char)(k + 1), 1, LEVEL_HIGH, 1));
    place(&c, signal_of(0xf0, 5, LEVEL_LOW, 0));
    assert_int_equal(only(&c)->n_signals, RECORD_SIGNALS_MAX);
    assert_int_equal(only(&c)->left_out, 1);
    assert_int_equal(only(&c)->first_ms, 0);
    assert_int_equal(only(&c)->n_actors, 2); /* his name is news all the same */
    place(&c, signal_of(0xf1, 1, LEVEL_CRITICAL, 2));
    assert_int_equal(only(&c)->left_out, 2);
    assert_int_equal(only(&c)->level, LEVEL_CRITICAL);
    assert_int_equal(only(&c)->signals[RECORD_SIGNALS_MAX - 1].level, LEVEL_CRITICAL);
    end(&c);
}

static void forgets_what_is_told(void **state)
{
    (void)state;
    struct book_case c;
    struct record_telling by = delivery('a', 5);
    begin(&c);
    for (unsigned char k = 0; k < RECORDS_MAX + 3; k++)
        place(&c, signal_of((unsigned char)(k + 1), 1, LEVEL_HIGH, k * 100));
    assert_int_equal(tell(&c, &by), RECORDS_MAX + 3); /* nothing untold was forgotten */
    book_claim(&c.book, &by);
    assert_int_equal(c.book.list.n, RECORDS_MAX);
    assert_int_equal(book_at(&c.book, 0)->first_ms, 300 * HOUR);
    place(&c, signal_of(0xf0, 1, LEVEL_HIGH, 9000));
    book_claim(&c.book, &by);
    place(&c, signal_of(0xf1, 1, LEVEL_LOW, 9500));
    book_expire(&c.book, 9999 * HOUR);
    assert_int_equal(only(&c)->first_ms, 9000 * HOUR); /* it is yet to be told */
    end(&c);
}

static void limits_texts(void **state)
{
    (void)state;
    struct book_case c;
    static char text[2000];
    size_t bytes = 0;
    begin(&c);
    memset(text, 'x', sizeof text);
    for (unsigned char k = 0; k < 70; k++) {
        struct record_signal s =
            signal_of((unsigned char)(k + 1), 1, k ? LEVEL_HIGH : LEVEL_LOW, 0);
        s.text = str_n(text, sizeof text);
        place(&c, s);
    }
    for (uint32_t k = 0; k < only(&c)->n_signals; k++)
        bytes += only(&c)->signals[k].text.n;
    assert_int_equal(bytes, RECORDS_TEXT_MAX / sizeof text * sizeof text);
    assert_false(str_present(only(&c)->signals[0].text));  /* the low one */
    assert_false(str_present(only(&c)->signals[69].text)); /* of equal ones the last */
    assert_true(str_present(only(&c)->signals[1].text));
    end(&c);
}

/* ---- the wire form ---- */

static void encode(const struct book_case *c, struct buf *b)
{
    struct err e = {0};
    buf_reset(b);
    book_encode(&c->book, b);
    if (!buf_ok(b, "records", &e))
        fail_msg("%s", e.text);
}

static void comes_back(void **state)
{
    (void)state;
    struct pair p;
    struct book_case c;
    struct buf before, after;
    struct err e = {0};
    struct record_telling by = delivery('c', 9);
    buf_init(&before, RECORDS_BYTES_MAX);
    buf_init(&after, RECORDS_BYTES_MAX);
    begin_pair(&p, 0, 10);
    merge(&p.a, &p.b);
    struct record_signal s = signal_of(9, 9, LEVEL_LOW, 500);
    s.text = S("what happened");
    place(&p.a, s);
    s.first_ms = s.last_ms = INT64_MIN;
    memset(s.alert, 10, sizeof s.alert);
    place(&p.a, s);
    book_claim(&p.a.book, &by);
    encode(&p.a, &before);
    begin(&c);
    struct str from = buf_str(&before);
    assert_true(book_decode(&c.book, &from, &e));
    assert_int_equal(from.n, 0);
    encode(&c, &after);
    assert_true(str_eq(buf_str(&before), buf_str(&after)));
    for (size_t n = 0; n < before.n; n++) { /* each beginning of it is broken */
        from = str_n(before.p, n);
        assert_false(book_decode(&c.book, &from, &e));
        assert_int_equal(e.kind, ERR_INPUT);
    }
    end(&c);
    end_pair(&p);
    buf_release(&before);
    buf_release(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(groups_by_the_gap),
                                       cmocka_unit_test(keeps_alerts_without_time_apart),
                                       cmocka_unit_test(makes_what_is_worth_it),
                                       cmocka_unit_test(names_it_as_a_scan_does),
                                       cmocka_unit_test(calls_for_updates),
                                       cmocka_unit_test(leases),
                                       cmocka_unit_test(tells_what_came_meanwhile),
                                       cmocka_unit_test(keeps_the_older_id),
                                       cmocka_unit_test(merges_twice),
                                       cmocka_unit_test(keeps_the_gravest_signals),
                                       cmocka_unit_test(forgets_what_is_told),
                                       cmocka_unit_test(limits_texts),
                                       cmocka_unit_test(comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
