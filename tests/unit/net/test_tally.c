#include "net/tally.h"

#include "unit.h"

static struct fr_tally *tally;

static int set_up(void **state)
{
	(void)state;
	tally = fr_tally_new(7);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_tally_free(&tally);
	assert_null(tally);
	return 0;
}

static struct fr_tally_key key(uint8_t client, uint64_t site)
{
	return (struct fr_tally_key){.address = {client}, .site = site};
}

static void each_client_has_its_places_at_each_site(void **state)
{
	static const struct fr_tally_key keys[] = {{.address = {1}, .site = 1},
	                                           {.address = {2}, .site = 1},
	                                           {.address = {1}, .site = 2}};
	struct fr_tally_entry *e[FR_ARRAY_LEN(keys)][3];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(keys); i++) {
		for (size_t j = 0; j < 3; j++) {
			assert_int_equal(fr_tally_count(tally, &keys[i]), j);
			e[i][j] = fr_tally_take(tally, &keys[i], 3);
			assert_non_null(e[i][j]);
		}
		assert_null(fr_tally_take(tally, &keys[i], 3));
	}
	fr_tally_give(tally, &e[0][1]);
	assert_null(e[0][1]);
	e[0][1] = fr_tally_take(tally, &keys[0], 3);
	assert_non_null(e[0][1]);
	for (size_t i = 0; i < FR_ARRAY_LEN(keys); i++)
		for (size_t j = 0; j < 3; j++)
			fr_tally_give(tally, &e[i][j]);
	for (size_t i = 0; i < FR_ARRAY_LEN(keys); i++)
		assert_int_equal(fr_tally_count(tally, &keys[i]), 0);
}

static void nothing_is_kept_of_many_clients(void **state)
{
	struct fr_tally_entry *e[200];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (uint8_t i = 0; i < 200; i++) {
			struct fr_tally_key k = key(i, 1);

			e[i] = fr_tally_take(tally, &k, 1);
			assert_non_null(e[i]);
		}
		for (uint8_t i = 0; i < 200; i++)
			fr_tally_give(tally, &e[i]);
	}
	for (uint8_t i = 0; i < 200; i++) {
		struct fr_tally_key k = key(i, 1);

		assert_int_equal(fr_tally_count(tally, &k), 0);
	}
}

static void no_places_are_none(void **state)
{
	struct fr_tally_key k = key(1, 1);
	struct fr_tally_entry *none = NULL;

	(void)state;
	assert_null(fr_tally_take(tally, &k, 0));
	fr_tally_give(tally, &none);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_client_has_its_places_at_each_site),
		T(nothing_is_kept_of_many_clients),
		T(no_places_are_none),
	};

	RUN(tests);
}
