/* For tests of what may be stored and for how long: a request, and a response that came at
 * NOW. */
#ifndef FR_UNIT_POLICY_FIXTURE_H
#define FR_UNIT_POLICY_FIXTURE_H

#include "cache/policy.h"

#include "arena_fixture.h"
#include "http/date.h"

#define NOW INT64_C(1700000000)

static struct fr_request req;
static struct fr_response resp;
static struct fr_freshness fresh;

static inline void add(struct fr_fields *f, const char *name, const char *value)
{
	assert_int_equal(fr_fields_add(f, S(name), S(value)), 0);
}

static inline void begin(int status)
{
	fr_arena_reset(&arena);
	fr_request_init(&req, &arena);
	req.method = FR_METHOD_GET;
	fr_response_init(&resp, &arena, status);
}

static inline void add_date(const char *name, int64_t s)
{
	char *text = fr_arena_alloc(&arena, FR_HTTP_DATE_BYTES);

	fr_http_date_format(s, text);
	add(&resp.fields, name, text);
}

/* A 200 with this Cache-Control, received at NOW. */
static inline void response(const char *cache_control)
{
	begin(200);
	if (cache_control)
		add(&resp.fields, "cache-control", cache_control);
	fr_cache_freshness(&resp, NOW, NOW, FR_CACHE_HEURISTIC_MAX_S, &fresh);
}

#endif
