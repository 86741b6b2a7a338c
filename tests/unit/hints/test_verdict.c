#include "hints/verdict.h"

#include "arena_fixture.h"
#include "base/err.h"

#define ALL_KNOWN                                                                                  \
	(FR_BIT(FR_FACT_ASSET) | FR_BIT(FR_FACT_SENT) | FR_BIT(FR_FACT_FAILED) |                   \
	 FR_BIT(FR_FACT_CACHED) | FR_BIT(FR_FACT_STREAM) | FR_BIT(FR_FACT_ADVICE) |                \
	 FR_BIT(FR_FACT_LINK))

static struct fr_plan plan;
static struct fr_facts facts;

/* A page whose final response has these links. Returns the last one's hint. */
static struct fr_hint *read_links(const char *links)
{
	const struct fr_plan_page page = {.scheme = FR_STR("https"),
	                                  .authority = FR_STR("h.test"),
	                                  .target = FR_STR("/page"),
	                                  .absolute_links = false};

	fr_plan_init(&plan, &arena, &page);
	fr_plan_next_message(&plan);
	fr_plan_add_link_field(&plan, S(links), FR_HINT_SOURCE_LINK, 0);
	assert_true(plan.n > 0);
	return plan.v[plan.n - 1];
}

/* Nothing speaks against anything: a navigation over HTTP/2, answered with 200, everything is
 * known and on, no limit is near. */
static void make_facts(enum fr_way way, enum fr_moment moment)
{
	facts = (struct fr_facts){
		.request = {.version = FR_HTTP_2,
	                    .is_get = true,
	                    .is_navigation = true,
	                    .takes_push = true,
	                    .push_is_on = true},
		.limits = {.pushes_page = 10,
	                   .pushes_connection = 100,
	                   .origin_requests = 50,
	                   .push_bytes_page = 1000000,
	                   .early_links = 8},
		.way = way,
		.moment = moment,
		.is_page = true,
		.message = 1,
		.idle_bytes = 100000,
		.hint = {.known = ALL_KNOWN,
	                 .asset = {.is_known = true, .is_reusable = true, .bytes = 5000},
	                 .has_stream = true,
	                 .link = FR_STR("</a.css>; rel=preload; as=style"),
	                 .advice = FR_PUSH_ADVICE_YES},
	};
}

/* --- a row for every reason --- */

#define CSS "</a.css>;rel=preload;as=style"
#define FONT "</f.woff2>;rel=preload;as=font"
#define IMAGE "</i.png>;rel=preload;as=image"

