#include "memory_fixture.h"

/* --- public loads --- */

static void a_public_load_is_remembered_at_once(void **state)
{
	(void)state;
	begin();
	assert_known("");
	assert_true(see(KEY, "a b! c?", PUBLIC(0)));
	assert_known("a b! c?");
	assert_string_equal(known_at(S("site /other"), NOW), "");
	assert_string_equal(told, "site /page;");
}

static void what_a_public_load_lacks_vanishes_when_several_clients_lack_it(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b c", PUBLIC(1)));
	for (unsigned i = 0; i < 5; i++) /* one client may be told anything */
		assert_false(see(KEY, "c a", PUBLIC(1)));
	assert_known("a b c");
	assert_true(see(KEY, "c a", PUBLIC(2)));
	assert_known("c a");
	assert_false(see(KEY, "", PUBLIC(1)));
	assert_known("c a");
	assert_true(see(KEY, "", PUBLIC(2)));
	assert_known("");
	assert_int_equal(stats().pages, 0);
	assert_int_equal(stats().bytes, 0);
	assert_string_equal(told, "site /page;site /page;site /page;");
}

static void a_page_without_links_takes_no_room(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "", PUBLIC(0)));
	assert_false(see(KEY, "", PERSONAL(1)));
	assert_int_equal(stats().bytes, 0);
	assert_string_equal(told, "");
}

static void sources_do_not_touch_one_another(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "x! a", PUBLIC(1, HTML)));
	assert_true(see(KEY, "a b", PUBLIC(1)));
	assert_known("a b h:x! h:a");
	assert_false(see(KEY, "", PUBLIC(1)));
	assert_true(see(KEY, "", PUBLIC(2)));
	assert_known("h:x! h:a");
	assert_true(see(KEY, "b", PUBLIC(1)));
	assert_false(see(KEY, "", PUBLIC(1, HTML)));
	assert_true(see(KEY, "", PUBLIC(2, HTML)));
	assert_known("b");
}

static void the_same_again_changes_nothing_and_needs_no_memory(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(1)));
	assert_true(last.is_settled);
	fr_mem_fail_after(1);
	assert_false(see(KEY, "a b", PUBLIC(1)));
	assert_false(see(KEY, "a b", PERSONAL(1)));
	assert_true(last.is_settled);
	fr_mem_fail_after(0);
	assert_string_equal(told, "site /page;");
	/* what a part of it would look like is not the same */
	assert_false(see(KEY, "a", PUBLIC(1)));
	assert_false(last.is_settled);
	assert_false(see(KEY, "a! b", PUBLIC(1)));
	assert_false(last.is_settled);
	assert_true(see(KEY, "a! b", PUBLIC(2)));
	assert_known("a! b");
}

static void a_link_named_twice_counts_once(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a a? b a", PUBLIC(0)));
	assert_known("a b");
}

static void what_is_no_link_is_not_kept(void **state)
{
	char large[FR_MEMORY_LINK_MAX_BYTES + 2];
	const struct fr_remembered v[] = {
		{.link = S("")},        {.link = S("/a>")},
		{.link = S("</a")},     {.link = S("</a>\r\nset-cookie: x")},
		{.link = S("</good>")}, {.link = fr_str_make(large, sizeof large - 1)}};
	struct fr_hint_load load = {.v = v, .n = FR_ARRAY_LEN(v), .now_s = NOW};

	(void)state;
	begin();
	memset(large, 'x', sizeof large);
	memcpy(large, "<>", 2);
	assert_true(fr_hint_memory_see(memory, KEY, &load, NULL));
	assert_known("good");
	assert_int_equal(stats().links_dropped, 5);
}

static void a_snapshot_outlives_change_and_memory(void **state)
{
	struct fr_remembered_page *page;

	(void)state;
	begin();
	assert_true(see(KEY, "a", PUBLIC(0)));
	page = fr_hint_memory_find(memory, KEY, NULL, NOW, NULL);
	assert_true(see(KEY, "b", PUBLIC(0)));
	fr_hint_memory_free(&memory);
	assert_str(page->v[0].link, "</a>; rel=preload; as=style");
	fr_remembered_page_unref(&page);
	assert_null(page);
	fr_remembered_page_unref(&page);
}

