/* How a request is answered from the store, or who asks the origin for it:
 * stages/cache/lookup.c. */
#include "fake_client.h"

#define CONFIG                                                                                     \
	"cache: {memory: 4MiB, wait_timeout: 1s}\n"                                                \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80', connect_timeout: 500ms}\n"                       \
	"    cache: {bypass_cookies: [sid, 'wp_*']}\n"                                             \
	"    paths: [{prefix: /off, cache: {enabled: false}}, "                                    \
	"{prefix: /open, cache: {cookies: ignore}}]\n"

#define FRESH "Cache-Control: max-age=60\r\n"

static struct fake_request *get(struct fixture *f, const char *path, const char *fields)
{
	char url[256];

	(void)snprintf(url, sizeof url, "https://a.test%s", path);
	return fake_get(f->client, url, fields);
}

static void store(struct fixture *f, const char *path, const char *fields)
{
	struct fake_request *r = get(f, path, "");

	origin_answer(f->worker, path, "200 OK", fields, "hello");
	assert_string_equal(r->body, "hello");
}

/* --- hit and miss --- */

static void what_is_fresh_answers_without_the_origin(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "/x", FRESH "ETag: \"1\"\r\n");
	r = get(f, "/x", "");
	assert_int_equal(r->status, 200);
	assert_string_equal(r->body, "hello");
	assert_str(fake_field(r, "etag"), "\"1\"");
	assert_int_equal(origin_requests(f->worker), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_HITS), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_MISSES), 1);
}

static void head_is_answered_by_what_a_get_brought(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "/x", FRESH);
	r = fake_send(f->client, "HEAD", "https://a.test/x", "", false);
	assert_int_equal(r->status, 200);
	assert_int_equal(r->body_len, 0);
	assert_true(r->is_complete);
	assert_int_equal(origin_requests(f->worker), 1);
}

static void a_range_of_what_is_stored_needs_no_origin(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "/x", FRESH);
	r = get(f, "/x", "range: bytes=1-3\n");
	assert_int_equal(r->status, 206);
	assert_string_equal(r->body, "ell");
	assert_int_equal(origin_requests(f->worker), 1);
}

static void a_range_of_what_is_not_stored_is_asked_as_a_range(void **state)
{
	struct fixture *f = *state;

	(void)get(f, "/x", "range: bytes=1-3\n");
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "\r\nrange: bytes=1-3\r\n"));
}

static void another_variant_is_a_miss(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/x", "accept-language: de\n");

	origin_answer(f->worker, "/x", "200 OK", FRESH "Vary: Accept-Language\r\n", "hallo");
	r = get(f, "/x", "accept-language: en\n");
	assert_non_null(origin_request(f->worker, "/x"));
	origin_answer(f->worker, "/x", "200 OK", FRESH "Vary: Accept-Language\r\n", "hello");
	assert_str(fake_field(r, "cache-status"), "forerun; fwd=vary-miss; fwd-status=200; stored");
	assert_string_equal(get(f, "/x", "accept-language: de\n")->body, "hallo");
	assert_string_equal(get(f, "/x", "accept-language: en\n")->body, "hello");
	assert_int_equal(origin_requests(f->worker), 2);
}

static void only_if_cached_is_a_504_when_it_is_not(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/x", "cache-control: only-if-cached\n");

	assert_int_equal(r->status, 504);
	assert_int_equal(origin_requests(f->worker), 0);
	store(f, "/x", FRESH);
	assert_int_equal(get(f, "/x", "cache-control: only-if-cached\n")->status, 200);
}

static void a_client_that_wants_it_anew_gets_it_validated(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "/x", FRESH "ETag: \"1\"\r\n");
	r = get(f, "/x", "cache-control: no-cache\n");
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "if-none-match: \"1\""));
	origin_answer(f->worker, "/x", "304 Not Modified", FRESH "ETag: \"1\"\r\n", "");
	assert_int_equal(r->status, 200);
	assert_string_equal(r->body, "hello");
	assert_str(fake_field(r, "cache-status"), "forerun; fwd=request; fwd-status=304; stored");
}

/* --- stale --- */

static void what_is_stale_is_validated_and_then_answers(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "/x", FRESH "ETag: \"1\"\r\n");
	worker_advance(f->worker, 61000);
	r = get(f, "/x", "");
	assert_int_equal(r->status, 0);
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "if-none-match: \"1\""));
	origin_answer(f->worker, "/x", "304 Not Modified", FRESH "ETag: \"1\"\r\n", "");
	assert_string_equal(r->body, "hello");
	/* and it is fresh again */
	assert_string_equal(get(f, "/x", "")->body, "hello");
	assert_int_equal(origin_requests(f->worker), 2);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_VALIDATED), 1);
}

