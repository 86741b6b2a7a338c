#include "cache/store.h"

#include <pthread.h>

#include "unit.h"

static struct fr_store *store;
static struct fr_arena arena;

static void begin(size_t memory)
{
	struct fr_store_limits limits = {.memory = memory, .max_variants = 4};

	store = fr_store_new(&limits, 7);
	fr_arena_init(&arena, 1u << 20);
}

static int tear_down(void **state)
{
	(void)state;
	fr_store_free(&store); /* asserts that nothing is held */
	fr_arena_fini(&arena);
	return 0;
}

/* A response of `len` bytes to a request with this field, varying on it. */
static struct fr_object *object(size_t len, const char *vary, const char *value, const char *tag)
{
	struct fr_arena a;
	struct fr_request req;
	struct fr_response resp;
	struct fr_gate_verdict passed = {.why = FR_CACHE_STORE_YES, .fresh.lifetime_s = 100};
	struct fr_body *body = fr_body_new(fr_store_account(store), len);
	struct fr_object *o;
	char *data = calloc(1, len + 1);

	fr_arena_init(&a, 1u << 20);
	fr_request_init(&req, &a);
	fr_response_init(&resp, &a, 200);
	resp.content_length = (int64_t)len;
	if (vary) {
		assert_int_equal(fr_fields_add(&resp.fields, S("vary"), S(vary)), 0);
		assert_int_equal(fr_fields_add(&req.fields, S(vary), S(value)), 0);
	}
	if (tag)
		assert_int_equal(fr_fields_add(&resp.fields, S("cache-tag"), S(tag)), 0);
	assert_int_equal(fr_body_append(body, data, len), 0);
	fr_body_end(body, true);
	o = fr_object_new(&req, &resp, &passed, body, fr_store_account(store));
	assert_non_null(o);
	fr_body_unref(&body);
	fr_arena_fini(&a);
	free(data);
	return o;
}

static void put(const char *key, struct fr_object *o)
{
	(void)fr_store_insert(store, S(key), o, NULL, NULL);
	fr_object_unref(&o);
}

/* Does a request with this field find something? */
static bool has(const char *key, const char *name, const char *value)
{
	struct fr_fields f;
	struct fr_object *o;
	bool others, found;

	fr_fields_init(&f, &arena);
	if (name)
		assert_int_equal(fr_fields_add(&f, S(name), S(value)), 0);
	o = fr_store_find(store, S(key), &f, &arena, &others);
	found = o != NULL;
	fr_object_unref(&o);
	fr_arena_reset(&arena);
	return found;
}

static void what_was_put_is_found_until_replaced(void **state)
{
	(void)state;
	begin(1u << 20);
	assert_false(has("a", NULL, NULL));
	put("a", object(100, NULL, NULL, NULL));
	put("a", object(200, NULL, NULL, NULL));
	assert_true(has("a", NULL, NULL));
	assert_false(has("b", NULL, NULL));
	assert_true(fr_store_held(store) < 1500);
}

static void variants_are_told_apart_and_bounded(void **state)
{
	(void)state;
	begin(1u << 20);
	put("a", object(10, "accept-language", "de", NULL));
	put("a", object(10, "accept-language", "fr", NULL));
	assert_true(has("a", "accept-language", "de"));
	assert_true(has("a", "accept-language", "fr"));
	assert_false(has("a", "accept-language", "en"));
	assert_false(has("a", NULL, NULL));
	for (int i = 0; i < 20; i++) {
		char language[8];

		(void)snprintf(language, sizeof language, "x%d", i);
		put("a", object(10, "accept-language", language, NULL));
	}
	assert_true(has("a", "accept-language", "x19"));
	assert_true(has("a", "accept-language", "x16"));
	assert_false(has("a", "accept-language", "x15"));
	assert_false(has("a", "accept-language", "de"));
}

static void memory_is_bounded_by_what_is_really_held(void **state)
{
	struct fr_store_stats stats;

	(void)state;
	begin(1u << 20);
	for (int i = 0; i < 5000; i++) {
		char key[16];

		(void)snprintf(key, sizeof key, "/%d", i);
		put(key, object((size_t)(i % 7) * 1000 + 1, NULL, NULL, NULL));
		assert_true(fr_store_held(store) <= 1u << 20);
	}
	fr_store_stats(store, &stats);
	assert_true(stats.objects > 200 && stats.objects == stats.entries);
	assert_int_equal(stats.objects + stats.evicted, 5000);
}

