/* What the client and the origin say of the order, and its effect on what is sent next. */
#include "h2_pair.h"

/* --- what the client says --- */

static void a_priority_field_decides_what_is_sent_next(void **state)
{
	struct stream *a, *b, *c;

	(void)state;
	begin(true);
	a = ask_page("/a", "u=5");
	b = ask_page("/b", "u=1");
	c = ask_page("/c", NULL);
	respond(a, 8000, 0);
	respond(b, 8000, 0);
	respond(c, 8000, 0);
	finish();
	assert_order(b, c);
	assert_order(c, a);
}

static void update(int32_t id, const char *value)
{
	assert_int_equal(nghttp2_submit_priority_update(pair->client, 0, id, (const uint8_t *)value,
	                                                strlen(value)),
	                 0);
}

static void a_priority_update_decides_what_is_sent_next(void **state)
{
	struct stream *a, *b;

	(void)state;
	begin(true);
	a = ask_page("/a", NULL);
	b = ask_page("/b", NULL);
	respond(a, 20000, 0);
	respond(b, 20000, 0);
	step(4000);
	assert_int_equal(got(b), 0);
	update(b->id, "u=1");
	pair->n_data = 0;
	finish();
	assert_int_equal(got_before(a, b), 0);
	assert_order(b, a);
}

static void a_priority_update_before_the_request_wins_over_its_field(void **state)
{
	struct stream *a, *b;

	(void)state;
	begin(true);
	update(3, "u=1");
	a = ask_page("/a", NULL);
	b = ask_page("/b", "u=6");
	respond(a, 8000, 0);
	respond(b, 8000, 0);
	finish();
	assert_int_equal(b->id, 3);
	assert_order(b, a);
}

static void early_priority_updates_are_bounded(void **state)
{
	struct stream *a, *last;

	(void)state;
	begin(true);
	/* the first is forgotten, the last is not */
	for (int32_t id = 1; id <= 41; id += 2)
		update(id, id == 1 ? "u=0" : "u=2");
	a = ask_page("/a", NULL);
	for (int i = 0; i < 19; i++)
		(void)ask_page("/x", NULL);
	last = ask_page("/last", NULL);
	assert_int_equal(last->id, 41);
	respond(a, 4000, 0);
	respond(last, 4000, 0);
	finish();
	assert_order(last, a);
}

static void a_page_that_the_client_moves_takes_its_pushes_along(void **state)
{
	struct stream *page, *css, *other;

	(void)state;
	begin(true);
	page = ask_page("/", NULL);
	other = ask_page("/other", NULL);
	css = push(page, "/a.css", FR_H2_RANK_BLOCKING);
	exchange();
	update(page->id, "u=6");
	respond(page, 4000, 0);
	respond(css, 4000, 0);
	respond(other, 8000, 0);
	finish();
	assert_order(other, css);
	assert_order(css, page);
}

static void the_client_says_where_a_push_belongs_by_urgency(void **state)
{
	struct stream *page, *css, *late;

	(void)state;
	begin(true);
	page = ask_page("/", NULL);
	css = push(page, "/a.css", FR_H2_RANK_BLOCKING);
	late = push(page, "/b.png", FR_H2_RANK_LATE);
	exchange();
	update(css->id, "u=7");
	update(late->id, "u=0");
	exchange();
	/* and our own rank does not change that */
	fr_h2_rank_push(pair->server, css->id, page->id, FR_H2_RANK_BLOCKING);
	respond(page, 4000, 0);
	respond(css, 4000, 0);
	respond(late, 4000, 0);
	finish();
	assert_order(late, page);
	assert_order(page, css);
}

static void what_the_tree_says_of_a_push_does_not_tear_its_page_apart(void **state)
{
	struct stream *page, *css, *other;
	nghttp2_priority_spec spec;

	(void)state;
	begin(false);
	page = ask_page("/", NULL);
	css = push(page, "/a.css", FR_H2_RANK_BLOCKING);
	other = push(page, "/b.css", FR_H2_RANK_BLOCKING);
	exchange();
	/* as Chromium does for every promise, before it knows what it is for:
	 * the lowest weight, exclusive, each on the one before */
	nghttp2_priority_spec_init(&spec, page->id, 110, 1);
	assert_int_equal(nghttp2_submit_priority(pair->client, 0, css->id, &spec), 0);
	nghttp2_priority_spec_init(&spec, css->id, 110, 1);
	assert_int_equal(nghttp2_submit_priority(pair->client, 0, other->id, &spec), 0);
	exchange();
	fr_h2_lead(pair->server, page->id, 1000);
	respond(page, 12000, 0);
	respond(css, 4000, 0);
	respond(other, 4000, 0);
	finish();
	assert_int_equal(got_before(page, css), 1000);
	assert_order(css, other);
	assert_int_equal(got(page), 12000);
}

