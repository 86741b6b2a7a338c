/* Every kind of answer from the store against every state of a body: what can
 * be read is read to its end, what cannot is refused at the begin, and nothing is
 * held of what was refused. */
#include "cache/serve.h"

#include "arena_fixture.h"

#define TEXT "0123456789abcdef"
#define NOW INT64_C(1700000000)

enum body { FILLING, COMPLETE, FAILED, LOOSE_FILLING, LOOSE_COMPLETE, LOOSE_FAILED, EMPTY };
static const char *const bodies[] = {"filling",         "complete",      "failed", "loose, filling",
                                     "loose, complete", "loose, failed", "empty"};

struct kind {
	const char *what;
	enum fr_method method;
	const char *range, *if_range, *if_none_match;
	int status;       /* of a complete body */
	const char *part; /* what is sent of it; NULL: all; in it, if several */
};
static const struct kind kinds[] = {
	{"whole", FR_METHOD_GET, NULL, NULL, NULL, 200, TEXT},
	{"one range", FR_METHOD_GET, "bytes=2-4", NULL, NULL, 206, "234"},
	{"the last bytes", FR_METHOD_GET, "bytes=-2", NULL, NULL, 206, "ef"},
	{"several ranges", FR_METHOD_GET, "bytes=0-1,5-6", NULL, NULL, 206, "56"},
	{"ranges backwards", FR_METHOD_GET, "bytes=8-8,0-1,4-4", NULL, NULL, 206, "01"},
	{"beyond the end", FR_METHOD_GET, "bytes=99-", NULL, NULL, 416, ""},
	{"head", FR_METHOD_HEAD, NULL, NULL, NULL, 200, ""},
	{"head of a range", FR_METHOD_HEAD, "bytes=0-1", NULL, NULL, 200, ""},
	{"not modified", FR_METHOD_GET, NULL, NULL, "\"v1\"", 304, ""},
	{"not modified, ranges", FR_METHOD_GET, "bytes=0-1,5-6", NULL, "\"v1\"", 304, ""},
	{"modified", FR_METHOD_GET, NULL, NULL, "\"v2\"", 200, TEXT},
	{"if-range holds", FR_METHOD_GET, "bytes=0-1,5-6", "\"v1\"", NULL, 206, "01"},
	{"if-range does not", FR_METHOD_GET, "bytes=0-1,5-6", "\"v2\"", NULL, 200, TEXT},
};

static _Atomic size_t held;

static struct fr_body *make_body(enum body state)
{
	struct fr_body *b = fr_body_new(&held, state == EMPTY ? 0 : FR_BODY_UNKNOWN);

	if (state != EMPTY)
		assert_int_equal(fr_body_append(b, TEXT, strlen(TEXT)), 0);
	if (state == LOOSE_FILLING || state == LOOSE_COMPLETE || state == LOOSE_FAILED)
		fr_body_cut_loose(b);
	if (state != FILLING && state != LOOSE_FILLING)
		fr_body_end(b, state != FAILED && state != LOOSE_FAILED);
	return b;
}

static struct fr_object *make_object(enum body state)
{
	struct fr_request req;
	struct fr_response resp;
	struct fr_gate_verdict v = {.why = FR_CACHE_STORE_YES, .fresh.lifetime_s = 60};
	struct fr_body *body = make_body(state);
	struct fr_object *o;

	fr_request_init(&req, &arena);
	fr_response_init(&resp, &arena, 200);
	resp.content_length = -1;
	assert_int_equal(fr_fields_add(&resp.fields, S("etag"), S("\"v1\"")), 0);
	assert_int_equal(fr_fields_add(&resp.fields, S("content-type"), S("text/plain")), 0);
	o = fr_object_new(&req, &resp, &v, body, &held);
	assert_non_null(o);
	fr_body_unref(&body);
	return o;
}

static void make_request(const struct kind *k, struct fr_request *req)
{
	const struct {
		const char *name, *value;
	} fields[] = {{"range", k->range},
	              {"if-range", k->if_range},
	              {"if-none-match", k->if_none_match}};

	fr_request_init(req, &arena);
	req->method = k->method;
	for (size_t i = 0; i < FR_ARRAY_LEN(fields); i++)
		if (fields[i].value)
			assert_int_equal(
				fr_fields_add(&req->fields, S(fields[i].name), S(fields[i].value)),
				0);
}

/* Reads all that is there, one byte at a time. */
static struct fr_str read_all(struct fr_serving *s)
{
	char *text = fr_arena_alloc(&arena, 4096);
	const uint8_t *data;
	size_t n = 0;

