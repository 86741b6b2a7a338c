#include "net/admission.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

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

static enum fr_admitted take(const char *address, struct fr_ticket *t)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		return fr_admission_take(admission, (const struct sockaddr *)&in, t);
	assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
	return fr_admission_take(admission, (const struct sockaddr *)&in6, t);
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
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct fr_ticket a, b, c;

	(void)state;
	fr_admission_set_limits(admission, 2, 1);
	assert_int_equal(fr_admission_take(admission, (const struct sockaddr *)&un, &a),
	                 FR_ADMITTED);
	assert_int_equal(fr_admission_take(admission, (const struct sockaddr *)&un, &b),
	                 FR_ADMITTED);
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
	assert_true(fr_admission_take_disk(admission, &a, STEP, 8 * STEP));
	assert_true(fr_admission_take_disk(admission, &a, STEP, 8 * STEP));
	assert_false(fr_admission_take_disk(admission, &a, STEP, 8 * STEP));
	assert_true(fr_admission_take_disk(admission, &b, STEP, 8 * STEP));
	fr_admission_give_disk(admission, &a, 2 * STEP);
	fr_admission_give_disk(admission, &b, STEP);
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
	assert_true(fr_admission_take_disk(admission, &a, STEP, 2 * STEP));
	assert_false(fr_admission_take_disk(admission, &a, STEP, 2 * STEP));
	assert_true(fr_admission_take_disk(admission, &b, STEP, 2 * STEP));
	/* all have the limit together */
	fr_admission_give_disk(admission, &a, STEP);
	assert_false(fr_admission_take_disk(admission, &a, 2 * STEP, 2 * STEP));
	fr_admission_give_disk(admission, &b, STEP);
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
	};

	RUN(tests);
}
