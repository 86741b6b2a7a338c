#include <pthread.h>

#include "assets_fixture.h"

#define ETAG_1 UINT64_C(0x6ec4a7ba5ea97435)

static struct fr_str numbered(unsigned i)
{
	static _Thread_local char text[16];

	(void)snprintf(text, sizeof text, "/%u", i);
	return S(text);
}

static void an_answer_is_remembered(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 1);
	struct fr_asset f;

	(void)state;
	assert_false(fr_assets_find(a, HOST, S("/a"), NOW, &f));
	answered(a, "/a", &fresh_day, NOW);
	f = found(a, "/a", NOW);
	assert_int_equal(f.bytes, 1234);
	assert_int_equal(f.validator, 77);
	assert_int_equal(f.fresh_until_s, NOW + 86400);
	assert_int_equal(f.lifetime_s, 86400);
	assert_true(f.is_known && f.is_reusable && f.is_storable && !f.is_gone[FR_ASSET_BARE]);
	assert_false(fr_assets_find(a, S("other.test"), S("/a"), NOW, &f));
	fr_assets_free(&a);
	assert_null(a);
	fr_assets_free(&a);
}

static void the_last_answer_counts(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 1);
	struct fr_asset_answer no = {.status = 200, .bytes = UINT64_C(1) << 40};
	struct fr_asset f;

	(void)state;
	answered(a, "/a", &fresh_day, NOW);
	answered(a, "/a", &no, NOW + 10);
	f = found(a, "/a", NOW + 10);
	assert_int_equal(f.bytes, UINT32_MAX);
	assert_int_equal(f.validator, 0);
	assert_int_equal(f.fresh_until_s, 0);
	assert_true(f.is_known && !f.is_reusable && !f.is_storable);
	fr_assets_free(&a);
}

static void an_unknown_size_and_a_part_leave_the_size(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 1);
	struct fr_asset_answer answer = fresh_day;

	(void)state;
	answered(a, "/a", &answer, NOW);
	answer.bytes = UINT64_MAX;
	answered(a, "/a", &answer, NOW);
	assert_int_equal(found(a, "/a", NOW).bytes, 1234);
	answer.status = 206;
	answer.bytes = 10;
	answered(a, "/a", &answer, NOW);
	assert_int_equal(found(a, "/a", NOW).bytes, 1234);
	fr_assets_free(&a);
}

static void not_modified_renews_and_takes_nothing_away(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 1);
	struct fr_asset_answer not_modified = {.status = 304, .bytes = 0};

	(void)state;
	answered(a, "/a", &fresh_day, NOW);
	answered(a, "/a", &not_modified, NOW + 100);
	assert_int_equal(found(a, "/a", NOW).fresh_until_s, NOW + 86400);
	not_modified.is_reusable = true;
	not_modified.lifetime_s = 60;
	answered(a, "/a", &not_modified, NOW + 86400);
	assert_int_equal(found(a, "/a", NOW).fresh_until_s, NOW + 86460);
	assert_int_equal(found(a, "/a", NOW).validator, 77);
	assert_int_equal(found(a, "/a", NOW).bytes, 1234);
	fr_assets_free(&a);
}

static void interim_answers_say_nothing(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 1);
	struct fr_asset_answer answer = {.status = 103};
	struct fr_asset f;

	(void)state;
	answered(a, "/a", &answer, NOW);
	assert_false(fr_assets_find(a, HOST, S("/a"), NOW, &f));
	fr_assets_free(&a);
}

static void the_longest_unused_goes_beyond_the_capacity(void **state)
{
	struct fr_assets *a = fr_assets_new(100, 7);
	struct fr_assets_stats stats;
	struct fr_asset f;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		fr_assets_answered(a, HOST, numbered(i), &fresh_day, NOW);
		assert_true(fr_assets_find(a, HOST, numbered(0), NOW, &f)); /* used */
	}
	fr_assets_stats(a, &stats);
	assert_int_equal(stats.entries, 100);
	assert_int_equal(stats.evicted, 900);
	for (unsigned i = 1; i < 1000; i++)
		assert_int_equal(fr_assets_find(a, HOST, numbered(i), NOW, &f), i >= 901);
	fr_assets_free(&a);
}

static void large_tables_are_bounded_as_well(void **state)
{
	struct fr_assets *a = fr_assets_new(2048, 7);
	struct fr_assets_stats stats;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		fr_assets_answered(a, HOST, numbered(i), &fresh_day, NOW);
	fr_assets_stats(a, &stats);
	assert_int_equal(stats.entries, 2048);
	assert_int_equal(stats.evicted, 20000 - 2048);
	fr_assets_free(&a);
}

