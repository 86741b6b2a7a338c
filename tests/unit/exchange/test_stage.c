/* The walk along a row of stages (exchange/stage.h), with stages that write down when they
 * are called. Nothing of an exchange but its row and its slots is there. */
#include "unit.h"

#include "exchange/exchange.h"

static char called[256];

static void note(const char *what)
{
	size_t len = strlen(called);

	(void)snprintf(called + len, sizeof called - len, "%s ", what);
}

static enum fr_step next(struct fr_exchange *ex, void **slot)
{
	(void)ex;
	note(*slot ? *slot : "next");
	return FR_STEP_NEXT;
}

static enum fr_step take(struct fr_exchange *ex, void **slot)
{
	(void)ex;
	(void)slot;
	note("take");
	return FR_STEP_TAKEN;
}

static enum fr_step refuse(struct fr_exchange *ex, void **slot)
{
	(void)ex;
	(void)slot;
	note("refuse");
	return FR_STEP_REFUSED;
}

static void response_of_first(struct fr_exchange *ex, void **slot)
{
	(void)ex;
	(void)slot;
	note("first");
}

static void response_of_last(struct fr_exchange *ex, void **slot)
{
	(void)ex;
	(void)slot;
	note("last");
}

static int cannot(struct fr_exchange *ex, void **slot)
{
	(void)ex;
	(void)slot;
	note("cannot");
	return FR_ERR_NOMEM;
}

static bool one_piece(struct fr_exchange *ex, void **slot)
{
	(void)ex;
	(void)slot;
	note("one");
	return false;
}

static bool every_piece(struct fr_exchange *ex, void **slot)
{
	(void)ex;
	(void)slot;
	note("every");
	return true;
}

static void end(struct fr_exchange *ex, void **slot, enum fr_end how)
{
	(void)ex;
	(void)slot;
	note(fr_end_str(how));
}

static const struct fr_stage passing = {.name = "passing",
                                        .request = next,
                                        .response = response_of_first,
                                        .body = one_piece,
                                        .end = end};
static const struct fr_stage empty = {.name = "empty"};
static const struct fr_stage taking = {.name = "taking",
                                       .request = take,
                                       .response = response_of_last,
                                       .own = cannot,
                                       .body = every_piece};
static const struct fr_stage refusing = {.name = "refusing", .request = refuse};

static struct fr_exchange of_row(const struct fr_stage_row *row)
{
	struct fr_exchange ex = {.stages.row = row};

	called[0] = '\0';
	return ex;
}

static const struct fr_stage *const all[] = {&passing, &empty, &taking, &refusing};
static const struct fr_stage_row whole = {.v = all, .n = FR_ARRAY_LEN(all)};

static void a_request_goes_down_the_row_until_a_stage_takes_it(void **state)
{
	struct fr_exchange ex = of_row(&whole);

	(void)state;
	assert_int_equal(fr_stages_request(&ex), FR_STEP_TAKEN);
	assert_string_equal(called, "next take ");
}

static void a_refused_request_goes_no_further(void **state)
{
	static const struct fr_stage *const v[] = {&passing, &refusing, &taking};
	struct fr_exchange ex = of_row(&(struct fr_stage_row){.v = v, .n = FR_ARRAY_LEN(v)});

	(void)state;
	assert_int_equal(fr_stages_request(&ex), FR_STEP_REFUSED);
	assert_string_equal(called, "next refuse ");
}

static void a_row_without_a_stage_that_answers_says_so(void **state)
{
	static const struct fr_stage *const v[] = {&passing, &empty};
	struct fr_exchange ex = of_row(&(struct fr_stage_row){.v = v, .n = FR_ARRAY_LEN(v)});

	(void)state;
	assert_int_equal(fr_stages_request(&ex), FR_STEP_NEXT);
}

static void a_response_comes_back_up_the_row(void **state)
{
	struct fr_exchange ex = of_row(&whole);

	(void)state;
	fr_stages_response(&ex);
	assert_string_equal(called, "last first ");
}

static void a_stage_finds_its_own_slot(void **state)
{
	struct fr_exchange ex = of_row(&whole);

	(void)state;
	*fr_stage_slot(&ex, &passing) = "mine";
	*fr_stage_slot(&ex, &taking) = "another's";
	(void)fr_stages_request(&ex);
	assert_string_equal(called, "mine take ");
}

static void the_body_is_offered_while_a_stage_wants_it(void **state)
{
	struct fr_exchange ex = of_row(&whole);

	(void)state;
	fr_stages_body(&ex); /* before there is a response: to nobody */
	assert_string_equal(called, "");
	fr_stages_response(&ex);
	called[0] = '\0';
	for (int i = 0; i < 3; i++)
		fr_stages_body(&ex);
	assert_string_equal(called, "every one every every ");
}

static void a_response_of_our_own_fails_where_a_stage_fails(void **state)
{
	struct fr_exchange ex = of_row(&whole);

	(void)state;
	assert_int_equal(fr_stages_own(&ex), FR_ERR_NOMEM);
	assert_string_equal(called, "cannot ");
}

static void the_end_says_how(void **state)
{
	struct fr_exchange ex = of_row(&whole);

	(void)state;
	fr_stages_end(&ex, FR_END_CANCELLED);
	assert_string_equal(called, "cancelled ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_goes_down_the_row_until_a_stage_takes_it),
		cmocka_unit_test(a_refused_request_goes_no_further),
		cmocka_unit_test(a_row_without_a_stage_that_answers_says_so),
		cmocka_unit_test(a_response_comes_back_up_the_row),
		cmocka_unit_test(a_stage_finds_its_own_slot),
		cmocka_unit_test(the_body_is_offered_while_a_stage_wants_it),
		cmocka_unit_test(a_response_of_our_own_fails_where_a_stage_fails),
		cmocka_unit_test(the_end_says_how),
	};

	RUN(tests);
}
