/* The order of a page and its pushes, as the client sees it, for both ways of ordering. */
#include "h2_pair.h"

/* --- a page's lead --- */

static void lead_first(bool urgency, const char *priority)
{
	struct stream *page, *late, *first, *second;

	begin(urgency);
	page = ask_page("/", priority);
	late = push(page, "/late.png", FR_H2_RANK_LATE);
	first = push(page, "/first.css", FR_H2_RANK_BLOCKING);
	second = push(page, "/second.css", FR_H2_RANK_BLOCKING);
	respond(late, 10000, 0);
	respond(first, 10000, 0);
	respond(second, 10000, 0);
	fr_h2_lead(pair->server, page->id, 5001);
	respond(page, 30000, 0);
	finish();
	assert_int_equal(pair->ended, 4);
	assert_int_equal(got_before(page, first), 5001);
	assert_int_equal(got_before(first, page), 0);
	assert_order(first, second);
	assert_int_equal(got_before(page, second), 5001);
	assert_order(page, late);
	assert_order(second, late);
	/* between the lead and the rest: both style sheets */
	for (size_t i = 0, page_bytes = 0, css = 0; i < pair->n_data; i++) {
		page_bytes += pair->data[i].id == page->id ? pair->data[i].len : 0;
		css += pair->data[i].id == first->id || pair->data[i].id == second->id
		               ? pair->data[i].len
		               : 0;
		if (page_bytes > 5001)
			assert_int_equal(css, 20000);
	}
}

static void a_pages_lead_goes_before_its_blocking_pushes_by_urgency(void **state)
{
	(void)state;
	lead_first(true, NULL);
}

static void the_lead_goes_first_when_no_urgency_is_left_above_the_page(void **state)
{
	(void)state;
	lead_first(true, "u=0, i");
}

static void the_lead_goes_first_when_urgency_one_is_the_pages(void **state)
{
	(void)state;
	lead_first(true, "u=1");
}

static void the_order_holds_for_a_page_of_the_lowest_urgency(void **state)
{
	(void)state;
	lead_first(true, "u=7");
}

static void a_pages_lead_goes_before_its_blocking_pushes_in_the_tree(void **state)
{
	(void)state;
	lead_first(false, NULL);
}

/* Pushes of t0 fill the think time, blocking ones first; the lead goes before
 * what is left of them and before those of t1. */
static void think_time(bool urgency)
{
	struct stream *page, *late, *early, *t1;

	begin(urgency);
	page = ask_page("/", NULL);
	late = push(page, "/late.png", FR_H2_RANK_LATE);
	early = push(page, "/early.css", FR_H2_RANK_BLOCKING);
	respond(late, 12000, 0);
	respond(early, 4000, 0);
	step(8000);
	assert_int_equal(got(early), 4000);
	assert_true(got(late) > 2000 && got(late) < 8000);
	t1 = push(page, "/t1.css", FR_H2_RANK_BLOCKING);
	fr_h2_lead(pair->server, page->id, 3000);
	respond(t1, 6000, 0);
	respond(page, 9000, 0);
	late->more = 0;
	pair->n_data = 0;
	finish();
	assert_int_equal(got_before(page, t1), 3000);
	assert_int_equal(got_before(late, t1), 0);
	assert_int_equal(got_before(page, late), 9000);
	assert_int_equal(got_before(t1, late), 6000);
}

static void think_time_is_filled_with_blocking_pushes_first_by_urgency(void **state)
{
	(void)state;
	think_time(true);
}

static void think_time_is_filled_with_blocking_pushes_first_in_the_tree(void **state)
{
	(void)state;
	think_time(false);
}

/* The origin stalls in the middle of the lead: pushes go on meanwhile. */
static void stall(bool urgency)
{
	struct stream *page, *css;

	begin(urgency);
	page = ask_page("/", NULL);
	css = push(page, "/a.css", FR_H2_RANK_BLOCKING);
	respond(css, 10000, 0);
	fr_h2_lead(pair->server, page->id, 4000);
	respond(page, 1000, 19000);
	step(3500);
	assert_int_equal(got(page), 1000);
	assert_true(got(css) > 1000 && got(css) < 4000);
	more_comes(page);
	pair->n_data = 0;
	finish();
	/* one frame may have been made */
	assert_int_equal(got_before(page, css), 3000);
	assert_int_equal(got(page), 19000);
}

static void a_page_that_stalls_makes_way_by_urgency(void **state)
{
	(void)state;
	stall(true);
}

static void a_page_that_stalls_makes_way_in_the_tree(void **state)
{
	(void)state;
	stall(false);
}