static void think_time_is_smoothed_and_survives_change(void **state)
{
	(void)state;
	begin();
	(void)see(KEY, "a", PUBLIC(0, .think_ms = 0));
	assert_int_equal(think(), 0);
	(void)see(KEY, "a", PUBLIC(0, .think_ms = 400));
	assert_int_equal(think(), 400);
	(void)see(KEY, "a", PUBLIC(0, .think_ms = 1200));
	assert_int_equal(think(), 500);
	(void)see(KEY, "b", PUBLIC(0, .think_ms = 0));
	assert_int_equal(think(), 500);
	(void)see(KEY, "b", PUBLIC(0, .think_ms = UINT32_MAX));
	assert_int_equal(think(), (UINT32_MAX + UINT64_C(3500)) / 8);
}

/* --- personal loads --- */

static void a_link_of_personal_loads_needs_several_clients(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "a mine1", PERSONAL(1)));
	assert_known("");
	assert_string_equal(told, "");
	assert_int_equal(stats().candidates, 2);
	assert_true(see(KEY, "mine2 a", PERSONAL(2)));
	assert_known("a");
	assert_int_equal(stats().confirmed, 1);
	assert_int_equal(stats().candidates, 2);
	assert_string_equal(told, "site /page;");
}

static void one_client_or_one_credential_is_one_witness(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < 10; i++) { /* the same address, ever new accounts */
		assert_false(see(KEY, "a", PERSONAL(1, .credential = 100 + i)));
		/* the same account from ever new addresses */
		assert_false(see(KEY, "b", PERSONAL(200 + i, .credential = 7)));
	}
	assert_known("");
	/* both differ from every earlier one */
	assert_false(see(KEY, "a", PERSONAL(1, .credential = 7)));
	assert_true(see(KEY, "a", PERSONAL(2, .credential = 8)));
	assert_known("a");
}

static void without_credential_the_address_counts(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "a", PERSONAL(1)));
	assert_false(see(KEY, "a", PERSONAL(1)));
	assert_true(see(KEY, "a", PERSONAL(2)));
}

static void the_number_of_witnesses_is_a_setting(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a", PERSONAL(1, .witnesses = 1)));
	for (unsigned i = 1; i < FR_MEMORY_MAX_WITNESSES; i++)
		assert_false(see(S("k"), "b", PERSONAL(i, .witnesses = 99)));
	assert_true(see(S("k"), "b", PERSONAL(FR_MEMORY_MAX_WITNESSES, .witnesses = 99)));
	/* lowered: the next load that has it is enough, even of a known witness */
	assert_false(see(S("l"), "c", PERSONAL(1, .witnesses = 3)));
	assert_false(see(S("l"), "c", PERSONAL(2, .witnesses = 3)));
	assert_true(see(S("l"), "c", PERSONAL(2, .witnesses = 2)));
}

static void another_value_of_a_confirmed_link_needs_witnesses_too(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(0)));
	for (unsigned i = 0; i < 5; i++) /* no absence either */
		assert_false(see(KEY, "a? b!", PERSONAL(1)));
	assert_known("a b");
	assert_true(see(KEY, "a? b!", PERSONAL(2)));
	assert_known("a? b!");
	assert_int_equal(stats().candidates, 0);
}

static void a_public_load_confirms_candidates(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "a b", PERSONAL(1)));
	assert_true(see(KEY, "a", PUBLIC(0)));
	assert_known("a");
	assert_int_equal(stats().candidates, 1);
}

static void a_personal_load_adds_to_what_is_confirmed(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(0)));
	assert_true(see(KEY, "x", PUBLIC(0, HTML)));
	assert_false(see(KEY, "c a b", PERSONAL(1)));
	assert_true(see(KEY, "c a b", PERSONAL(2)));
	assert_known("c a b h:x");
	/* the order alone is no change */
	assert_false(see(KEY, "b a c", PERSONAL(3)));
	assert_known("c a b h:x");
}

static void absences_in_a_row_make_a_link_vanish(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(0)));
	assert_true(see(KEY, "x", PUBLIC(0, HTML)));
	for (unsigned i = 0; i < 5; i++) {
		assert_false(see(KEY, "a", PERSONAL(1)));
		assert_false(see(KEY, "a b", PERSONAL(2))); /* resets */
	}
	assert_known("a b h:x");
	assert_false(see(KEY, "a", PERSONAL(1)));
	assert_true(see(KEY, "a", PERSONAL(2)));
	assert_known("a h:x");
	assert_false(see(KEY, "", PERSONAL(1)));
	assert_true(see(KEY, "", PERSONAL(2)));
	assert_known("h:x");
}

