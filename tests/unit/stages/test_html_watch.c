/* Documents on their way are looked through for what they need: stages/hints/html_watch.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"cache: {memory: 4MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80'}\n"                                               \
	"    hints: {early_hints: always, warm: false, html_interval: 10s}\n"                      \
	"    paths:\n"                                                                             \
	"      - {prefix: /off, hints: {html: false}}\n"                                           \
	"      - {prefix: /cached, cache: {ttl: 60s}}\n"

#define HTML "Content-Type: text/html\r\n"
#define DOCUMENT "<html><head><link rel=stylesheet href=/a.css></head><body>"
#define NAMED_A "103 link: </a.css>; rel=preload; as=style\n"

static struct fake_request *get(struct fixture *f, const char *path)
{
	char url[256];

	(void)snprintf(url, sizeof url, "https://a.test%s", path);
	return fake_get(f->client, url, "");
}

static void load(struct fixture *f, const char *path, const char *fields, const char *body)
{
	(void)get(f, path);
	origin_answer(f->worker, path, "200 OK", fields, body);
}

static const char *named(struct fixture *f, const char *path)
{
	struct fake_request *r = get(f, path);

	fake_cancel(r, false);
	return r->n_interims ? r->interims[0] : "";
}

static void what_a_document_needs_is_hinted_at_its_next_load(void **state)
{
	struct fixture *f = *state;

	load(f, "/", HTML, DOCUMENT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PAGES_SCANNED), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TAPS_OPEN), 0);
	assert_string_equal(named(f, "/"), NAMED_A);
}

static void it_is_found_in_whatever_pieces_the_document_comes(void **state)
{
	struct fixture *f = *state;
	const char *p = DOCUMENT;

	(void)get(f, "/");
	origin_send(f->worker, "/",
	            "HTTP/1.1 200 OK\r\n" HTML "Transfer-Encoding: chunked\r\n\r\n");
	for (; *p; p++) {
		char chunk[16];

		(void)snprintf(chunk, sizeof chunk, "1\r\n%c\r\n", *p);
		origin_send(f->worker, "/", chunk);
	}
	origin_send(f->worker, "/", "0\r\n\r\n");
	assert_string_equal(named(f, "/"), NAMED_A);
}

static void a_document_that_broke_off_teaches_nothing(void **state)
{
	struct fixture *f = *state;

	(void)get(f, "/");
	origin_send(f->worker, "/",
	            "HTTP/1.1 200 OK\r\n" HTML "Content-Length: 1000\r\n\r\n" DOCUMENT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TAPS_OPEN), 1);
	origin_close(f->worker, "/");
	assert_int_equal(worker_count(f->worker, FR_COUNT_TAPS_OPEN), 0);
	assert_string_equal(named(f, "/"), "");
}

static void a_client_that_leaves_ends_the_scan(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/");

	origin_send(f->worker, "/",
	            "HTTP/1.1 200 OK\r\n" HTML "Content-Length: 1000\r\n\r\n" DOCUMENT);
	fake_cancel(r, false);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TAPS_OPEN), 0);
}

static void only_documents_are_looked_through(void **state)
{
	struct fixture *f = *state;

	load(f, "/j", "Content-Type: application/json\r\n", DOCUMENT);
	load(f, "/n", "", DOCUMENT);
	load(f, "/off/x", HTML, DOCUMENT);
	(void)get(f, "/e");
	origin_answer(f->worker, "/e", "404 Not Found", HTML, DOCUMENT);
	(void)fake_send(f->client, "POST", "https://a.test/p", "", false);
	origin_answer(f->worker, "/p", "200 OK", HTML, DOCUMENT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PAGES_SCANNED), 0);
}

static void a_page_that_brings_nothing_new_is_not_scanned_again_soon(void **state)
{
	struct fixture *f = *state;

	load(f, "/", HTML, DOCUMENT);
	load(f, "/", HTML, DOCUMENT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PAGES_SCANNED), 2);
	load(f, "/", HTML, DOCUMENT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PAGES_SCANNED), 2);
	load(f, "/q", HTML, DOCUMENT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PAGES_SCANNED), 3);
	worker_advance(f->worker, 11000);
	load(f, "/", HTML, DOCUMENT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PAGES_SCANNED), 4);
}

static void a_document_that_is_stored_is_looked_through_once(void **state)
{
	struct fixture *f = *state;

	load(f, "/cached/x", HTML, DOCUMENT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_STORED), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PAGES_SCANNED), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_TAPS_OPEN), 0);
	assert_string_equal(get(f, "/cached/x")->body, DOCUMENT);
	assert_int_equal(worker_count(f->worker, FR_COUNT_PAGES_SCANNED), 1);
	/* it is hinted when the origin is asked again */
	worker_advance(f->worker, 61000);
	assert_string_equal(named(f, "/cached/x"), NAMED_A);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_document_needs_is_hinted_at_its_next_load),
		TEST(it_is_found_in_whatever_pieces_the_document_comes),
		TEST(a_document_that_broke_off_teaches_nothing),
		TEST(a_client_that_leaves_ends_the_scan),
		TEST(only_documents_are_looked_through),
		TEST(a_page_that_brings_nothing_new_is_not_scanned_again_soon),
		TEST(a_document_that_is_stored_is_looked_through_once),
	};
	RUN(tests);
}
