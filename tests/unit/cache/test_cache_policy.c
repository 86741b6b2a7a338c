/* By section of RFC 9111. */
#include "cache/policy.h"

#include "policy_fixture.h"

static enum fr_cache_store may_store(void)
{
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	return fr_cache_may_store(&req, &resp, &fresh);
}

static enum fr_cache_use judge(const char *asked, int64_t after_s)
{
	struct fr_request r;
	struct fr_cache_control cc;

	fr_request_init(&r, &arena);
	if (asked)
		add(&r.fields, "cache-control", asked);
	fr_cache_control_read(&r.fields, &cc);
	return fr_cache_judge(&fresh, &cc, false, NOW + after_s);
}

static void s3_what_forbids_storing(void **state)
{
	static const struct {
		const char *cache_control;
		enum fr_cache_store expected;
	} cases[] = {
		{"max-age=60", FR_CACHE_STORE_YES},
		{"max-age=60, no-store", FR_CACHE_STORE_NO_STORE},
		{"No-Store", FR_CACHE_STORE_NO_STORE},
		{"max-age=60, private", FR_CACHE_STORE_PRIVATE},
		{"max-age=60, private=\"x-a, x-b\"", FR_CACHE_STORE_YES},
		{"max-age=60, private=\"\"", FR_CACHE_STORE_PRIVATE},
		{"max-age=60, no-cache", FR_CACHE_STORE_YES},
		{"max-age=0", FR_CACHE_STORE_NOT_REUSABLE},
		{"max-age=0, stale-if-error=60", FR_CACHE_STORE_YES},
		{"max-age=60, no-store, must-understand", FR_CACHE_STORE_YES},
		{NULL, FR_CACHE_STORE_NO_FRESHNESS},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		response(cases[i].cache_control);
		if (may_store() != cases[i].expected)
			fail_msg("%s: %s", cases[i].cache_control, fr_cache_store_str(may_store()));
	}
}

static void s3_methods_and_statuses(void **state)
{
	(void)state;
	response("max-age=60");
	req.method = FR_METHOD_POST;
	assert_int_equal(may_store(), FR_CACHE_STORE_METHOD);
	begin(599);
	add(&resp.fields, "cache-control", "max-age=60");
	assert_int_equal(may_store(), FR_CACHE_STORE_YES);
	begin(599);
	add(&resp.fields, "cache-control", "max-age=60, must-understand");
	assert_int_equal(may_store(), FR_CACHE_STORE_STATUS);
	begin(206);
	add(&resp.fields, "cache-control", "max-age=60");
	assert_int_equal(may_store(), FR_CACHE_STORE_STATUS);
	begin(302);
	add(&resp.fields, "etag", "\"a\"");
	assert_int_equal(may_store(), FR_CACHE_STORE_STATUS);
	begin(404);
	add(&resp.fields, "etag", "\"a\"");
	assert_int_equal(may_store(), FR_CACHE_STORE_NO_FRESHNESS);
	begin(404);
	add(&resp.fields, "cache-control", "max-age=1");
	assert_int_equal(may_store(), FR_CACHE_STORE_YES);
}

static void s3_5_authorization_and_cookies_need_permission(void **state)
{
	static const char *const permits[] = {"max-age=60, public", "s-maxage=60"};

	(void)state;
	response("max-age=60");
	add(&req.fields, "authorization", "Basic x");
	assert_int_equal(may_store(), FR_CACHE_STORE_AUTHORIZATION);
	response("max-age=60, must-revalidate");
	add(&req.fields, "authorization", "Basic x");
	assert_int_equal(may_store(), FR_CACHE_STORE_YES);
	response("max-age=60, must-revalidate");
	add(&resp.fields, "set-cookie", "a=b");
	assert_int_equal(may_store(), FR_CACHE_STORE_SET_COOKIE);
	for (size_t i = 0; i < FR_ARRAY_LEN(permits); i++) {
		response(permits[i]);
		add(&req.fields, "authorization", "Basic x");
		add(&resp.fields, "set-cookie", "a=b");
		assert_int_equal(may_store(), FR_CACHE_STORE_YES);
	}
	response("max-age=60");
	add(&req.fields, "cache-control", "no-store");
	assert_int_equal(may_store(), FR_CACHE_STORE_REQUEST_NO_STORE);
	response("max-age=60");
	add(&resp.fields, "vary", "accept, *");
	assert_int_equal(may_store(), FR_CACHE_STORE_VARY_ANY);
}

