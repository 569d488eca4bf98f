/* Texts of signals: what is written can be read, and the events that say most are kept. */
#include "respond/incident_recall.h"

#include "tests/unit/support/check.h"

static struct id128 id_of(uint64_t n)
{
    return (struct id128){0x4000, n};
}

/* An event of one user's CreateUser calls, number n, a second apart. */
static struct recalled_event event_of(uint64_t n)
{
    static const struct recalled_target targets[] = {{NULL, {"support", 7}}};
    static struct recalled_target about[1];
    about[0] = (struct recalled_target){seen_target_type(S("user")), targets[0].name};
    return (struct recalled_event){
        .event = id_of(n),
        .time_ms = 1773755061000 + 1000 * (int64_t)n,
        .actor = id_of(1000),
        .key = id_of(2000),
        .words = {S("198.51.100.7"), S("aws-cli/2.15.0"), S("iam.amazonaws.com"), S("CreateUser"),
                  S("111122223333"), S("us-east-1")},
        .targets = about,
        .n_targets = 1,
    };
}

static struct recalled recalled_of(const struct recalled_event *events, size_t n)
{
    return (struct recalled){.rule = S("5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3b01"),
                             .updates = 2,
                             .timed = true,
                             .first_ms = 1773755061000,
                             .last_ms = 1773755100000,
                             .count = n,
                             .events = events,
                             .n_events = n};
}

struct room {
    struct arena a;
    struct buf text;
};

static void room_init(struct room *r)
{
    arena_init(&r->a, 1u << 20);
    buf_init(&r->text, RECALL_TEXT_MAX);
}

static void room_release(struct room *r)
{
    arena_release(&r->a);
    buf_release(&r->text);
}

/* The form that the header shows; what the second event has in common with the first is left out.
 */
static void form(void **state)
{
    (void)state;
    struct room room;
    struct recalled_event events[2] = {event_of(1), event_of(2)};
    struct recalled r = recalled_of(events, 2);
    room_init(&room);
    events[1].words.name = S("CreateAccessKey");
    events[1].words.ip = STR_ABSENT;
    events[1].n_targets = 0;
    assert_true(recall_put(&room.text, &r, &room.a));
    check_str("form", buf_str(&room.text),
              S("{\"rule\":\"5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3b01\",\"updates\":2,"
                "\"first\":1773755061000,\"last\":1773755100000,\"count\":2,\"events\":["
                "{\"id\":\"00000000000040000000000000000001\",\"time\":1773755062000,"
                "\"actor\":\"000000000000400000000000000003e8\","
                "\"key\":\"000000000000400000000000000007d0\",\"ip\":\"198.51.100.7\","
                "\"agent\":\"aws-cli/2.15.0\",\"source\":\"iam.amazonaws.com\","
                "\"name\":\"CreateUser\",\"account\":\"111122223333\",\"region\":\"us-east-1\","
                "\"about\":[\"user\",\"support\"]},"
                "{\"id\":\"00000000000040000000000000000002\",\"time\":1773755063000,"
                "\"ip\":null,\"name\":\"CreateAccessKey\"}]}"));
    room_release(&room);
}

static void assert_event(const struct recalled_event *got, const struct recalled_event *wanted)
{
    assert_int_equal(id128_cmp(got->event, wanted->event), 0);
    assert_int_equal(id128_cmp(got->actor, wanted->actor), 0);
    assert_int_equal(id128_cmp(got->key, wanted->key), 0);
    assert_int_equal(got->time_ms, wanted->time_ms);
    assert_true(str_eq(got->words.name, wanted->words.name));
    assert_true(str_eq(got->words.region, wanted->words.region));
    assert_int_equal(str_present(got->words.ip), str_present(wanted->words.ip));
    assert_int_equal(got->n_targets, wanted->n_targets);
}

static void comes_back(void **state)
{
    (void)state;
    struct room room;
    struct recalled_event events[3] = {event_of(1), event_of(2), event_of(3)};
    struct recalled r = recalled_of(events, 3), got;
    room_init(&room);
    events[1].words.ip = STR_ABSENT;
    events[1].time_ms = INT64_MIN;
    events[1].key = (struct id128){0, 0};
    events[2].words.name = S("a\"b\\\x01");
    events[2].n_targets = 0;
    r.estimated = true;
    assert_true(recall_put(&room.text, &r, &room.a));
    assert_true(recall_read(buf_str(&room.text), &room.a, &got));
    assert_true(str_eq(got.rule, r.rule));
    assert_int_equal(got.updates, 2);
    assert_int_equal(got.count, 3);
    assert_true(got.timed && got.estimated);
    assert_int_equal(got.first_ms, r.first_ms);
    assert_int_equal(got.last_ms, r.last_ms);
    assert_int_equal(got.n_events, 3);
    for (size_t i = 0; i < 3; i++)
        assert_event(got.events + i, events + i);
    assert_string_equal(got.events[0].targets[0].type, "user");
    check_str("name", got.events[0].targets[0].name, S("support"));
    room_release(&room);
}

