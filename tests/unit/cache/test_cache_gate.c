/* Every rule of docs/cache.md, "What is stored", by every way in: as the answer
 * to a fetch, and as the 304 that updates what is stored. The rules hold for what
 * the response says, for the request as the client sent it, and as the origin got
 * it; a lifetime of the operator's (cache.ttl) changes none of them. */
#include "cache/gate.h"

#include "arena_fixture.h"
#include "cache/object.h"

#define NOW INT64_C(1700000000)

/* One field each; NULL: none. */
struct rule {
	const char *what;
	const char *asked, *asked_value; /* of the request */
	const char *said, *said_value;   /* of the response */
	const char *cache_control;       /* of the response */
	enum fr_cache_store expected;
};

static const struct rule rules[] = {
	{"a lifetime", NULL, NULL, NULL, NULL, "max-age=60", FR_CACHE_STORE_YES},
	{"no-store", NULL, NULL, NULL, NULL, "max-age=60, no-store", FR_CACHE_STORE_NO_STORE},
	{"private", NULL, NULL, NULL, NULL, "private, max-age=60", FR_CACHE_STORE_PRIVATE},
	{"private on a line of its own", NULL, NULL, "cache-control", "private", "max-age=60",
         FR_CACHE_STORE_PRIVATE},
	{"private in CDN-Cache-Control", NULL, NULL, "cdn-cache-control", "private",
         "public, max-age=60", FR_CACHE_STORE_PRIVATE},
	{"vary *", NULL, NULL, "vary", "*", "max-age=60", FR_CACHE_STORE_VARY_ANY},
	{"vary * in a list", NULL, NULL, "vary", "accept, *", "public, max-age=60",
         FR_CACHE_STORE_VARY_ANY},
	{"request no-store", "cache-control", "no-store", NULL, NULL, "public, max-age=60",
         FR_CACHE_STORE_REQUEST_NO_STORE},
	{"authorization", "authorization", "Basic x", NULL, NULL, "max-age=60",
         FR_CACHE_STORE_AUTHORIZATION},
	{"authorization, for all", "authorization", "Basic x", NULL, NULL, "public, max-age=60",
         FR_CACHE_STORE_YES},
	{"cookie", "cookie", "a=b", NULL, NULL, "max-age=60", FR_CACHE_STORE_COOKIE},
	{"cookie, in the key", "cookie", "a=b", "vary", "Accept, Cookie", "max-age=60",
         FR_CACHE_STORE_YES},
	{"cookie, must-revalidate", "cookie", "a=b", NULL, NULL, "max-age=60, must-revalidate",
         FR_CACHE_STORE_COOKIE},
	{"cookie, for caches", "cookie", "a=b", "cdn-cache-control", "max-age=60", "max-age=60",
         FR_CACHE_STORE_YES},
	{"a cookie that does not matter", "cookie", "_ga=1; _gid=2", NULL, NULL, "max-age=60",
         FR_CACHE_STORE_YES},
	{"a session", "cookie", "sessionid=1", NULL, NULL, "public, max-age=60",
         FR_CACHE_STORE_BYPASS},
	{"a session, in the key", "cookie", "sessionid=1", "vary", "cookie", "max-age=60",
         FR_CACHE_STORE_BYPASS},
	{"cookie, for all", "cookie", "a=b", NULL, NULL, "max-age=60, public", FR_CACHE_STORE_YES},
	{"set-cookie", NULL, NULL, "set-cookie", "a=b", "max-age=60", FR_CACHE_STORE_SET_COOKIE},
	{"set-cookie that may not be kept", NULL, NULL, "set-cookie", "a=b",
         "max-age=60, no-cache=\"set-cookie\"", FR_CACHE_STORE_SET_COOKIE},
	{"set-cookie, for all", NULL, NULL, "set-cookie", "a=b", "public, max-age=60",
         FR_CACHE_STORE_YES},
	{"set-cookie, s-maxage", NULL, NULL, "set-cookie", "a=b", "s-maxage=60",
         FR_CACHE_STORE_YES},
	{"set-cookie2", NULL, NULL, "set-cookie2", "a=b", "max-age=60", FR_CACHE_STORE_SET_COOKIE},
	{"another credential", "x-auth-token", "1", NULL, NULL, "max-age=60",
         FR_CACHE_STORE_CREDENTIAL},
	{"another credential, for all", "x-auth-token", "1", NULL, NULL, "public, max-age=60",
         FR_CACHE_STORE_YES},
	{"another credential, in the key", "x-auth-token", "1", "vary", "Accept, X-Auth-Token",
         "max-age=60", FR_CACHE_STORE_YES},
	{"clear-site-data", NULL, NULL, "clear-site-data", "\"*\"", "max-age=60",
         FR_CACHE_STORE_SET_COOKIE},
};

