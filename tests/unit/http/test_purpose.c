/* What requests say of why they are made. */
#include "http/purpose.h"

#include "arena_fixture.h"

static void read_fields(const char *lines, struct fr_fields *f)
{
	struct fr_str rest = S(lines);

	fr_fields_init(f, &arena);
	while (rest.len) {
		size_t end = fr_str_find(rest, '\n'), colon = fr_str_find(rest, ':');

		assert_int_equal(fr_fields_add(f, fr_str_sub(rest, 0, colon),
		                               fr_str_trim(fr_str_sub(rest, colon + 1, end))),
		                 0);
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
}

static void a_purpose_is_what_the_fields_say(void **state)
{
	static const struct {
		const char *fields, *purpose;
	} rows[] = {
		{"accept: */*", ""},
		{"sec-purpose: prefetch", "prefetch"},
		{"sec-purpose: prefetch;prerender", "prerender"},
		{"sec-purpose: prefetch; prerender", "prerender"},
		{"sec-purpose: prefetch;anonymous-client-ip", "prefetch"},
		{"sec-purpose: prefetch;anonymous-client-ip;prerender", "prerender"},
		{"sec-purpose: prefetch;prerender-not", "prefetch"},
		{"sec-purpose: prefetch;x=\"a\"", "prefetch"},
		{"sec-purpose: something", ""},
		{"sec-purpose: something;prefetch", ""},
		{"sec-purpose: prefetch=?0", ""},
		{"sec-purpose: prefetch=1", ""},
		{"sec-purpose: PREFETCH", ""},
		{"sec-purpose: prefetch;;", ""},
		{"sec-purpose: prefetch;prerender,", ""},
		{"sec-purpose: \"prefetch", ""},
		{"sec-purpose:", ""},
		/* browsers of yesterday */
		{"purpose: prefetch", "prefetch"},
		{"Purpose: prefetch", ""}, /* names are in lower case here */
		{"purpose: Prefetch", "prefetch"},
		{"x-moz: prefetch", "prefetch"},
		{"x-purpose: preview", "prefetch"},
		{"purpose: purchase", ""},
		{"x-moz: livebookmarks", ""},
		/* what is said anew counts */
		{"purpose: prefetch\nsec-purpose: prefetch;prerender", "prerender"},
		{"purpose: prefetch\nsec-purpose: prefetch;;", ""},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		struct fr_fields f;

		read_fields(rows[i].fields, &f);
		if (strcmp(fr_purpose_str(fr_purpose_of(&f)), rows[i].purpose) != 0)
			fail_msg("%s", rows[i].fields);
	}
}

static void data_is_saved_on_request(void **state)
{
	static const char *const on[] = {"save-data: on", "save-data: On", "save-data: on;x=1"};
	static const char *const off[] = {"accept: on",        "save-data: off", "save-data:",
	                                  "save-data: on,off", "save-data: ;on", "save-data: 1"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(on); i++) {
		struct fr_fields f;

		read_fields(on[i], &f);
		assert_true(fr_saves_data(&f));
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(off); i++) {
		struct fr_fields f;

		read_fields(off[i], &f);
		assert_false(fr_saves_data(&f));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_purpose_is_what_the_fields_say),
		T(data_is_saved_on_request),
	};

	RUN(tests);
}
