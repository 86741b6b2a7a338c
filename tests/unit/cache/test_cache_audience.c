/* The one rule for cookies and credentials, in both directions: what is stored, and whom it
 * answers. Every kind of response against every kind of client. */
#include "cache/audience.h"

#include "arena_fixture.h"
#include "cache/gate.h"

#define NOW INT64_C(1700000000)

static struct fr_request req;
static struct fr_response resp;

static void add(struct fr_fields *f, const char *name, const char *value)
{
	if (name)
		assert_int_equal(fr_fields_add(f, S(name), S(value)), 0);
}

static bool is_credential(const struct fr_field *f)
{
	return f->id == FR_FIELD_COOKIE || f->id == FR_FIELD_AUTHORIZATION ||
	       fr_str_is(f->name, "x-auth-token");
}

static const struct fr_identity_rules rules = {.is_credential = is_credential};

/* --- who asks --- */

struct client {
	const char *name, *value; /* of a field */
	enum fr_identity identity;
};

static const struct client clients[] = {
	{NULL, NULL, FR_IDENTITY_NONE},
	{"accept", "*/*", FR_IDENTITY_NONE},
	{"authorization", "Basic x", FR_IDENTITY_NONE}, /* a rule of its own */
	{"x-auth-token", "1", FR_IDENTITY_FIELD},
	{"cookie", "theme=dark", FR_IDENTITY_COOKIE},
	{"cookie", "_ga=1; user=alice", FR_IDENTITY_COOKIE},
	{"cookie", "_ga=1; _gid=2; __utma=3", FR_IDENTITY_NONE},
	{"cookie", "", FR_IDENTITY_NONE},
	{"cookie", "; ;", FR_IDENTITY_NONE},
	{"cookie", "=x", FR_IDENTITY_COOKIE},
	{"cookie", "alice", FR_IDENTITY_COOKIE},
	{"cookie", "_ga=1; wordpress_logged_in_1f3a=alice", FR_IDENTITY_BYPASS},
	{"cookie", "sessionid=1", FR_IDENTITY_BYPASS},
	{"cookie", "__Host-sessionid=1", FR_IDENTITY_BYPASS},
};

/* --- what answers --- */

struct answer {
	const char *type, *cache_control;
	const char *name, *value; /* a further field */
	int status;
	enum fr_audience audience;
};

static const struct answer answers[] = {
	{"text/html", "max-age=60", NULL, NULL, 200, FR_AUDIENCE_ANONYMOUS},
	{"application/json", "max-age=60", NULL, NULL, 200, FR_AUDIENCE_ANONYMOUS},
	{NULL, "max-age=60", NULL, NULL, 200, FR_AUDIENCE_ANONYMOUS},
	{"text/html", "max-age=60, must-revalidate", NULL, NULL, 200, FR_AUDIENCE_ANONYMOUS},
	{"text/html", "max-age=60, immutable", NULL, NULL, 200, FR_AUDIENCE_ANONYMOUS},
	{"text/html", "no-cache", "etag", "\"1\"", 200, FR_AUDIENCE_ANONYMOUS},
	{"text/html", NULL, "expires", "Thu, 01 Jan 2099 00:00:00 GMT", 200, FR_AUDIENCE_ANONYMOUS},
	{"text/html", "max-age=60", "vary", "Accept", 200, FR_AUDIENCE_ANONYMOUS},
	{"text/html", "max-age=60", NULL, NULL, 404, FR_AUDIENCE_ANONYMOUS},
	{"text/css", "max-age=60", NULL, NULL, 404, FR_AUDIENCE_ANONYMOUS},
	{"text/css", "max-age=60", "location", "/a", 301, FR_AUDIENCE_ANONYMOUS},
	{"text/css", "max-age=60", "content-type", "text/html", 200, FR_AUDIENCE_ANONYMOUS},
	{"image/png", "max-age=60", "content-disposition", "attachment", 200,
         FR_AUDIENCE_ANONYMOUS},
	{"text/html", "public, max-age=60", NULL, NULL, 200, FR_AUDIENCE_DECLARED},
	{"text/html", "s-maxage=60", NULL, NULL, 200, FR_AUDIENCE_DECLARED},
	{"text/html", "max-age=0", "cdn-cache-control", "max-age=60", 200, FR_AUDIENCE_DECLARED},
	{NULL, "public, max-age=60", NULL, NULL, 404, FR_AUDIENCE_DECLARED},
	{"text/css", "max-age=60", NULL, NULL, 200, FR_AUDIENCE_ALL},
	{"Text/JavaScript;charset=utf-8", "max-age=60", NULL, NULL, 203, FR_AUDIENCE_ALL},
	{"font/woff2", "max-age=60", NULL, NULL, 200, FR_AUDIENCE_ALL},
	{"image/svg+xml", "max-age=60", NULL, NULL, 200, FR_AUDIENCE_ALL},
};

