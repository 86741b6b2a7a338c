/* Cache-Control, its targeted form, Vary, cookies, conditions and ranges: two heads out of
 * the input, a response and a request. Whatever they hold, ages and lifetimes stay in bounds,
 * ranges lie within the body, keys are stable, cookies that do not count make no difference,
 * what passes the gate holds nothing that it forbids and is for the client that caused it, and
 * what is served is read to its end. */
#include "cache/audience.h"
#include "cache/conditional.h"
#include "cache/cookies.h"
#include "cache/key.h"
#include "cache/serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1700000000)

static const enum fr_field_id of_response[] = {FR_FIELD_CACHE_CONTROL, FR_FIELD_CDN_CACHE_CONTROL,
                                               FR_FIELD_EXPIRES,       FR_FIELD_AGE,
                                               FR_FIELD_DATE,          FR_FIELD_VARY,
                                               FR_FIELD_ETAG,          FR_FIELD_LAST_MODIFIED,
                                               FR_FIELD_CONTENT_TYPE,  FR_FIELD_SET_COOKIE,
                                               FR_FIELD_PRAGMA,        FR_FIELD_CONTENT_ENCODING,
                                               FR_FIELD_CONTENT_RANGE, FR_FIELD_LINK,
                                               FR_FIELD_CACHE_TAG,     FR_FIELD_SURROGATE_KEY};
static const enum fr_field_id of_request[] = {
	FR_FIELD_CACHE_CONTROL,     FR_FIELD_RANGE,           FR_FIELD_IF_RANGE,
	FR_FIELD_IF_NONE_MATCH,     FR_FIELD_ACCEPT,          FR_FIELD_AUTHORIZATION,
	FR_FIELD_IF_MODIFIED_SINCE, FR_FIELD_ACCEPT_ENCODING, FR_FIELD_COOKIE,
	FR_FIELD_SEC_FETCH_DEST,    FR_FIELD_PRAGMA,          FR_FIELD_ACCEPT_LANGUAGE,
	FR_FIELD_SEC_FETCH_MODE,    FR_FIELD_USER_AGENT,      FR_FIELD_REFERER,
	FR_FIELD_SAVE_DATA};

/* A line is a field: its first byte chooses message and name. "0" to "?" are the first eight
 * of the response and of the request, "@" to "O" the others. */
static void read_fields(struct fr_str text, struct fr_fields *req, struct fr_fields *resp)
{
	while (text.len) {
		size_t end = fr_str_find(text, '\n');
		struct fr_str line = fr_str_sub(text, 0, end);
		unsigned char which = line.len ? (unsigned char)line.p[0] : 0;
		size_t i = (which & 7u) | (which & 64u ? 8u : 0u);

		if (line.len > 1 && (which & 8))
			(void)!fr_fields_add_id(req, of_request[i], fr_str_sub(line, 1, line.len));
		else if (line.len > 1)
			(void)!fr_fields_add_id(resp, of_response[i],
			                        fr_str_sub(line, 1, line.len));
		text = fr_str_sub(text, end + 1, text.len);
	}
}

static void check_ranges(const struct fr_request *req, const struct fr_validators *v)
{
	struct fr_range r[FR_MAX_RANGES];
	size_t n = 0;

	if (fr_ranges(&req->fields, v, 1000, r, &n) != FR_RANGE_SOME)
		return;
	FR_ASSERT(n > 0 && n <= FR_MAX_RANGES);
	for (size_t i = 0; i < n; i++)
		FR_ASSERT(r[i].from <= r[i].to && r[i].to < 1000);
}

static void check_freshness(const struct fr_freshness *f)
{
	FR_ASSERT(f->lifetime_s >= 0 && f->initial_age_s >= 0);
	for (int64_t t = -10; t < 100; t += 10)
		FR_ASSERT(fr_cache_age(f, NOW + t) >= f->initial_age_s);
}

#define BODY_BYTES 1000u

static void read_all(struct fr_serving *s, const struct fr_response *resp, bool has_body)
{
	size_t n, sum = 0;
	const uint8_t *p;

	while ((n = fr_serving_peek(s, &p)) > 0) {
		FR_ASSERT(n <= fr_serving_len(s));
		sum += n;
		fr_serving_take(s, n);
	}
	FR_ASSERT(fr_serving_len(s) == 0);
	FR_ASSERT(!has_body || resp->content_length == (int64_t)sum);
}

static void serve(struct fr_arena *arena, const struct fr_object *o, const struct fr_request *req)
{
	struct fr_serve_how how = {.req = req, .arena = arena, .now_s = NOW};
	struct fr_serving s;
	struct fr_response resp;

	if (fr_serving_begin(&s, o, &how, &resp) == 0)
		read_all(&s, &resp, resp.status == 200 || resp.status == 206);
	fr_serving_fini(&s);
}

