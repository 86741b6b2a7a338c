/* Random sequences of requests and answers, run through the store and its
 * policy as the edge does it, and through a model of RFC 9111 that is as plain
 * as can be: one row for each language, numbers and flags, no fields. Whatever
 * the cache decides, the model must have decided. */
#include "cache/store.h"
#include "unit.h"

#define LANGUAGES 3
#define STEPS 4000
#define SEEDS 40
#define START INT64_C(1700000000)

static uint64_t seed;

static unsigned dice(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* What an origin says, and a client asks, as numbers; -1: nothing. */
struct said {
	bool no_store, is_private, no_cache, must_revalidate, has_etag, set_cookie, is_public;
	int max_age, s_maxage, age, stale_while;
	unsigned id; /* of the body */
};
struct asked {
	unsigned language;
	bool no_cache, no_store, authorization;
	int max_age, min_fresh, max_stale; /* max_stale -2: without a value */
};

enum verdict { MISS, HIT, HIT_STALE, VALIDATE };

/* --- the model --- */

struct row {
	bool is_there;
	struct said said;
	int64_t since, age0;
};
static struct row model[LANGUAGES];

static int64_t lifetime(const struct said *r)
{
	return r->s_maxage >= 0 ? r->s_maxage : (r->max_age >= 0 ? r->max_age : 0);
}

/* (requests have no cookies here: test_cache_policy.c has that rule) */
static bool model_stores(const struct said *r, const struct asked *q)
{
	bool for_all = r->is_public || r->s_maxage >= 0;

	if (r->no_store || r->is_private || q->no_store)
		return false;
	if (q->authorization && !for_all && !r->must_revalidate)
		return false;
	if (r->set_cookie && !for_all)
		return false;
	if (r->max_age < 0 && r->s_maxage < 0 && !r->no_cache)
		return false;
	/* of some use: fresh for a while, or to be validated */
	return lifetime(r) > (r->age < 0 ? 0 : r->age) || r->has_etag || r->stale_while > 0;
}

static enum verdict model_judges(const struct asked *q, int64_t now)
{
	const struct row *row = &model[q->language];
	const struct said *r = &row->said;
	int64_t age = row->age0 + now - row->since, left = lifetime(r) - age;
	bool never_stale = r->must_revalidate || r->s_maxage >= 0;

	if (!row->is_there)
		return MISS;
	if (r->no_cache || q->no_cache)
		return VALIDATE;
	if (q->max_age >= 0 && (age > q->max_age || q->max_age == 0) && q->max_stale == -1)
		return VALIDATE;
	if (q->min_fresh >= 0 && left < q->min_fresh)
		return VALIDATE;
	if (left > 0)
		return HIT;
	if (never_stale)
		return VALIDATE;
	if (q->max_stale == -2 || (q->max_stale >= 0 && -left <= q->max_stale))
		return HIT;
	if (r->stale_while >= 0 && -left <= r->stale_while)
		return HIT_STALE;
	return VALIDATE;
}

static void model_takes(const struct said *r, const struct asked *q, int64_t now)
{
	if (model_stores(r, q))
		model[q->language] = (struct row){true, *r, now, r->age < 0 ? 0 : r->age};
}

/* --- the cache, used as the edge uses it --- */

static struct fr_store *store;
static struct fr_arena arena;

/* A field: text, and a number behind it unless negative. */
static void add(struct fr_fields *f, const char *name, const char *text, long n)
{
	struct fr_str parts[2] = {S(text)}, value;

	if (n >= 0)
		assert_int_equal(fr_arena_number(&arena, n, &parts[1]), 0);
	assert_int_equal(fr_arena_concat(&arena, parts, 2, &value), 0);
	assert_int_equal(fr_fields_add(f, S(name), value), 0);
}

static void make_request(const struct asked *q, struct fr_request *req)
{
	static const char *const languages[LANGUAGES] = {"de", "en", "fr"};

	fr_request_init(req, &arena);
	req->method = FR_METHOD_GET;
	add(&req->fields, "accept-language", languages[q->language], -1);
	if (q->authorization)
		add(&req->fields, "authorization", "Basic x", -1);
	if (q->no_cache)
		add(&req->fields, "cache-control", "no-cache", -1);
	if (q->no_store)
		add(&req->fields, "cache-control", "no-store", -1);
	if (q->max_age >= 0)
		add(&req->fields, "cache-control", "max-age=", q->max_age);
	if (q->min_fresh >= 0)
		add(&req->fields, "cache-control", "min-fresh=", q->min_fresh);
	if (q->max_stale == -2)
		add(&req->fields, "cache-control", "max-stale", -1);
	if (q->max_stale >= 0)
		add(&req->fields, "cache-control", "max-stale=", q->max_stale);
}

static void make_response(const struct said *r, struct fr_response *resp)
{
	const struct {
		bool is_said;
		const char *text;
	} flags[] = {{r->no_store, "no-store"},
	             {r->is_private, "private"},
	             {r->no_cache, "no-cache"},
	             {r->must_revalidate, "must-revalidate"},
	             {r->is_public, "public"}};

	fr_response_init(resp, &arena, 200);
	add(&resp->fields, "vary", "accept-language", -1);
	for (size_t i = 0; i < FR_ARRAY_LEN(flags); i++)
		if (flags[i].is_said)
			add(&resp->fields, "cache-control", flags[i].text, -1);
	if (r->max_age >= 0)
		add(&resp->fields, "cache-control", "max-age=", r->max_age);
	if (r->s_maxage >= 0)
		add(&resp->fields, "cache-control", "s-maxage=", r->s_maxage);
	if (r->stale_while >= 0)
		add(&resp->fields, "cache-control", "stale-while-revalidate=", r->stale_while);
	if (r->age >= 0)
		add(&resp->fields, "age", "", r->age);
	if (r->has_etag)
		add(&resp->fields, "etag", "\"e\"", -1);
	if (r->set_cookie)
		add(&resp->fields, "set-cookie", "a=b", -1);
	add(&resp->fields, "x-id", "", (long)r->id);
}

static void cache_takes(const struct said *r, const struct fr_request *req, int64_t now)
{
	struct fr_response resp;
	struct fr_gate_verdict verdict;
	struct fr_object *o;
	struct fr_body *body;

	make_response(r, &resp);
	fr_gate_judge(&(struct fr_gate_question){.client = req,
	                                         .sent = req,
	                                         .resp = &resp,
	                                         .request_s = now,
	                                         .response_s = now},
	              &verdict);
	if (verdict.why != FR_CACHE_STORE_YES)
		return;
	body = fr_body_new(fr_store_account(store), 0);
	fr_body_end(body, true);
	o = fr_object_new(req, &resp, &verdict, body, fr_store_account(store));
	(void)fr_store_insert(store, S("https://h/"), o, NULL, NULL);
	fr_object_unref(&o);
	fr_body_unref(&body);
}

static enum verdict cache_judges(const struct fr_request *req, int64_t now, unsigned *id)
{
	static const enum verdict verdicts[] = {[FR_CACHE_SERVE] = HIT,
	                                        [FR_CACHE_SERVE_REVALIDATE] = HIT_STALE,
	                                        [FR_CACHE_VALIDATE] = VALIDATE,
	                                        [FR_CACHE_VALIDATE_REQUEST] = VALIDATE};
	struct fr_cache_control cc;
	struct fr_object *o;
	enum verdict v;
	uint64_t n = 0;
	bool others;

	fr_cache_control_read(&req->fields, &cc);
	o = fr_store_find(store, S("https://h/"), &req->fields, &arena, &others);
	if (!o)
		return MISS;
	for (size_t i = 0; i < o->n_fields; i++)
		if (fr_str_is(o->fields[i].name, "x-id"))
			assert_int_equal(fr_str_to_u64(o->fields[i].value, &n), 0);
	*id = (unsigned)n;
	v = verdicts[fr_cache_judge(&o->fresh, &cc, false, now)];
	fr_object_unref(&o);
	return v;
}

/* --- sequences --- */

static int maybe(unsigned one_in, unsigned n)
{
	return dice(one_in) == 0 ? (int)dice(n) : -1;
}

static struct said random_answer(unsigned id)
{
	return (struct said){.no_store = dice(12) == 0,
	                     .is_private = dice(12) == 0,
	                     .no_cache = dice(8) == 0,
	                     .must_revalidate = dice(6) == 0,
	                     .has_etag = dice(2) == 0,
	                     .set_cookie = dice(8) == 0,
	                     .is_public = dice(4) == 0,
	                     .max_age = maybe(2, 60),
	                     .s_maxage = maybe(5, 60),
	                     .age = maybe(4, 30),
	                     .stale_while = maybe(4, 40),
	                     .id = id};
}

static struct asked random_request(void)
{
	struct asked q = {.language = dice(LANGUAGES),
	                  .no_cache = dice(12) == 0,
	                  .no_store = dice(12) == 0,
	                  .authorization = dice(8) == 0,
	                  .max_age = maybe(6, 60),
	                  .min_fresh = maybe(8, 30),
	                  .max_stale = maybe(6, 60)};

	if (dice(10) == 0)
		q.max_stale = -2;
	return q;
}

static void step(unsigned i, int64_t now, unsigned counts[4])
{
	struct asked q = random_request();
	struct said r = random_answer(i);
	struct fr_request req;
	enum verdict expected = model_judges(&q, now), got;
	unsigned id = 0;

	fr_arena_reset(&arena);
	make_request(&q, &req);
	got = cache_judges(&req, now, &id);
	if (got != expected || (got == HIT && id != model[q.language].said.id))
		fail_msg("step %u: %d, not %d; body %u, not %u", i, got, expected, id,
		         model[q.language].said.id);
	counts[got]++;
	if (got == HIT)
		return;
	cache_takes(&r, &req, now);
	model_takes(&r, &q, now);
}

static void the_cache_decides_as_the_model_does(void **state)
{
	struct fr_store_limits limits = {.memory = 1u << 24, .max_variants = 8};
	unsigned counts[4] = {0};

	(void)state;
	fr_arena_init(&arena, 1u << 20);
	for (uint64_t s = 1; s <= SEEDS; s++) {
		int64_t now = START;

		seed = s;
		memset(model, 0, sizeof model);
		store = fr_store_new(&limits, s);
		for (unsigned i = 1; i < STEPS; i++) {
			now += dice(3) ? 0 : dice(20);
			step(i, now, counts);
		}
		fr_store_free(&store);
	}
	/* every verdict was met often */
	for (size_t i = 1; i < FR_ARRAY_LEN(counts); i++)
		assert_true(counts[i] > 1000);
	assert_true(counts[MISS] > SEEDS);
	fr_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cache_decides_as_the_model_does),
	};

	RUN(tests);
}
