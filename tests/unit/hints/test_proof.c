#include "hints/proof/proof.h"

#include "hints/proof/measure.h"
#include "hints/proof/template.h"
#include "unit.h"

#define NOW_S 1790000000

/* --- names --- */

static void a_page_is_known_by_host_and_template(void **state)
{
	static const struct {
		const char *path, *name;
	} v[] = {
		{"/", "a.test/"},
		{"/about", "a.test/about"},
		{"/post/17", "a.test/post/*"},
		{"/post/the-title/", "a.test/post/*"},
		{"/a/b/c", "a.test/a/*"},
		{"/shop/", "a.test/shop/"},
		{"/2026", "a.test/*"},
		{"/how-to-cook", "a.test/*"},
		{"/index.html", "a.test/index.html"},
		{"/a\xff/x", "a.test/a?/*"},
		{"", "a.test/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
		char out[FR_PROOF_KEY_BYTES];
		size_t n = fr_proof_template(S("a.test"), S(v[i].path), out, sizeof out);

		assert_str(fr_str_make(out, n), v[i].name);
	}
}

static void a_long_name_is_cut(void **state)
{
	static char path[1000];
	char out[FR_PROOF_KEY_BYTES];

	(void)state;
	memset(path, 'x', sizeof path);
	path[0] = '/';
	assert_int_equal(
		fr_proof_template(S("a.test"), fr_str_make(path, sizeof path), out, sizeof out),
		sizeof out);
}

static void a_hash_in_a_name_does_not_count(void **state)
{
	(void)state;
	assert_int_equal(fr_measure_asset(S("/a/bg.3f2a9c.png")),
	                 fr_measure_asset(S("/a/bg.9b1c77.png")));
	assert_int_equal(fr_measure_asset(S("/a/bg.png?v=1")),
	                 fr_measure_asset(S("/a/bg.png?v=2")));
	assert_int_not_equal(fr_measure_asset(S("/a/bg.png")), fr_measure_asset(S("/a/hero.png")));
	assert_int_not_equal(fr_measure_asset(S("/a/bg.png")), fr_measure_asset(S("/b/bg.png")));
	assert_int_not_equal(fr_measure_asset(S("")), 0);
}

/* --- what a record says --- */

static struct fr_load_asset asset(const char *target, enum fr_as as, uint32_t asked_ms,
                                  unsigned flags)
{
	return (struct fr_load_asset){.target = S(target),
	                              .as = (uint8_t)as,
	                              .asked_ms = asked_ms,
	                              .flags = (uint16_t)flags,
	                              .parent = UINT32_MAX,
	                              .bytes = 1000};
}

#define ASKED (FR_LOAD_ASKED | FR_LOAD_OK)

static struct fr_load_asset assets[5];

static struct fr_load record(enum fr_arm arm)
{
	struct fr_mark mark = {.arm = arm, .state = FR_TRIAL_ALL, .trial = 1};

	assets[0] = asset("/a.css", FR_AS_STYLE, 20, ASKED | FR_LOAD_OMITTED);
	assets[1] = asset("/b.js", FR_AS_SCRIPT, 21, ASKED);
	assets[2] = asset("/bg.png", FR_AS_IMAGE, 80, ASKED | FR_LOAD_BY_STYLE);
	assets[3] = asset("/unused.js", FR_AS_SCRIPT, FR_LOAD_NEVER, FR_LOAD_OMITTED);
	assets[4] = asset("/cancelled.js", FR_AS_SCRIPT, FR_LOAD_NEVER,
	                  FR_LOAD_PUSHED | FR_LOAD_CANCELLED);
	return (struct fr_load){.authority = S("a.test"),
	                        .target = S("/post/17?x"),
	                        .v = assets,
	                        .n = 5,
	                        .arm = fr_mark_pack(&mark),
	                        .visitor = {.id = 42},
	                        .times = {.first_ms = 10, .done_ms = 200, .rtt_us = 30000}};
}

static void a_record_gives_times_and_counts(void **state)
{
	struct fr_layout_asset out[FR_LOAD_MAX_ASSETS];
	struct fr_load load = record(FR_ARM_NONE);
	struct fr_compared_load l;

	(void)state;
	fr_measure_load(&load, out, &l);
	assert_true(l.is_cold);
	assert_int_equal(l.mark.arm, FR_ARM_NONE);
	assert_int_equal(l.complete_us, 230000);
	assert_int_equal(l.first_byte_us / 1000, 10);
	assert_int_equal(l.n_assets, 4); /* not the one that was neither requested nor pushed */
	assert_int_equal(l.offered, 3);
	assert_int_equal(l.left_out, 2);
	assert_int_equal(l.left_out_hit, 1);
	assert_int_equal(l.needed, 2); /* the picture blocks nothing */
	assert_int_equal(l.needed_hinted, 1);
	assert_int_equal(l.pushes, 1);
	assert_int_equal(l.cancelled, 1);
	assert_int_equal(l.wasted_bytes, 1000);
	assert_true(out[2].is_of_style && out[2].is_image);
	assert_int_equal(out[2].asked_us / 1000, 80);
}

static void a_warm_cache_is_not_cold(void **state)
{
	static const unsigned flags[] = {ASKED | FR_LOAD_CONDITIONAL, FR_LOAD_HAD};
	struct fr_layout_asset out[FR_LOAD_MAX_ASSETS];
	struct fr_compared_load l;
	struct fr_load load;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		load = record(FR_ARM_ALL);
		assets[0] = asset("/a.css", FR_AS_STYLE, 20, flags[i]);
		fr_measure_load(&load, out, &l);
		assert_false(l.is_cold);
	}
	load = record(FR_ARM_ALL);
	load.is_reload = true;
	fr_measure_load(&load, out, &l);
	assert_false(l.is_cold);
	load = record(FR_ARM_ALL);
	load.is_cut = true;
	fr_measure_load(&load, out, &l);
	assert_true(!l.is_cold && l.complete_us == 0);
}