/* X(reason, way, moment, links, what is different): the last link's hint has that reason. */
#define ROWS(X)                                                                                    \
	/* what loads have shown, decided before */                                                \
	X(NOT_NEEDED, PUSH, RESPONSE, CSS, h->against.push = FR_REASON_NOT_NEEDED)                 \
	X(UNPROVEN, PUSH, RESPONSE, CSS, h->against.push = FR_REASON_UNPROVEN)                     \
	X(REPLACED, PUSH, RESPONSE, CSS, h->against.push = FR_REASON_REPLACED)                     \
	X(IN_DOUBT, PUSH, RESPONSE, CSS, h->against.push = FR_REASON_IN_DOUBT)                     \
	X(NOT_FOR_CLIENT, PUSH, RESPONSE, CSS, h->against.push = FR_REASON_NOT_FOR_CLIENT)         \
	X(LEFT_OUT, PUSH, RESPONSE, CSS, h->against.push = FR_REASON_LEFT_OUT)                     \
	/* what the link itself says */                                                            \
	X(NOPUSH, PUSH, RESPONSE, CSS ";nopush", (void)h)                                          \
	X(CROSS_ORIGIN, PUSH, RESPONSE, "<https://b.test/a>;rel=preload;as=style", (void)h)        \
	X(ABSOLUTE, PUSH, RESPONSE, "<https://h.test/a>;rel=preload;as=style", (void)h)            \
	X(NOT_PRELOAD, PUSH, RESPONSE, "<https://b.test>;rel=preconnect", (void)h)                 \
	X(BAD_URL, PUSH, RESPONSE, "<http://[>;rel=preload;as=style", (void)h)                     \
	X(SELF, PUSH, RESPONSE, "</page>;rel=preload;as=style", (void)h)                           \
	X(ANCHOR, PUSH, RESPONSE, CSS ";anchor=\"/other\"", (void)h)                               \
	X(MEDIA, PUSH, RESPONSE, CSS ";media=print", (void)h)                                      \
	X(SRCSET, PUSH, RESPONSE, IMAGE ";imagesrcset=\"/i2.png 2x\"", (void)h)                    \
	X(TYPE, PUSH, RESPONSE, CSS ";type=\"text/less\"", (void)h)                                \
	X(NO_AS, EARLY, RESPONSE, "</a>;rel=preload", (void)h)                                     \
	X(NO_CORS, EARLY, RESPONSE, FONT, (void)h)                                                 \
	X(DUPLICATE, PUSH, RESPONSE, CSS ", " CSS, (void)h)                                        \
	/* it leaves */                                                                            \
	X(UNDECIDED, PUSH, BEFORE, IMAGE, facts.idle_bytes = 4999)                                 \
	X(PUSHED, PUSH, RESPONSE, CSS, (void)h)                                                    \
	X(HINTED, EARLY, BEFORE, CSS, (void)h)                                                     \
	/* push */                                                                                 \
	X(SITE_OFF, PUSH, RESPONSE, CSS, facts.request.push_is_on = false)                         \
	X(DRAINING, PUSH, RESPONSE, CSS, facts.is_draining = true)                                 \
	X(PUSH_DISABLED, PUSH, RESPONSE, CSS, facts.request.takes_push = false)                    \
	X(SAVE_DATA, PUSH, RESPONSE, IMAGE, facts.request.saves_data = true)                       \
	X(UNDECIDED, PUSH, BEFORE, IMAGE, facts.request.saves_data = true)                         \
	X(PUSHED, PUSH, RESPONSE, CSS, facts.request.saves_data = true)                            \
	X(ALREADY_SENT, PUSH, RESPONSE, CSS, facts.hint.is_sent = true)                            \
	X(RECENT_FAILURE, PUSH, RESPONSE, CSS, facts.hint.has_failed = true)                       \
	X(GONE, PUSH, RESPONSE, CSS, remember_gone(h))                                             \
	X(CACHED, PUSH, RESPONSE, CSS, facts.hint.is_cached = true)                                \
	X(LIMIT_PAGE, PUSH, RESPONSE, CSS, facts.pushes_page = 10)                                 \
	X(LIMIT_BYTES, PUSH, RESPONSE, CSS, facts.push_bytes = 995001)                             \
	X(LIMIT_CONNECTION, PUSH, RESPONSE, CSS, facts.pushes_connection = 100)                    \
	X(LIMIT_ORIGIN, PUSH, RESPONSE, CSS, facts.origin_requests = 50)                           \
	X(LIMIT_STREAMS, PUSH, RESPONSE, CSS, facts.hint.has_stream = false)                       \
	X(OFTEN_CANCELLED, PUSH, RESPONSE, CSS, facts.hint.advice = FR_PUSH_ADVICE_NO)             \
	X(FAILED, PUSH, RESPONSE, CSS, facts.hint.promise_failed = true)                           \
	X(OFTEN_CANCELLED, PUSH, BEFORE, CSS, facts.hint.advice = FR_PUSH_ADVICE_NO)               \
	X(UNDECIDED, PUSH, BEFORE, CSS, facts.hint.is_cached = true)                               \
	X(UNDECIDED, PUSH, BEFORE, CSS, facts.hint.promise_failed = true)                          \
	/* 103 */                                                                                  \
	X(LIMIT_PAGE, EARLY, BEFORE, CSS, facts.links_named = 8)                                   \
	X(GONE, EARLY, BEFORE, CSS, remember_gone(h))                                              \
	X(NOT_REUSABLE, EARLY, BEFORE, CSS, facts.hint.asset.is_reusable = false)                  \
	X(BUDGET, EARLY, BEFORE, IMAGE, facts.idle_bytes = 4999)                                   \
	X(LIMIT_BYTES, EARLY, BEFORE, CSS, facts.link_bytes = FR_EARLY_MAX_BYTES - 30)             \
	X(LIMIT_BYTES, EARLY, BEFORE, CSS, facts.hint.link = (struct fr_str){0})                   \
	X(SAVE_DATA, EARLY, BEFORE, IMAGE, facts.request.saves_data = true)                        \
	X(HINTED, EARLY, BEFORE, CSS, facts.request.saves_data = true)                             \
	X(UNDECIDED, EARLY, BEFORE, CSS, facts.has_103 = true)                                     \
	X(AFTER_103, EARLY, RESPONSE, CSS, facts.has_103 = true)                                   \
	X(WITH_RESPONSE, EARLY, RESPONSE, CSS, (void)h)                                            \
	X(BUDGET, EARLY, RESPONSE, CSS, h->against.earlier = FR_REASON_BUDGET)                     \
	/* loads with and without hints are compared */                                            \
	X(HELD_OUT, EARLY, BEFORE, CSS, hold_back(FR_ARM_NONE, FR_REASON_HELD_OUT))                \
	X(HELD_OUT, PUSH, BEFORE, CSS, hold_back(FR_ARM_NONE, FR_REASON_HELD_OUT))                 \
	X(HELD_OUT, PUSH, RESPONSE, CSS, hold_back(FR_ARM_NONE, FR_REASON_HELD_OUT))               \
	X(HARMFUL, EARLY, BEFORE, IMAGE, hold_back(FR_ARM_BLOCKING, FR_REASON_HARMFUL))            \
	X(HARMFUL, PUSH, RESPONSE, IMAGE, hold_back(FR_ARM_BLOCKING, FR_REASON_HARMFUL))           \
	X(HINTED, EARLY, BEFORE, CSS, hold_back(FR_ARM_BLOCKING, FR_REASON_HARMFUL))               \
	X(PUSHED, PUSH, RESPONSE, CSS, hold_back(FR_ARM_BLOCKING, FR_REASON_HARMFUL))              \
	X(WITNESS, EARLY, BEFORE, IMAGE, facts.hint.is_witness = true)                             \
	X(WITNESS, PUSH, RESPONSE, IMAGE, facts.hint.is_witness = true)                            \
	X(CACHED, PUSH, RESPONSE, CSS, (facts.hint.is_cached = true, facts.arm = FR_ARM_NONE))     \
	X(NOT_REUSABLE, EARLY, BEFORE, CSS,                                                        \
	  (facts.hint.asset.is_reusable = false, facts.arm = FR_ARM_NONE))                         \
	/* the header alone */                                                                     \
	X(EARLY_OFF, HEADER, RESPONSE, CSS, facts.request.early_is_off = true)                     \
	X(PUSH_DISABLED, HEADER, RESPONSE, CSS, facts.request.takes_push = false)                  \
	X(SITE_OFF, HEADER, RESPONSE, CSS, facts.request.push_is_on = false)                       \
	X(PREFETCH, HEADER, RESPONSE, CSS, facts.request.is_ahead = true)                          \
	X(UNDECIDED, HEADER, BEFORE, CSS, (void)h)                                                 \
	/* no page */                                                                              \
	X(NOT_PAGE, PUSH, RESPONSE, CSS, facts.is_page = false)                                    \
	X(NOT_PAGE, EARLY, RESPONSE, FONT, facts.is_page = false)                                  \
	X(NOPUSH, EARLY, RESPONSE, CSS ";nopush", facts.is_page = false)                           \
	X(PAGE_GONE, PUSH, GONE, CSS, facts.is_page = false)                                       \
	X(PAGE_GONE, EARLY, GONE, FONT, (void)h)