static void answers_to_how_it_was_asked_are_for_nobody_else(void **state)
{
	static const int of_request[] = {400, 408, 412, 413, 416, 421, 425, 429, 431, 511};
	static const int of_all[] = {200, 301, 404, 405, 410, 414, 503};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(of_request); i++) {
		begin(of_request[i]);
		add(&resp.fields, "cache-control", "public, max-age=60");
		assert_int_equal(may_store(), FR_CACHE_STORE_OF_REQUEST);
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(of_all); i++) {
		begin(of_all[i]);
		add(&resp.fields, "cache-control", "public, max-age=60");
		assert_int_equal(may_store(), FR_CACHE_STORE_YES);
	}
}

static void s4_2_1_lifetimes_and_their_order(void **state)
{
	(void)state;
	response("max-age=60, s-maxage=10");
	assert_int_equal(fresh.lifetime_s, 10);
	response("max-age=60");
	add_date("date", NOW);
	add_date("expires", NOW + 1000);
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fresh.lifetime_s, 60);
	begin(200);
	add_date("date", NOW - 100);
	add_date("expires", NOW + 100);
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fresh.lifetime_s, 200);
	assert_int_equal(fr_cache_ttl(&fresh, NOW), 100);
	begin(200);
	add(&resp.fields, "expires", "0");
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fresh.lifetime_s, 0);
	assert_int_equal(fresh.source, FR_LIFETIME_EXPLICIT);
}

static void s4_2_1_garbage_is_stale(void **state)
{
	static const char *const bad[] = {"max-age=abc",          "max-age=-1", "max-age=1.5",
	                                  "max-age= 60",          "max-age",    "max-age='60'",
	                                  "max-age=60, max-age=0"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++) {
		response(bad[i]);
		if (fresh.lifetime_s != 0)
			fail_msg("fresh: %s", bad[i]);
	}
	response("max-age=\"60\"");
	assert_int_equal(fresh.lifetime_s, 60);
	response("max-age=99999999999999999999");
	assert_int_equal(fresh.lifetime_s, FR_CC_MAX_SECONDS);
	response("a=\"max-age=60\", max-age=5");
	assert_int_equal(fresh.lifetime_s, 5);
}

static void s4_2_3_age(void **state)
{
	(void)state;
	response("max-age=100");
	add_date("date", NOW - 30);
	add(&resp.fields, "age", "10");
	fr_cache_freshness(&resp, NOW - 5, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fr_cache_age(&fresh, NOW), 30); /* apparent age */
	assert_int_equal(fr_cache_age(&fresh, NOW + 7), 37);
	response("max-age=100");
	add(&resp.fields, "age", "40, 2");
	fr_cache_freshness(&resp, NOW - 5, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fr_cache_age(&fresh, NOW), 45); /* the delay counts */
	response("max-age=100");
	add(&resp.fields, "age", "abc");
	add_date("date", NOW + 500);
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_int_equal(fr_cache_age(&fresh, NOW), 0);
	response("max-age=100");
	add(&resp.fields, "age", "7200");
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	assert_true(fr_cache_ttl(&fresh, NOW) < 0);
}

static void s5_2_1_request_directives(void **state)
{
	(void)state;
	response("max-age=100");
	assert_int_equal(judge(NULL, 50), FR_CACHE_SERVE);
	assert_int_equal(judge("no-cache", 50), FR_CACHE_VALIDATE_REQUEST);
	assert_int_equal(judge("max-age=49", 50), FR_CACHE_VALIDATE_REQUEST);
	assert_int_equal(judge("max-age=50", 50), FR_CACHE_SERVE);
	assert_int_equal(judge("max-age=0", 0), FR_CACHE_VALIDATE_REQUEST);
	assert_int_equal(judge("max-age=1", 0), FR_CACHE_SERVE);
	assert_int_equal(judge("min-fresh=51", 50), FR_CACHE_VALIDATE_REQUEST);
	assert_int_equal(judge("min-fresh=50", 50), FR_CACHE_SERVE);
	assert_int_equal(judge(NULL, 100), FR_CACHE_VALIDATE);
	assert_int_equal(judge("max-stale", 1000), FR_CACHE_SERVE);
	assert_int_equal(judge("max-stale=10", 110), FR_CACHE_SERVE);
	assert_int_equal(judge("max-stale=10", 111), FR_CACHE_VALIDATE);
}