static void stale_while_revalidate_answers_at_once_and_asks_behind(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "/x", "Cache-Control: max-age=60, stale-while-revalidate=60\r\nETag: \"1\"\r\n");
	worker_advance(f->worker, 61000);
	r = get(f, "/x", "");
	assert_string_equal(r->body, "hello");
	assert_true(r->is_complete);
	assert_non_null(origin_request(f->worker, "/x"));
	/* whoever asks meanwhile does not ask again */
	assert_string_equal(get(f, "/x", "")->body, "hello");
	assert_int_equal(origin_requests(f->worker), 2);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "newer");
	assert_string_equal(get(f, "/x", "")->body, "newer");
}

/* --- one asks for all --- */

static void one_fetch_answers_all_who_wait(void **state)
{
	struct fixture *f = *state;
	struct fake_request *leader = get(f, "/x", ""), *other = get(f, "/x", ""),
			    *third = get(f, "/x", "");

	assert_int_equal(origin_requests(f->worker), 1);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "hello");
	assert_string_equal(leader->body, "hello");
	assert_string_equal(other->body, "hello");
	assert_string_equal(third->body, "hello");
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_JOINED), 2);
	assert_str(fake_field(other, "cache-status"), "forerun; fwd=uri-miss; collapsed");
}

static void those_who_wait_are_served_when_the_leader_has_left(void **state)
{
	struct fixture *f = *state;
	struct fake_request *leader = get(f, "/x", ""), *other = get(f, "/x", "");

	fake_cancel(leader, false);
	assert_int_equal(origin_requests(f->worker), 1);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "hello");
	assert_string_equal(other->body, "hello");
	assert_int_equal(worker_count(f->worker, FR_COUNT_FILLS_OPEN), 0);
}

static void a_fetch_that_nobody_waits_for_is_given_up(void **state)
{
	struct fixture *f = *state;

	fake_cancel(get(f, "/x", ""), false);
	worker_turn(f->worker);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FILLS_OPEN), 0);
	assert_int_equal(worker_count(f->worker, FR_COUNT_FETCHES_OPEN), 0);
}

static void what_may_not_be_shared_is_asked_for_by_each(void **state)
{
	struct fixture *f = *state;
	struct fake_request *leader = get(f, "/x", ""), *other = get(f, "/x", "");

	origin_answer(f->worker, "/x", "200 OK", "Cache-Control: private\r\n", "yours");
	assert_string_equal(leader->body, "yours");
	assert_int_equal(other->status, 0);
	origin_answer(f->worker, "/x", "200 OK", "Cache-Control: private\r\n", "mine");
	assert_string_equal(other->body, "mine");
}

static void those_who_wait_do_not_wait_for_ever(void **state)
{
	struct fixture *f = *state;
	struct fake_request *leader = get(f, "/x", ""), *other = get(f, "/x", "");

	worker_advance(f->worker, 900);
	assert_int_equal(origin_requests(f->worker), 1);
	worker_advance(f->worker, 200);
	assert_int_equal(origin_requests(f->worker), 2);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_WAIT_TIMEOUTS), 1);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "own");
	assert_string_equal(other->body, "own");
	assert_int_equal(leader->status, 0);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "late");
	assert_string_equal(leader->body, "late");
}

static void an_origin_that_is_gone_fails_all_who_wait_at_once(void **state)
{
	struct fixture *f = *state;
	struct fake_request *leader, *other;

	worker_hang_origin(f->worker);
	leader = get(f, "/x", "");
	other = get(f, "/x", "");
	assert_int_equal(leader->status, 0);
	worker_advance(f->worker, 600);
	assert_int_equal(leader->status, 504);
	assert_int_equal(other->status, 504);
}

static void a_leader_that_fails_is_followed_by_one_of_the_others(void **state)
{
	struct fixture *f = *state;
	struct fake_request *leader = get(f, "/x", ""), *a = get(f, "/x", ""),
			    *b = get(f, "/x", "");

	origin_send(f->worker, "/x", "nonsense\r\n\r\n");
	assert_int_equal(leader->status, 502);
	assert_int_equal(origin_requests(f->worker), 2);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "hello");
	assert_string_equal(a->body, "hello");
	assert_string_equal(b->body, "hello");
}

