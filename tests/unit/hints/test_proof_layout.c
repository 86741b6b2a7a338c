#include "hints/proof/layout.h"

#include "unit.h"

enum { CSS = 1, SCRIPT, HERO, FONT, ICON, LAZY };

static const struct fr_layout_asset page[] = {
	{.asset = CSS, .asked_us = 10000, .is_blocking = true},
	{.asset = SCRIPT, .asked_us = 11000},
	{.asset = FONT, .asked_us = 60000, .is_of_style = true},
	{.asset = HERO, .asked_us = 61000, .is_of_style = true, .is_image = true},
};
#define PAGE_ASSETS (sizeof page / sizeof page[0])

static void load(struct fr_layout *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fr_layout_add(l, page, PAGE_ASSETS);
}

static void a_picture_of_a_style_sheet_is_the_witness(void **state)
{
	struct fr_layout l = {0};

	(void)state;
	load(&l, FR_LAYOUT_MIN_LOADS - 1);
	assert_int_equal(l.witness, 0);
	load(&l, 1);
	assert_int_equal(l.witness, HERO);
	assert_int_equal(fr_layout_time(&l, page, PAGE_ASSETS), 61000);
	assert_int_equal(fr_layout_time(&l, page, PAGE_ASSETS - 1), 0);
}

static void a_font_is_one_where_no_picture_is(void **state)
{
	struct fr_layout l = {0};

	(void)state;
	for (unsigned i = 0; i < FR_LAYOUT_MIN_LOADS; i++)
		fr_layout_add(&l, page, PAGE_ASSETS - 1);
	assert_int_equal(l.witness, FONT);
}

static void what_the_page_itself_names_is_none(void **state)
{
	struct fr_layout l = {0};

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		fr_layout_add(&l, page, 2);
	assert_int_equal(l.witness, 0);
	assert_int_equal(fr_layout_time(&l, page, 2), 0);
}

static void what_one_of_five_loads_lacks_is_none(void **state)
{
	struct fr_layout l = {0};

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		fr_layout_add(&l, page, i % 5 ? PAGE_ASSETS : 2);
	assert_int_equal(l.witness, 0);
}

static void what_is_requested_before_the_style_sheets_is_none(void **state)
{
	struct fr_layout_asset v[PAGE_ASSETS];
	struct fr_layout l = {0};

	(void)state;
	memcpy(v, page, sizeof v);
	v[3].asked_us = 9000;
	for (unsigned i = 0; i < 100; i++)
		fr_layout_add(&l, v, PAGE_ASSETS);
	assert_int_equal(l.witness, FONT);
}

/* Its request says nothing then: not that the page needs it, nor when. */
static void a_load_that_hints_a_candidate_does_not_count_for_it(void **state)
{
	struct fr_layout_asset hinted[PAGE_ASSETS];
	struct fr_layout l = {0};

	(void)state;
	memcpy(hinted, page, sizeof hinted);
	hinted[3] = (struct fr_layout_asset){.asset = HERO, .asked_us = 5000, .is_hinted = true};
	for (unsigned i = 0; i < 5 * FR_LAYOUT_MIN_LOADS; i++)
		fr_layout_add(&l, i % 5 ? hinted : page, PAGE_ASSETS);
	assert_int_equal(l.witness, FONT); /* chosen before */
	assert_int_equal(fr_layout_time(&l, hinted, PAGE_ASSETS), 60000);
	l.witness = 0;
	fr_layout_add(&l, page, PAGE_ASSETS);
	assert_int_equal(l.witness, HERO);
	assert_int_equal(fr_layout_time(&l, hinted, PAGE_ASSETS), 0);
}

static void a_witness_stays_while_it_is_good_enough(void **state)
{
	struct fr_layout l = {0};

	(void)state;
	for (unsigned i = 0; i < FR_LAYOUT_MIN_LOADS; i++)
		fr_layout_add(&l, page, PAGE_ASSETS - 1);
	load(&l, 40); /* the picture would be chosen now */
	assert_int_equal(l.witness, FONT);
}

static void a_renamed_witness_gives_way_to_its_new_name(void **state)
{
	struct fr_layout_asset v[PAGE_ASSETS];
	struct fr_layout l = {0};

	(void)state;
	memcpy(v, page, sizeof v);
	load(&l, 200);
	v[2].asset = LAZY;
	v[3].asset = ICON;
	for (unsigned i = 0; i < FR_LAYOUT_MAX_LOADS; i++)
		fr_layout_add(&l, v, PAGE_ASSETS);
	assert_int_equal(l.witness, ICON);
}

static void a_flood_of_candidates_does_not_displace_the_witness(void **state)
{
	struct fr_layout_asset v[PAGE_ASSETS + 1];
	struct fr_layout l = {0};

	(void)state;
	memcpy(v, page, sizeof page);
	for (unsigned i = 0; i < 10000; i++) {
		v[PAGE_ASSETS] = (struct fr_layout_asset){.asset = 1000 + i,
		                                          .asked_us = 70000,
		                                          .is_of_style = true,
		                                          .is_image = true};
		fr_layout_add(&l, v, PAGE_ASSETS + 1);
	}
	assert_int_equal(l.witness, HERO);
	assert_true(l.n <= FR_LAYOUT_CANDIDATES);
	assert_true(fr_layout_is_valid(&l));
}

static void what_no_loads_give_is_refused(void **state)
{
	struct fr_layout l = {0};

	(void)state;
	load(&l, 50);
	assert_true(fr_layout_is_valid(&l));
	l.witness = ICON; /* no candidate */
	assert_false(fr_layout_is_valid(&l));
	l.witness = HERO;
	l.n = FR_LAYOUT_CANDIDATES + 1;
	assert_false(fr_layout_is_valid(&l));
	l.n = 2;
	l.v[0].asked = 51; /* of 50 loads */
	assert_false(fr_layout_is_valid(&l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_of_a_style_sheet_is_the_witness),
		cmocka_unit_test(a_font_is_one_where_no_picture_is),
		cmocka_unit_test(what_the_page_itself_names_is_none),
		cmocka_unit_test(what_one_of_five_loads_lacks_is_none),
		cmocka_unit_test(what_is_requested_before_the_style_sheets_is_none),
		cmocka_unit_test(a_load_that_hints_a_candidate_does_not_count_for_it),
		cmocka_unit_test(a_witness_stays_while_it_is_good_enough),
		cmocka_unit_test(a_renamed_witness_gives_way_to_its_new_name),
		cmocka_unit_test(a_flood_of_candidates_does_not_displace_the_witness),
		cmocka_unit_test(what_no_loads_give_is_refused),
	};

	RUN(tests);
}