static void a_scan_does_not_flush_what_is_asked_for_often(void **state)
{
	unsigned kept = 0;

	(void)state;
	begin(1u << 20);
	for (int i = 0; i < 100; i++) {
		char key[16];

		(void)snprintf(key, sizeof key, "/hot%d", i);
		put(key, object(1000, NULL, NULL, NULL));
	}
	for (int i = 0; i < 20000; i++) {
		char key[16];

		(void)snprintf(key, sizeof key, "/scan%d", i);
		put(key, object(1000, NULL, NULL, NULL));
		(void)snprintf(key, sizeof key, "/hot%d", i % 100);
		(void)has(key, NULL, NULL);
	}
	for (int i = 0; i < 100; i++) {
		char key[16];

		(void)snprintf(key, sizeof key, "/hot%d", i);
		kept += has(key, NULL, NULL);
	}
	assert_true(kept > 90);
}

static void what_is_in_use_outlives_its_eviction(void **state)
{
	struct fr_store_limits tiny = {.memory = 1, .max_variants = 4};
	struct fr_object *o;

	(void)state;
	begin(1u << 16);
	o = object(30000, NULL, NULL, NULL);
	(void)fr_store_insert(store, S("a"), o, NULL, NULL);
	put("b", object(10000, NULL, NULL, NULL));
	fr_store_set_limits(store, &tiny);
	assert_false(fr_store_trim(store));
	assert_false(has("a", NULL, NULL) || has("b", NULL, NULL));
	assert_true(fr_store_held(store) > 30000 && fr_store_held(store) < 31000);
	assert_int_equal(fr_body_len(o->body), 30000);
	fr_object_unref(&o);
}

static void purges_name_a_key_a_prefix_or_a_tag(void **state)
{
	struct fr_purge p = {0};
	struct fr_fields none;
	struct fr_object *o;
	bool others;

	(void)state;
	begin(1u << 20);
	put("https://h/a", object(1, NULL, NULL, "red, blue"));
	put("https://h/b", object(1, NULL, NULL, "red"));
	put("https://g/a", object(1, NULL, NULL, "green"));
	p.tag = S("blue");
	assert_int_equal(fr_store_purge(store, &p), 1);
	assert_false(has("https://h/a", NULL, NULL));
	p = (struct fr_purge){.prefix = S("https://g/"), .is_soft = true};
	assert_int_equal(fr_store_purge(store, &p), 1);
	fr_fields_init(&none, &arena);
	o = fr_store_find(store, S("https://g/a"), &none, &arena, &others);
	assert_true(o && o->is_stale);
	fr_object_unref(&o);
	p = (struct fr_purge){.key = S("https://h/b")};
	assert_int_equal(fr_store_purge(store, &p), 1);
	assert_int_equal(fr_store_purge(store, &p), 0);
	p = (struct fr_purge){0};
	assert_int_equal(fr_store_purge(store, &p), 1);
	assert_int_equal(fr_store_held(store), 0);
}

static unsigned woken;

static void wake(struct fr_watcher *w)
{
	(void)w;
	woken++;
}

static void one_leads_and_the_others_join(void **state)
{
	struct fr_flight *lead, *joined = NULL, *again;
	struct fr_watcher w = {.wake = wake};
	struct fr_object *o, *got;

	(void)state;
	begin(1u << 20);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1, &lead), FR_FLY_LEAD);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1, &joined), FR_FLY_JOIN);
	assert_ptr_equal(lead, joined);
	woken = 0;
	fr_flight_watch(joined, &w);
	o = object(10, NULL, NULL, NULL);
	(void)fr_store_insert(store, S("a"), o, NULL, NULL);
	fr_flight_land(lead, FR_FLIGHT_LANDED, o, 0, 1);
	assert_int_equal(woken, 1);
	assert_int_equal(fr_flight_state(joined), FR_FLIGHT_LANDED);
	got = fr_flight_object(joined);
	assert_ptr_equal(got, o);
	fr_object_unref(&got);
	fr_object_unref(&o);
	fr_flight_unwatch(joined, &w);
	fr_flight_unref(&joined);
	fr_flight_unref(&lead);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1, &again), FR_FLY_LEAD);
	fr_flight_land(again, FR_FLIGHT_NOTHING, NULL, 0, 1);
	fr_flight_unref(&again);
}

static void after_a_common_disappointment_nobody_waits(void **state)
{
	struct fr_flight *lead, *joined, *none;

	(void)state;
	begin(1u << 20);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1000, &lead), FR_FLY_LEAD);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1000, &joined), FR_FLY_JOIN);
	fr_flight_land(lead, FR_FLIGHT_NOTHING, NULL, 0, 1000);
	assert_int_equal(fr_flight_state(joined), FR_FLIGHT_NOTHING);
	assert_null(fr_flight_object(joined));
	fr_flight_unref(&lead);
	fr_flight_unref(&joined);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1999, &none), FR_FLY_ALONE);
	assert_int_equal(fr_store_fly(store, S("a"), false, 2000, &lead), FR_FLY_LEAD);
	/* nobody waited: no trace is left */
	fr_flight_land(lead, FR_FLIGHT_NOTHING, NULL, 0, 2000);
	fr_flight_unref(&lead);
	assert_int_equal(fr_store_held(store), 0);
}