	while (fr_serving_len(s)) {
		assert_true(fr_serving_peek(s, &data) > 0);
		text[n++] = (char)*data;
		fr_serving_take(s, 1);
	}
	assert_int_equal(fr_serving_peek(s, &data), 0);
	return fr_str_make(text, n);
}

static bool needs_body(const struct kind *k)
{
	return k->status == 200 ? k->method == FR_METHOD_GET : k->status == 206;
}

/* What is to come of it: a status, or 0 where it is to be refused. */
static int expected(const struct kind *k, enum body state)
{
	bool is_loose = state == LOOSE_FILLING || state == LOOSE_COMPLETE;
	bool is_whole = state == FILLING || state == LOOSE_FILLING;

	if (state == FAILED || state == LOOSE_FAILED)
		return 0;
	/* what a range is part of is not known before the body is complete */
	if (is_whole && (k->status == 206 || k->status == 416))
		return is_loose ? 0 : 200;
	if (is_loose && needs_body(k))
		return 0;
	if (state == EMPTY && k->status == 206)
		return 416;
	return k->status;
}

static void check_body(const struct kind *k, enum body state, const struct fr_response *resp,
                       struct fr_str body)
{
	if (resp->status == 304 || k->method == FR_METHOD_HEAD || resp->status == 416 ||
	    state == EMPTY)
		assert_int_equal(body.len, 0);
	else if (resp->status == 200)
		assert_str(body, TEXT);
	else
		assert_non_null(memmem(body.p, body.len, k->part, strlen(k->part)));
	if (resp->status == 206)
		assert_int_equal(resp->content_length, body.len);
}

static void try(const struct kind *k, enum body state)
{
	struct fr_object *o = make_object(state);
	struct fr_request req;
	struct fr_response resp;
	struct fr_serving s;
	struct fr_serve_how how = {.req = &req, .arena = &arena, .now_s = NOW, .random = 7};
	int want = expected(k, state), rc;

	make_request(k, &req);
	rc = fr_serving_begin(&s, o, &how, &resp);
	if (rc != (want ? 0 : FR_ERR_REFUSED) || (want && resp.status != want))
		fail_msg("%s, %s: %d, status %d", k->what, bodies[state], rc, resp.status);
	if (rc < 0)
		assert_int_equal(fr_serving_len(&s), 0);
	/* from here on nothing can take it away */
	if (state == FILLING || state == COMPLETE)
		fr_body_cut_loose(o->body);
	if (rc == 0)
		check_body(k, state, &resp, read_all(&s));
	/* refused: another object may answer, by the same struct */
	fr_serving_fini(&s);
	fr_serving_fini(&s);
	fr_object_unref(&o);
	if (held != 0)
		fail_msg("%s, %s: %zu bytes are held", k->what, bodies[state], (size_t)held);
	fr_arena_reset(&arena);
}

static void every_answer_against_every_state_of_a_body(void **state)
{
	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(kinds); i++)
		for (size_t b = 0; b < FR_ARRAY_LEN(bodies); b++)
			try(&kinds[i], (enum body)b);
}

static void a_refused_start_leaves_nothing_for_the_next(void **state)
{
	struct fr_object *loose = make_object(LOOSE_COMPLETE), *good = make_object(COMPLETE);
	struct fr_request req;
	struct fr_response resp;
	struct fr_serving s;
	struct fr_serve_how how = {.req = &req, .arena = &arena, .now_s = NOW};

	(void)state;
	make_request(&kinds[3], &req);
	assert_int_equal(fr_serving_begin(&s, loose, &how, &resp), FR_ERR_REFUSED);
	make_request(&kinds[1], &req);
	assert_int_equal(fr_serving_begin(&s, good, &how, &resp), 0);
	assert_int_equal(resp.content_length, 3);
	assert_str(read_all(&s), "234");
	fr_serving_fini(&s);
	fr_object_unref(&loose);
	fr_object_unref(&good);
	assert_int_equal(held, 0);
}

static void without_memory_nothing_is_held(void **state)
{
	struct fr_arena small;
	struct fr_object *o = make_object(COMPLETE);
	struct fr_request req;
	struct fr_response resp;
	struct fr_serving s;
	struct fr_serve_how how = {.req = &req, .arena = &small, .now_s = NOW};

	(void)state;
	make_request(&kinds[3], &req);
	fr_arena_init(&small, 0);
	assert_int_equal(fr_serving_begin(&s, o, &how, &resp), FR_ERR_NOMEM);
	assert_int_equal(fr_serving_len(&s), 0);
	fr_arena_fini(&small);
	fr_object_unref(&o);
	assert_int_equal(held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_answer_against_every_state_of_a_body),
		T(a_refused_start_leaves_nothing_for_the_next),
		T(without_memory_nothing_is_held),
	};

	RUN(tests);
}
