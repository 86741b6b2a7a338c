#include "base/siphash.h"
#include "memory_fixture.h"

static struct fr_buf blob;
static int64_t expires_s;

static int save(struct fr_str key)
{
	fr_buf_fini(&blob);
	fr_buf_init(&blob, FR_MEMORY_BLOB_MAX_BYTES);
	return fr_hint_memory_save(memory, key, &blob, &expires_s);
}

static int load_at(struct fr_str key, int64_t now_s)
{
	return fr_hint_memory_load(memory, key, fr_buf_data(&blob), fr_buf_len(&blob), now_s);
}

static int tear_down_blob(void **state)
{
	fr_buf_fini(&blob);
	return tear_down(state);
}

static void a_page_survives_in_a_blob(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b!", PUBLIC(0, .think_ms = 300)));
	assert_true(see(KEY, "c?", PUBLIC(0, HTML, .now_s = NOW + 5)));
	assert_int_equal(save(KEY), 0);
	assert_int_equal(expires_s, NOW + 5 + TTL);
	fr_hint_memory_free(&memory);
	begin();
	assert_int_equal(load_at(KEY, NOW + 10), 0);
	assert_known("a b! h:c?");
	assert_int_equal(think(), 300);
	assert_string_equal(told, "");
	assert_string_equal(known_at(KEY, NOW + 4 + TTL), "a b! h:c?");
	assert_string_equal(known_at(KEY, NOW + 5 + TTL), "");
}

static bool blob_holds(const char *text)
{
	return memmem(fr_buf_data(&blob), fr_buf_len(&blob), text, strlen(text)) != NULL;
}

static void candidates_never_leave_the_process(void **state)
{
	(void)state;
	begin();
	assert_false(see(KEY, "secret", PERSONAL(1)));
	assert_int_equal(save(KEY), FR_ERR_NOTFOUND);
	assert_int_equal(save(S("unknown")), FR_ERR_NOTFOUND);
	assert_true(see(KEY, "a", PUBLIC(0)));
	assert_int_equal(save(KEY), 0);
	assert_true(blob_holds("</a>"));
	assert_false(blob_holds("secret"));
	assert_int_equal(stats().candidates, 1);
}

static void a_blob_displaces_nothing(void **state)
{
	unsigned taken = 0;

	(void)state;
	begin_with(1u << 20, 0);
	assert_true(see_large(KEY, 3, NOW));
	assert_int_equal(save(KEY), 0);
	for (unsigned i = 0; i < 1000; i++) {
		char key[32];
		int r;

		(void)snprintf(key, sizeof key, "k%u", i);
		r = load_at(S(key), NOW);
		assert_true(r == 0 || r == FR_ERR_LIMIT);
		taken += r == 0;
	}
	assert_int_equal(stats().pages, taken + 1);
	assert_int_equal(stats().evicted, 0);
	assert_true(taken < 200);
	/* and what was loaded first goes last: the youngest of its shard survives */
	assert_true(see_large(S("new"), 3, NOW));
	assert_int_equal(count_known(S("k0")), 3);
}

static void an_old_blob_does_not_win_over_what_was_seen_since(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "old", PUBLIC(0)));
	assert_int_equal(save(KEY), 0);
	assert_true(see(KEY, "new", PUBLIC(0, .now_s = NOW + 1, .witnesses = 1)));
	assert_int_equal(load_at(KEY, NOW + 1), 0);
	assert_known("new");
	assert_int_equal(load_at(KEY, NOW + TTL), FR_ERR_TIMEOUT);
}

static void a_blob_from_the_future_does_not_stay_for_ever(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a", PUBLIC(0, .now_s = NOW * 2)));
	assert_int_equal(save(KEY), 0);
	(void)fr_hint_memory_purge(memory, S(""));
	assert_int_equal(load_at(KEY, NOW), 0);
	assert_string_equal(known_at(KEY, NOW + TTL), "");
}

static void fix_check(void)
{
	uint8_t *p = blob.data + blob.head;
	size_t len = fr_buf_len(&blob) - 8;
	uint64_t check = fr_siphash(FR_MEMORY_BLOB_CHECK, p, len);

	for (unsigned i = 0; i < 8; i++)
		p[len + i] = (uint8_t)(check >> (8 * i));
}

