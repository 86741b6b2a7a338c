/* Requests that wait behind what the client asks for otherwise, for both ways of ordering. */
#include "h2_pair.h"

/* A page, a font that is held, and pictures that are asked for later. */
static struct stream *held_font(bool urgency, struct stream **page)
{
	struct stream *font;

	begin(urgency);
	*page = urgency ? ask_page("/", "u=0, i") : ask_below("/", NULL);
	font = urgency ? ask_page("/icons.woff2", "u=1") : ask_below("/icons.woff2", *page);
	fr_h2_hold_request(pair->server, font->id);
	respond(font, 400000, 0);
	return font;
}

/* The server sends about that many bytes, and the client opens its windows. */
static void flow(size_t bytes)
{
	for (size_t n = 0; n < bytes; n += STEP_BYTES) {
		step(STEP_BYTES);
		while (client_to_server())
			continue;
	}
}

/* Asked for while the font is under way. */
static struct stream *picture_below(bool urgency, const char *path, const struct stream *on)
{
	(void)(urgency ? ask_with(path, "u=3, i") : submit_below(path, on));
	while (client_to_server())
		continue;
	return &pair->streams[pair->n - 1];
}

static void hold(bool urgency)
{
	struct stream *page, *font = held_font(urgency, &page), *small;
	size_t before;

	/* nothing else is to be sent */
	flow(8000);
	assert_true(got(font) > 4000);
	respond(page, 9000, 0);
	flow(16000);
	assert_int_equal(got(page), 9000);
	small = picture_below(urgency, "/a.png", font);
	respond(small, 30000, 0);
	pair->n_data = 0;
	flow(40000);
	assert_int_equal(got(small), 30000);
	before = got_before(font, small);
	assert_true(before <= 2 * STEP_BYTES);
	assert_true(got(font) < 400000);
	finish();
	assert_int_equal(pair->ended, 3);
}

static void a_request_that_is_held_lets_later_ones_pass_by_urgency(void **state)
{
	(void)state;
	hold(true);
}

static void a_request_that_is_held_lets_later_ones_pass_in_the_tree(void **state)
{
	(void)state;
	hold(false);
}

/* A picture that does not end: the font waits for FR_H2_HOLD_BYTES of it, no longer. */
static void hold_ends(bool urgency)
{
	struct stream *page, *font = held_font(urgency, &page), *endless;
	size_t shown;

	respond(page, 1000, 0);
	endless = picture_below(urgency, "/endless.jpg", font);
	respond(endless, 1000000, 0);
	pair->n_data = 0;
	flow(FR_H2_HOLD_BYTES - 16384);
	shown = got(font);
	assert_true(shown <= 8 * STEP_BYTES);
	flow(32768);
	pair->n_data = 0;
	flow(65536);
	assert_true(got(font) >= 16384);
	for (int i = 0; i < 20; i++) {
		pair->n_data = 0;
		flow(131072);
	}
	finish();
	assert_int_equal(pair->ended, 3);
}

static void a_hold_ends_when_others_had_their_share_by_urgency(void **state)
{
	(void)state;
	hold_ends(true);
}

static void a_hold_ends_when_others_had_their_share_in_the_tree(void **state)
{
	(void)state;
	hold_ends(false);
}

static void what_the_client_says_later_ends_a_hold(void **state)
{
	struct stream *page, *font, *picture;
	nghttp2_priority_spec spec;

	(void)state;
	font = held_font(false, &page);
	picture = picture_below(false, "/a.png", page);
	nghttp2_priority_spec_init(&spec, page->id, 256, 1);
	assert_int_equal(nghttp2_submit_priority(pair->client, 0, font->id, &spec), 0);
	while (client_to_server())
		continue;
	respond(page, 1000, 0);
	respond(picture, 30000, 0);
	flow(500000);
	assert_order(font, picture);
	assert_int_equal(pair->ended, 3);
}

/* The client resets one, the connection goes on; holds of others are not touched. */
static void a_held_request_may_go_away(void **state)
{
	struct stream *page, *font, *other;

	(void)state;
	font = held_font(false, &page);
	other = ask_below("/more.woff2", font);
	fr_h2_hold_request(pair->server, other->id);
	fr_h2_hold_request(pair->server, other->id);
	fr_h2_hold_request(pair->server, 99);
	assert_int_equal(nghttp2_submit_rst_stream(pair->client, 0, font->id, NGHTTP2_CANCEL), 0);
	exchange();
	respond(other, 9000, 0);
	respond(page, 9000, 0);
	finish();
	assert_true(got_before(other, page) == 0);
	assert_int_equal(got(other), 9000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_that_is_held_lets_later_ones_pass_by_urgency),
		TEST(a_request_that_is_held_lets_later_ones_pass_in_the_tree),
		TEST(a_hold_ends_when_others_had_their_share_by_urgency),
		TEST(a_hold_ends_when_others_had_their_share_in_the_tree),
		TEST(what_the_client_says_later_ends_a_hold),
		TEST(a_held_request_may_go_away),
	};

	RUN(tests);
}