static void an_absence_is_forgotten_when_a_public_load_has_the_link(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(0)));
	assert_false(see(KEY, "a", PERSONAL(1)));
	assert_false(see(KEY, "a b", PUBLIC(0)));
	assert_false(see(KEY, "a", PERSONAL(1)));
	assert_known("a b");
}

static void candidates_expire(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "a", PERSONAL(1)));
	assert_false(see(KEY, "a", PERSONAL(2, .now_s = NOW + FR_MEMORY_CANDIDATE_TTL_S)));
	assert_int_equal(stats().candidates, 1);
	assert_true(see(KEY, "a", PERSONAL(3, .now_s = NOW + FR_MEMORY_CANDIDATE_TTL_S + 1)));
	assert_int_equal(stats().candidates, 0);
}

/* --- floods --- */

static void ever_new_links_of_personal_loads_displace_nothing_confirmed(void **state)
{
	char names[2048], before[2048];

	(void)state;
	begin();
	numbered(names, sizeof names, "good", 0, 60);
	assert_true(see(KEY, names, PUBLIC(0)));
	(void)snprintf(before, sizeof before, "%s", known_at(KEY, NOW));
	for (unsigned i = 0; i < 3000; i++) {
		size_t at = strlen(names);

		numbered(names + at, sizeof names - at, "evil", i * 30, 30);
		assert_false(see(KEY, names, PERSONAL(i)));
		names[at] = '\0';
		assert_true(stats().candidates <= FR_MEMORY_MAX_CANDIDATES);
	}
	assert_string_equal(known_at(KEY, NOW), before);
	assert_true(stats().displaced > 0);
}

static void a_flood_of_one_client_displaces_its_own_candidates(void **state)
{
	char names[1024];

	(void)state;
	begin();
	numbered(names, sizeof names, "c", 0, 40);
	assert_false(see(KEY, names, PERSONAL(1)));
	for (unsigned i = 0; i < 1000; i++) {
		char evil[1024];

		numbered(evil, sizeof evil, "evil", i * 60, 60);
		assert_false(see(KEY, evil, PERSONAL(666, .now_s = NOW + 1)));
	}
	assert_true(see(KEY, names, PERSONAL(2)));
	assert_true(stats().confirmed >= 39);
}

static void a_flood_of_personal_pages_displaces_no_page(void **state)
{
	char names[1024], key[32];

	(void)state;
	begin_with(1u << 20, 0);
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(key, sizeof key, "good %u", i);
		assert_true(see(S(key), "a b c", PUBLIC(0)));
	}
	for (unsigned i = 0; i < 20000; i++) {
		numbered(names, sizeof names, "evil", i * 40, 40);
		(void)snprintf(key, sizeof key, i % 2 ? "evil %u" : "good %u", i % 2 ? i : i % 200);
		assert_false(see(S(key), names, PERSONAL(1, .witnesses = 8)));
		if (i % 2 == 0) /* resets the absences */
			(void)see(S(key), "a b c", PUBLIC(0));
		assert_true(stats().bytes <= 1u << 20);
	}
	assert_int_equal(stats().pages, 200);
	assert_int_equal(stats().evicted, 0);
	assert_true(stats().displaced > 0);
}

static void a_full_page_takes_no_more_from_personal_loads(void **state)
{
	char full[2048], names[2048] = "more ";

	(void)state;
	begin();
	numbered(full, sizeof full, "n", 0, FR_MEMORY_MAX_HINTS);
	numbered(names + 5, sizeof names - 5, "n", 0, FR_MEMORY_MAX_HINTS - 1);
	assert_true(see(KEY, full, PUBLIC(0)));
	assert_false(see(KEY, names, PERSONAL(1)));
	assert_false(see(KEY, full, PUBLIC(0))); /* resets the absence */
	assert_false(see(KEY, names, PERSONAL(2)));
	assert_int_equal(stats().confirmed, 0);
	assert_int_equal(stats().links_dropped, 1);
	/* room again */
	assert_true(see(KEY, names + 5, PUBLIC(0)));
	assert_true(see(KEY, names, PERSONAL(2)));
	assert_int_equal(count_known(KEY), FR_MEMORY_MAX_HINTS);
}

/* --- bounds --- */

