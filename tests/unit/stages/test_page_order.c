/* What leaves before and after a page: stages/hints/page_order.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"cache: {memory: 4MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {html: false, warm: false, early_hints: always}\n"                             \
	"    rules: [{path: '/*', links: ['</a.css>; rel=preload; as=style',"                      \
	" '</i.png>; rel=preload; as=image',"                                                      \
	" '</large.woff2>; rel=preload; as=font; crossorigin',"                                    \
	" '</text.woff2>; rel=preload; as=font; crossorigin']}]\n"

#define A "https://a.test/a.css"
#define HEAD "<html><head><title>x</title></head>"

static void the_head_of_a_page_with_pushes_goes_first(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	f->client = fake_client_new(f->worker, FAKE_PUSHABLE, 2);
	r = fake_get(f->client, "https://a.test/p", "");
	assert_true(r->n_pushes >= 1);
	assert_int_equal(r->head_first, 0);
	origin_answer(f->worker, "/p", "200 OK", "", HEAD "<body>hello");
	/* as exactly as it is looked for */
	assert_in_range(r->head_first, sizeof HEAD - 8, sizeof HEAD + 255);
}

static void the_head_of_a_page_with_a_103_goes_first(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/p", "");

	assert_int_equal(r->n_interims, 1);
	origin_answer(f->worker, "/p", "200 OK", "", HEAD "<body>hello");
	assert_int_not_equal(r->head_first, 0);
}

static void a_head_whose_end_is_not_seen_has_a_usual_length(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/p", "");

	origin_answer(f->worker, "/p", "200 OK", "", "<html><head><title>x");
	assert_int_equal(r->head_first, 4096);
}

static void what_follows_a_103_and_blocks_its_page_goes_beside_it(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/p", "");

	assert_ptr_equal(fake_get(f->client, A, "")->page, r);
	assert_null(fake_get(f->client, "https://a.test/other.css", "")->page);
}

static void an_image_that_follows_a_103_has_no_special_place(void **state)
{
	struct fixture *f = *state;

	fake_client_set_rtt(f->client, 20000);
	(void)fake_get(f->client, "https://a.test/p", "");
	assert_null(fake_get(f->client, "https://a.test/i.png", "")->page);
}

/* A large font, the style sheet that names it, and the page, which is over by then or not. */
static bool is_font_held(struct fixture *f, const char *font, unsigned bytes, bool page_is_over)
{
	static char body[FR_FONT_BLOCKING_BYTES + 2];
	char url[64];

	(void)snprintf(url, sizeof url, "https://a.test%s", font);
	(void)fake_get(f->client, url, "sec-fetch-dest: font\n");
	memset(body, 'f', bytes);
	body[bytes] = '\0';
	origin_answer(f->worker, font, "200 OK", "Cache-Control: max-age=1000\r\n", body);
	(void)fake_get(f->client, "https://a.test/p", "");
	if (page_is_over) {
		origin_answer(f->worker, "/p", "200 OK", "", "<p>");
		worker_turn(f->worker);
	}
	return fake_get(f->client, url, "")->is_needed_late;
}

static void a_large_font_that_a_103_named_is_needed_late(void **state)
{
	assert_true(is_font_held(*state, "/large.woff2", FR_FONT_BLOCKING_BYTES + 1, false));
}

static void it_is_so_when_the_page_is_over(void **state)
{
	assert_true(is_font_held(*state, "/large.woff2", FR_FONT_BLOCKING_BYTES + 1, true));
}

static void a_font_of_text_is_not_needed_late(void **state)
{
	assert_false(is_font_held(*state, "/text.woff2", FR_FONT_BLOCKING_BYTES, true));
}

static void a_font_that_no_103_named_is_not_needed_late(void **state)
{
	assert_false(is_font_held(*state, "/other.woff2", FR_FONT_BLOCKING_BYTES + 1, true));
}

static void another_connection_has_no_page_to_wait_for(void **state)
{
	struct fixture *f = *state;
	struct fake_client *other = fake_client_new(f->worker, FAKE_H2, 2);

	(void)fake_get(f->client, "https://a.test/p", "");
	assert_null(fake_get(other, A, "")->page);
}

static void a_page_that_is_over_is_not_waited_for(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/p", "");
	origin_answer(f->worker, "/p", "200 OK", "", "<p>");
	worker_turn(f->worker);
	assert_null(fake_get(f->client, A, "")->page);
}

static void a_later_page_takes_the_place_of_an_earlier_one(void **state)
{
	struct fixture *f = *state;
	struct fake_request *second;

	(void)fake_get(f->client, "https://a.test/p", "");
	second = fake_get(f->client, "https://a.test/q", "");
	assert_ptr_equal(fake_get(f->client, A, "")->page, second);
}

static void a_page_without_hints_has_no_order(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://a.test/p", "sec-fetch-mode: cors\n");

	origin_answer(f->worker, "/p", "200 OK", "", HEAD "<body>hello");
	assert_int_equal(r->head_first, 0);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_head_of_a_page_with_pushes_goes_first),
		TEST(the_head_of_a_page_with_a_103_goes_first),
		TEST(a_head_whose_end_is_not_seen_has_a_usual_length),
		TEST(what_follows_a_103_and_blocks_its_page_goes_beside_it),
		TEST(an_image_that_follows_a_103_has_no_special_place),
		TEST(another_connection_has_no_page_to_wait_for),
		TEST(a_page_that_is_over_is_not_waited_for),
		TEST(a_later_page_takes_the_place_of_an_earlier_one),
		TEST(a_page_without_hints_has_no_order),
		TEST(a_large_font_that_a_103_named_is_needed_late),
		TEST(it_is_so_when_the_page_is_over),
		TEST(a_font_of_text_is_not_needed_late),
		TEST(a_font_that_no_103_named_is_not_needed_late),
	};
	RUN(tests);
}