static void the_tree_of_the_client_is_followed(void **state)
{
	struct stream *a, *b, *page, *css;
	nghttp2_priority_spec spec;

	(void)state;
	begin(false);
	a = ask_page("/a", NULL);
	b = ask_page("/b", NULL);
	page = ask_page("/", NULL);
	css = push(page, "/a.css", FR_H2_RANK_BLOCKING);
	exchange();
	/* b, then a, then the page: its push stays between */
	nghttp2_priority_spec_init(&spec, b->id, 16, 0);
	assert_int_equal(nghttp2_submit_priority(pair->client, 0, a->id, &spec), 0);
	nghttp2_priority_spec_init(&spec, a->id, 16, 0);
	assert_int_equal(nghttp2_submit_priority(pair->client, 0, page->id, &spec), 0);
	respond(page, 4000, 0);
	respond(css, 4000, 0);
	respond(a, 4000, 0);
	respond(b, 4000, 0);
	finish();
	assert_order(b, a);
	assert_order(a, css);
	assert_order(css, page);
}

static void incremental_streams_share_others_follow_each_other(void **state)
{
	struct stream *a, *b, *c, *d;

	(void)state;
	begin(true);
	a = ask_page("/a", "u=2, i");
	b = ask_page("/b", "u=2, i");
	c = ask_page("/c", NULL);
	d = ask_page("/d", NULL);
	respond(a, 8000, 0);
	respond(b, 8000, 0);
	respond(c, 8000, 0);
	respond(d, 8000, 0);
	finish();
	assert_true(got_before(a, b) <= 2 * STEP_BYTES);
	assert_order(a, c);
	assert_order(b, c);
	assert_order(c, d);
}

static void respond_with(struct stream *st, const char *priority, size_t body)
{
	struct fr_response resp;

	fr_response_init(&resp, &st->arena, 200);
	assert_int_equal(fr_fields_add_id(&resp.fields, FR_FIELD_PRIORITY, S(priority)), 0);
	st->body = body;
	assert_int_equal(fr_h2_submit_response(pair->server, st->id, &resp, true), 0);
}

static void the_origin_may_change_what_the_client_said(void **state)
{
	struct stream *a, *b, *c;

	(void)state;
	begin(true);
	a = ask_page("/a", "u=1, i");
	b = ask_page("/b", "u=4, i");
	c = ask_page("/c", "u=4, i");
	/* RFC 9218 section 8: what it does not name stays the client's */
	respond_with(a, "u=4", 8000);
	respond_with(b, "u=2, i=?0", 8000);
	respond_with(c, "foo", 8000);
	finish();
	assert_order(b, a);
	assert_order(b, c);
	assert_true(got_before(a, c) <= 2 * STEP_BYTES);
}

/* --- what it may not say --- */

static void bad_update(uint32_t on, const char *payload, size_t len)
{
	begin(true);
	raw_frame(NGHTTP2_PRIORITY_UPDATE, 0, on, payload, len);
	assert_int_equal(pair->fault, FR_H2_FAULT_BAD_PRIORITY);
	look_for_goaway();
	assert_int_equal(pair->goaway_code, FR_H2_PROTOCOL_ERROR);
}

static void a_priority_update_on_a_stream_ends_the_connection(void **state)
{
	(void)state;
	bad_update(1, "\0\0\0\1u=1", 7);
}

static void a_priority_update_for_no_stream_ends_the_connection(void **state)
{
	(void)state;
	bad_update(0, "\0\0\0\0u=1", 7);
}

static void a_priority_update_for_a_push_not_promised_ends_the_connection(void **state)
{
	(void)state;
	bad_update(0, "\0\0\0\2u=1", 7);
}

static void a_priority_update_without_a_stream_ends_the_connection(void **state)
{
	(void)state;
	bad_update(0, "\0\0", 2);
}

static void a_priority_update_that_says_too_much_or_nonsense_is_ignored(void **state)
{
	struct stream *a, *b;
	char big[6000];

	(void)state;
	begin(true);
	a = ask_page("/a", NULL);
	b = ask_page("/b", NULL);
	memset(big, ' ', sizeof big);
	memcpy(big, "\0\0\0\3u=1", 7);
	raw_frame(NGHTTP2_PRIORITY_UPDATE, 0, 0, big, sizeof big);
	raw_frame(NGHTTP2_PRIORITY_UPDATE, 0, 0, "\0\0\0\3u=1,", 8);
	respond(a, 4000, 0);
	respond(b, 4000, 0);
	finish();
	assert_int_equal(pair->faults, 0);
	assert_order(a, b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_priority_field_decides_what_is_sent_next),
		TEST(a_priority_update_decides_what_is_sent_next),
		TEST(a_priority_update_before_the_request_wins_over_its_field),
		TEST(early_priority_updates_are_bounded),
		TEST(a_page_that_the_client_moves_takes_its_pushes_along),
		TEST(the_client_says_where_a_push_belongs_by_urgency),
		TEST(what_the_tree_says_of_a_push_does_not_tear_its_page_apart),
		TEST(the_tree_of_the_client_is_followed),
		TEST(incremental_streams_share_others_follow_each_other),
		TEST(the_origin_may_change_what_the_client_said),
		TEST(a_priority_update_on_a_stream_ends_the_connection),
		TEST(a_priority_update_for_no_stream_ends_the_connection),
		TEST(a_priority_update_for_a_push_not_promised_ends_the_connection),
		TEST(a_priority_update_without_a_stream_ends_the_connection),
		TEST(a_priority_update_that_says_too_much_or_nonsense_is_ignored),
	};

	RUN(tests);
}