static void links_beyond_the_bound_of_a_page_are_counted(void **state)
{
	char names[4096];

	(void)state;
	begin();
	numbered(names, sizeof names, "h", 0, 40);
	assert_true(see(KEY, names, PUBLIC(0, HTML)));
	numbered(names, sizeof names, "n", 0, FR_MEMORY_MAX_HINTS + 30);
	assert_true(see(KEY, names, PUBLIC(0)));
	assert_int_equal(count_known(KEY), FR_MEMORY_MAX_HINTS);
	assert_int_equal(stats().links_dropped, 30 + 40);
	assert_true(strncmp(known_at(KEY, NOW), "n0 n1 ", 6) == 0);
}

static void one_page_has_a_bound_in_bytes(void **state)
{
	(void)state;
	begin();
	assert_true(see_large(KEY, FR_MEMORY_MAX_HINTS, NOW));
	assert_in_range(count_known(KEY), 25, 32);
	assert_true(stats().bytes <= FR_MEMORY_PAGE_MAX_BYTES + 1024);
	assert_int_equal(stats().links_dropped, FR_MEMORY_MAX_HINTS - count_known(KEY));
}

static void all_pages_have_a_bound_in_bytes_and_the_journal_hears_of_evictions(void **state)
{
	unsigned heard = 0, kept = 0;

	(void)state;
	begin_with(1u << 20, 0);
	assert_true(see(S("popular"), "a", PUBLIC(0)));
	for (unsigned i = 0; i < 2000; i++) {
		char key[32];

		(void)snprintf(key, sizeof key, "k%u", i);
		assert_true(see_large(S(key), 3, NOW));
		assert_true(stats().bytes <= 1u << 20);
		told[0] = '\0';
		assert_int_equal(count_known(S("popular")), 1);
	}
	assert_true(stats().evicted > 1000);
	assert_int_equal(stats().evicted + stats().pages, 2001);
	/* of what goes for the newest, and of it, one heard */
	for (unsigned i = 2000; i < 2100; i++) {
		char key[32];

		(void)snprintf(key, sizeof key, "k%u", i);
		told[0] = '\0';
		assert_true(see_large(S(key), 3, NOW));
		for (const char *p = told; (p = strchr(p, ';')); p++)
			heard++;
		kept += strstr(told, key) != NULL;
	}
	assert_int_equal(kept, 100);
	assert_true(heard > 150);
}

static void keys_have_a_bound(void **state)
{
	static char key[FR_MEMORY_KEY_MAX_BYTES + 1];

	(void)state;
	begin();
	memset(key, 'k', sizeof key);
	assert_false(see(fr_str_make(key, sizeof key), "a", PUBLIC(0)));
	assert_true(see(fr_str_make(key, sizeof key - 1), "a", PUBLIC(0)));
}

static void without_bytes_nothing_is_remembered(void **state)
{
	(void)state;
	begin_with(0, 0);
	assert_false(see(KEY, "a", PUBLIC(0)));
	assert_known("");
}

static void a_smaller_limit_holds_at_once(void **state)
{
	struct fr_hint_memory_limits limits = {.bytes = 64u << 10, .ttl_s = TTL};

	(void)state;
	begin();
	for (unsigned i = 0; i < 1000; i++) {
		char key[32];

		(void)snprintf(key, sizeof key, "k%u", i);
		assert_true(see(S(key), "a b c", PUBLIC(0)));
	}
	fr_hint_memory_resize(memory, &limits);
	assert_true(stats().bytes <= limits.bytes);
	assert_true(stats().pages > 20);
	limits.bytes = 0;
	fr_hint_memory_resize(memory, &limits);
	assert_int_equal(stats().pages, 0);
}

static void without_memory_nothing_changes(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a", PUBLIC(1)));
	for (unsigned i = 1; i < 6; i++) {
		fr_mem_fail_after(i);
		(void)see(KEY, "b", PUBLIC(1, .self = 1));
		(void)see(S("other"), "b", PERSONAL(1, .self = 1));
		(void)told_to(WHO(.self = 1));
		fr_mem_fail_after(0);
		(void)see(KEY, "b", PUBLIC(1));
		(void)see(KEY, "b", PUBLIC(2));
		assert_known("b");
		(void)see(KEY, "a", PUBLIC(1));
		(void)see(KEY, "a", PUBLIC(2));
		assert_known("a");
	}
}

/* --- time --- */

