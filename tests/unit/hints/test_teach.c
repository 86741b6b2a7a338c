#include "arena_fixture.h"
#include "hints/teach.h"

static struct fr_request req;
static struct fr_response resp;

/* Adds "name: value" lines. */
static void add_lines(struct fr_fields *f, const char *lines)
{
	struct fr_str rest = S(lines);

	while (rest.len) {
		size_t end = fr_str_find(rest, '\n'), colon = fr_str_find(rest, ':');

		assert_int_equal(fr_fields_add(f, fr_str_sub(rest, 0, colon),
		                               fr_str_trim(fr_str_sub(rest, colon + 1, end))),
		                 0);
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
}

static const char *judged(const char *request, const char *response)
{
	struct fr_teach_load load = {.req = &req, .resp = &resp};

	fr_request_init(&req, &arena);
	fr_response_init(&resp, &arena, 200);
	req.method = FR_METHOD_GET;
	req.target = S("/page?a=1");
	add_lines(&req.fields, request);
	add_lines(&resp.fields, response);
	return fr_teach_reason_str(fr_teach_judge(&load));
}

static void what_a_load_may_teach(void **state)
{
	static const struct {
		const char *request, *response, *reason;
	} rows[] = {
		{"", "", "public"},
		{"", "cache-control: public, max-age=60", "public"},
		{"", "cache-control: max-age=0, must-revalidate", "public"},
		{"accept: text/html\nuser-agent: x\naccept-language: de", "", "public"},
		{"sec-fetch-user: ?1\nsec-websocket-key: x\nx-request-id: 7", "", "public"},
		{"referer: https://a/?token=1\nx-forwarded-for: 1.2.3.4", "", "public"},
		/* the response says that it is one client's */
		{"", "cache-control: no-store", "no-store"},
		{"", "cache-control: max-age=60\ncache-control: No-Store", "no-store"},
		{"", "cache-control: no-cache", "no-cache"},
		{"", "cache-control: no-cache=\"x\"", "no-cache"},
		{"", "pragma: no-cache", "no-cache"},
		{"", "cache-control: private", "private"},
		{"", "cache-control: private=\"x-user\"", "private"},
		{"", "cdn-cache-control: private", "private"},
		{"", "cdn-cache-control: no-store\ncache-control: max-age=60", "no-store"},
		{"", "set-cookie: a=b", "set-cookie"},
		{"", "set-cookie: a=b\ncache-control: public, max-age=60", "set-cookie"},
		/* the request says who asks */
		{"cookie: a=b", "", "credentials"},
		{"cookie: a=b", "cache-control: public, max-age=60", "credentials"},
		{"authorization: Basic x", "", "credentials"},
		{"proxy-authorization: Basic x", "", "credentials"},
		{"x-api-key: 1", "", "credentials"},
		{"api-key: 1", "", "credentials"},
		{"apikey: 1", "", "credentials"},
		{"x-auth-token: 1", "", "credentials"},
		{"x-auth: 1", "", "credentials"},
		{"x-csrf-token: 1", "", "credentials"},
		{"x-xsrf: 1", "", "credentials"},
		{"token: 1", "", "credentials"},
		{"x-accesstoken: 1", "", "credentials"},
		{"x-amz-security-token: 1", "", "credentials"},
		{"x-session-id: 1", "", "credentials"},
		{"session: 1", "", "credentials"},
		{"x_session: 1", "", "credentials"},
		{"x-user-id: 1", "", "credentials"},
		{"remote-user: 1", "", "credentials"},
		{"x-goog-iap-jwt-assertion: 1", "", "credentials"},
		{"x-client-cert: 1", "", "credentials"},
		{"dpop: 1", "", "credentials"},
		{"x-tenant: 1", "", "credentials"},
		{"x-a-name-that-is-so-long-that-nobody-wants-to-look-at-each-word-of-it: 1", "",
	         "credentials"},
		/* what it depends on */
		{"", "vary: Accept-Encoding", "public"},
		{"", "vary: accept, accept-encoding, User-Agent", "public"},
		{"", "vary: Accept-Language\nvary: Sec-CH-UA-Mobile, DPR", "public"},
		{"", "vary: *", "vary"},
		{"", "vary: Cookie", "vary"},
		{"", "vary: Accept-Encoding, Origin", "vary"},
		{"", "vary: Accept-Encoding\nvary: X-Theme", "vary"},
		{"", "vary: Sec-CH-Unheard-Of", "vary"},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		const char *reason = judged(rows[i].request, rows[i].response);

		if (strcmp(reason, rows[i].reason))
			fail_msg("%s / %s: %s, not %s", rows[i].request, rows[i].response, reason,
			         rows[i].reason);
	}
}

static void only_pages_teach_and_only_by_a_key_that_tells_them_apart(void **state)
{
	struct fr_teach_load load = {.req = &req, .resp = &resp};

	(void)state;
	(void)judged("", "");
	assert_int_equal(fr_teach_judge(&load), FR_TEACH_SAME);
	load.leaves_query_out = true;
	assert_int_equal(fr_teach_judge(&load), FR_TEACH_QUERY);
	assert_int_equal(fr_teach_whom_of(FR_TEACH_QUERY), FR_TEACH_WITNESSES);
	load.leaves_query_out = false;
	resp.status = 404;
	assert_int_equal(fr_teach_judge(&load), FR_TEACH_NOT_PAGE);
	assert_int_equal(fr_teach_whom_of(FR_TEACH_NOT_PAGE), FR_TEACH_NOBODY);
	resp.status = 200;
	req.method = FR_METHOD_POST;
	assert_int_equal(fr_teach_judge(&load), FR_TEACH_NOT_PAGE);
	req.method = FR_METHOD_GET;
	load.path_is_ambiguous = true;
	assert_int_equal(fr_teach_judge(&load), FR_TEACH_PATH);
	assert_int_equal(fr_teach_whom_of(FR_TEACH_PATH), FR_TEACH_NOBODY);
}

static struct fr_fields fields_of(const char *lines)
{
	fr_request_init(&req, &arena);
	add_lines(&req.fields, lines);
	return req.fields;
}

static uint64_t kinds(const char *lines)
{
	struct fr_fields f = fields_of(lines);

	return fr_teach_credential_kinds(&f);
}

static void kinds_of_credentials_go_by_names(void **state)
{
	(void)state;
	assert_true(kinds("accept: x") == 0);
	assert_true(kinds("cookie: session=1") == kinds("cookie: session=2"));
	assert_true(kinds("cookie: session=1") != kinds("cookie: _ga=1"));
	assert_true(kinds("cookie: session=1") & FR_TEACH_ANY_CREDENTIAL);
	assert_true((kinds("cookie: _ga=1; session=7") & kinds("cookie: session=1")) ==
	            kinds("cookie: session=1"));
	assert_true(kinds("cookie: _ga=1\ncookie: session=7") == kinds("cookie: _ga=1; session=7"));
	assert_true(kinds("authorization: a") != kinds("x-api-key: a"));
}

static uint64_t self(const char *lines, uint64_t client)
{
	struct fr_fields f = fields_of(lines);

	return fr_teach_self(&f, client, 9);
}

static void only_who_asks_alike_is_the_same_client(void **state)
{
	(void)state;
	assert_true(self("user-agent: a", 1) == self("user-agent: a", 1));
	assert_true(self("user-agent: a", 1) != self("user-agent: a", 2));
	assert_true(self("user-agent: a", 1) != self("user-agent: b", 1));
	assert_true(self("cookie: a", 1) != self("", 1));
	assert_true(self("cookie: a", 1) != self("cookie: b", 1));
	assert_true(self("x-whatever: a", 1) != self("x-whatever: b", 1));
	/* people behind one balancer */
	assert_true(self("x-forwarded-for: a", 1) != self("x-forwarded-for: b", 1));
	assert_true(self("forwarded: for=a", 1) != self("forwarded: for=b", 1));
	/* a reload, another page before, other priorities: the same */
	assert_true(self("cache-control: no-cache\nsec-fetch-site: none\nreferer: x", 1) ==
	            self("priority: u=0\nif-none-match: x", 1));
}

static uint64_t variant(const char *vary, const char *lines)
{
	struct fr_fields f;
	uint32_t bits;

	fr_response_init(&resp, &arena, 200);
	add_lines(&resp.fields, vary);
	bits = fr_teach_vary(&resp.fields);
	f = fields_of(lines);
	return fr_teach_variant(bits, &f);
}

static void variants_are_normalised(void **state)
{
	static const char desktop[] = "user-agent: Mozilla/5.0 (X11; Linux) Chrome/130.0";
	static const char newer[] = "user-agent: Mozilla/5.0 (Macintosh) Chrome/131.0";
	static const char mobile[] = "user-agent: Mozilla/5.0 (Android 14) Chrome/130.0 Mobile";
	static const char firefox[] = "user-agent: Mozilla/5.0 Firefox/140.0";

	(void)state;
	assert_true(variant("vary: Accept-Encoding, Accept", desktop) == 0);
	assert_true(variant("", desktop) == 0);
	assert_true(variant("vary: User-Agent", desktop) == variant("vary: user-agent", newer));
	assert_true(variant("vary: User-Agent", desktop) != variant("vary: User-Agent", mobile));
	assert_true(variant("vary: User-Agent", desktop) != variant("vary: User-Agent", firefox));
	assert_true(variant("vary: Accept-Language", "accept-language: de-DE,de;q=0.9") ==
	            variant("vary: Accept-Language", "accept-language: de-de;q=1, en"));
	assert_true(variant("vary: Accept-Language", "accept-language: de-DE") !=
	            variant("vary: Accept-Language", "accept-language: en-US"));
	assert_true(variant("vary: Accept-Language", "") !=
	            variant("vary: Accept-Language", "accept-language: en-US"));
	assert_true(variant("vary: Sec-CH-UA-Mobile", "sec-ch-ua-mobile: ?0") !=
	            variant("vary: Sec-CH-UA-Mobile", "sec-ch-ua-mobile: ?1"));
	assert_true(variant("vary: Viewport-Width", "viewport-width: 360") ==
	            variant("vary: Viewport-Width", "viewport-width: 390"));
	assert_true(variant("vary: Viewport-Width", "viewport-width: 360") !=
	            variant("vary: Viewport-Width", "viewport-width: 1920"));
	/* another dependency is another variant */
	assert_true(variant("vary: User-Agent", desktop) !=
	            variant("vary: User-Agent, Accept-Language", desktop));
}

static void what_an_answer_says_of_an_asset(void **state)
{
	static const struct {
		int status;
		enum fr_teach_gone says;
	} rows[] = {{200, FR_TEACH_THERE},   {206, FR_TEACH_THERE},   {304, FR_TEACH_THERE},
	            {404, FR_TEACH_GONE},    {410, FR_TEACH_GONE},    {301, FR_TEACH_DOUBT},
	            {302, FR_TEACH_DOUBT},   {303, FR_TEACH_DOUBT},   {307, FR_TEACH_DOUBT},
	            {308, FR_TEACH_DOUBT},   {500, FR_TEACH_DOUBT},   {503, FR_TEACH_DOUBT},
	            {400, FR_TEACH_NOTHING}, {401, FR_TEACH_NOTHING}, {403, FR_TEACH_NOTHING},
	            {405, FR_TEACH_NOTHING}, {429, FR_TEACH_NOTHING}, {103, FR_TEACH_NOTHING}};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++)
		if (fr_teach_gone(rows[i].status) != rows[i].says)
			fail_msg("%d", rows[i].status);
}