static void s5_2_2_response_directives(void **state)
{
	(void)state;
	response("max-age=100, no-cache");
	assert_int_equal(judge(NULL, 0), FR_CACHE_VALIDATE);
	response("max-age=100, no-cache=\"x-a\"");
	assert_int_equal(judge(NULL, 0), FR_CACHE_SERVE);
	response("max-age=100, must-revalidate");
	assert_int_equal(judge("max-stale", 101), FR_CACHE_VALIDATE);
	response("s-maxage=100");
	assert_int_equal(judge("max-stale", 101), FR_CACHE_VALIDATE);
	response("max-age=100, stale-while-revalidate=30");
	assert_int_equal(judge(NULL, 130), FR_CACHE_SERVE_REVALIDATE);
	assert_int_equal(judge(NULL, 131), FR_CACHE_VALIDATE);
}

static void s4_2_4_stale_when_the_origin_fails(void **state)
{
	struct fr_cache_control none, asked;
	struct fr_request r;

	(void)state;
	begin(200);
	fr_cache_control_read(&req.fields, &none);
	fr_request_init(&r, &arena);
	add(&r.fields, "cache-control", "stale-if-error=50");
	fr_cache_control_read(&r.fields, &asked);
	response("max-age=100");
	assert_true(fr_cache_may_serve_on_error(&fresh, &none, false, NOW + 1000));
	assert_false(fr_cache_may_serve_on_error(&fresh, &none, true, NOW + 1000));
	assert_true(fr_cache_may_serve_on_error(&fresh, &asked, true, NOW + 150));
	assert_false(fr_cache_may_serve_on_error(&fresh, &asked, true, NOW + 151));
	response("max-age=100, stale-if-error=10");
	assert_true(fr_cache_may_serve_on_error(&fresh, &none, true, NOW + 110));
	assert_false(fr_cache_may_serve_on_error(&fresh, &none, false, NOW + 111));
	response("max-age=100, must-revalidate, stale-if-error=10");
	assert_false(fr_cache_may_serve_on_error(&fresh, &none, true, NOW + 105));
}

static void rfc9213_the_targeted_field_replaces_the_others(void **state)
{
	(void)state;
	response("no-store");
	add(&resp.fields, "cdn-cache-control", "max-age=60");
	assert_int_equal(may_store(), FR_CACHE_STORE_YES);
	assert_int_equal(fresh.lifetime_s, 60);
	response("max-age=60");
	add(&resp.fields, "cdn-cache-control", "no-store");
	assert_int_equal(may_store(), FR_CACHE_STORE_NO_STORE);
	/* not a dictionary: ignored as a whole */
	response("max-age=60");
	add(&resp.fields, "cdn-cache-control", "max-age=10, NO STORE");
	assert_int_equal(may_store(), FR_CACHE_STORE_YES);
	assert_int_equal(fresh.lifetime_s, 60);
	/* a directive of the wrong type is ignored by itself */
	response("max-age=60");
	add(&resp.fields, "cdn-cache-control", "max-age=\"10\", s-maxage=20");
	(void)may_store();
	assert_int_equal(fresh.lifetime_s, 20);
}