/* The leader's end was its own: another one leads at once, for all. */
static void after_a_lost_flight_one_asks_for_the_others(void **state)
{
	struct fr_flight *lead, *joined, *again;

	(void)state;
	begin(1u << 20);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1000, &lead), FR_FLY_LEAD);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1000, &joined), FR_FLY_JOIN);
	fr_flight_land(lead, FR_FLIGHT_LOST, NULL, 0, 1000);
	fr_flight_land(lead, FR_FLIGHT_FAILED, NULL, 502, 1000); /* it has landed */
	assert_int_equal(fr_flight_state(joined), FR_FLIGHT_LOST);
	fr_flight_unref(&lead);
	fr_flight_unref(&joined);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1000, &lead), FR_FLY_LEAD);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1000, &again), FR_FLY_JOIN);
	fr_flight_unref(&again);
	/* given up without a word: nobody waits for it for ever */
	fr_flight_unref(&lead);
	assert_int_equal(fr_store_held(store), 0);
}

/* What a purge may fall between: asking and inserting, finding and asking. */
static void a_purge_is_missed_by_no_fetch(void **state)
{
	static const struct {
		const char *what;
		struct fr_purge purge;
		bool hits;
	} purges[] = {
		{"all", {.is_soft = false}, true},
		{"url", {.key = FR_STR("https://h/a")}, true},
		{"prefix", {.prefix = FR_STR("https://h/")}, true},
		{"tag", {.tag = FR_STR("red")}, true},
		{"soft", {.key = FR_STR("https://h/a"), .is_soft = true}, true},
		{"another url", {.key = FR_STR("https://h/b")}, false},
	};
	struct fr_str key = FR_STR("https://h/a");

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(purges); i++) {
		struct fr_flight *f, *other = NULL;
		struct fr_object *o;
		enum fr_fly how;
		bool stored;

		begin(1u << 20);
		o = object(10, NULL, NULL, "red");
		assert_int_equal(fr_store_fly(store, key, false, 1, &f), FR_FLY_LEAD);
		(void)fr_store_purge(store, &purges[i].purge);
		assert_int_equal(fr_flight_is_void(f), purges[i].hits);
		stored = fr_store_insert(store, key, o, NULL, f);
		if (stored == purges[i].hits || has("https://h/a", NULL, NULL) != stored)
			fail_msg("purged while it was fetched: %s", purges[i].what);
		/* who asks now is not given what may be from before */
		how = fr_store_fly(store, key, false, 1, &other);
		assert_int_equal(how, purges[i].hits ? FR_FLY_LEAD : FR_FLY_JOIN);
		fr_flight_land(f, FR_FLIGHT_LANDED, o, 0, 1);
		if (purges[i].hits)
			fr_flight_land(other, FR_FLIGHT_NOTHING, NULL, 0, 1);
		fr_flight_unref(&f);
		fr_flight_unref(&other);
		fr_object_unref(&o);
		(void)tear_down(NULL);
	}
	begin(1u << 20);
}

static void what_was_purged_is_not_put_back_by_its_validation(void **state)
{
	struct fr_purge all = {0};
	struct fr_object *stale, *validated;
	struct fr_flight *f;

	(void)state;
	begin(1u << 20);
	put("a", stale = fr_object_ref(object(10, NULL, NULL, NULL)));
	(void)fr_store_purge(store, &all); /* found before, asked about after */
	validated = object(10, NULL, NULL, NULL);
	assert_int_equal(fr_store_fly(store, S("a"), false, 1, &f), FR_FLY_LEAD);
	assert_true(stale->is_purged);
	assert_false(fr_store_insert(store, S("a"), validated, stale, f));
	assert_false(has("a", NULL, NULL));
	fr_flight_land(f, FR_FLIGHT_LANDED, validated, 0, 1);
	fr_flight_unref(&f);
	fr_object_unref(&stale);
	fr_object_unref(&validated);
}

static void what_did_not_pass_the_gate_does_not_come_in(void **state)
{
#ifdef NDEBUG
	struct fr_gate_verdict no = {.why = FR_CACHE_STORE_PRIVATE};
	struct fr_body *body;
	struct fr_arena a;
	struct fr_request req;
	struct fr_response resp;
	struct fr_object *o;

	(void)state;
	begin(1u << 20);
	fr_arena_init(&a, 1u << 20);
	fr_request_init(&req, &a);
	fr_response_init(&resp, &a, 200);
	body = fr_body_new(fr_store_account(store), 0);
	assert_null(fr_object_new(&req, &resp, &no, body, fr_store_account(store)));
	o = fr_object_whole(&req, &resp, &no, body, fr_store_account(store));
	assert_false(fr_store_insert(store, S("a"), o, NULL, NULL));
	assert_false(has("a", NULL, NULL));
	fr_object_unref(&o);
	fr_body_unref(&body);
	fr_arena_fini(&a);
#else
	(void)state; /* asserted there */
	begin(1u << 20);
#endif
}

