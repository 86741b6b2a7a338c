#include "net/localhost.h"

#include "unit.h"

static void localhost_and_what_is_below_it_is_this_machine(void **state)
{
	static const char *const yes[] = {"localhost", "LOCALHOST", "localhost.", "a.localhost",
	                                  "a.b.Localhost."};
	static const char *const no[] = {
		"", ".", "localhos", "xlocalhost", "localhost.example.org", "127.0.0.1", "local"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(yes); i++) {
		if (!fr_is_localhost(yes[i]))
			fail_msg("%s", yes[i]);
		assert_null(fr_localhost_node(yes[i]));
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(no); i++) {
		if (fr_is_localhost(no[i]))
			fail_msg("%s", no[i]);
		assert_ptr_equal(fr_localhost_node(no[i]), no[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(localhost_and_what_is_below_it_is_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
