/* respond/lineage_map.c: found is what was added, up to the maximum. */
#include "respond/lineage_map.h"

#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

static void finds_what_was_added(void **state)
{
    struct lineage_map m;
    (void)state;
    lineage_map_init(&m, 1000);
    assert_int_equal(lineage_map_find(&m, (struct id128){1, 1}), LINEAGE_MAP_NONE);
    for (uint32_t i = 0; i < 1000; i++)
        assert_true(lineage_map_add(&m, (struct id128){i, 7}, i)); /* neighbours: they collide */
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(lineage_map_find(&m, (struct id128){i, 7}), i);
    assert_int_equal(lineage_map_find(&m, (struct id128){1000, 7}), LINEAGE_MAP_NONE);
    assert_false(lineage_map_add(&m, (struct id128){1000, 7}, 1));
    lineage_map_release(&m);
}

static void survives_without_memory(void **state)
{
    struct lineage_map m;
    (void)state;
    lineage_map_init(&m, 1000);
    for (uint32_t i = 0; i < 128; i++)
        assert_true(lineage_map_add(&m, (struct id128){i, 0}, i));
    alloc_fail_at(1);
    assert_false(lineage_map_add(&m, (struct id128){128, 0}, 128));
    alloc_works();
    assert_int_equal(lineage_map_find(&m, (struct id128){127, 0}), 127);
    assert_int_equal(lineage_map_find(&m, (struct id128){128, 0}), LINEAGE_MAP_NONE);
    lineage_map_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_added),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