static struct fr_request req, bare;
static struct fr_response resp;

static void add(struct fr_fields *f, const char *name, const char *value)
{
	if (name)
		assert_int_equal(fr_fields_add(f, S(name), S(value)), 0);
}

static void begin(const struct rule *r, int status)
{
	fr_arena_reset(&arena);
	fr_request_init(&req, &arena);
	fr_request_init(&bare, &arena);
	fr_response_init(&resp, &arena, status);
	req.method = bare.method = FR_METHOD_GET;
	add(&req.fields, r->asked, r->asked_value);
	add(&resp.fields, "cache-control", r->cache_control);
	add(&resp.fields, r->said, r->said_value);
}

static bool is_credential(const struct fr_field *f)
{
	return fr_str_is(f->name, "x-auth-token");
}

static enum fr_cache_store judge(const struct fr_request *client, const struct fr_request *sent,
                                 const struct fr_response *what, int64_t ttl_s,
                                 struct fr_gate_verdict *v)
{
	fr_gate_judge(
		&(struct fr_gate_question){
			.client = client,
			.sent = sent,
			.resp = what,
			.request_s = NOW,
			.response_s = NOW,
			.rules = {.ttl_s = ttl_s, .identity.is_credential = is_credential}},
		v);
	return v->why;
}

static void expect(const struct rule *r, const char *way, enum fr_cache_store got)
{
	if (got != r->expected)
		fail_msg("%s, %s: %s, not %s", r->what, way, fr_cache_store_str(got),
		         fr_cache_store_str(r->expected));
}

static void every_rule_holds_for_a_fetch(void **state)
{
	struct fr_gate_verdict v;

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rules); i++) {
		begin(&rules[i], 200);
		expect(&rules[i], "fetched", judge(&req, &req, &resp, 0, &v));
		expect(&rules[i], "with cache.ttl", judge(&req, &req, &resp, 600, &v));
		assert_int_equal(v.fresh.lifetime_s, 600);
		/* taken out on the way to the origin, or put in there */
		expect(&rules[i], "as the client asked", judge(&req, &bare, &resp, 0, &v));
		expect(&rules[i], "as the origin was asked", judge(&bare, &req, &resp, 0, &v));
	}
}

/* A stored response with nothing against it. */
static struct fr_object *stored(_Atomic size_t *held)
{
	static const struct rule plain = {.cache_control = "max-age=60"};
	struct fr_gate_verdict v;
	struct fr_body *body = fr_body_new(held, 0);
	struct fr_object *o;

	begin(&plain, 200);
	add(&resp.fields, "etag", "\"v1\"");
	add(&resp.fields, "x-a", "stored");
	add(&resp.fields, "content-type", "text/plain");
	assert_int_equal(judge(&req, &req, &resp, 0, &v), FR_CACHE_STORE_YES);
	fr_body_end(body, true);
	o = fr_object_new(&req, &resp, &v, body, held);
	assert_non_null(o);
	fr_body_unref(&body);
	return o;
}

