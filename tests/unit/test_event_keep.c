/* engine/event_keep.c: what is restored is what was read, whatever the reader. The record's values
 * are compared with those of the event that read it. */
#include "engine/builder.h"
#include "engine/event.h"
#include "tests/unit/support/check.h"

static const char *const fans[] = {
    "eventID", "eventName",           "a",       "a.b",
    "list",    "trailwarden.country", "dstport", "trailwarden.subject"};
static const char *const points[][2] = {{"a", "b"}, {"list", "0"}};

/* geo port: every address is of one country, whose name lies in no record. */
static void find(void *self, struct str address, struct geo *out)
{
    (void)self, (void)address;
    *out = (struct geo){.country = S("DE"), .asn = 64500};
}

struct readers {
    struct ruleset *rules;
    struct event from, to;
};

static void set_up(struct readers *r)
{
    struct err e;
    struct builder *b = builder_new();
    for (size_t i = 0; i < COUNT(fans); i++)
        (void)builder_slot_fan(b, str_of(fans[i]));
    for (size_t i = 0; i < COUNT(points); i++) {
        const struct str steps[] = {str_of(points[i][0]), str_of(points[i][1])};
        (void)builder_slot_point(b, steps, COUNT(steps));
    }
    assert_true(builder_freeze(b, &r->rules, &e));
    assert_true(event_init(&r->from, r->rules, &e));
    assert_true(event_init(&r->to, r->rules, &e));
    event_set_geo(&r->from, (struct port_geo){NULL, find});
    builder_free(b);
}

static void tear_down(struct readers *r)
{
    event_release(&r->from);
    event_release(&r->to);
    ruleset_free(r->rules);
}

/* Keeps the present record of r->from, spoils where it lay, and compares what r->to makes of it
 * with `read`, which has read the same. */
static void check_restored(const char *name, struct readers *r, struct event *read, char *spoil,
                           size_t n)
{
    struct buf kept;
    buf_init(&kept, 16u << 20);
    buf_putz(&kept, "odd"); /* nothing is aligned */
    event_keep(&r->from, NULL, true, &kept);
    assert_false(kept.failed);
    assert_true(kept.n - 3 <= EVENT_KEPT_MAX(n));
    memset(spoil, '#', n);
    event_restore(&r->to, str_skip(buf_str(&kept), 3));
    assert_int_equal(r->to.number, read->number);
    assert_int_equal(r->to.source, read->source);
    assert_int_equal(r->to.source_known, read->source_known);
    assert_int_equal(r->to.n_values, read->n_values);
    check_str(name, event_json(&r->to), event_json(read));
    for (uint32_t slot = 0; slot < r->rules->n_slots; slot++) {
        struct value *v = event_first(&r->to, slot), *w = event_first(read, slot);
        for (; v && w; v = event_next(&r->to, v), w = event_next(read, w)) {
            assert_int_equal(v->type, w->type);
            assert_int_equal(v->escaped, w->escaped);
            check_str(name, event_text(&r->to, v), event_text(read, w));
        }
        assert_true(!v && !w);
    }
    buf_release(&kept);
}

static void restores_records(void **state)
{
    static const char *const records[] = {
        "{\"eventID\":\"1\",\"eventName\":\"A\",\"eventVersion\":\"1.08\"}",
        "{ \"a\" : {\"b\":[1,2.50,null,true,{\"c\":\"\\u0062\"}]}, \"list\":[[],[\"x\"],{}] }",
        "{\"a\":\"\",\"list\":[],\"sourceIPAddress\":\"198.51.100.7\"}",
        "{\"list\":[\"\\\"\\\\\",\"\\ud83d\\ude00\"],\"a\":{\"b\":1},\"a\":{\"b\":2}}",
        "{}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(records); i++) {
        struct readers r;
        struct event read;
        struct err e;
        size_t used, n = strlen(records[i]);
        char *copy = strdup(records[i]);
        set_up(&r);
        assert_true(event_init(&read, r.rules, &e));
        event_set_geo(&read, (struct port_geo){NULL, find});
        /* what the reader had before does not shine through */
        assert_int_equal(event_read(&r.to, S("{\"eventName\":\"B\",\"a\":7}"), &used, &e), JSON_OK);
        assert_int_equal(event_read(&r.from, str_n(copy, n), &used, &e), JSON_OK);
        assert_int_equal(event_read(&read, str_of(records[i]), &used, &e), JSON_OK);
        check_restored(records[i], &r, &read, copy, n);
        event_release(&read);
        tear_down(&r);
        free(copy);
    }
}