static void two_pages(bool urgency)
{
	struct stream *page[2], *css[2], *late[2];

	begin(urgency);
	page[0] = ask_page("/a", NULL);
	page[1] = ask_page("/b", NULL);
	for (int i = 0; i < 2; i++) {
		late[i] = push(page[i], "/late.png", FR_H2_RANK_LATE);
		css[i] = push(page[i], "/a.css", FR_H2_RANK_BLOCKING);
	}
	for (int i = 0; i < 2; i++) {
		fr_h2_lead(pair->server, page[i]->id, 3000u + 1000u * (unsigned)i);
		respond(late[i], 4000, 0);
		respond(css[i], 4000, 0);
		respond(page[i], 8000, 0);
	}
	finish();
	assert_int_equal(pair->ended, 6);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(got_before(page[i], css[i]), 3000u + 1000u * (unsigned)i);
		assert_order(css[i], late[i]);
		assert_order(page[i], late[i]);
	}
}

static void pages_at_once_keep_their_own_orders_by_urgency(void **state)
{
	(void)state;
	two_pages(true);
}

static void pages_at_once_keep_their_own_orders_in_the_tree(void **state)
{
	(void)state;
	two_pages(false);
}

static void demote(bool urgency)
{
	struct stream *page, *a, *b;

	begin(urgency);
	page = ask_page("/", NULL);
	a = push(page, "/a.css", FR_H2_RANK_BLOCKING);
	b = push(page, "/b.css", FR_H2_RANK_LATE);
	exchange();
	fr_h2_rank_push(pair->server, a->id, page->id, FR_H2_RANK_LATE);
	fr_h2_rank_push(pair->server, b->id, page->id, FR_H2_RANK_BLOCKING);
	respond(a, 4000, 0);
	respond(page, 4000, 0);
	respond(b, 4000, 0);
	finish();
	assert_order(b, page);
	assert_order(page, a);
}

static void a_push_may_be_ranked_again_by_urgency(void **state)
{
	(void)state;
	demote(true);
}

static void a_push_may_be_ranked_again_in_the_tree(void **state)
{
	(void)state;
	demote(false);
}

static void beside(bool urgency)
{
	struct stream *page, *normal;

	begin(urgency);
	page = ask_page("/", NULL);
	normal = push(page, "/data.json", FR_H2_RANK_NORMAL);
	respond(normal, 12000, 0);
	respond(page, 12000, 0);
	finish();
	assert_true(got_before(page, normal) < 4100);
	assert_true(got_before(normal, page) < 4100);
	/* neither ends long before the other */
	pair->order[pair->n_order] = '\0';
	assert_true(pair->n_order > 8);
}

static void normal_pushes_share_with_the_page_by_urgency(void **state)
{
	(void)state;
	beside(true);
}

static void normal_pushes_share_with_the_page_in_the_tree(void **state)
{
	(void)state;
	beside(false);
}

/* The page is complete, its pictures are under way, and the client asks for more. */
static void own_request(bool urgency)
{
	struct stream *page, *late[2], *own;

	begin(urgency);
	page = ask_page("/", "u=0");
	late[0] = push(page, "/1.png", FR_H2_RANK_LATE);
	late[1] = push(page, "/2.png", FR_H2_RANK_LATE);
	respond(page, 1000, 0);
	respond(late[0], 30000, 0);
	respond(late[1], 30000, 0);
	step(4000);
	assert_int_equal(got(page), 1000);
	own = stream_of(ask("/own"));
	assert_null(own);
	while (client_to_server())
		continue;
	own = &pair->streams[pair->n - 1];
	respond(own, 20000, 0);
	pair->n_data = 0;
	finish();
	/* in the tree late pushes have the least weight, 1 to 16 */
	assert_true(got_before(late[0], own) + got_before(late[1], own) <= 2 * STEP_BYTES);
	for (size_t i = 0, mine = 0, theirs = 0; i < pair->n_data && mine < 20000; i++) {
		if (pair->data[i].id == own->id)
			mine += pair->data[i].len;
		else
			theirs += pair->data[i].len;
		if (mine == 20000)
			assert_true(theirs <= 3 * STEP_BYTES);
	}
}

static void late_pushes_yield_to_the_clients_own_requests_by_urgency(void **state)
{
	(void)state;
	own_request(true);
}

static void late_pushes_yield_to_the_clients_own_requests_in_the_tree(void **state)
{
	(void)state;
	own_request(false);
}

/* --- requests of the client's own that follow a 103 --- */