static void every_rule_holds_for_a_304(void **state)
{
	_Atomic size_t held = 0;
	struct fr_object *o = stored(&held);

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(rules); i++) {
		struct fr_response merged;
		struct fr_gate_verdict v;
		struct fr_object *updated;

		begin(&rules[i], 304);
		add(&resp.fields, "etag", "\"v1\"");
		assert_int_equal(fr_object_merge(o, &resp, &arena, &merged), 0);
		expect(&rules[i], "validated", judge(&req, &req, &merged, 0, &v));
		expect(&rules[i], "validated with cache.ttl", judge(&req, &req, &merged, 600, &v));
		expect(&rules[i], "validated as the client asked",
		       judge(&req, &bare, &merged, 0, &v));
		updated = fr_object_new(&req, &merged, &v, o->body, &held);
		assert_int_equal(updated != NULL, rules[i].expected == FR_CACHE_STORE_YES);
		fr_object_unref(&updated);
	}
	fr_object_unref(&o);
	assert_int_equal(held, 0);
}

static bool has(const struct fr_object *o, const char *name)
{
	for (size_t i = 0; i < o->n_fields; i++)
		if (fr_str_is(o->fields[i].name, name))
			return true;
	return false;
}

/* What is for the client that asked reaches it, and no other. */
static void fields_for_one_client_are_in_no_stored_object(void **state)
{
	static const struct {
		const char *cache_control, *name;
		bool is_kept;
	} cases[] = {
		{"public, max-age=60", "set-cookie", false},
		{"s-maxage=60", "set-cookie2", false},
		{"public, max-age=60", "clear-site-data", false},
		{"public, max-age=60", "authentication-info", false},
		{"public, max-age=60", "connection", false},
		{"public, max-age=60", "proxy-authenticate", false},
		{"public, max-age=60", "x-a", true},
		{"public, max-age=60, private=\"x-a\"", "x-a", false},
		{"public, max-age=60, private=\"x-b, X-A\"", "x-a", false},
		{"public, max-age=60, no-cache=\"Set-Cookie, x-a\"", "x-a", false},
		{"public, max-age=60, no-cache=x-a", "x-a", false},
		{"public, max-age=60, no-cache=\"x-b\"", "x-a", true},
	};
	_Atomic size_t held = 0;
	struct fr_body *body = fr_body_new(&held, 0);

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct rule r = {.cache_control = cases[i].cache_control};
		struct fr_gate_verdict v;
		struct fr_object *kept, *whole;

		begin(&r, 200);
		add(&resp.fields, cases[i].name, "value");
		assert_int_equal(judge(&req, &req, &resp, 0, &v), FR_CACHE_STORE_YES);
		kept = fr_object_new(&req, &resp, &v, body, &held);
		whole = fr_object_whole(&req, &resp, &v, body, &held);
		if (has(kept, cases[i].name) != cases[i].is_kept || v.drops == cases[i].is_kept)
			fail_msg("%s: %s", cases[i].cache_control, cases[i].name);
		assert_true(has(whole, cases[i].name));
		assert_true(kept->is_admitted && !whole->is_admitted);
		fr_object_unref(&kept);
		fr_object_unref(&whole);
	}
	fr_body_unref(&body);
}

/* Cache-Control speaks of fields although CDN-Cache-Control has the rest. */
static void fields_are_named_by_either_control(void **state)
{
	struct rule r = {.cache_control = "private=\"x-a\"",
	                 .said = "cdn-cache-control",
	                 .said_value = "max-age=60, no-cache=\"x-b\""};
	struct fr_field a = {.name = FR_STR("x-a")}, b = {.name = FR_STR("x-b")},
			c = {.name = FR_STR("x-c")};
	struct fr_gate_verdict v;

	(void)state;
	begin(&r, 200);
	assert_int_equal(judge(&req, &req, &resp, 0, &v), FR_CACHE_STORE_YES);
	assert_false(fr_gate_keeps(&v, &a));
	assert_false(fr_gate_keeps(&v, &b));
	assert_true(fr_gate_keeps(&v, &c));
}