static bool is_telling(const char *request, int status, bool is_ours)
{
	fr_request_init(&req, &arena);
	add_lines(&req.fields, request);
	return fr_teach_is_telling(&req, status, is_ours);
}

static void which_answers_say_something_of_an_asset(void **state)
{
	(void)state;
	assert_true(is_telling("", 200, false));
	assert_true(is_telling("", 404, false));
	assert_true(is_telling("", 503, false));
	assert_false(is_telling("", 403, false));
	assert_false(is_telling("", 206, false));
	assert_false(is_telling("range: bytes=0-1", 200, false));
	assert_false(is_telling("if-none-match: \"a\"", 404, false));
	/* what we asked for in vain is not asked for again soon */
	assert_true(is_telling("", 403, true));
	assert_true(is_telling("", 302, true));
	assert_false(is_telling("", 206, true));
	assert_false(is_telling("", 304, true));
	assert_false(is_telling("", 103, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_a_load_may_teach),
		T(only_pages_teach_and_only_by_a_key_that_tells_them_apart),
		T(kinds_of_credentials_go_by_names),
		T(only_who_asks_alike_is_the_same_client),
		T(variants_are_normalised),
		T(what_an_answer_says_of_an_asset),
		T(which_answers_say_something_of_an_asset),
	};

	RUN(tests);
}
