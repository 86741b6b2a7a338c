#include "http/cookie.h"

#include "unit.h"

static void cookies_come_one_after_the_other(void **state)
{
	static const struct {
		const char *field, *v[3];
	} rows[] = {
		{"", {0}},
		{" ; ;;", {0}},
		{"a=1", {"a=1"}},
		{"a=1; b=2;c", {"a=1", "b=2", "c"}},
		{";a=1 ;\t; =x;", {"a=1", "=x"}},
		{"a=\"1, 2\"", {"a=\"1, 2\""}},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_str rest = S(rows[i].field), one;
		size_t n = 0;

		while (fr_cookie_next(&rest, &one)) {
			assert_true(n < FR_ARRAY_LEN(rows[i].v) && rows[i].v[n]);
			assert_str(one, rows[i].v[n++]);
		}
		assert_true(n == FR_ARRAY_LEN(rows[i].v) || !rows[i].v[n]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_come_one_after_the_other),
	};

	RUN(tests);
}