static void a_304_does_not_relabel_the_body(void **state)
{
	static const char *const of_the_body[] = {"content-type", "content-encoding",
	                                          "content-range", "content-length", "etag"};
	struct rule r = {.cache_control = "max-age=60"};
	_Atomic size_t held = 0;
	struct fr_object *o = stored(&held);
	struct fr_response merged;

	(void)state;
	begin(&r, 304);
	for (size_t i = 0; i < FR_ARRAY_LEN(of_the_body); i++)
		add(&resp.fields, of_the_body[i], "other");
	add(&resp.fields, "x-a", "new");
	assert_int_equal(fr_object_merge(o, &resp, &arena, &merged), 0);
	assert_str(fr_fields_value(&merged.fields, FR_FIELD_CONTENT_TYPE), "text/plain");
	assert_str(fr_fields_value(&merged.fields, FR_FIELD_ETAG), "\"v1\"");
	assert_null(fr_fields_get(&merged.fields, FR_FIELD_CONTENT_ENCODING));
	assert_null(fr_fields_get(&merged.fields, FR_FIELD_CONTENT_RANGE));
	assert_null(fr_fields_get(&merged.fields, FR_FIELD_CONTENT_LENGTH));
	assert_str(fr_fields_find(&merged.fields, S("x-a"))->value, "new");
	fr_object_unref(&o);
}

/* RFC 9111 §4.3.4. */
static void a_304_speaks_of_what_is_stored_or_of_something_else(void **state)
{
	static const char d1[] = "Sun, 06 Nov 1994 08:49:37 GMT",
			  d1_rfc850[] = "Sunday, 06-Nov-94 08:49:37 GMT",
			  d2[] = "Sun, 06 Nov 1994 08:49:38 GMT";
	static const struct {
		const char *etag, *modified;         /* stored */
		const char *new_etag, *new_modified; /* of the 304 */
		bool expected;
	} cases[] = {
		{"\"1\"", NULL, "\"1\"", NULL, true},
		{"\"1\"", NULL, "\"2\"", NULL, false},
		{"\"1\"", d1, "\"1\"", d2, true}, /* the strong one counts */
		{"\"1\"", d1, "\"2\"", d1, false},
		{"W/\"1\"", NULL, "W/\"1\"", NULL, true},
		{"W/\"1\"", NULL, "W/\"2\"", NULL, false},
		{"W/\"1\"", NULL, "\"1\"", NULL, true}, /* weakened by compression */
		{"\"1\"", NULL, "W/\"1\"", NULL, true},
		{"\"1\"", NULL, "W/\"2\"", NULL, false},
		{"\"1\"", NULL, "nonsense", NULL, false},
		{"\"1\"", NULL, NULL, NULL, true}, /* it answers our condition */
		{"\"1\"", NULL, NULL, d1, true},
		{NULL, d1, NULL, d1, true},
		{NULL, d1, NULL, d1_rfc850, true},
		{NULL, d1, NULL, d2, false},
		{NULL, d1, NULL, NULL, true},
		{NULL, d1, "\"1\"", d1, false}, /* a strong one that nothing stored has */
		{NULL, d1, "W/\"1\"", d1, true},
		{NULL, d1, "W/\"1\"", d2, false},
	};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(cases); i++) {
		struct fr_fields old, new;

		fr_fields_init(&old, &arena);
		fr_fields_init(&new, &arena);
		add(&old, cases[i].etag ? "etag" : NULL, cases[i].etag);
		add(&old, cases[i].modified ? "last-modified" : NULL, cases[i].modified);
		add(&new, cases[i].new_etag ? "etag" : NULL, cases[i].new_etag);
		add(&new, cases[i].new_modified ? "last-modified" : NULL, cases[i].new_modified);
		if (fr_gate_validates(&old, &new, NOW) != cases[i].expected)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_rule_holds_for_a_fetch),
		T(every_rule_holds_for_a_304),
		T(fields_for_one_client_are_in_no_stored_object),
		T(fields_are_named_by_either_control),
		T(a_304_does_not_relabel_the_body),
		T(a_304_speaks_of_what_is_stored_or_of_something_else),
	};

	RUN(tests);
}