static void who_joins_late_gets_the_body_from_its_beginning(void **state)
{
	struct fixture *f = *state;
	struct fake_request *leader = get(f, "/x", ""), *late;

	origin_send(f->worker, "/x", "HTTP/1.1 200 OK\r\n" FRESH "Content-Length: 10\r\n\r\nhello");
	assert_string_equal(leader->body, "hello");
	late = get(f, "/x", "");
	assert_string_equal(late->body, "hello");
	origin_send(f->worker, "/x", "world");
	assert_string_equal(leader->body, "helloworld");
	assert_string_equal(late->body, "helloworld");
	assert_true(late->is_complete);
	assert_int_equal(origin_requests(f->worker), 1);
}

static void our_own_request_that_came_back_does_not_wait_for_itself(void **state)
{
	struct fixture *f = *state;

	(void)get(f, "/x", "");
	(void)get(f, "/x", "cdn-loop: forerun;id=00000001\n");
	assert_int_equal(origin_requests(f->worker), 2);
}

/* --- not for the cache --- */

static void requests_that_are_not_for_the_cache_go_past_it(void **state)
{
	static const struct {
		const char *method, *path, *fields;
	} past[] = {
		{"POST", "/x", ""},
		{"GET", "/x", "cookie: a=b; sid=1\n"},
		{"GET", "/x", "cookie: wp_user=1\n"},
		{"GET", "/x", "if-match: \"1\"\n"},
	};
	struct fixture *f = *state;
	char url[64];

	store(f, "/x", FRESH);
	for (size_t i = 0; i < FR_ARRAY_LEN(past); i++) {
		(void)snprintf(url, sizeof url, "https://a.test%s", past[i].path);
		(void)fake_send(f->client, past[i].method, url, past[i].fields, false);
		assert_int_equal(origin_requests(f->worker), 2 + i);
		origin_answer(f->worker, past[i].path, "400 Bad Request", "", "");
	}
	assert_int_equal(worker_count(f->worker, FR_COUNT_CACHE_BYPASSED), FR_ARRAY_LEN(past));
	/* cookies that do not matter are no reason */
	(void)get(f, "/x", "cookie: _ga=b; _gid=1\n");
	assert_int_equal(origin_requests(f->worker), 1 + FR_ARRAY_LEN(past));
}

/* --- who is known to the site --- */

#define STYLE FRESH "Content-Type: text/css\r\n"
#define DECLARED "Cache-Control: public, max-age=60\r\n"

/* What is stored, asked for by each kind of client: is it answered from the store? */
static void an_object_answers_its_audience_alone(void **state)
{
	static const struct {
		const char *path, *fields, *said;
		bool hits;
	} cases[] = {
		{"/page", "", FRESH, true},
		{"/page", "cookie: user=alice\n", FRESH, false},
		{"/page", "x-auth-token: alice\n", FRESH, false},
		{"/page", "cookie: sid=1\n", FRESH, false},
		{"/page", "cookie: _ga=1\n", FRESH, true},
		{"/declared", "cookie: user=alice\n", DECLARED, true},
		{"/declared", "x-auth-token: alice\n", DECLARED, true},
		{"/declared", "cookie: sid=1\n", DECLARED, false},
		{"/style", "cookie: user=alice\n", STYLE, true},
		{"/style", "cookie: sid=1\n", STYLE, true},
		{"/open", "cookie: user=alice\n", FRESH, true}, /* cache.cookies: ignore */
		{"/open", "cookie: sid=1\n", FRESH, false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		static const char *const methods[] = {"GET", "HEAD"};

		if (i == 0 || strcmp(cases[i].path, cases[i - 1].path) != 0)
			store(f, cases[i].path, cases[i].said);
		for (size_t k = 0; k < FR_ARRAY_LEN(methods); k++) {
			size_t before = origin_requests(f->worker);
			char url[64];
			struct fake_request *r;

			(void)snprintf(url, sizeof url, "https://a.test%s", cases[i].path);
			r = fake_send(f->client, methods[k], url, cases[i].fields, false);
			if ((origin_requests(f->worker) == before) != cases[i].hits)
				fail_msg("%s %s, %s", methods[k], cases[i].path, cases[i].fields);
			if (!cases[i].hits)
				origin_answer(f->worker, cases[i].path, "200 OK", cases[i].said,
				              methods[k][0] == 'G' ? "own" : "");
			assert_int_equal(r->status, 200);
		}
		/* the store has what it had */
		if (!cases[i].hits)
			assert_string_equal(get(f, cases[i].path, "")->body, "hello");
	}
}

static void only_if_cached_does_not_ask_for_who_is_known(void **state)
{
	struct fixture *f = *state;

	store(f, "/x", FRESH);
	assert_int_equal(
		get(f, "/x", "cookie: user=alice\ncache-control: only-if-cached\n")->status, 504);
	assert_int_equal(origin_requests(f->worker), 1);
}

/* What comes is for the others alone: who is known asks for itself. */
static void who_is_known_is_not_answered_by_anothers_document(void **state)
{
	struct fixture *f = *state;
	struct fake_request *lead = get(f, "/x", ""), *alice = get(f, "/x", "cookie: user=alice\n"),
			    *other = get(f, "/x", "");

	assert_int_equal(origin_requests(f->worker), 1);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "for all");
	assert_string_equal(lead->body, "for all");
	assert_string_equal(other->body, "for all");
	assert_int_equal(alice->status, 0);
	assert_non_null(strcasestr(origin_request(f->worker, "/x"), "user=alice"));
	origin_answer(f->worker, "/x", "200 OK", FRESH, "alice's");
	assert_string_equal(alice->body, "alice's");
}