static const bool expected[][4] = {
	/*                          none  field  cookie bypass */
	[FR_AUDIENCE_ANONYMOUS] = {true, false, false, false},
	[FR_AUDIENCE_DECLARED] = {true, true, true, false},
	[FR_AUDIENCE_ALL] = {true, true, true, true},
};

static void begin(const struct client *c, const struct answer *a)
{
	fr_arena_reset(&arena);
	fr_request_init(&req, &arena);
	req.method = FR_METHOD_GET;
	req.target = S("/a");
	add(&req.fields, c->name, c->value);
	fr_response_init(&resp, &arena, a->status);
	add(&resp.fields, a->type ? "content-type" : NULL, a->type);
	add(&resp.fields, a->cache_control ? "cache-control" : NULL, a->cache_control);
	add(&resp.fields, a->name, a->value);
}

static enum fr_cache_store judge(const struct fr_identity_rules *by)
{
	struct fr_gate_verdict v;

	fr_gate_judge(&(struct fr_gate_question){.client = &req,
	                                         .sent = &req,
	                                         .resp = &resp,
	                                         .request_s = NOW,
	                                         .response_s = NOW,
	                                         .rules = {.identity = *by}},
	              &v);
	return v.why;
}

/* Authorization alone forbids storing, by RFC 9111 §3.5. */
static bool is_authorized(const struct client *c)
{
	return c->name && strcmp(c->name, "authorization") == 0;
}

static bool permits_authorized(const struct answer *a)
{
	return a->cache_control &&
	       (strstr(a->cache_control, "public") || strstr(a->cache_control, "s-maxage") ||
	        strstr(a->cache_control, "must-revalidate"));
}

static void what_is_stored_and_whom_it_answers_is_one_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(clients); i++)
		for (size_t k = 0; k < FR_ARRAY_LEN(answers); k++) {
			const struct client *c = &clients[i];
			const struct answer *a = &answers[k];
			bool may = expected[a->audience][c->identity];

			begin(c, a);
			assert_int_equal(fr_audience_of(&resp), a->audience);
			assert_int_equal(fr_identity_of(&req.fields, &rules, &resp.fields),
			                 c->identity);
			assert_int_equal(fr_audience_has(a->audience, c->identity), may);
			if (is_authorized(c))
				may = permits_authorized(a);
			if ((judge(&rules) == FR_CACHE_STORE_YES) != may)
				fail_msg("%s: %s, %s, %d: %s", c->value, a->type, a->cache_control,
				         a->status, fr_cache_store_str(judge(&rules)));
		}
}

static void what_vary_names_tells_clients_apart(void **state)
{
	static const struct answer page = {"text/html", "max-age=60",
	                                   "vary",      "X-Auth-Token, Cookie",
	                                   200,         FR_AUDIENCE_ANONYMOUS};
	static const struct {
		struct client client;
		enum fr_identity identity;
	} cases[] = {
		{{"cookie", "user=alice", FR_IDENTITY_COOKIE}, FR_IDENTITY_NONE},
		{{"x-auth-token", "1", FR_IDENTITY_FIELD}, FR_IDENTITY_NONE},
		{{"cookie", "sessionid=1", FR_IDENTITY_BYPASS}, FR_IDENTITY_BYPASS},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		begin(&cases[i].client, &page);
		assert_int_equal(fr_identity_of(&req.fields, &rules, NULL),
		                 cases[i].client.identity);
		assert_int_equal(fr_identity_of(&req.fields, &rules, &resp.fields),
		                 cases[i].identity);
	}
}