/* The lead, both style sheets, the rest of the page, the picture. */
static void follow(struct stream *page, struct stream *css[2], struct stream *picture)
{
	fr_h2_rank_request(pair->server, css[0]->id, page->id);
	fr_h2_rank_request(pair->server, css[1]->id, page->id);
	respond(picture, 8000, 0);
	respond(css[0], 8000, 0);
	respond(css[1], 8000, 0);
	fr_h2_lead(pair->server, page->id, 700);
	respond(page, 19000, 0);
	finish();
	assert_int_equal(pair->ended, 4);
	assert_int_equal(got_before(page, css[0]), 700);
	assert_int_equal(got_before(css[0], page), 0);
	assert_order(css[0], css[1]);
	for (size_t i = 0, page_bytes = 0, blocking = 0; i < pair->n_data; i++) {
		page_bytes += pair->data[i].id == page->id ? pair->data[i].len : 0;
		blocking += pair->data[i].id == css[0]->id || pair->data[i].id == css[1]->id
		                    ? pair->data[i].len
		                    : 0;
		if (page_bytes > 700)
			assert_int_equal(blocking, 16000);
	}
	assert_order(page, picture);
}

static void what_follows_a_103_goes_where_pushes_do_by_urgency(void **state)
{
	struct stream *page, *css[2];

	(void)state;
	begin(true);
	page = ask_page("/", "u=0, i");
	css[0] = ask_page("/1.css", "u=0");
	css[1] = ask_page("/2.css", "u=0, i");
	follow(page, css, ask_page("/a.png", "u=1"));
}

static void what_follows_a_103_goes_where_pushes_do_in_the_tree(void **state)
{
	struct stream *page, *css[2];

	(void)state;
	begin(false);
	page = ask_below("/", NULL);
	css[0] = ask_below("/1.css", page);
	css[1] = ask_below("/2.css", css[0]);
	follow(page, css, ask_below("/a.png", css[1]));
}

/* What the client asked for below a style sheet stays below the page. */
static void what_hung_on_a_style_sheet_stays_behind_the_page(void **state)
{
	struct stream *page, *css, *other;

	(void)state;
	begin(false);
	page = ask_below("/", NULL);
	css = ask_below("/1.css", page);
	other = ask_below("/other.js", css);
	fr_h2_rank_request(pair->server, css->id, page->id);
	respond(other, 8000, 0);
	respond(css, 8000, 0);
	respond(page, 8000, 0);
	finish();
	assert_order(css, page);
	assert_order(page, other);
}

static void what_the_client_calls_less_urgent_is_not_put_above_its_page(void **state)
{
	struct stream *page, *css;

	(void)state;
	begin(true);
	page = ask_page("/", "u=2");
	css = ask_page("/1.css", "u=4");
	fr_h2_rank_request(pair->server, css->id, page->id);
	respond(css, 8000, 0);
	respond(page, 8000, 0);
	finish();
	assert_order(page, css);
}

static void what_the_client_says_later_of_a_request_counts(void **state)
{
	static const char value[] = "u=4";
	uint8_t update[4 + sizeof value - 1] = {0};
	struct stream *page, *css;

	(void)state;
	begin(true);
	page = ask_page("/", "u=3");
	css = ask_page("/a.css", "u=2");
	fr_h2_rank_request(pair->server, css->id, page->id);
	update[3] = (uint8_t)css->id;
	memcpy(update + 4, value, sizeof value - 1);
	raw_frame(0x10, 0, 0, update, sizeof update);
	respond(css, 8000, 0);
	respond(page, 8000, 0);
	finish();
	assert_order(page, css);
}

static void nothing_is_ranked_that_is_no_request_of_the_clients(void **state)
{
	struct stream *page, *pushed, *own;

	(void)state;
	begin(true);
	page = ask_page("/", NULL);
	own = ask_page("/own", NULL);
	pushed = push(page, "/a.css", FR_H2_RANK_LATE);
	fr_h2_rank_request(pair->server, pushed->id, page->id);
	fr_h2_rank_request(pair->server, page->id, page->id);
	fr_h2_rank_request(pair->server, own->id, pushed->id);
	fr_h2_rank_request(pair->server, own->id, 99);
	fr_h2_rank_request(pair->server, 99, page->id);
	respond(pushed, 4000, 0);
	respond(own, 4000, 0);
	respond(page, 4000, 0);
	finish();
	assert_order(page, pushed);
	assert_int_equal(pair->ended, 3);
}

/* --- the page or what is BLOCKING: the shorter one --- */

/* The lead, then what is left of the page before style sheets of more than that, or after
 * them. How much of the page came before the first style sheet. */
static size_t page_before_css(bool urgency, bool is_push, size_t page_bytes, size_t css_bytes)
{
	struct stream *page, *css;

	begin(urgency);
	page = ask_page("/", "u=0, i");
	css = is_push ? push(page, "/a.css", FR_H2_RANK_BLOCKING) : ask_page("/a.css", "u=0");
	if (!is_push)
		fr_h2_rank_request(pair->server, css->id, page->id);
	fr_h2_lead(pair->server, page->id, 1000);
	page->has_no_length = !page_bytes;
	respond(page, page_bytes ? page_bytes : 90000, 0);
	respond(css, css_bytes, 0);
	finish();
	assert_int_equal(pair->ended, 2);
	return got_before(page, css);
}