/* --- the table --- */

static struct fr_proof_answer ask(struct fr_proof *p, const char *path, uint32_t holdout)
{
	struct fr_proof_question q = {
		.authority = S("a.test"), .path = S(path), .holdout = holdout, .now_s = NOW_S};
	struct fr_proof_answer a;

	fr_proof_ask(p, &q, &a);
	return a;
}

static void the_table_is_bounded(void **state)
{
	static struct fr_proof_row rows[FR_PROOF_SUBJECTS + 1];
	struct fr_proof *p = fr_proof_new(1);

	(void)state;
	for (unsigned i = 0; i < 3 * FR_PROOF_SUBJECTS; i++) {
		char path[32];

		(void)snprintf(path, sizeof path, "/s%u/x", i);
		(void)ask(p, path, 10);
		(void)ask(p, "/kept", 10); /* loaded all the time */
	}
	assert_int_equal(fr_proof_rows(p, rows, FR_PROOF_SUBJECTS + 1), FR_PROOF_SUBJECTS);
	fr_proof_free(&p);
}

static void an_experiment_has_figures_of_its_own(void **state)
{
	struct fr_proof *p = fr_proof_new(1);
	struct fr_proof_row rows[4];

	(void)state;
	assert_false(fr_proof_is_on(p, 0));
	assert_int_equal(ask(p, "/post/17", 0).visitor.id, 0); /* not compared */
	assert_int_equal(fr_proof_start(p, S("a.test/post/17"), 30, NOW_S), 0);
	assert_true(fr_proof_is_on(p, 0));
	assert_int_equal(ask(p, "/post/17", 0).mark.state, FR_TRIAL_ALL);
	assert_int_equal(ask(p, "/post/18", 10).mark.state, FR_TRIAL_NEW);
	assert_int_equal(fr_proof_rows(p, rows, 4), 2);
	assert_string_equal(rows[0].key, "a.test/post/17");
	assert_int_equal(rows[0].experiment, 30);
	assert_int_equal(rows[0].share, 300);
	assert_int_equal(rows[1].experiment, 0);
	assert_true(fr_proof_stop(p, S("a.test/post/17")));
	assert_false(fr_proof_stop(p, S("a.test/post/17")));
	assert_false(fr_proof_is_on(p, 0));
	assert_int_equal(ask(p, "/post/17", 10).mark.state, FR_TRIAL_NEW);
	fr_proof_free(&p);
}

