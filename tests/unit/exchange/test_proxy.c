/* What changes in messages on their way: exchange/proxy.c. */
#include "exchange/proxy.h"

#include "arena_fixture.h"
#include "fake_client.h"

#define CONFIG                                                                                     \
	"cache: {memory: 1MiB}\n"                                                                  \
	"sites:\n"                                                                                 \
	"  - {hosts: [a.test], origin: {url: 'http://127.0.0.1:80'}}\n"                            \
	"  - {hosts: [b.test], origin: {url: 'http://127.0.0.2:8080', host: origin, via: true},"   \
	" cache: {query_only: [id]}}\n"

/* --- the request --- */

static void assert_asked(const char *head, const char *line)
{
	if (!head || !strcasestr(head, line))
		fail_msg("no '%s' in: %s", line, head ? head : "(nothing)");
}

static void the_origin_is_called_what_the_client_calls_it(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x", "");
	assert_asked(origin_request(f->worker, "/x"), "\r\nhost: a.test\r\n");
}

static void the_origin_is_called_by_its_own_name_where_that_is_configured(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://b.test/x", "");
	assert_asked(origin_request(f->worker, "/x"), "\r\nhost: 127.0.0.2:8080\r\n");
}

static void the_origin_is_told_who_asks(void **state)
{
	struct fixture *f = *state;
	const char *head;

	(void)fake_get(f->client, "https://a.test/x", "x-forwarded-for: 1.2.3.4\n");
	head = origin_request(f->worker, "/x");
	assert_asked(head, "for=192.0.2.1");
	assert_asked(head, "\r\nx-forwarded-for: 192.0.2.1\r\n");
	assert_null(strstr(head, "1.2.3.4"));
}

static void the_origin_learns_who_asks_in_a_loop(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/x", "");
	assert_asked(origin_request(f->worker, "/x"), "\r\ncdn-loop: forerun;id=");
}

static void via_is_sent_only_where_that_is_configured(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://a.test/a", "");
	(void)fake_get(f->client, "https://b.test/b", "");
	assert_null(strcasestr(origin_request(f->worker, "/a"), "\r\nvia:"));
	assert_asked(origin_request(f->worker, "/b"), "\r\nvia: 2.0 forerun\r\n");
}

static void parameters_that_are_not_in_the_key_are_not_sent(void **state)
{
	struct fixture *f = *state;

	(void)fake_get(f->client, "https://b.test/x?utm=1&id=2", "");
	assert_non_null(origin_request(f->worker, "/x?id=2"));
}

static void what_the_cache_does_not_key_is_sent_with_its_whole_query(void **state)
{
	struct fixture *f = *state;

	(void)fake_send(f->client, "DELETE", "https://b.test/x?utm=1&id=2", "", false);
	assert_non_null(origin_request(f->worker, "/x?utm=1&id=2"));
}

/* --- the response --- */

static void response_init(struct fr_response *resp, int status)
{
	fr_response_init(resp, &arena, status);
}

static void add(struct fr_response *resp, const char *name, const char *value)
{
	assert_int_equal(fr_fields_add(&resp->fields, S(name), S(value)), 0);
}

static void fields_of_one_hop_stay_there(void **state)
{
	static const char *const gone[] = {"keep-alive",        "proxy-connection", "te",
	                                   "transfer-encoding", "upgrade",          "x-hop",
	                                   "content-length"};
	struct fr_response resp;

	(void)state;
	response_init(&resp, 200);
	add(&resp, "connection", "close, x-hop");
	for (size_t i = 0; i < FR_ARRAY_LEN(gone); i++)
		add(&resp, gone[i], "1");
	add(&resp, "etag", "\"a\"");
	assert_int_equal(fr_proxy_response(&resp, S("now")), 0);
	assert_int_equal(resp.fields.n, 2);
	assert_str(fr_fields_value(&resp.fields, FR_FIELD_ETAG), "\"a\"");
	assert_str(fr_fields_value(&resp.fields, FR_FIELD_DATE), "now");
}

static void a_date_is_kept(void **state)
{
	struct fr_response resp;

	(void)state;
	response_init(&resp, 200);
	add(&resp, "date", "then");
	assert_int_equal(fr_proxy_response(&resp, S("now")), 0);
	assert_str(fr_fields_value(&resp.fields, FR_FIELD_DATE), "then");
	assert_int_equal(fr_fields_count(&resp.fields, FR_FIELD_DATE), 1);
}

static void an_interim_response_gets_no_date(void **state)
{
	struct fr_response resp;

	(void)state;
	response_init(&resp, 103);
	add(&resp, "link", "</a>; rel=preload");
	assert_int_equal(fr_proxy_response(&resp, S("now")), 0);
	assert_int_equal(resp.fields.n, 1);
}

static void a_connection_field_that_is_no_list_is_malformed(void **state)
{
	struct fr_response resp;

	(void)state;
	response_init(&resp, 200);
	add(&resp, "connection", "a b");
	assert_int_equal(fr_proxy_response(&resp, S("now")), FR_ERR_SYNTAX);
}

/* --- our own --- */

static void a_response_of_our_own_says_what_it_is(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_get(f->client, "https://nobody.test/x", "");

	assert_int_equal(r->status, 421);
	assert_str(fake_field(r, "content-type"), "text/plain; charset=utf-8");
	assert_str(fake_field(r, "cache-control"), "no-store");
	assert_true(fake_field(r, "date").len > 20);
	assert_string_equal(r->body,
	                    "421 Misdirected Request\nNo site of that name is served here.\n");
}

static void a_response_of_our_own_to_head_has_no_body(void **state)
{
	struct fixture *f = *state;
	struct fake_request *r = fake_send(f->client, "HEAD", "https://nobody.test/x", "", false);

	assert_int_equal(r->status, 421);
	assert_int_equal(r->body_len, 0);
	assert_true(r->is_complete);
}

FIXTURE(CONFIG, FAKE_H2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_origin_is_called_what_the_client_calls_it),
		TEST(the_origin_is_called_by_its_own_name_where_that_is_configured),
		TEST(the_origin_is_told_who_asks),
		TEST(the_origin_learns_who_asks_in_a_loop),
		TEST(via_is_sent_only_where_that_is_configured),
		TEST(parameters_that_are_not_in_the_key_are_not_sent),
		TEST(what_the_cache_does_not_key_is_sent_with_its_whole_query),
		T(fields_of_one_hop_stay_there),
		T(a_date_is_kept),
		T(an_interim_response_gets_no_date),
		T(a_connection_field_that_is_no_list_is_malformed),
		TEST(a_response_of_our_own_says_what_it_is),
		TEST(a_response_of_our_own_to_head_has_no_body),
	};
	RUN(tests);
}