/* Of four hundred events by three actors, from nine addresses, all actors are kept. */
static void keeps_what_is_new(void **state)
{
    (void)state;
    struct room room;
    struct recalled_event events[RECALL_CHOICE_MAX];
    struct recalled r = recalled_of(events, RECALL_CHOICE_MAX), got;
    bool actors[3] = {false};
    char ips[RECALL_CHOICE_MAX];
    room_init(&room);
    for (size_t i = 0; i < RECALL_CHOICE_MAX; i++) {
        events[i] = event_of(i);
        events[i].actor = id_of(3000u + (i >= 150) + (i >= 399));
        ips[i] = (char)('1' + i % 9);
        events[i].words.ip = str_n(ips + i, 1);
    }
    assert_true(recall_put(&room.text, &r, &room.a));
    assert_true(recall_read(buf_str(&room.text), &room.a, &got));
    assert_int_equal(got.count, RECALL_CHOICE_MAX);
    assert_in_range(got.n_events, 10, RECALL_EVENTS_MAX);
    for (size_t i = 0; i < got.n_events; i++)
        actors[got.events[i].actor.lo - 3000] = true;
    assert_true(actors[0] && actors[1] && actors[2]);
    room_release(&room);
}

/* Whatever an attacker writes, one event is kept. */
static void fits(void **state)
{
    (void)state;
    static char junk[100000];
    struct room room;
    struct recalled_event ev = event_of(1);
    struct recalled r = recalled_of(&ev, 1), got;
    struct str long_word = {junk, sizeof junk};
    room_init(&room);
    memset(junk, 1, sizeof junk);
    ev.words =
        (struct seen_words){long_word, long_word, long_word, long_word, long_word, long_word};
    assert_true(recall_put(&room.text, &r, &room.a));
    assert_true(room.text.n <= RECALL_TEXT_MAX);
    assert_true(recall_read(buf_str(&room.text), &room.a, &got));
    assert_int_equal(got.n_events, 1);
    room_release(&room);
}

static void is_not_ours(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"rule\":\"r\",\"updates\":-1,\"count\":1,\"events\":[]}",
        "{\"rule\":\"r\",\"updates\":4294967296,\"count\":1,\"events\":[]}",
        "{\"rule\":1,\"updates\":0,\"count\":1,\"events\":[]}",
        "{\"rule\":\"r\",\"updates\":0,\"events\":[]}",
        "{\"rule\":\"r\",\"updates\":0,\"count\":1,\"events\":[]}x"};
    struct room room;
    struct recalled got;
    room_init(&room);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(recall_read(str_of(texts[i]), &room.a, &got));
    assert_true(
        recall_read(S("{\"rule\":\"r\",\"updates\":0,\"count\":1,\"events\":[]}"), &room.a, &got));
    assert_false(got.timed);
    room_release(&room);
}

/* An update that knows only the later events does not lose the earlier. */
static void joins(void **state)
{
    (void)state;
    struct room room;
    struct buf x, y;
    struct recalled_event early[2] = {event_of(1), event_of(2)};
    struct recalled_event late[2] = {event_of(2), event_of(9)};
    struct recalled a = recalled_of(early, 2), b = recalled_of(late, 2), got;
    room_init(&room);
    buf_init(&x, RECALL_TEXT_MAX);
    buf_init(&y, RECALL_TEXT_MAX);
    b.updates = 3;
    b.count = 10;
    b.first_ms += 5000;
    b.last_ms += 5000;
    assert_true(recall_put(&x, &a, &room.a) && recall_put(&y, &b, &room.a));
    for (int turn = 0; turn < 2; turn++) {
        assert_true(
            recall_join(&room.text, buf_str(turn ? &x : &y), buf_str(turn ? &y : &x), &room.a));
        assert_true(recall_read(buf_str(&room.text), &room.a, &got));
        assert_int_equal(got.updates, 3);
        assert_int_equal(got.count, 10);
        assert_int_equal(got.first_ms, a.first_ms);
        assert_int_equal(got.last_ms, b.last_ms);
        assert_int_equal(got.n_events, 3);
        assert_int_equal(got.events[2].event.lo, 9);
    }
    assert_true(recall_join(&room.text, S(""), buf_str(&y), &room.a));
    assert_true(str_eq(buf_str(&room.text), buf_str(&y)));
    buf_release(&x);
    buf_release(&y);
    room_release(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form), cmocka_unit_test(comes_back),  cmocka_unit_test(keeps_what_is_new),
        cmocka_unit_test(fits), cmocka_unit_test(is_not_ours), cmocka_unit_test(joins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
