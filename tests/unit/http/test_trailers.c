#include "http/trailers.h"

#include "arena_fixture.h"

static void fields_that_come_too_late_are_not_allowed(void **state)
{
	static const char *const bad[] = {
		/* framing, routing, authentication, request modifiers, response control
	         * data, caching, format: RFC 9110 section 6.5.1 */
		"transfer-encoding", "content-length", "te", "trailer", "connection", "upgrade",
		"keep-alive", "host", "via", "forwarded", "x-forwarded-for", "x-forwarded-port",
		"x-real-ip", "true-client-ip", "x-original-url", "x-rewrite-url",
		"x-http-method-override", "max-forwards", "authorization", "proxy-authorization",
		"proxy-authenticate", "www-authenticate", "cookie", "set-cookie", "set-cookie2",
		"expect", "range", "if-match", "if-none-match", "if-modified-since", "if-range",
		"accept-encoding", "age", "cache-control", "cdn-cache-control", "expires", "pragma",
		"date", "location", "retry-after", "vary", "warning", "clear-site-data",
		"content-encoding", "content-type", "content-range", "content-location",
		"content-security-policy", "strict-transport-security", "surrogate-key",
		/* what applications read as one of those */
		"x_forwarded_for", "content_length", "set_cookie", "x-forwarded_for",
		/* no names at all */
		":status", ":path", "", "Set-Cookie", "a b", "a:"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(bad); i++)
		if (fr_trailer_is_allowed(S(bad[i])))
			fail_msg("'%s' is allowed", bad[i]);
}

static void fields_made_for_trailers_are_allowed(void **state)
{
	static const char *const good[] = {"server-timing", "grpc-status",    "grpc-message",
	                                   "etag",          "content-digest", "repr-digest",
	                                   "digest",        "x-sum",          "authentication-info",
	                                   "signature",     "hostage",        "tea",
	                                   "rangefinder",   "link",           "status"};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(good); i++)
		if (!fr_trailer_is_allowed(S(good[i])))
			fail_msg("'%s' is not allowed", good[i]);
}

static void the_others_stay_in_their_order(void **state)
{
	static const char *const names[] = {"x-a", "set-cookie", "x-b", "x-hop", "x-c"};
	struct fr_fields f, connection;

	(void)state;
	fr_fields_init(&f, &arena);
	fr_fields_init(&connection, &arena);
	for (size_t i = 0; i < FR_ARRAY_LEN(names); i++)
		assert_int_equal(fr_fields_add(&f, S(names[i]), S("v")), 0);
	assert_int_equal(fr_fields_add(&connection, S("connection"), S("close, X-Hop")), 0);
	assert_int_equal(fr_trailers_filter(&f, &connection), 2);
	assert_int_equal(f.n, 3);
	assert_str(f.v[0].name, "x-a");
	assert_str(f.v[1].name, "x-b");
	assert_str(f.v[2].name, "x-c");
	assert_int_equal(fr_trailers_filter(&f, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(fields_that_come_too_late_are_not_allowed),
		T(fields_made_for_trailers_are_allowed),
		T(the_others_stay_in_their_order),
	};

	RUN(tests);
}