/* The other way round: what one who is known brings is nobody else's, and for a while no one
 * like that waits for another. */
static void what_a_known_client_brings_is_its_own(void **state)
{
	struct fixture *f = *state;
	struct fake_request *alice = get(f, "/x", "cookie: user=alice\n"),
			    *other = get(f, "/x", ""), *third;

	assert_int_equal(origin_requests(f->worker), 1);
	origin_answer(f->worker, "/x", "200 OK", FRESH, "alice's");
	assert_string_equal(alice->body, "alice's");
	assert_int_equal(other->status, 0);
	assert_null(strcasestr(origin_request(f->worker, "/x"), "cookie"));
	/* while that is under way */
	third = get(f, "/x", "cookie: user=bob\n");
	assert_int_equal(origin_requests(f->worker), 3);
	assert_int_equal(third->status, 0);
}

/* By what the request looks like, a style sheet is fetched for everybody. */
static void assets_of_a_known_client_are_stored(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = get(f, "/a.css", "cookie: sid=1\n");

	origin_answer(f->worker, "/a.css", "200 OK", STYLE, "hello");
	assert_string_equal(r->body, "hello");
	assert_string_equal(get(f, "/a.css", "")->body, "hello");
	assert_int_equal(origin_requests(f->worker), 1);
	/* it is one no more when the answer says so */
	(void)get(f, "/b.css", "cookie: sid=1\n");
	origin_answer(f->worker, "/b.css", "200 OK", DECLARED "Content-Type: text/html\r\n",
	              "page");
	(void)get(f, "/b.css", "");
	assert_int_equal(origin_requests(f->worker), 3);
}

static void where_the_cache_is_off_nothing_is_stored(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r;

	store(f, "/off/x", FRESH);
	r = get(f, "/off/x", "");
	assert_non_null(origin_request(f->worker, "/off/x"));
	origin_answer(f->worker, "/off/x", "200 OK", FRESH, "hello");
	assert_null(fake_field(r, "cache-status").p);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_fresh_answers_without_the_origin),
		TEST(head_is_answered_by_what_a_get_brought),
		TEST(a_range_of_what_is_stored_needs_no_origin),
		TEST(a_range_of_what_is_not_stored_is_asked_as_a_range),
		TEST(another_variant_is_a_miss),
		TEST(only_if_cached_is_a_504_when_it_is_not),
		TEST(a_client_that_wants_it_anew_gets_it_validated),
		TEST(what_is_stale_is_validated_and_then_answers),
		TEST(stale_while_revalidate_answers_at_once_and_asks_behind),
		TEST(one_fetch_answers_all_who_wait),
		TEST(those_who_wait_are_served_when_the_leader_has_left),
		TEST(a_fetch_that_nobody_waits_for_is_given_up),
		TEST(what_may_not_be_shared_is_asked_for_by_each),
		TEST(those_who_wait_do_not_wait_for_ever),
		TEST(an_origin_that_is_gone_fails_all_who_wait_at_once),
		TEST(a_leader_that_fails_is_followed_by_one_of_the_others),
		TEST(who_joins_late_gets_the_body_from_its_beginning),
		TEST(our_own_request_that_came_back_does_not_wait_for_itself),
		TEST(requests_that_are_not_for_the_cache_go_past_it),
		TEST(an_object_answers_its_audience_alone),
		TEST(only_if_cached_does_not_ask_for_who_is_known),
		TEST(who_is_known_is_not_answered_by_anothers_document),
		TEST(what_a_known_client_brings_is_its_own),
		TEST(assets_of_a_known_client_are_stored),
		TEST(where_the_cache_is_off_nothing_is_stored),
	};
	RUN(tests);
}
