/* What the whole server learned, in memory and in its file: learned/learned.c. */
#include "learned/learned.h"

#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "unit.h"

#define A S("https://a.test/")
#define B S("https://b.test/x")

static char folder[64], path[96];
static struct fr_config config;
static struct fr_learned *learned;

static void open_it(void)
{
	learned = fr_learned_new(&config, 7);
	assert_non_null(learned);
}

static int set_up(void **state)
{
	(void)state;
	fr_log_set_level(FR_LOG_ERROR);
	(void)snprintf(folder, sizeof folder, "/tmp/forerun-learned-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/hints.db", folder);
	memset(&config, 0, sizeof config);
	config.hint_memory.size_mib = 4;
	config.hint_memory.ttl_ms = 604800000;
	config.hint_memory.file = path;
	open_it();
	return 0;
}

static int tear_down(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	char file[128];

	(void)state;
	fr_learned_free(&learned);
	assert_null(learned);
	for (size_t i = 0; i < FR_ARRAY_LEN(suffixes); i++) {
		(void)snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
		(void)unlink(file);
	}
	(void)rmdir(folder);
	return 0;
}

static int64_t now_s(void)
{
	return (int64_t)time(NULL);
}

static void teach(struct fr_str key, const char *link)
{
	struct fr_remembered r = {.link = S(link)};
	struct fr_hint_load load = {.v = &r, .n = 1, .client = 1, .witnesses = 1, .now_s = now_s()};

	assert_true(fr_hint_memory_see(fr_learned_memory(learned), key, &load, NULL));
}

static bool knows(struct fr_str key)
{
	struct fr_remembered_page *p =
		fr_hint_memory_find(fr_learned_memory(learned), key, NULL, now_s(), NULL);
	bool found = p && p->n == 1;

	fr_remembered_page_unref(&p);
	return found;
}

static uint64_t figure(const char *name)
{
	json_t *all = json_object();
	json_int_t v;

	fr_learned_stats(learned, all);
	assert_non_null(json_object_get(all, name));
	v = json_integer_value(json_object_get(all, name));
	json_decref(all);
	return (uint64_t)v;
}

static void restart(void)
{
	fr_learned_free(&learned);
	open_it();
}

static void pages_survive_a_restart(void **state)
{
	(void)state;
	teach(A, "</a.css>; rel=preload; as=style");
	teach(B, "</b.css>; rel=preload; as=style");
	restart();
	assert_true(knows(A));
	assert_true(knows(B));
	assert_int_equal(figure("hint_memory_pages"), 2);
}

static void assets_survive_a_restart(void **state)
{
	struct fr_asset_answer answer = {.status = 200,
	                                 .bytes = 1234,
	                                 .validator = 5,
	                                 .is_reusable = true,
	                                 .lifetime_s = 86400,
	                                 .client = 1};
	struct fr_asset asset;

	(void)state;
	fr_assets_answered(fr_learned_assets(learned), S("a.test"), S("/a.css"), &answer, now_s());
	restart();
	assert_true(fr_assets_find(fr_learned_assets(learned), S("a.test"), S("/a.css"), now_s(),
	                           &asset));
	assert_int_equal(asset.bytes, 1234);
	assert_int_equal(figure("assets_known"), 1);
}

static void a_purge_by_prefix_reaches_memory_and_file(void **state)
{
	(void)state;
	teach(A, "</a.css>; rel=preload; as=style");
	teach(B, "</b.css>; rel=preload; as=style");
	assert_int_equal(fr_learned_purge(learned, S("https://a.test/")), 1);
	assert_false(knows(A));
	assert_true(knows(B));
	restart();
	assert_false(knows(A));
	assert_true(knows(B));
}

static void a_purge_of_everything_leaves_nothing(void **state)
{
	(void)state;
	teach(A, "</a.css>; rel=preload; as=style");
	teach(B, "</b.css>; rel=preload; as=style");
	assert_int_equal(fr_learned_purge(learned, S("")), 2);
	restart();
	assert_int_equal(figure("hint_memory_pages"), 0);
	assert_int_equal(fr_learned_purge(learned, S("")), 0);
}

static void a_purge_of_a_page_takes_its_variants_and_no_neighbour(void **state)
{
	(void)state;
	teach(S("https://a.test/x"), "</a.css>; rel=preload; as=style");
	teach(S("https://a.test/x\n0123456789abcdef"), "</v.css>; rel=preload; as=style");
	teach(S("https://a.test/xy"), "</b.css>; rel=preload; as=style");
	assert_int_equal(fr_learned_purge_page(learned, S("https://a.test/x")), 2);
	assert_false(knows(S("https://a.test/x")));
	assert_true(knows(S("https://a.test/xy")));
	restart();
	assert_false(knows(S("https://a.test/x\n0123456789abcdef")));
	assert_true(knows(S("https://a.test/xy")));
}

static void without_a_file_nothing_survives(void **state)
{
	(void)state;
	fr_learned_free(&learned);
	config.hint_memory.file = NULL;
	open_it();
	teach(A, "</a.css>; rel=preload; as=style");
	assert_true(knows(A));
	restart();
	assert_false(knows(A));
}

static void a_file_that_is_no_database_is_no_obstacle(void **state)
{
	FILE *file;

	(void)state;
	fr_learned_free(&learned);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fputs("this is no database", file);
	(void)fclose(file);
	fr_log_set_level(FR_LOG_ERROR);
	open_it();
	teach(A, "</a.css>; rel=preload; as=style");
	assert_true(knows(A));
}

static void a_smaller_memory_forgets_what_does_not_fit(void **state)
{
	char key[64];

	(void)state;
	for (int i = 0; i < 6000; i++) {
		(void)snprintf(key, sizeof key, "https://a.test/%d", i);
		teach(S(key), "</a-rather-long-name-for-a-style-sheet.css>; rel=preload; as=style");
	}
	assert_int_equal(figure("hint_memory_pages"), 6000);
	config.hint_memory.size_mib = 1;
	fr_learned_configure(learned, &config);
	assert_true(figure("hint_memory_pages") < 6000);
	assert_true(figure("hint_memory_bytes") <= 1u << 20);
	assert_true(figure("hint_memory_evicted") > 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pages_survive_a_restart),
		T(assets_survive_a_restart),
		T(a_purge_by_prefix_reaches_memory_and_file),
		T(a_purge_of_everything_leaves_nothing),
		T(a_purge_of_a_page_takes_its_variants_and_no_neighbour),
		T(without_a_file_nothing_survives),
		T(a_file_that_is_no_database_is_no_obstacle),
		T(a_smaller_memory_forgets_what_does_not_fit),
	};
	RUN(tests);
}