static void a_304_updates_a_copy_with_the_same_body(void **state)
{
	struct fr_object *old, *new;
	struct fr_request req;
	struct fr_response resp, merged;
	struct fr_gate_verdict verdict;

	(void)state;
	begin(1u << 20);
	old = object(10, "accept", "a", "red");
	fr_request_init(&req, &arena);
	req.method = FR_METHOD_GET;
	assert_int_equal(fr_fields_add(&req.fields, S("accept"), S("a")), 0);
	fr_response_init(&resp, &arena, 304);
	assert_int_equal(fr_fields_add(&resp.fields, S("cache-control"), S("max-age=5")), 0);
	assert_int_equal(fr_fields_add(&resp.fields, S("cache-tag"), S("blue")), 0);
	assert_int_equal(fr_fields_add(&resp.fields, S("content-length"), S("99")), 0);
	assert_int_equal(fr_fields_add(&resp.fields, S("content-type"), S("text/new")), 0);
	assert_int_equal(fr_object_merge(old, &resp, &arena, &merged), 0);
	fr_gate_judge(&(struct fr_gate_question){.client = &req,
	                                         .sent = &req,
	                                         .resp = &merged,
	                                         .request_s = 100,
	                                         .response_s = 100},
	              &verdict);
	new = fr_object_new(&req, &merged, &verdict, old->body, fr_store_account(store));
	assert_non_null(new);
	assert_ptr_equal(new->body, old->body);
	assert_int_equal(new->status, 200);
	assert_int_equal(new->fresh.lifetime_s, 5);
	assert_int_equal(new->content_length, 10);
	assert_int_equal(new->n_fields, 3); /* vary, and what of the 304 describes no body */
	assert_true(fr_object_has_tag(new, S("blue")));
	assert_false(fr_object_has_tag(new, S("red")));
	assert_str(new->vary_values, "=a\n.\n");
	fr_object_unref(&old);
	fr_object_unref(&new);
}

static void *hammer(void *user)
{
	struct fr_arena a;
	struct fr_fields none;
	unsigned seed = (unsigned)(uintptr_t)user;

	fr_arena_init(&a, 1u << 20);
	for (int i = 0; i < 3000; i++) {
		struct fr_flight *f = NULL;
		struct fr_object *o;
		char key[16];
		bool others;

		seed = seed * 1103515245u + 12345u;
		(void)snprintf(key, sizeof key, "/%u", seed >> 16 & 63);
		fr_fields_init(&none, &a);
		o = fr_store_find(store, S(key), &none, &a, &others);
		if (!o && fr_store_fly(store, S(key), false, 1, &f) == FR_FLY_LEAD) {
			o = object(5000, NULL, NULL, "t");
			(void)fr_store_insert(store, S(key), o, NULL, f);
			fr_flight_land(f, FR_FLIGHT_LANDED, o, 0, 1);
		}
		if (f)
			fr_flight_unref(&f);
		if (o)
			assert_int_equal(fr_body_len(o->body), 5000);
		fr_object_unref(&o);
		if (i % 500 == 0) {
			struct fr_purge p = {.tag = S("t"), .is_soft = i % 1000 == 0};

			(void)fr_store_purge(store, &p);
		}
		fr_arena_reset(&a);
	}
	fr_arena_fini(&a);
	return NULL;
}

static void workers_share_it(void **state)
{
	pthread_t t[4];

	(void)state;
	begin(150000);
	for (uintptr_t i = 0; i < FR_ARRAY_LEN(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, hammer, (void *)(i + 1)), 0);
	for (size_t i = 0; i < FR_ARRAY_LEN(t); i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_true(fr_store_held(store) <= 150000);
}

#define T(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_put_is_found_until_replaced),
		T(variants_are_told_apart_and_bounded),
		T(memory_is_bounded_by_what_is_really_held),
		T(a_scan_does_not_flush_what_is_asked_for_often),
		T(what_is_in_use_outlives_its_eviction),
		T(purges_name_a_key_a_prefix_or_a_tag),
		T(one_leads_and_the_others_join),
		T(after_a_common_disappointment_nobody_waits),
		T(after_a_lost_flight_one_asks_for_the_others),
		T(a_purge_is_missed_by_no_fetch),
		T(what_was_purged_is_not_put_back_by_its_validation),
		T(what_did_not_pass_the_gate_does_not_come_in),
		T(a_304_updates_a_copy_with_the_same_body),
		T(workers_share_it),
	};

	RUN(tests);
}