static void a_scan_for_what_is_not_there_displaces_nothing(void **state)
{
	struct fr_assets *a = fr_assets_new(100, 7);
	struct fr_asset_answer missing = {.status = 404};
	struct fr_asset f;

	(void)state;
	for (unsigned i = 0; i < 99; i++)
		fr_assets_answered(a, HOST, numbered(i), &fresh_day, NOW);
	for (unsigned i = 1000; i < 5000; i++)
		fr_assets_answered(a, HOST, numbered(i), &missing, NOW);
	for (unsigned i = 0; i < 99; i++)
		assert_true(fr_assets_find(a, HOST, numbered(i), NOW, &f));
	assert_true(fr_assets_find(a, HOST, numbered(4999), NOW, &f));
	assert_true(f.is_gone[FR_ASSET_BARE] && !f.is_known);
	fr_assets_free(&a);
}

static void without_memory_nothing_is_remembered(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 1);
	struct fr_asset_answer missing = {.status = 404};
	struct fr_asset f;

	(void)state;
	fr_mem_fail_after(1);
	answered(a, "/a", &fresh_day, NOW);
	fr_mem_fail_after(1);
	answered(a, "/a", &missing, NOW);
	fr_mem_fail_after(1);
	fr_assets_pushed(a, HOST, S("/a"), FR_CLIENT_CLASS_NODE, true);
	fr_mem_fail_after(0);
	assert_false(fr_assets_find(a, HOST, S("/a"), NOW, &f));
	fr_assets_free(&a);
}

static enum fr_push_advice advise(struct fr_assets *a, enum fr_client_class c)
{
	return fr_assets_advise(a, HOST, S("/a"), c);
}

static void cancels_are_learned_for_each_class_by_itself(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 1);

	(void)state;
	assert_int_equal(advise(a, FR_CLIENT_CLASS_CHROMIUM), FR_PUSH_ADVICE_YES);
	for (unsigned i = 0; i < 5; i++)
		fr_assets_pushed(a, HOST, S("/a"), FR_CLIENT_CLASS_CHROMIUM, true);
	for (unsigned i = 1; i < FR_PUSH_TRIAL_EVERY; i++)
		assert_int_equal(advise(a, FR_CLIENT_CLASS_CHROMIUM), FR_PUSH_ADVICE_NO);
	assert_int_equal(advise(a, FR_CLIENT_CLASS_CHROMIUM), FR_PUSH_ADVICE_TRIAL);
	assert_int_equal(advise(a, FR_CLIENT_CLASS_NODE), FR_PUSH_ADVICE_YES);
	fr_assets_pushed(a, HOST, S("/a"), FR_CLIENT_CLASS_CHROMIUM, false);
	assert_int_equal(advise(a, FR_CLIENT_CLASS_CHROMIUM), FR_PUSH_ADVICE_LATE);
	fr_assets_free(&a);
}

/* --- journal and persistence --- */

struct journal {
	struct fr_assets *assets;
	unsigned calls;
	uint64_t keys[64];
};

static void on_changed(void *user, uint64_t key)
{
	struct journal *j = user;
	uint8_t blob[FR_ASSET_BLOB_BYTES];

	(void)fr_assets_save(j->assets, key, blob); /* no lock is held */
	j->keys[j->calls++ % 64] = key;
}

static void listen_to(struct fr_assets *a, struct journal *j)
{
	*j = (struct journal){.assets = a};
	fr_assets_set_journal(a, &(struct fr_assets_journal){on_changed, j});
}

static void the_journal_hears_of_what_is_new(void **state)
{
	struct fr_assets *a = fr_assets_new(2, 1);
	struct fr_asset_answer answer = fresh_day;
	struct journal j;

	(void)state;
	listen_to(a, &j);
	answered(a, "/a", &answer, NOW);
	assert_int_equal(j.calls, 1);
	answered(a, "/a", &answer, NOW + 10); /* the same, somewhat later */
	assert_int_equal(j.calls, 1);
	answered(a, "/a", &answer, NOW + FR_ASSET_JOURNAL_STEP_S);
	assert_int_equal(j.calls, 2);
	answer.validator++;
	answered(a, "/a", &answer, NOW + FR_ASSET_JOURNAL_STEP_S);
	assert_int_equal(j.calls, 3);
	for (unsigned i = 0; i < 3; i++)
		fr_assets_pushed(a, HOST, S("/a"), FR_CLIENT_CLASS_NODE, true);
	assert_int_equal(j.calls, 4); /* with the third: LATE */
	answered(a, "/b", &answer, NOW);
	answered(a, "/c", &answer, NOW); /* and /a goes */
	assert_int_equal(j.calls, 7);
	assert_int_equal(j.keys[6], j.keys[0]);
	assert_int_equal(fr_assets_save(a, j.keys[6], (uint8_t[FR_ASSET_BLOB_BYTES]){0}), 0);
	fr_assets_free(&a);
}