/* Protected uploads are served by file, with Last-Modified and no lifetime. */
static void a_picture_without_a_lifetime_may_be_a_known_persons_own(void **state)
{
	static const char modified[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	static const struct {
		const char *type, *cookie;
		enum fr_cache_store expected;
	} cases[] = {
		{"image/png", "_ga=1", FR_CACHE_STORE_YES},
		{"image/png", "theme=dark", FR_CACHE_STORE_YES},
		{"image/png", "sessionid=1", FR_CACHE_STORE_BYPASS},
		{"text/css", "sessionid=1", FR_CACHE_STORE_YES},
		{"font/woff2", "sessionid=1", FR_CACHE_STORE_YES},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct answer a = {cases[i].type, NULL, "last-modified",
		                   modified,      200,  FR_AUDIENCE_ALL};
		struct client c = {"cookie", cases[i].cookie, FR_IDENTITY_NONE};

		begin(&c, &a);
		assert_int_equal(judge(&rules), cases[i].expected);
	}
}

static void an_operator_says_otherwise(void **state)
{
	static const char *const no_names[] = {NULL}, *const mine[] = {"login", "x_*"},
				 *const more[] = {"login", "default"};
	static const struct {
		struct fr_cookie_rules rules;
		const char *cookie;
		enum fr_identity identity;
	} cases[] = {
		{{.ignores_all = true}, "user=alice", FR_IDENTITY_NONE},
		{{.ignores_all = true}, "user=alice; sessionid=1", FR_IDENTITY_BYPASS},
		{{.bypass = {no_names, 0}}, "sessionid=1", FR_IDENTITY_COOKIE},
		{{.bypass = {no_names, 0}, .ignores_all = true}, "sessionid=1", FR_IDENTITY_NONE},
		{{.bypass = {mine, 2}}, "sessionid=1", FR_IDENTITY_COOKIE},
		{{.bypass = {mine, 2}}, "login=1", FR_IDENTITY_BYPASS},
		{{.bypass = {mine, 2}}, "x_1=1", FR_IDENTITY_BYPASS},
		{{.bypass = {mine, 2}}, "x=1", FR_IDENTITY_COOKIE},
		{{.bypass = {mine, 2}}, "Login=1", FR_IDENTITY_COOKIE},
		{{.bypass = {more, 2}}, "login=1", FR_IDENTITY_BYPASS},
		{{.bypass = {more, 2}}, "sessionid=1", FR_IDENTITY_BYPASS},
		{{.ignored = {no_names, 0}}, "_ga=1", FR_IDENTITY_COOKIE},
		{{.ignored = {mine, 2}}, "_ga=1", FR_IDENTITY_COOKIE},
		{{.ignored = {mine, 2}}, "login=1; x_2=1", FR_IDENTITY_NONE},
		{{.ignored = {more, 2}}, "login=1; _ga=1", FR_IDENTITY_NONE},
		{{.ignored = {more, 2}}, "login=1; _ga=1; a=b", FR_IDENTITY_COOKIE},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct fr_identity_rules r = {.cookies = cases[i].rules};
		struct client c = {"cookie", cases[i].cookie, FR_IDENTITY_NONE};

		begin(&c, &answers[0]);
		if (fr_identity_of(&req.fields, &r, NULL) != cases[i].identity)
			fail_msg("row %zu: %s", i, cases[i].cookie);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_stored_and_whom_it_answers_is_one_table),
		T(what_vary_names_tells_clients_apart),
		T(a_picture_without_a_lifetime_may_be_a_known_persons_own),
		T(an_operator_says_otherwise),
	};

	RUN(tests);
}