/* Beside no-store: stored only if the targeted field counts. */
static void rfc9213_only_a_dictionary_counts(void **state)
{
	static const char *const malformed[] = {"max-age=60,",
	                                        "max-age=60, ",
	                                        ",max-age=60",
	                                        "max-age=60,,public",
	                                        "",
	                                        "Max-Age=60",
	                                        "max-age = 60",
	                                        "max-age=60; X",
	                                        "max-age=60 public",
	                                        "max-age=60, a=\"",
	                                        "max-age=60, a=(1",
	                                        "max-age=1234567890123456"};
	static const char *const fine[] = {
		"max-age=60",           "max-age=60;x=1, a=(1 2)",   " max-age=60",
		"max-age=999999999999", "max-age=\"1\", max-age=60", "a=:YQ==:,\tmax-age=60"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(malformed); i++) {
		response("no-store");
		add(&resp.fields, "cdn-cache-control", malformed[i]);
		if (may_store() != FR_CACHE_STORE_NO_STORE)
			fail_msg("%s", malformed[i]);
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(fine); i++) {
		response("no-store");
		add(&resp.fields, "cdn-cache-control", fine[i]);
		if (may_store() != FR_CACHE_STORE_YES)
			fail_msg("%s", fine[i]);
	}
	/* in several lines, of which one is malformed */
	response("no-store");
	add(&resp.fields, "cdn-cache-control", "max-age=60");
	add(&resp.fields, "cdn-cache-control", "public,");
	assert_int_equal(may_store(), FR_CACHE_STORE_NO_STORE);
}

static void rfc9213_what_forbids_counts_with_any_value(void **state)
{
	static const struct {
		const char *text;
		enum fr_cache_store expected;
	} values[] = {
		{"max-age=60, no-store", FR_CACHE_STORE_NO_STORE},
		{"max-age=60, no-store=1", FR_CACHE_STORE_NO_STORE},
		{"max-age=60, no-store=?0", FR_CACHE_STORE_YES},
		{"max-age=60, private=a", FR_CACHE_STORE_PRIVATE},
		{"max-age=60, private=\"x-a\"", FR_CACHE_STORE_YES},
		{"max-age=60, private=(a b)", FR_CACHE_STORE_PRIVATE},
		{"max-age=60, no-store, must-understand=1", FR_CACHE_STORE_NO_STORE},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(values); i++) {
		response("max-age=60");
		add(&resp.fields, "cdn-cache-control", values[i].text);
		if (may_store() != values[i].expected)
			fail_msg("%s", values[i].text);
	}
}

static void an_open_quote_counts_as_no_store(void **state)
{
	static const char *const open[] = {
		"max-age=60, private=\"set-cookie", "max-age=60, private=\"a\", no-cache=\"b",
		"no-cache=\", max-age=60", "max-age=60\"", "max-age=60, ext=\"a\\\""};
	static const char *const closed[] = {"max-age=60, private=\"x-a\", no-cache=\"b\"",
	                                     "max-age=\"60\"", "max-age=60, ext=\"a\\\"b\""};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(open); i++) {
		response(open[i]);
		if (may_store() != FR_CACHE_STORE_NO_STORE)
			fail_msg("%s", open[i]);
		response("max-age=60");
		add(&resp.fields, "cache-control", open[i]);
		assert_int_equal(may_store(), FR_CACHE_STORE_NO_STORE);
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(closed); i++) {
		response(closed[i]);
		if (may_store() != FR_CACHE_STORE_YES)
			fail_msg("%s", closed[i]);
	}
	/* a quote that another line closes */
	response("max-age=60, private=\"a");
	add(&resp.fields, "cache-control", "b\"");
	assert_int_equal(may_store(), FR_CACHE_STORE_NO_STORE);
	/* a name with escapes is any name */
	response("max-age=60, private=\"set\\-cookie\"");
	assert_int_equal(may_store(), FR_CACHE_STORE_PRIVATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(s3_what_forbids_storing),
		T(s3_methods_and_statuses),
		T(s3_5_authorization_and_cookies_need_permission),
		T(answers_to_how_it_was_asked_are_for_nobody_else),
		T(s4_2_1_lifetimes_and_their_order),
		T(s4_2_1_garbage_is_stale),
		T(s4_2_3_age),
		T(s4_2_4_stale_when_the_origin_fails),
		T(s5_2_1_request_directives),
		T(s5_2_2_response_directives),
		T(rfc9213_the_targeted_field_replaces_the_others),
		T(rfc9213_only_a_dictionary_counts),
		T(rfc9213_what_forbids_counts_with_any_value),
		T(an_open_quote_counts_as_no_store),
	};

	RUN(tests);
}
