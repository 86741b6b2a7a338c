/* What one client is told of a page in the hint memory, and what it is not. */
#include "hints/teach.h"
#include "memory_fixture.h"

#define ANY FR_TEACH_ANY_CREDENTIAL

/* --- a client's own news --- */

static void what_a_client_brought_it_is_told_itself_and_nobody_else(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "a mine", PERSONAL(1, .self = 11)));
	assert_known("");
	assert_string_equal(told_to(WHO(.self = 11)), "a mine");
	assert_int_equal(asked.waiting, 2);
	assert_int_equal(asked.seen_by, 1);
	assert_string_equal(told_to(WHO(.self = 12)), "");
	assert_string_equal(told_to(WHO(0)), "");
	assert_string_equal(told, "");
}

static void its_last_load_counts_for_itself(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(1, .self = 11)));
	assert_false(see(KEY, "a? c", PERSONAL(1, .self = 11)));
	assert_known("a b");
	assert_string_equal(told_to(WHO(.self = 11)), "a? c");
	assert_string_equal(told_to(WHO(.self = 12)), "a b");
	/* c is gone again, b is back */
	assert_false(see(KEY, "a b", PERSONAL(1, .self = 11)));
	assert_string_equal(told_to(WHO(.self = 11)), "a b");
}

static void what_waits_is_told_with_its_witnesses(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "a", PERSONAL(1, .witnesses = 3)));
	assert_false(see(KEY, "a b", PERSONAL(2, .witnesses = 3)));
	assert_int_equal(last.waiting, 2);
	assert_int_equal(last.seen_by, 1);
	assert_int_equal(last.witnesses, 3);
	assert_string_equal(told_to(WHO(0)), "");
	assert_int_equal(asked.waiting, 2);
	assert_int_equal(asked.seen_by, 2);
}

/* --- credentials --- */

static void what_only_credentials_have_shown_is_told_to_such_only(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "a", PERSONAL(1, .credential = 5, .kinds = ANY | 6)));
	assert_true(see(KEY, "a", PERSONAL(2, .credential = 6, .kinds = ANY | 12)));
	assert_known("$a");
	assert_string_equal(told_to(WHO(0)), "");
	assert_string_equal(told_to(WHO(.kinds = ANY)), "");
	assert_string_equal(told_to(WHO(.kinds = ANY | 4)), "$a");
	assert_string_equal(told_to(WHO(.kinds = ANY | 15)), "$a");
}

static void a_witness_without_credentials_opens_it_for_all(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "a", PERSONAL(1, .credential = 5, .kinds = ANY | 1)));
	assert_true(see(KEY, "a", PERSONAL(2)));
	assert_known("a");
	/* later: a load that everybody gets, or enough others */
	assert_false(see(KEY, "a b c", PERSONAL(1, .credential = 5, .kinds = ANY | 1)));
	assert_true(see(KEY, "a b c", PERSONAL(2, .credential = 6, .kinds = ANY | 1)));
	assert_known("a $b $c");
	assert_true(see(KEY, "a b", PUBLIC(3)));
	assert_known("a b $c");
	assert_false(see(KEY, "a b c", PERSONAL(4)));
	assert_known("a b $c");
	assert_true(see(KEY, "a b c", PERSONAL(5)));
	assert_known("a b c");
}

static void who_may_not_see_a_link_does_not_miss_it(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "a", PERSONAL(1, .credential = 5, .kinds = ANY | 1)));
	assert_true(see(KEY, "a", PERSONAL(2, .credential = 6, .kinds = ANY | 1)));
	for (unsigned i = 10; i < 20; i++)
		(void)see(KEY, "login", PUBLIC(i));
	assert_known("login $a");
}

static void a_partial_load_misses_nothing(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(1, HTML)));
	for (unsigned i = 10; i < 20; i++)
		(void)see(KEY, "a", PUBLIC(i, HTML, .is_partial = true));
	assert_known("h:a h:b");
}

static void restrictions_and_what_a_path_varies_by_survive_in_a_blob(void **state)
{
	struct fr_hint_form form = {.form = 1, .client = 1, .vary = 6, .now_s = NOW};
	struct fr_buf blob;
	int64_t expires_s;

	(void)state;
	begin();
	fr_buf_init(&blob, FR_MEMORY_BLOB_MAX_BYTES);
	assert_false(see(KEY, "a", PERSONAL(1, .credential = 5, .kinds = ANY | 1)));
	assert_true(see(KEY, "a", PERSONAL(2, .credential = 6, .kinds = ANY | 1)));
	assert_true(fr_hint_memory_note_form(memory, KEY, &form));
	assert_int_equal(fr_hint_memory_save(memory, KEY, &blob, &expires_s), 0);
	(void)fr_hint_memory_purge(memory, S(""));
	assert_int_equal(
		fr_hint_memory_load(memory, KEY, fr_buf_data(&blob), fr_buf_len(&blob), NOW), 0);
	fr_buf_fini(&blob);
	assert_string_equal(told_to(WHO(0)), "");
	assert_int_equal(asked.vary, 6);
	assert_string_equal(told_to(WHO(.kinds = ANY | 1)), "$a");
}

