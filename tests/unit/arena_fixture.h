/* cmocka's fixture for tests that need an arena: T(test) runs one with it. */
#ifndef FR_UNIT_ARENA_FIXTURE_H
#define FR_UNIT_ARENA_FIXTURE_H

#include "unit.h"

static struct fr_arena arena;

static int set_up(void **state)
{
	(void)state;
	fr_arena_init(&arena, 1u << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_arena_fini(&arena);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