static const struct {
	size_t page, css; /* page 0: 90000 bytes that nobody announced */
	size_t page_first;
} shorter[] =
	{
		{20000, 19000, 1000}, /* of 19000 */
		{20000, 19001, 20000},
		{20000, 100000, 20000},
		{90000, 10000, 1000},
		{0, 10000, 1000},
		{0, 16384, 1000},
		{0, 30000, 33768}, /* when it has shown more than that, and doubled: 1000 + 16384, twice */
};

static void check_shorter(bool urgency, bool is_push)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(shorter); i++) {
		size_t n;

		if (i) {
			(void)pair_tear_down(NULL);
			(void)pair_set_up(NULL);
		}
		n = page_before_css(urgency, is_push, shorter[i].page, shorter[i].css);
		if (n < shorter[i].page_first || n > shorter[i].page_first + 2 * STEP_BYTES)
			fail_msg("row %zu: %zu", i, n);
	}
}

static void the_shorter_of_page_and_blocking_pushes_goes_first_by_urgency(void **state)
{
	(void)state;
	check_shorter(true, true);
}

static void the_shorter_of_page_and_blocking_pushes_goes_first_in_the_tree(void **state)
{
	(void)state;
	check_shorter(false, true);
}

static void the_shorter_of_page_and_blocking_requests_goes_first_by_urgency(void **state)
{
	(void)state;
	check_shorter(true, false);
}

static void the_shorter_of_page_and_blocking_requests_goes_first_in_the_tree(void **state)
{
	(void)state;
	check_shorter(false, false);
}

/* What is in the edge only does not count: it has nothing to send. */
static void what_has_not_come_from_the_origin_does_not_count_as_blocking(void **state)
{
	struct stream *page, *here, *away;

	(void)state;
	begin(true);
	page = ask_page("/", NULL);
	here = push(page, "/a.css", FR_H2_RANK_BLOCKING);
	away = push(page, "/b.css", FR_H2_RANK_BLOCKING);
	respond(page, 20000, 0);
	respond(here, 10000, 0);
	step(12000);
	assert_int_equal(got_before(page, here), 0);
	/* now it does: more than the rest of the page */
	respond(away, 100000, 0);
	finish();
	assert_int_equal(pair->ended, 3);
	assert_order(here, away);
	assert_order(page, away);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pages_lead_goes_before_its_blocking_pushes_by_urgency),
		TEST(the_lead_goes_first_when_no_urgency_is_left_above_the_page),
		TEST(the_lead_goes_first_when_urgency_one_is_the_pages),
		TEST(the_order_holds_for_a_page_of_the_lowest_urgency),
		TEST(a_pages_lead_goes_before_its_blocking_pushes_in_the_tree),
		TEST(think_time_is_filled_with_blocking_pushes_first_by_urgency),
		TEST(think_time_is_filled_with_blocking_pushes_first_in_the_tree),
		TEST(a_page_that_stalls_makes_way_by_urgency),
		TEST(a_page_that_stalls_makes_way_in_the_tree),
		TEST(pages_at_once_keep_their_own_orders_by_urgency),
		TEST(pages_at_once_keep_their_own_orders_in_the_tree),
		TEST(a_push_may_be_ranked_again_by_urgency),
		TEST(a_push_may_be_ranked_again_in_the_tree),
		TEST(normal_pushes_share_with_the_page_by_urgency),
		TEST(normal_pushes_share_with_the_page_in_the_tree),
		TEST(late_pushes_yield_to_the_clients_own_requests_by_urgency),
		TEST(late_pushes_yield_to_the_clients_own_requests_in_the_tree),
		TEST(what_follows_a_103_goes_where_pushes_do_by_urgency),
		TEST(what_follows_a_103_goes_where_pushes_do_in_the_tree),
		TEST(what_hung_on_a_style_sheet_stays_behind_the_page),
		TEST(what_the_client_calls_less_urgent_is_not_put_above_its_page),
		TEST(what_the_client_says_later_of_a_request_counts),
		TEST(nothing_is_ranked_that_is_no_request_of_the_clients),
		TEST(the_shorter_of_page_and_blocking_pushes_goes_first_by_urgency),
		TEST(the_shorter_of_page_and_blocking_pushes_goes_first_in_the_tree),
		TEST(the_shorter_of_page_and_blocking_requests_goes_first_by_urgency),
		TEST(the_shorter_of_page_and_blocking_requests_goes_first_in_the_tree),
		TEST(what_has_not_come_from_the_origin_does_not_count_as_blocking),
	};

	RUN(tests);
}