static void remember_gone(struct fr_hint *h)
{
	h->is_remembered = true;
	facts.hint.asset.is_gone[FR_ASSET_BARE] = true;
}

static void hold_back(enum fr_arm arm, enum fr_reason why)
{
	facts.arm = arm;
	facts.held = why;
}

static enum fr_reason reason_of(const struct fr_hint *h)
{
	struct fr_verdict v;

	if (h->reason != FR_REASON_UNDECIDED)
		return h->reason; /* the plan decided: a duplicate */
	v = fr_verdict_of(h, &facts);
	if (v.kind == FR_VERDICT_ASKS)
		fail_msg("asks for fact %d although all are known", (int)v.asks);
	if (v.kind == FR_VERDICT_NOW && facts.moment == FR_MOMENT_BEFORE &&
	    v.delivery != FR_DELIVERY_PUSH && v.delivery != FR_DELIVERY_EARLY_HINTS)
		fail_msg("%s: decided too early", fr_reason_str(v.reason));
	if (v.kind == FR_VERDICT_LATER && facts.moment != FR_MOMENT_BEFORE)
		fail_msg("%s: decided too late", fr_reason_str(v.reason));
	return v.reason;
}

static void expect(int row, enum fr_reason wanted, const struct fr_hint *h, bool *has_row)
{
	enum fr_reason got = reason_of(h);

	if (got != wanted)
		fail_msg("row %d, %s: %s", row, fr_reason_str(wanted), fr_reason_str(got));
	has_row[wanted] = true;
}

