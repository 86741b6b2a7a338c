#include "net/admission.h"

#include "unit.h"

static struct fr_admission *admission;

static int set_up(void **state)
{
	(void)state;
	admission = fr_admission_new(42);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	/* asserts that all were given back */
	fr_admission_free(&admission);
	return 0;
}

static struct fr_ip counted_of(const char *address)
{
	struct fr_ip ip;

	assert_int_equal(fr_ip_parse(S(address), &ip), 0);
	return fr_ip_subscriber(&ip);
}

static enum fr_admitted take(const char *address, struct fr_ticket *t)
{
	struct fr_ip counted = counted_of(address);

	return fr_admission_take(admission, &counted, t);
}

static void one_address_has_its_limit_and_others_theirs(void **state)
{
	struct fr_ticket a, b, c, d;

	(void)state;
	fr_admission_set_limits(admission, 100, 2);
	assert_int_equal(take("192.0.2.1", &a), FR_ADMITTED);
	assert_int_equal(take("192.0.2.1", &b), FR_ADMITTED);
	assert_int_equal(take("192.0.2.1", &c), FR_TOO_MANY_FROM_ADDRESS);
	assert_int_equal(take("192.0.2.2", &c), FR_ADMITTED);
	fr_admission_give(admission, &a);
	assert_int_equal(take("192.0.2.1", &d), FR_ADMITTED);
	fr_admission_give(admission, &b);
	fr_admission_give(admission, &c);
	fr_admission_give(admission, &d);
}

static void an_ipv6_subscriber_is_a_64(void **state)
{
	struct fr_ticket a, b, c;

	(void)state;
	fr_admission_set_limits(admission, 100, 1);
	assert_int_equal(take("2001:db8:0:1::1", &a), FR_ADMITTED);
	assert_int_equal(take("2001:db8:0:1:ffff::2", &b), FR_TOO_MANY_FROM_ADDRESS);
	assert_int_equal(take("2001:db8:0:2::1", &c), FR_ADMITTED);
	fr_admission_give(admission, &a);
	fr_admission_give(admission, &c);
}

static void a_mapped_ipv4_address_is_that_address(void **state)
{
	struct fr_ticket a, b, c;

	(void)state;
	fr_admission_set_limits(admission, 100, 1);
	assert_int_equal(take("::ffff:192.0.2.1", &a), FR_ADMITTED);
	assert_int_equal(take("192.0.2.1", &b), FR_TOO_MANY_FROM_ADDRESS);
	assert_int_equal(take("::ffff:192.0.2.2", &c), FR_ADMITTED);
	fr_admission_give(admission, &a);
	fr_admission_give(admission, &c);
}

static void all_together_have_a_limit(void **state)
{
	struct fr_ticket a, b, c;

	(void)state;
	fr_admission_set_limits(admission, 2, 1);
	assert_int_equal(fr_admission_take(admission, NULL, &a), FR_ADMITTED);
	assert_int_equal(fr_admission_take(admission, NULL, &b), FR_ADMITTED);
	assert_int_equal(take("192.0.2.1", &c), FR_TOO_MANY);
	fr_admission_give(admission, &a);
	fr_admission_give(admission, &b);
	/* giving back twice is harmless */
	fr_admission_give(admission, &b);
}

/* --- disk --- */

#define STEP (1u << 20)

static void an_address_has_its_part_of_the_disk(void **state)
{
	struct fr_ticket a, b;

	(void)state;
	fr_admission_set_limits(admission, 100, 10);
	assert_int_equal(take("192.0.2.1", &a), FR_ADMITTED);
	assert_int_equal(take("192.0.2.2", &b), FR_ADMITTED);
	assert_true(fr_admission_take_disk(admission, &a.address, STEP, 8 * STEP));
	assert_true(fr_admission_take_disk(admission, &a.address, STEP, 8 * STEP));
	assert_false(fr_admission_take_disk(admission, &a.address, STEP, 8 * STEP));
	assert_true(fr_admission_take_disk(admission, &b.address, STEP, 8 * STEP));
	fr_admission_give_disk(admission, &a.address, 2 * STEP);
	fr_admission_give_disk(admission, &b.address, STEP);
	fr_admission_give(admission, &a);
	fr_admission_give(admission, &b);
}

static void a_small_limit_leaves_an_address_one_piece(void **state)
{
	struct fr_ticket a, b;

	(void)state;
	fr_admission_set_limits(admission, 100, 10);
	assert_int_equal(take("192.0.2.1", &a), FR_ADMITTED);
	assert_int_equal(take("192.0.2.2", &b), FR_ADMITTED);
	assert_true(fr_admission_take_disk(admission, &a.address, STEP, 2 * STEP));
	assert_false(fr_admission_take_disk(admission, &a.address, STEP, 2 * STEP));
	assert_true(fr_admission_take_disk(admission, &b.address, STEP, 2 * STEP));
	/* all have the limit together */
	fr_admission_give_disk(admission, &a.address, STEP);
	assert_false(fr_admission_take_disk(admission, &a.address, 2 * STEP, 2 * STEP));
	fr_admission_give_disk(admission, &b.address, STEP);
	fr_admission_give(admission, &a);
	fr_admission_give(admission, &b);
}

static void an_address_without_a_connection_has_its_part_too(void **state)
{
	struct fr_ip client = counted_of("192.0.2.7");

	(void)state;
	assert_true(fr_admission_take_disk(admission, &client, 2 * STEP, 8 * STEP));
	assert_false(fr_admission_take_disk(admission, &client, STEP, 8 * STEP));
	assert_true(fr_admission_take_disk(admission, NULL, STEP, 8 * STEP));
	fr_admission_give_disk(admission, &client, 2 * STEP);
	assert_true(fr_admission_take_disk(admission, &client, STEP, 8 * STEP));
	fr_admission_give_disk(admission, &client, STEP);
	fr_admission_give_disk(admission, NULL, STEP);
}

/* --- behind a proxy --- */

static void a_connection_moves_to_the_address_behind_its_proxy(void **state)
{
	struct fr_ip client = counted_of("192.0.2.7"), other = counted_of("192.0.2.8");
	struct fr_ticket a, b, c;

	(void)state;
	fr_admission_set_limits(admission, 100, 1);
	assert_int_equal(fr_admission_take(admission, NULL, &a), FR_ADMITTED);
	assert_int_equal(fr_admission_take(admission, NULL, &b), FR_ADMITTED);
	assert_true(fr_admission_move(admission, &a, &client));
	assert_false(fr_admission_move(admission, &b, &client));
	assert_int_equal(take("192.0.2.7", &c), FR_TOO_MANY_FROM_ADDRESS);
	/* and on, which frees the place that it had */
	assert_true(fr_admission_move(admission, &a, &other));
	assert_true(fr_admission_move(admission, &b, &client));
	fr_admission_give(admission, &a);
	fr_admission_give(admission, &b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_address_has_its_limit_and_others_theirs),
		T(an_ipv6_subscriber_is_a_64),
		T(a_mapped_ipv4_address_is_that_address),
		T(all_together_have_a_limit),
		T(an_address_has_its_part_of_the_disk),
		T(a_small_limit_leaves_an_address_one_piece),
		T(an_address_without_a_connection_has_its_part_too),
		T(a_connection_moves_to_the_address_behind_its_proxy),
	};

	RUN(tests);
}