/* --- other origins --- */

static void a_link_to_another_origin_needs_witnesses_always(void **state)
{
	static const char *const links[] = {"<https://evil.example/x.js>; rel=preload; as=script",
	                                    "<https://evil.example/>; rel=preconnect",
	                                    "<//evil.example/y.js>; rel=preload; as=script"};

	(void)state;
	begin();
	for (size_t i = 0; i < FR_ARRAY_LEN(links); i++) {
		const struct fr_remembered v = {.link = S(links[i])};
		struct fr_hint_load load = {
			.v = &v, .n = 1, .now_s = NOW, .witnesses = 2, .client = 1};

		assert_false(fr_hint_memory_see(memory, S(links[i]), &load, NULL));
		assert_false(fr_hint_memory_see(memory, S(links[i]), &load, NULL));
		load.client = 2;
		assert_true(fr_hint_memory_see(memory, S(links[i]), &load, NULL));
	}
}

/* --- one URL, several requests --- */

static void links_that_speak_of_different_requests_are_different_hints(void **state)
{
	const struct fr_remembered v[] = {
		{.link = S("</f>; rel=preload; as=font")},
		{.link = S("</f>; rel=preload; as=font; crossorigin")},
		{.link = S("</f>; rel=preload; as=fetch; crossorigin")},
		{.link = S("</f>; rel=preload; as=font; crossorigin; type=\"font/woff2\"")}};
	struct fr_hint_load load = {.v = v, .n = FR_ARRAY_LEN(v), .now_s = NOW};

	(void)state;
	begin();
	assert_true(fr_hint_memory_see(memory, KEY, &load, NULL));
	assert_known("f f f"); /* the last is the second one with another parameter */
	fr_hint_memory_forget(memory, KEY, S("/f"));
	assert_known("");
}

/* --- forms --- */

static bool note(uint64_t n, uint64_t client, int64_t now_s)
{
	struct fr_hint_form form = {.form = n, .client = client, .now_s = now_s};

	return fr_hint_memory_note_form(memory, KEY, &form);
}

static void a_paths_forms_have_a_bound(void **state)
{
	(void)state;
	begin();
	/* those of different clients stay */
	for (unsigned i = 1; i <= FR_MEMORY_MAX_FORMS; i++)
		assert_true(note(i, i, NOW) && note(i, 1000 + i, NOW));
	assert_false(note(5000, 1, NOW + 10));
	assert_true(note(7, 1, NOW + 10));
	assert_true(note(5000, 1, NOW + 86400)); /* not used for a day */
	assert_true(stats().bytes < 16384);
}

static void a_clients_new_forms_displace_its_own(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 1; i < FR_MEMORY_MAX_FORMS; i++)
		assert_true(note(i, i, NOW) && note(i, 1000 + i, NOW));
	for (unsigned i = 0; i < 1000; i++)
		assert_true(note(10000 + i, 66, NOW + 1));
	for (unsigned i = 1; i < FR_MEMORY_MAX_FORMS; i++)
		assert_true(note(i, 3, NOW + 2)); /* all are there */
	assert_false(note(20000, 3, NOW + 2));
}

static void what_queries_share_needs_different_queries(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 1; i < 5; i++) /* the same query from ever new clients */
		assert_false(see(KEY, "token a", PERSONAL(i, .query = 7)));
	assert_false(see(KEY, "b", PERSONAL(9, .query = 8)));
	assert_true(see(KEY, "a b", PERSONAL(10, .query = 9)));
	assert_known("a b");
}

static void what_two_of_its_queries_share_a_client_is_told(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "site p1", PERSONAL(1, .self = 11, .query = 1)));
	assert_string_equal(told_to(WHO(.self = 11, .is_sharing = true)), "");
	assert_false(see(KEY, "site p1", PERSONAL(1, .self = 11, .query = 1)));
	assert_string_equal(told_to(WHO(.self = 11, .is_sharing = true)), "");
	assert_false(see(KEY, "site p2", PERSONAL(1, .self = 11, .query = 2)));
	assert_string_equal(told_to(WHO(.self = 11, .is_sharing = true)), "site");
	assert_string_equal(told_to(WHO(.self = 12, .is_sharing = true)), "");
}

#define T(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_a_client_brought_it_is_told_itself_and_nobody_else),
		T(its_last_load_counts_for_itself),
		T(what_waits_is_told_with_its_witnesses),
		T(what_only_credentials_have_shown_is_told_to_such_only),
		T(a_witness_without_credentials_opens_it_for_all),
		T(who_may_not_see_a_link_does_not_miss_it),
		T(a_partial_load_misses_nothing),
		T(restrictions_and_what_a_path_varies_by_survive_in_a_blob),
		T(a_link_to_another_origin_needs_witnesses_always),
		T(links_that_speak_of_different_requests_are_different_hints),
		T(a_paths_forms_have_a_bound),
		T(a_clients_new_forms_displace_its_own),
		T(what_queries_share_needs_different_queries),
		T(what_two_of_its_queries_share_a_client_is_told),
	};

	RUN(tests);
}