static void every_reason_has_a_case(void **state)
{
	bool has_row[FR_REASON_COUNT] = {false};
	struct fr_hint *h;
	int row = 0;

	(void)state;
#define X(reason, way, moment, links, change)                                                      \
	h = read_links(links);                                                                     \
	make_facts(FR_WAY_##way, FR_MOMENT_##moment);                                              \
	change;                                                                                    \
	expect(++row, FR_REASON_##reason, h, has_row);
	ROWS(X)
#undef X
	for (int r = 0; r < FR_REASON_COUNT; r++)
		if (!has_row[r])
			fail_msg("no case for reason %s", fr_reason_str((enum fr_reason)r));
}

/* --- the order --- */

static void expect_reason(const struct fr_hint *h, const char *reason)
{
	assert_string_equal(fr_reason_str(reason_of(h)), reason);
}

static void push_reasons_come_in_their_order(void **state)
{
	struct fr_hint *h = read_links(CSS ";nopush");

	(void)state;
	make_facts(FR_WAY_PUSH, FR_MOMENT_RESPONSE);
	remember_gone(h);
	facts.request.push_is_on = facts.request.takes_push = false;
	facts.is_draining = facts.hint.is_sent = facts.hint.has_failed = true;
	facts.hint.is_cached = true;
	facts.pushes_page = facts.pushes_connection = facts.origin_requests = 1000;
	facts.push_bytes = 1000000;
	facts.hint.has_stream = false;
	facts.hint.advice = FR_PUSH_ADVICE_NO;
	h->against.earlier = FR_REASON_OFTEN_CANCELLED;

	expect_reason(h, "nopush");
	h->against.push = FR_REASON_UNDECIDED;
	expect_reason(h, "often-cancelled");
	h->against.earlier = FR_REASON_UNDECIDED;
	expect_reason(h, "off");
	facts.request.push_is_on = true;
	expect_reason(h, "draining");
	facts.is_draining = false;
	expect_reason(h, "push-disabled");
	facts.request.takes_push = true;
	expect_reason(h, "already-sent");
	facts.hint.is_sent = false;
	expect_reason(h, "recent-failure");
	facts.hint.has_failed = false;
	expect_reason(h, "gone");
	h->is_remembered = false; /* what this load names is there */
	expect_reason(h, "cached");
	facts.hint.is_cached = false;
	expect_reason(h, "limit");
	facts.pushes_page = 9;
	expect_reason(h, "byte-limit");
	facts.push_bytes = 995000;
	expect_reason(h, "connection-limit");
	facts.pushes_connection = 99;
	expect_reason(h, "origin-limit");
	facts.origin_requests = 49;
	expect_reason(h, "stream-limit");
	facts.hint.has_stream = true;
	expect_reason(h, "often-cancelled");
	facts.hint.advice = FR_PUSH_ADVICE_YES;
	expect_reason(h, "pushed");
}

static void early_reasons_come_in_their_order(void **state)
{
	struct fr_hint *h = read_links(IMAGE);

	(void)state;
	make_facts(FR_WAY_EARLY, FR_MOMENT_BEFORE);
	remember_gone(h);
	h->against.early = FR_REASON_NO_CORS;
	facts.links_named = 8;
	facts.hint.asset.is_reusable = false;
	facts.idle_bytes = 0;
	facts.link_bytes = FR_EARLY_MAX_BYTES;
	h->against.earlier = FR_REASON_BUDGET;

	expect_reason(h, "limit");
	facts.links_named = 7;
	expect_reason(h, "no-crossorigin");
	h->against.early = FR_REASON_UNDECIDED;
	expect_reason(h, "would-delay-page");
	h->against.earlier = FR_REASON_UNDECIDED;
	expect_reason(h, "gone");
	h->is_remembered = false;
	expect_reason(h, "not-reusable");
	facts.hint.asset.is_reusable = true;
	expect_reason(h, "would-delay-page");
	facts.idle_bytes = 5000;
	expect_reason(h, "byte-limit");
	facts.link_bytes = 0;
	expect_reason(h, "hinted");
}

/* --- facts on demand --- */

static void check_asked(const struct fr_hint *h, const enum fr_fact *facts_in_order, size_t n)
{
	facts.hint.known = 0;
	for (size_t i = 0; i < n; i++) {
		struct fr_verdict v = fr_verdict_of(h, &facts);

		assert_int_equal(v.kind, FR_VERDICT_ASKS);
		assert_int_equal(v.asks, facts_in_order[i]);
		facts.hint.known |= FR_BIT(v.asks);
	}
	assert_int_equal(fr_verdict_of(h, &facts).kind, FR_VERDICT_NOW);
}

static void costly_facts_are_asked_for_one_after_another(void **state)
{
	static const enum fr_fact push[] = {FR_FACT_SENT,   FR_FACT_FAILED, FR_FACT_ASSET,
	                                    FR_FACT_CACHED, FR_FACT_STREAM, FR_FACT_ADVICE};
	static const enum fr_fact early[] = {FR_FACT_ASSET, FR_FACT_LINK};

	(void)state;
	make_facts(FR_WAY_PUSH, FR_MOMENT_BEFORE);
	check_asked(read_links(CSS), push, FR_ARRAY_LEN(push));
	make_facts(FR_WAY_EARLY, FR_MOMENT_BEFORE);
	check_asked(read_links(CSS), early, FR_ARRAY_LEN(early));
	/* of what is not ours nothing is known */
	check_asked(read_links("<https://b.test>;rel=preconnect"), early + 1, 1);
}

static void a_reason_that_stands_asks_for_nothing_more(void **state)
{
	struct fr_hint *h = read_links(CSS);

	(void)state;
	make_facts(FR_WAY_PUSH, FR_MOMENT_RESPONSE);
	facts.is_draining = true;
	check_asked(h, NULL, 0);
	facts.is_draining = false;
	facts.hint.is_sent = true;
	check_asked(h, (const enum fr_fact[]){FR_FACT_SENT}, 1);
	/* an opportunity to push does not count while it waits for the response */
	make_facts(FR_WAY_PUSH, FR_MOMENT_BEFORE);
	facts.hint.known &= ~FR_BIT(FR_FACT_ADVICE);
	facts.idle_bytes = 0;
	assert_int_equal(fr_verdict_of(read_links(IMAGE), &facts).kind, FR_VERDICT_LATER);
}

/* --- what a verdict says besides --- */

static void a_link_of_the_response_reaches_the_client_in_it(void **state)
{
	struct fr_hint *h = read_links(CSS);

	(void)state;
	make_facts(FR_WAY_PUSH, FR_MOMENT_RESPONSE);
	facts.hint.is_cached = true;
	assert_int_equal(fr_verdict_of(h, &facts).delivery, FR_DELIVERY_LINK);
	facts.message = 2; /* an interim response had it, the final one has not */
	assert_int_equal(fr_verdict_of(h, &facts).delivery, FR_DELIVERY_NONE);
	make_facts(FR_WAY_PUSH, FR_MOMENT_GONE);
	assert_int_equal(fr_verdict_of(h, &facts).delivery, FR_DELIVERY_NONE);
}

static void what_clients_cancel_goes_after_the_page(void **state)
{
	struct fr_hint *h = read_links(CSS);

	(void)state;
	make_facts(FR_WAY_PUSH, FR_MOMENT_RESPONSE);
	assert_int_equal(fr_verdict_of(h, &facts).rank, FR_RANK_BLOCKING);
	facts.hint.advice = FR_PUSH_ADVICE_LATE;
	assert_int_equal(fr_verdict_of(h, &facts).rank, FR_RANK_LATE);
	facts.hint.advice = FR_PUSH_ADVICE_TRIAL;
	assert_int_equal(fr_verdict_of(h, &facts).rank, FR_RANK_LATE);
}

static void what_leaves_early_takes_its_bytes_of_the_idle_link(void **state)
{
	(void)state;
	make_facts(FR_WAY_EARLY, FR_MOMENT_BEFORE);
	assert_int_equal(fr_verdict_of(read_links(IMAGE), &facts).idle_bytes, 5000);
	facts.idle_bytes = 3000; /* rendering waits for it */
	assert_int_equal(fr_verdict_of(read_links(CSS), &facts).idle_bytes, 3000);
	facts.idle_bytes = 40000;
	facts.hint.asset = (struct fr_asset){0}; /* a usual size */
	assert_int_equal(fr_verdict_of(read_links(IMAGE), &facts).idle_bytes, 40000);
	facts.idle_bytes = 39999;
	assert_int_equal(fr_verdict_of(read_links(IMAGE), &facts).reason, FR_REASON_BUDGET);
	/* with the response nothing is idle */
	make_facts(FR_WAY_PUSH, FR_MOMENT_RESPONSE);
	assert_int_equal(fr_verdict_of(read_links(CSS), &facts).idle_bytes, 0);
}

/* What a page surely needs is named whatever the link carries: its body waits in the edge. */
static void a_103_names_what_the_page_needs_whatever_its_size(void **state)
{
	static const struct {
		const char *links;
		enum fr_reason reason;
	} rows[] = {
		{CSS, FR_REASON_HINTED},
		{"</a.js>;rel=preload;as=script", FR_REASON_HINTED},
		{"</a.mjs>;rel=modulepreload", FR_REASON_HINTED},
		{FONT ";crossorigin", FR_REASON_HINTED},
		{IMAGE ";fetchpriority=high", FR_REASON_HINTED},
		{IMAGE, FR_REASON_BUDGET},
		{IMAGE ";fetchpriority=low", FR_REASON_BUDGET},
		{"</a.json>;rel=preload;as=fetch", FR_REASON_BUDGET},
		{"</a.mp4>;rel=preload;as=video", FR_REASON_BUDGET},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		for (int is_late = 0; is_late < 2; is_late++) {
			struct fr_hint *h = read_links(rows[i].links);
			struct fr_verdict v;

			make_facts(FR_WAY_EARLY, FR_MOMENT_BEFORE);
			facts.idle_bytes = 0;
			h->rank = is_late ? FR_RANK_LATE : h->rank;
			v = fr_verdict_of(h, &facts);
			if (v.reason != rows[i].reason)
				fail_msg("%s: %s", rows[i].links, fr_reason_str(v.reason));
		}
	}
}

static void who_asks_decides_for_whom_an_asset_is_gone(void **state)
{
	struct fr_hint *h = read_links(CSS);

	(void)state;
	make_facts(FR_WAY_PUSH, FR_MOMENT_RESPONSE);
	remember_gone(h);
	facts.has_credentials = true;
	expect_reason(h, "pushed");
	facts.hint.asset.is_gone[FR_ASSET_KNOWN] = true;
	expect_reason(h, "gone");
}

static void a_103_has_room_for_the_separator_as_well(void **state)
{
	struct fr_hint *h = read_links(CSS);

	(void)state;
	make_facts(FR_WAY_EARLY, FR_MOMENT_BEFORE);
	facts.link_bytes = FR_EARLY_MAX_BYTES - facts.hint.link.len - 2;
	expect_reason(h, "hinted");
	facts.link_bytes++;
	expect_reason(h, "byte-limit");
}

static void the_client_has_what_was_pushed_or_left_to_itself(void **state)
{
	(void)state;
	assert_true(fr_reason_means_client_has(FR_REASON_PUSHED));
	assert_true(fr_reason_means_client_has(FR_REASON_ALREADY_SENT));
	assert_true(fr_reason_means_client_has(FR_REASON_CACHED));
	assert_true(fr_reason_means_client_has(FR_REASON_NOPUSH));
	assert_true(fr_reason_means_client_has(FR_REASON_LIMIT_STREAMS));
	assert_false(fr_reason_means_client_has(FR_REASON_UNDECIDED));
	assert_false(fr_reason_means_client_has(FR_REASON_GONE));
	assert_false(fr_reason_means_client_has(FR_REASON_OFTEN_CANCELLED));
	assert_false(fr_reason_means_client_has(FR_REASON_RECENT_FAILURE));
	assert_false(fr_reason_means_client_has(FR_REASON_PAGE_GONE));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_reason_has_a_case),
		TEST(push_reasons_come_in_their_order),
		TEST(early_reasons_come_in_their_order),
		TEST(costly_facts_are_asked_for_one_after_another),
		TEST(a_reason_that_stands_asks_for_nothing_more),
		TEST(a_link_of_the_response_reaches_the_client_in_it),
		TEST(what_clients_cancel_goes_after_the_page),
		TEST(what_leaves_early_takes_its_bytes_of_the_idle_link),
		TEST(who_asks_decides_for_whom_an_asset_is_gone),
		TEST(a_103_has_room_for_the_separator_as_well),
		TEST(the_client_has_what_was_pushed_or_left_to_itself),
		TEST(a_103_names_what_the_page_needs_whatever_its_size),
	};

	RUN(tests);
}