/* Only what is asked for, in few bytes, unless the values are longer than the record. */
static void leaves_out(void **state)
{
    static const struct {
        const char *record, *json, *b;
    } cases[] = {
        {"{\"eventID\":\"1\",\"a\":{\"b\":\"long enough\"},\"list\":[1,2]}", "", "long enough"},
        {"{\"a\":{\"b\":[[[[1]]]]}}", "{\"a\":{\"b\":[[[[1]]]]}}", "[[[[1]]]]|[[[1]]]|[[1]]|[1]|1"},
    };
    (void)state;
    struct readers r;
    struct buf kept, got;
    struct err e;
    size_t used;
    set_up(&r);
    bool *slots = calloc(r.rules->n_slots, sizeof *slots);
    uint32_t list = event_member_slot(&r.from, S("list")), b = RS_NONE;
    for (uint32_t i = 0; i < r.rules->n_slots; i++)
        if (str_eqz(rs_str(r.rules, r.rules->slots[i].path), "a.b")) {
            slots[i] = true;
            b = r.rules->slots[i].kind == SLOT_FAN ? i : b;
        }
    buf_init(&kept, 4096);
    buf_init(&got, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(event_read(&r.from, str_of(cases[i].record), &used, &e), JSON_OK);
        buf_reset(&kept);
        event_keep(&r.from, slots, false, &kept);
        event_restore(&r.to, buf_str(&kept));
        check_str("json", event_json(&r.to), str_of(cases[i].json));
        buf_reset(&got);
        for (struct value *v = event_first(&r.to, b); v; v = event_next(&r.to, v)) {
            if (got.n)
                buf_putc(&got, '|');
            buf_put(&got, event_text(&r.to, v));
        }
        check_str("b", buf_str(&got), str_of(cases[i].b));
        assert_null(event_first(&r.to, list));
        assert_false(event_core(&r.to, CORE_ID).n);
    }
    free(slots);
    buf_release(&kept);
    buf_release(&got);
    tear_down(&r);
}

/* Slots that are read of an event once it is matched. */
static void marks_what_is_told(void **state)
{
    (void)state;
    struct readers r;
    set_up(&r);
    bool *slots = calloc(r.rules->n_slots, sizeof *slots);
    event_mark_told(r.rules, slots);
    assert_true(slots[event_member_slot(&r.from, S("eventID"))]);
    assert_true(slots[event_member_slot(&r.from, S("eventName"))]);
    assert_true(slots[r.rules->ties[TIE_MADE_KEY]]);
    assert_false(slots[event_member_slot(&r.from, S("list"))]);
    free(slots);
    tear_down(&r);
}

/* Of a line what the JSON that stands for it would be read as, and its own source. */
static void restores_lines(void **state)
{
    const struct str names[] = {S("eventName"), S("dstport"), S("a")};
    static const bool numbers[] = {false, true, false};
    static const char text[] = "ACCEPT 443 -";
    (void)state;
    struct readers r;
    struct event *ev = &r.from;
    struct buf kept;
    char line[sizeof text];
    memcpy(line, text, sizeof text);
    set_up(&r);
    event_begin(ev, SOURCE_VPCFLOW, str_of(line), (struct event_columns){names, numbers, 3});
    event_put(ev, event_member_slot(ev, S("eventName")), JSON_STRING, str_n(line, 6));
    event_put(ev, event_member_slot(ev, S("dstport")), JSON_NUMBER, str_n(line + 7, 3));
    event_end(ev);
    buf_init(&kept, 4096);
    event_keep(ev, NULL, true, &kept);
    memset(line, '#', sizeof line);
    event_restore(&r.to, buf_str(&kept));
    assert_int_equal(r.to.source, SOURCE_VPCFLOW);
    check_str("json", event_json(&r.to), S("{\"eventName\":\"ACCEPT\",\"dstport\":443}"));
    struct value *port = event_first(&r.to, event_member_slot(ev, S("dstport")));
    assert_int_equal(port->type, JSON_NUMBER);
    check_str("port", event_text(&r.to, port), S("443"));
    check_str("name", event_core(&r.to, CORE_NAME), event_core(ev, CORE_NAME));
    buf_release(&kept);
    tear_down(&r);
}

/* As many values as an event holds, and no room for them. */
static void floods(void **state)
{
    (void)state;
    struct readers r;
    struct buf record, kept;
    struct err e;
    size_t used;
    set_up(&r);
    buf_init(&record, 4u << 20);
    buf_putz(&record, "{\"list\":[");
    for (int i = 0; i < 2 * EVENT_VALUES_MAX; i++)
        buf_putz(&record, i ? ",1" : "1");
    buf_putz(&record, "]}");
    assert_int_equal(event_read(&r.from, buf_str(&record), &used, &e), JSON_OK);
    buf_init(&kept, EVENT_KEPT_MAX(record.n));
    event_keep(&r.from, NULL, true, &kept);
    assert_false(kept.failed);
    event_restore(&r.to, buf_str(&kept));
    assert_int_equal(r.to.n_values, EVENT_VALUES_MAX);
    buf_release(&kept);
    buf_init(&kept, 1000);
    event_keep(&r.from, NULL, true, &kept);
    assert_true(kept.failed);
    buf_release(&kept);
    buf_release(&record);
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restores_records),
        cmocka_unit_test(leaves_out),
        cmocka_unit_test(marks_what_is_told),
        cmocka_unit_test(restores_lines),
        cmocka_unit_test(floods),
    };
    return cmocka_run_group_tests_name("engine/event_keep", tests, NULL, NULL);
}