static void pages_expire_and_loads_renew_them(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a", PUBLIC(0)));
	assert_false(see(KEY, "a", PUBLIC(0, .now_s = NOW + TTL - 1)));
	assert_string_equal(known_at(KEY, NOW + TTL), "a");
	assert_string_equal(known_at(KEY, NOW), "a"); /* a clock that goes back */
	told[0] = '\0';
	assert_string_equal(known_at(KEY, NOW + 2 * TTL - 1), "");
	assert_string_equal(told, "site /page;");
	assert_int_equal(stats().expired, 1);
	assert_int_equal(stats().bytes, 0);
}

static void a_renewal_is_told_once_an_hour(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a", PUBLIC(0)));
	told[0] = '\0';
	for (unsigned s = 0; s < 3 * FR_MEMORY_RENEWAL_S; s += 60)
		assert_false(see(KEY, "a", PUBLIC(0, .now_s = NOW + s)));
	assert_string_equal(told, "site /page;site /page;");
}

/* --- forgetting --- */

static void a_forgotten_asset_is_gone_from_both_sources(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(0)));
	assert_true(see(KEY, "b c", PUBLIC(0, HTML)));
	assert_false(see(KEY, "a b d", PERSONAL(1)));
	told[0] = '\0';
	fr_hint_memory_forget(memory, KEY, S("/b"));
	assert_known("a h:c");
	assert_string_equal(told, "site /page;");
	fr_hint_memory_forget(memory, KEY, S("/d"));
	assert_int_equal(stats().candidates, 0);
	fr_hint_memory_forget(memory, KEY, S("/never"));
	fr_hint_memory_forget(memory, S("unknown"), S("/a"));
	assert_string_equal(told, "site /page;");
	assert_true(see(KEY, "a b", PUBLIC(0))); /* no time to stay away */
	assert_known("a b h:c");
}

static void a_forgotten_asset_stays_away_for_a_while(void **state)
{
	(void)state;
	begin_with(8u << 20, 60);
	assert_true(see(KEY, "a b", PUBLIC(0)));
	fr_hint_memory_forget(memory, KEY, S("/b"));
	told[0] = '\0';
	for (unsigned i = 0; i < 60; i++) {
		assert_false(see(KEY, "a b", PUBLIC(0, .now_s = NOW + i)));
		assert_false(see(KEY, "a b", PERSONAL(i, .now_s = NOW + i)));
	}
	assert_known("a");
	assert_string_equal(told, "");
	assert_true(see(S("other page"), "b", PUBLIC(0)));
	assert_true(see(KEY, "a b", PUBLIC(0, .now_s = NOW + 60)));
	assert_known("a b");
}

#define T(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_public_load_is_remembered_at_once),
		T(what_a_public_load_lacks_vanishes_when_several_clients_lack_it),
		T(a_page_without_links_takes_no_room),
		T(sources_do_not_touch_one_another),
		T(the_same_again_changes_nothing_and_needs_no_memory),
		T(a_link_named_twice_counts_once),
		T(what_is_no_link_is_not_kept),
		T(a_snapshot_outlives_change_and_memory),
		T(think_time_is_smoothed_and_survives_change),
		T(a_link_of_personal_loads_needs_several_clients),
		T(one_client_or_one_credential_is_one_witness),
		T(without_credential_the_address_counts),
		T(the_number_of_witnesses_is_a_setting),
		T(another_value_of_a_confirmed_link_needs_witnesses_too),
		T(a_public_load_confirms_candidates),
		T(a_personal_load_adds_to_what_is_confirmed),
		T(absences_in_a_row_make_a_link_vanish),
		T(an_absence_is_forgotten_when_a_public_load_has_the_link),
		T(candidates_expire),
		T(ever_new_links_of_personal_loads_displace_nothing_confirmed),
		T(a_flood_of_one_client_displaces_its_own_candidates),
		T(a_flood_of_personal_pages_displaces_no_page),
		T(a_full_page_takes_no_more_from_personal_loads),
		T(links_beyond_the_bound_of_a_page_are_counted),
		T(one_page_has_a_bound_in_bytes),
		T(all_pages_have_a_bound_in_bytes_and_the_journal_hears_of_evictions),
		T(keys_have_a_bound),
		T(without_bytes_nothing_is_remembered),
		T(a_smaller_limit_holds_at_once),
		T(without_memory_nothing_changes),
		T(pages_expire_and_loads_renew_them),
		T(a_renewal_is_told_once_an_hour),
		T(a_forgotten_asset_is_gone_from_both_sources),
		T(a_forgotten_asset_stays_away_for_a_while),
	};

	RUN(tests);
}
