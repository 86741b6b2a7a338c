#include "hints/witness.h"

#include "hints/teach.h"
#include "unit.h"

#define SEED 42u

static struct fr_arena arena;
static struct fr_fields fields;

static int set_up(void **state)
{
	(void)state;
	fr_arena_init(&arena, 1u << 16);
	fr_fields_init(&fields, &arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fr_arena_fini(&arena);
	return 0;
}

static void an_address_is_one_client_under_one_seed(void **state)
{
	(void)state;
	assert_int_equal(fr_witness_client(S("1.2.3.4"), SEED),
	                 fr_witness_client(S("1.2.3.4"), SEED));
	assert_true(fr_witness_client(S("1.2.3.4"), SEED) != fr_witness_client(S("1.2.3.5"), SEED));
	assert_true(fr_witness_client(S("1.2.3.4"), SEED) != fr_witness_client(S("1.2.3.4"), 43));
}

static void clients_without_an_address_are_one_witness(void **state)
{
	(void)state;
	assert_int_equal(fr_witness_client((struct fr_str){0}, SEED),
	                 fr_witness_client((struct fr_str){0}, 43));
	assert_true(fr_witness_client((struct fr_str){0}, SEED) != 0);
}

static void a_request_without_credentials_has_none(void **state)
{
	struct fr_witness w = fr_witness_of(5, &fields, SEED);

	(void)state;
	assert_int_equal(w.client, 5);
	assert_int_equal(w.credential, 0);
	assert_int_equal(w.kinds, 0);
	assert_true(w.self != 0);
}

static void credentials_tell_accounts_behind_one_address_apart(void **state)
{
	struct fr_witness a, b;
	struct fr_fields other;

	(void)state;
	assert_int_equal(fr_fields_add_id(&fields, FR_FIELD_COOKIE, S("sid=1")), 0);
	fr_fields_init(&other, &arena);
	assert_int_equal(fr_fields_add_id(&other, FR_FIELD_COOKIE, S("sid=2")), 0);
	a = fr_witness_of(5, &fields, SEED);
	b = fr_witness_of(5, &other, SEED);
	assert_true(a.credential && a.credential != b.credential);
	assert_int_equal(a.kinds, b.kinds);
	assert_true(a.kinds & FR_TEACH_ANY_CREDENTIAL);
	assert_true(a.self != b.self);
}

static void the_browser_is_part_of_the_self_alone(void **state)
{
	struct fr_witness a, b = fr_witness_of(5, &fields, SEED);

	(void)state;
	assert_int_equal(fr_fields_add_id(&fields, FR_FIELD_USER_AGENT, S("x")), 0);
	a = fr_witness_of(5, &fields, SEED);
	assert_int_equal(a.client, b.client);
	assert_int_equal(a.credential, b.credential);
	assert_true(a.self != b.self);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_is_one_client_under_one_seed),
		TEST(clients_without_an_address_are_one_witness),
		TEST(a_request_without_credentials_has_none),
		TEST(credentials_tell_accounts_behind_one_address_apart),
		TEST(the_browser_is_part_of_the_self_alone),
	};

	RUN(tests);
}
