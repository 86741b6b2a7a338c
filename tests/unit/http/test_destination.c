#include "http/destination.h"

#include "unit.h"

static struct fr_arena arena;

static bool may(const char *target, const char *dest)
{
	struct fr_request req;
	bool is;

	fr_arena_init(&arena, 65536);
	fr_request_init(&req, &arena);
	req.target = fr_str_from(target);
	if (dest)
		assert_int_equal(
			fr_fields_add_id(&req.fields, FR_FIELD_SEC_FETCH_DEST, fr_str_from(dest)),
			0);
	is = fr_destination_may_be_page(&req);
	fr_arena_fini(&arena);
	return is;
}

static void what_a_client_asks_for_by_itself_is_no_page(void **state)
{
	static const char *const no[] = {"/favicon.ico", "/favicon.ico?v=2", "/robots.txt",
	                                 "/apple-touch-icon-120x120.png",
	                                 "/.well-known/change-password"};
	static const char *const yes[] = {"/", "/favicon.ico/", "/a/favicon.ico", "/robots",
	                                  "/?/favicon.ico"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(no); i++)
		if (may(no[i], NULL) || may(no[i], "document"))
			fail_msg("%s", no[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(yes); i++)
		if (!may(yes[i], NULL) || !may(yes[i], "document"))
			fail_msg("%s", yes[i]);
}

static void a_destination_that_is_no_document_is_no_page(void **state)
{
	static const char *const no[] = {"image", "style", "script", "empty", "font", "x"};
	static const char *const yes[] = {"document", "iframe", "frame", "fencedframe"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(no); i++)
		assert_false(may("/", no[i]));
	for (size_t i = 0; i < FR_ARRAY_LEN(yes); i++)
		assert_true(may("/", yes[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_client_asks_for_by_itself_is_no_page),
		cmocka_unit_test(a_destination_that_is_no_document_is_no_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