static void an_asset_survives_as_bytes(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 5), *b = fr_assets_new(10, 5);
	uint8_t blob[FR_ASSET_BLOB_BYTES];
	struct fr_asset f, g;
	struct journal j;

	(void)state;
	listen_to(a, &j);
	answered(a, "/a", &fresh_day, NOW);
	for (unsigned i = 0; i < 5; i++)
		fr_assets_pushed(a, HOST, S("/a"), FR_CLIENT_CLASS_NODE, true);
	for (unsigned i = 0; i < FR_PUSH_TRIAL_EVERY; i++)
		(void)advise(a, FR_CLIENT_CLASS_NODE); /* a trial is under way */
	assert_int_equal(fr_assets_save(a, j.keys[0], blob), sizeof blob);
	assert_int_equal(fr_assets_load(b, j.keys[0], blob, sizeof blob), 0);
	f = found(a, "/a", NOW);
	g = found(b, "/a", NOW);
	assert_int_equal(f.bytes, g.bytes);
	assert_int_equal(f.validator, g.validator);
	assert_int_equal(f.fresh_until_s, g.fresh_until_s);
	assert_int_equal(f.lifetime_s, g.lifetime_s);
	assert_true(g.is_known && g.is_reusable && g.is_storable && !g.is_gone[FR_ASSET_BARE]);
	assert_int_equal(advise(b, FR_CLIENT_CLASS_NODE), FR_PUSH_ADVICE_NO);
	assert_int_equal(advise(b, FR_CLIENT_CLASS_CURL), FR_PUSH_ADVICE_YES);
	/* what is known already is newer */
	answered(b, "/a", &(struct fr_asset_answer){.status = 200, .bytes = 5}, NOW);
	assert_int_equal(fr_assets_load(b, j.keys[0], blob, sizeof blob), 0);
	assert_int_equal(found(b, "/a", NOW).bytes, 5);
	fr_assets_free(&a);
	fr_assets_free(&b);
}

static void bytes_that_cannot_be_are_refused(void **state)
{
	struct fr_assets *a = fr_assets_new(10, 5);
	uint8_t good[FR_ASSET_BLOB_BYTES], blob[FR_ASSET_BLOB_BYTES], more[FR_ASSET_BLOB_BYTES + 4];
	struct journal j;

	(void)state;
	listen_to(a, &j);
	answered(a, "/a", &fresh_day, NOW);
	assert_int_equal(fr_assets_save(a, j.keys[0], good), sizeof good);
	for (size_t len = 0; len < sizeof good; len++) {
		uint8_t *exact = malloc(len + 1);

		memcpy(exact, good, len);
		assert_int_equal(fr_assets_load(a, 1, exact, len), FR_ERR_SYNTAX);
		free(exact);
	}
	memcpy(more, good, sizeof good);
	memset(more + sizeof good, 0, 4);
	assert_int_equal(fr_assets_load(a, 1, more, sizeof more), FR_ERR_SYNTAX);
	more[2]++; /* more classes than there are */
	assert_int_equal(fr_assets_load(a, 1, more, sizeof more), FR_ERR_SYNTAX);
	for (size_t i = 0; i < sizeof good; i++) {
		/* the upper bit of: version, flags, classes, time, scores */
		bool must_fail = i < 4 || i == 27 || i >= 28;

		memcpy(blob, good, sizeof blob);
		blob[i] ^= 0x80;
		assert_int_equal(fr_assets_load(a, 2 + i, blob, sizeof blob),
		                 must_fail ? FR_ERR_SYNTAX : 0);
	}
	/* a version with fewer classes wrote it */
	memcpy(blob, good, sizeof blob);
	blob[2]--;
	assert_int_equal(fr_assets_load(a, 1, blob, sizeof blob - 4), 0);
	fr_assets_free(&a);
}

/* --- many threads --- */