/* The response is stored if it may be, served, and updated by itself. */
static void store(struct fr_arena *arena, const struct fr_request *req,
                  const struct fr_response *resp)
{
	static const uint8_t bytes[BODY_BYTES];
	_Atomic size_t held = 0;
	struct fr_gate_verdict v;
	struct fr_gate_question q = {
		.client = req, .sent = req, .resp = resp, .request_s = NOW, .response_s = NOW};
	struct fr_body *body = fr_body_new(&held, FR_BODY_UNKNOWN);
	struct fr_object *o;
	struct fr_response merged;

	FR_ASSERT(fr_body_append(body, bytes, sizeof bytes) == 0);
	fr_body_end(body, true);
	fr_gate_judge(&q, &v);
	o = fr_object_new(req, resp, &v, body, &held);
	fr_body_unref(&body);
	FR_ASSERT(!o || v.why == FR_CACHE_STORE_YES);
	if (o) {
		struct fr_fields f = {.v = o->fields, .n = o->n_fields, .seen = o->seen};

		FR_ASSERT(fr_gate_holds(o->status, &f));
		FR_ASSERT(!fr_fields_get(&f, FR_FIELD_SET_COOKIE));
		FR_ASSERT(fr_audience_has(o->audience,
		                          fr_identity_of(&req->fields, &q.rules.identity, &f)));
		FR_ASSERT(fr_gate_validates(&f, &f, NOW) || fr_fields_count(&f, FR_FIELD_ETAG));
		serve(arena, o, req);
		FR_ASSERT(fr_object_merge(o, resp, arena, &merged) == 0);
		q.resp = &merged;
		fr_gate_judge(&q, &v);
	}
	fr_object_unref(&o);
	FR_ASSERT(held == 0);
}

/* Taking cookies off changes nothing but them, and nothing the second time. */
static void strip(struct fr_arena *arena, struct fr_fields *req)
{
	const struct fr_cookie_rules rules = {.ignores_all = false};
	enum fr_cookies before = fr_cookies_judge(req, &rules);
	size_t lines = fr_fields_count(req, FR_FIELD_COOKIE), n = req->n;
	struct fr_str once, twice;

	FR_ASSERT(fr_cookies_strip(arena, req, &rules) == 0);
	FR_ASSERT(fr_cookies_judge(req, &rules) == before);
	FR_ASSERT(n - lines == req->n - fr_fields_count(req, FR_FIELD_COOKIE));
	once = fr_fields_value(req, FR_FIELD_COOKIE);
	FR_ASSERT(before != FR_COOKIES_NONE || fr_str_trim(once).len == 0 || lines == 1);
	FR_ASSERT(fr_cookies_strip(arena, req, &rules) == 0);
	twice = fr_fields_value(req, FR_FIELD_COOKIE);
	FR_ASSERT(once.len == twice.len && (!once.len || fr_str_eq(once, twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_arena arena;
	struct fr_request req;
	struct fr_response resp;
	struct fr_freshness fresh;
	struct fr_validators v;
	struct fr_cache_control cc;
	struct fr_str vary, a, b;

	fr_arena_init(&arena, 1u << 22);
	fr_request_init(&req, &arena);
	fr_response_init(&resp, &arena, size % 3 ? 200 : 404);
	req.method = FR_METHOD_GET;
	read_fields(fr_str_make((const char *)data, size), &req.fields, &resp.fields);
	strip(&arena, &req.fields);
	fr_cache_freshness(&resp, NOW - 2, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	check_freshness(&fresh);
	fr_cache_control_read(&req.fields, &cc);
	if (fr_cache_may_store(&req, &resp, &fresh) == FR_CACHE_STORE_YES) {
		(void)fr_cache_judge(&fresh, &cc, false, NOW + 5);
		(void)fr_cache_may_serve_on_error(&fresh, &cc, true, NOW + 5);
	}
	fr_validators_of(&resp.fields, &v);
	(void)fr_is_not_modified(&req.fields, &v, NOW);
	check_ranges(&req, &v);
	resp.content_length = -1;
	store(&arena, &req, &resp);
	if (fr_fields_join(&arena, &resp.fields, FR_FIELD_VARY, &vary) == 0 &&
	    fr_vary_values(&arena, vary, &req.fields, &a) == 0 &&
	    fr_vary_values(&arena, vary, &req.fields, &b) == 0)
		FR_ASSERT(fr_str_eq(a, b));
	fr_arena_fini(&arena);
	return 0;
}