static void a_damaged_blob_is_refused(void **state)
{
	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(0)));
	assert_int_equal(save(KEY), 0);
	(void)fr_hint_memory_purge(memory, S(""));
	for (size_t i = 0; i < fr_buf_len(&blob) * 8; i++) {
		blob.data[blob.head + i / 8] ^= (uint8_t)FR_BIT(i % 8);
		assert_true(load_at(KEY, NOW) < 0);
		blob.data[blob.head + i / 8] ^= (uint8_t)FR_BIT(i % 8);
	}
	for (size_t len = 0; len < fr_buf_len(&blob); len++)
		assert_true(fr_hint_memory_load(memory, KEY, fr_buf_data(&blob), len, NOW) < 0);
	blob.data[blob.head] = 1; /* what an older version learned is forgotten */
	assert_int_equal(load_at(KEY, NOW), FR_ERR_UNSUPPORTED);
	blob.data[blob.head] = 2;
	assert_int_equal(load_at(KEY, NOW), 0);
}

static void a_blob_that_lies_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} lies[] = {{1, 1},  {2, 0},   {2, 1},  {2, 3},    {3, 1},     {15, 0x80}, {20, 2},
	            {21, 4}, {22, 99}, {24, 1}, {32, 'x'}, {35, '\n'}, {72, 'a'}};

	(void)state;
	begin();
	assert_true(see(KEY, "a b", PUBLIC(0)));
	for (size_t i = 0; i < FR_ARRAY_LEN(lies); i++) {
		assert_true(fr_hint_memory_purge(memory, S("none")) == 0);
		assert_int_equal(save(KEY), 0);
		blob.data[blob.head + lies[i].at] = lies[i].value;
		fix_check();
		assert_true(load_at(S("other"), NOW) < 0 || lies[i].at == 72);
	}
}

static void a_walk_visits_every_page(void **state)
{
	(void)state;
	begin();
	assert_true(see(S("one"), "a", PUBLIC(0)));
	assert_true(see(S("two"), "a", PUBLIC(0)));
	assert_false(see(S("three"), "a", PERSONAL(1)));
	told[0] = '\0';
	fr_hint_memory_walk(memory, on_changed, told);
	assert_int_equal(strlen(told), 8);
	assert_non_null(strstr(told, "one;"));
	assert_non_null(strstr(told, "two;"));
}

/* --- purging --- */

static void purging_goes_by_prefix(void **state)
{
	(void)state;
	begin();
	assert_true(see(S("one /a"), "a", PUBLIC(0)));
	assert_true(see(S("one /b"), "a", PUBLIC(0)));
	assert_true(see(S("two /a"), "a", PUBLIC(0)));
	assert_false(see(S("one /c"), "a", PERSONAL(1)));
	told[0] = '\0';
	assert_int_equal(fr_hint_memory_purge(memory, S("one ")), 2);
	assert_non_null(strstr(told, "one /a;"));
	assert_int_equal(strlen(told), 14);
	assert_int_equal(stats().candidates, 0);
	assert_int_equal(fr_hint_memory_purge(memory, S("")), 1);
	assert_int_equal(fr_hint_memory_purge(memory, S("")), 0);
}

static void purging_a_page_takes_what_is_behind_its_key(void **state)
{
	(void)state;
	begin();
	assert_true(see(S("https://h/a"), "a", PUBLIC(0)));
	assert_true(see(S("https://h/a\n*"), "a", PUBLIC(0)));
	assert_true(see(S("https://h/a\n0123456789abcdef"), "a", PUBLIC(0)));
	assert_true(see(S("https://h/ab"), "a", PUBLIC(0)));
	assert_true(see(S("https://h/a?b"), "a", PUBLIC(0)));
	assert_int_equal(fr_hint_memory_purge_page(memory, S("https://h/a")), 3);
	assert_int_equal(stats().pages, 2);
	assert_int_equal(fr_hint_memory_purge_page(memory, S("https://h/")), 0);
}

#define B(name) cmocka_unit_test_teardown(name, tear_down_blob)

int main(void)
{
	const struct CMUnitTest tests[] = {
		B(a_page_survives_in_a_blob),
		B(candidates_never_leave_the_process),
		B(a_blob_displaces_nothing),
		B(an_old_blob_does_not_win_over_what_was_seen_since),
		B(a_blob_from_the_future_does_not_stay_for_ever),
		B(a_damaged_blob_is_refused),
		B(a_blob_that_lies_is_refused),
		B(a_walk_visits_every_page),
		B(purging_goes_by_prefix),
		B(purging_a_page_takes_what_is_behind_its_key),
	};

	RUN(tests);
}