struct racer {
	struct fr_assets *a;
	unsigned seed;
	_Atomic unsigned *calls;
};

static void on_changed_count(void *user, uint64_t key)
{
	(void)key;
	(*(_Atomic unsigned *)user)++;
}

static void *race(void *arg)
{
	struct racer *r = arg;
	unsigned x = r->seed;

	for (unsigned i = 0; i < 20000; i++) {
		struct fr_asset_answer answer = fresh_day;
		struct fr_asset f;
		struct fr_str target;

		x = x * 1103515245 + 12345;
		target = numbered((x >> 16) % 3000);
		answer.status = x >> 28 == 3 ? 404 : 200;
		answer.validator = x >> 30;
		switch (x >> 12 & 3) {
		case 0:
			fr_assets_answered(r->a, HOST, target, &answer, NOW + i);
			break;
		case 1:
			(void)fr_assets_find(r->a, HOST, target, NOW + i, &f);
			break;
		case 2:
			(void)fr_assets_advise(r->a, HOST, target, FR_CLIENT_CLASS_NODE);
			break;
		default:
			fr_assets_pushed(r->a, HOST, target, FR_CLIENT_CLASS_NODE, x >> 31);
		}
	}
	return NULL;
}

static void many_threads_share_it(void **state)
{
	_Atomic unsigned calls = 0;
	struct fr_assets *a = fr_assets_new(2048, 9);
	struct fr_assets_stats stats;
	struct racer racers[4];
	pthread_t threads[4];

	(void)state;
	fr_assets_set_journal(a, &(struct fr_assets_journal){on_changed_count, &calls});
	for (unsigned i = 0; i < 4; i++) {
		racers[i] = (struct racer){a, i + 1, &calls};
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	fr_assets_stats(a, &stats);
	assert_true(stats.entries <= 2048 && stats.entries > 1000);
	assert_true(calls > 0);
	fr_assets_free(&a);
}

/* --- what a response says --- */

#define DATE "Fri, 15 Jan 2027 08:00:00 GMT" /* NOW */

/* fields: "name: value" lines. */
static struct fr_asset_answer judge(int status, const char *fields)
{
	struct fr_str left = S(fields);
	struct fr_response resp;
	struct fr_asset_answer out;

	fr_response_init(&resp, &arena, status);
	resp.content_length = -1;
	while (left.len) {
		struct fr_str line = fr_str_sub(left, 0, fr_str_find(left, '\n'));
		size_t colon = fr_str_find(line, ':');

		left = fr_str_sub(left, line.len + 1, left.len);
		assert_int_equal(
			fr_fields_add_copy(&resp.fields, fr_str_sub(line, 0, colon),
		                           fr_str_trim(fr_str_sub(line, colon + 1, line.len))),
			0);
	}
	fr_asset_answer_from(&resp, NOW, &out);
	return out;
}

static void lives(int64_t lifetime_s, int status, const char *fields)
{
	struct fr_asset_answer out = judge(status, fields);

	if (out.lifetime_s != lifetime_s)
		print_error("%s: %u\n", fields, out.lifetime_s);
	assert_int_equal(out.lifetime_s, lifetime_s);
	assert_int_equal(out.is_reusable, lifetime_s > 0);
}

static void a_browser_reuses_what_is_fresh(void **state)
{
	(void)state;
	lives(60, 200, "cache-control: max-age=60");
	lives(60, 200, "cache-control: private, max-age=60, must-revalidate");
	lives(60, 200, "cache-control: max-age=60, s-maxage=0\nexpires: 0");
	lives(50, 200, "cache-control: max-age=60\nage: 10");
	lives(50, 200, "cache-control: max-age=60\ndate: Fri, 15 Jan 2027 07:59:50 GMT");
	lives(3600, 200, "date: " DATE "\nexpires: Fri, 15 Jan 2027 09:00:00 GMT");
	lives(3590, 200, "date: " DATE "\nexpires: Fri, 15 Jan 2027 09:00:00 GMT\nage: 10");
	/* ten days old: a day */
	lives(86400, 200, "last-modified: Tue, 05 Jan 2027 08:00:00 GMT");
	lives(60, 304, "cache-control: max-age=60");
	lives(60, 200, "cache-control: max-age=60\nvary: accept-encoding");
	lives(2147483648, 200, "cache-control: max-age=99999999999999999999");
}

static void a_browser_asks_again_for_the_rest(void **state)
{
	(void)state;
	lives(0, 200, "");
	lives(0, 200, "etag: \"1\"");
	lives(0, 200, "cache-control: max-age=0");
	lives(0, 200, "cache-control: max-age=60\nage: 60");
	lives(0, 200, "cache-control: no-store, max-age=60");
	lives(0, 200, "cache-control: no-cache, max-age=60");
	lives(0, 200, "cache-control: s-maxage=60");
	lives(0, 200, "cache-control: max-age=60\npragma: no-cache");
	lives(0, 200, "cache-control: max-age=60\nvary: accept, *");
	lives(0, 200, "expires: 0\nlast-modified: Tue, 05 Jan 2027 08:00:00 GMT");
	lives(0, 200, "expires: " DATE);
	lives(0, 200,
	      "cache-control: must-revalidate\nlast-modified: Tue, 05 Jan 2027 08:00:00 GMT");
	lives(0, 200, "last-modified: Sat, 16 Jan 2027 08:00:00 GMT");
	lives(0, 404, "cache-control: max-age=60");
	lives(0, 301, "cache-control: max-age=60");
	lives(0, 204, "cache-control: max-age=60");
}

static void the_validator_is_stable(void **state)
{
	(void)state;
	/* it ends up in cookies: other numbers make them worthless */
	assert_int_equal(judge(200, "etag: \"1\"").validator, ETAG_1);
	assert_int_equal(judge(200, "etag: W/\"1\"").validator, ETAG_1);
	assert_int_equal(judge(200, "etag: \"1\"\nlast-modified: " DATE).validator, ETAG_1);
	assert_int_not_equal(judge(200, "etag: \"2\"").validator, ETAG_1);
	assert_int_not_equal(judge(200, "last-modified: " DATE).validator, 0);
	assert_int_equal(judge(200, "").validator, 0);
	assert_int_equal(judge(200, "etag:").validator, 0);
}

static void the_shared_cache_keeps_what_is_for_all(void **state)
{
	static const char *const yes[] = {
		"cache-control: max-age=60",
		"cache-control: s-maxage=60, max-age=0",
		"cache-control: no-store\ncdn-cache-control: max-age=60",
		"cache-control: public, max-age=60\nset-cookie: a=b",
		"last-modified: Tue, 05 Jan 2027 08:00:00 GMT",
	};
	static const char *const no[] = {
		"",
		"cache-control: private, max-age=60",
		"cache-control: no-store, max-age=60",
		"cache-control: max-age=60\nset-cookie: a=b",
		"cache-control: max-age=60\nvary: *",
		"cache-control: max-age=60\nage: 70",
		"cache-control: max-age=60\ncdn-cache-control: no-store",
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(yes); i++)
		assert_true(judge(200, yes[i]).is_storable);
	for (size_t i = 0; i < FR_ARRAY_LEN(no); i++)
		assert_false(judge(200, no[i]).is_storable);
	assert_false(judge(206, yes[0]).is_storable);
	assert_false(judge(500, yes[0]).is_storable);
}

static void count_key(void *user, uint64_t key)
{
	size_t *n = user;

	assert_true(key != 0);
	(*n)++;
}

static void a_walk_meets_every_asset(void **state)
{
	struct fr_assets *all = fr_assets_new(4096, 7);
	struct fr_asset_answer answer = {.status = 200, .bytes = 1};
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		char target[16];

		(void)snprintf(target, sizeof target, "/%u", i);
		fr_assets_answered(all, S("h.test"), S(target), &answer, 1000);
	}
	fr_assets_walk(all, count_key, &n);
	assert_int_equal(n, 100);
	fr_assets_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_answer_is_remembered),
		T(the_last_answer_counts),
		T(an_unknown_size_and_a_part_leave_the_size),
		T(not_modified_renews_and_takes_nothing_away),
		T(interim_answers_say_nothing),
		T(the_longest_unused_goes_beyond_the_capacity),
		T(large_tables_are_bounded_as_well),
		T(a_scan_for_what_is_not_there_displaces_nothing),
		T(without_memory_nothing_is_remembered),
		T(cancels_are_learned_for_each_class_by_itself),
		T(the_journal_hears_of_what_is_new),
		T(an_asset_survives_as_bytes),
		T(bytes_that_cannot_be_are_refused),
		T(many_threads_share_it),
		T(a_browser_reuses_what_is_fresh),
		T(a_browser_asks_again_for_the_rest),
		T(a_walk_meets_every_asset),
		T(the_validator_is_stable),
		T(the_shared_cache_keeps_what_is_for_all),
	};

	RUN(tests);
}