static void count_key(void *ctx, struct fr_str key)
{
	unsigned *n = ctx;

	(void)key;
	(*n)++;
}

static void what_is_saved_is_there_again(void **state)
{
	struct fr_proof *p = fr_proof_new(1), *q = fr_proof_new(1);
	struct fr_proof_row row;
	int64_t expires_s = 0;
	struct fr_buf b;
	unsigned keys = 0;

	(void)state;
	fr_buf_init(&b, 1u << 16);
	assert_int_equal(fr_proof_save(p, S("experiments"), &b, &expires_s), FR_ERR_NOTFOUND);
	assert_int_equal(fr_proof_start(p, S("a.test/*"), 25, NOW_S), 0);
	fr_proof_walk(p, count_key, &keys);
	assert_int_equal(keys, 2); /* the experiments, and the subject */
	assert_int_equal(fr_proof_save(p, S("experiments"), &b, &expires_s), 0);
	assert_int_equal(fr_proof_load(q, S("experiments"), fr_buf_data(&b), fr_buf_len(&b), NOW_S),
	                 0);
	assert_true(fr_proof_is_on(q, 0));
	fr_buf_clear(&b);
	assert_int_equal(fr_proof_save(p, S("a.test/*"), &b, &expires_s), 0);
	assert_true(expires_s > NOW_S);
	assert_int_equal(fr_proof_load(q, S("a.test/*"), fr_buf_data(&b), fr_buf_len(&b), NOW_S),
	                 0);
	assert_int_equal(fr_proof_rows(q, &row, 1), 1);
	assert_int_equal(row.experiment, 25);
	assert_true(fr_proof_load(q, S(""), fr_buf_data(&b), fr_buf_len(&b), NOW_S) < 0);
	assert_true(fr_proof_load(q, S("b.test/"), fr_buf_data(&b), 3, NOW_S) < 0);
	fr_buf_fini(&b);
	fr_proof_free(&p);
	fr_proof_free(&q);
}

/* --- words --- */

static void gains_are_said_in_words(void **state)
{
	struct fr_proof_row row = {
		.state = FR_TRIAL_ALL,
		.has_witness = true,
		.gain[FR_METRIC_PAINT] =
			{.of = {.n_with = 1472, .n_without = 368, .gain = 0.2357, .t = 1},
	                 .low = 0.1508,
	                 .high = 0.3147},
	};
	char text[FR_PROOF_TEXT_BYTES];

	(void)state;
	assert_string_equal(fr_proof_text(&row, text),
	                    "first paint 21 % sooner, between 14 and 27, from 1,840 loads");
	row.gain[FR_METRIC_PAINT].low = -0.02;
	assert_non_null(strstr(fr_proof_text(&row, text), "no difference shown yet"));
	row.state = FR_TRIAL_NEW;
	assert_string_equal(fr_proof_text(&row, text),
	                    "not compared yet: 0 of 24 loads with hints");
	row.state = FR_TRIAL_NONE;
	row.harm = FR_HARM_COMPLETE;
	assert_string_equal(fr_proof_text(&row, text), "no hints: page complete later with them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_known_by_host_and_template),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(a_hash_in_a_name_does_not_count),
		cmocka_unit_test(a_record_gives_times_and_counts),
		cmocka_unit_test(a_warm_cache_is_not_cold),
		cmocka_unit_test(the_table_is_bounded),
		cmocka_unit_test(an_experiment_has_figures_of_its_own),
		cmocka_unit_test(what_is_saved_is_there_again),
		cmocka_unit_test(gains_are_said_in_words),
	};

	RUN(tests);
}
