/* Hit ratio of the store's eviction (SIEVE) against LRU on the same generated
 * trace: Zipf-distributed requests, mixed with a scan of keys that are asked for
 * once. Both hold the same number of objects. Prints one row a share of scan.
 *
 *   ninja -C build bench_eviction && build/bench_eviction */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cache/store.h"

#define KEYS 50000u
#define REQUESTS 1000000u
#define CAPACITY 2500u /* objects */
#define SKEW 0.9
#define OBJECT_BYTES 1000u

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static double *cumulative; /* owned: of the Zipf distribution */

static void prepare(void)
{
	double sum = 0;

	cumulative = fr_calloc(KEYS, sizeof *cumulative);
	for (unsigned i = 0; i < KEYS; i++)
		cumulative[i] = sum += 1 / pow(i + 1, SKEW);
	for (unsigned i = 0; i < KEYS; i++)
		cumulative[i] /= sum;
}

static unsigned zipf(void)
{
	double x = (double)(next_random() >> 11) / 9007199254740992.0;
	unsigned lo = 0, hi = KEYS - 1;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (cumulative[mid] < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* --- LRU, as plain as can be --- */

struct lru {
	int32_t *prev, *next; /* by key; -1: not there */
	bool *in;
	int32_t first, last;
	unsigned n;
};

static void lru_unlink(struct lru *l, int32_t k)
{
	if (l->prev[k] >= 0)
		l->next[l->prev[k]] = l->next[k];
	else
		l->first = l->next[k];
	if (l->next[k] >= 0)
		l->prev[l->next[k]] = l->prev[k];
	else
		l->last = l->prev[k];
}

static bool lru_ask(struct lru *l, int32_t k)
{
	bool hit = l->in[k];

	if (hit) {
		lru_unlink(l, k);
	} else if (l->n == CAPACITY) {
		l->in[l->last] = false;
		lru_unlink(l, l->last);
	} else {
		l->n++;
	}
	l->in[k] = true;
	l->prev[k] = -1;
	l->next[k] = l->first;
	if (l->first >= 0)
		l->prev[l->first] = k;
	else
		l->last = k;
	l->first = k;
	return hit;
}

/* --- the store --- */

static struct fr_arena arena;

static bool store_ask(struct fr_store *s, uint32_t key)
{
	static const char data[OBJECT_BYTES];
	struct fr_freshness fresh = {.lifetime_s = 100};
	struct fr_request req;
	struct fr_response resp;
	struct fr_object *o;
	struct fr_body *body;
	struct fr_str name;
	bool others;

	fr_arena_reset(&arena);
	fr_request_init(&req, &arena);
	FR_ASSERT(fr_arena_printf(&arena, &name, "https://example.org/%07u", key) == 0);
	o = fr_store_find(s, name, &req.fields, &arena, &others);
	if (o) {
		fr_object_unref(&o);
		return true;
	}
	fr_response_init(&resp, &arena, 200);
	body = fr_body_new(fr_store_account(s), sizeof data);
	FR_ASSERT(body && fr_body_append(body, data, sizeof data) == 0);
	fr_body_end(body, true);
	o = fr_object_new(&req, &resp, &fresh, body, fr_store_account(s));
	FR_ASSERT(o);
	fr_store_insert(s, name, o);
	fr_object_unref(&o);
	fr_body_unref(&body);
	return false;
}

/* Bytes of one object in the store, so that both sides hold equally many. */
static size_t measure(void)
{
	struct fr_store_limits plenty = {.memory = 1u << 30, .max_variants = 1};
	struct fr_store *s = fr_store_new(&plenty, 1);
	size_t bytes;

	(void)store_ask(s, 0);
	bytes = fr_store_held(s);
	fr_store_free(&s);
	return bytes;
}

static void run(unsigned scan_percent, size_t object_bytes)
{
	/* the store keeps a sixteenth free */
	struct fr_store_limits limits = {.memory = CAPACITY * object_bytes / 15 * 16,
	                                 .max_variants = 1};
	struct fr_store *s = fr_store_new(&limits, 1);
	size_t keys = KEYS + REQUESTS;
	struct lru l = {.prev = fr_malloc(keys * sizeof(int32_t)),
	                .next = fr_malloc(keys * sizeof(int32_t)),
	                .in = fr_calloc(keys, sizeof(bool)),
	                .first = -1,
	                .last = -1};
	unsigned asked = 0, by_sieve = 0, by_lru = 0;
	uint32_t scan = KEYS;

	for (unsigned i = 0; i < REQUESTS; i++) {
		bool is_scan = next_random() % 100 < scan_percent;
		uint32_t key = is_scan ? scan++ : zipf();
		bool a = store_ask(s, key), b = lru_ask(&l, (int32_t)key);

		asked += !is_scan;
		by_sieve += !is_scan && a;
		by_lru += !is_scan && b;
	}
	printf("| %u %% | %.1f %% | %.1f %% |\n", scan_percent, 100.0 * by_sieve / asked,
	       100.0 * by_lru / asked);
	free(l.prev);
	free(l.next);
	free(l.in);
	fr_store_free(&s);
}

int main(void)
{
	static const unsigned shares[] = {0, 10, 25, 50};
	size_t bytes;

	fr_arena_init(&arena, 1u << 20);
	prepare();
	bytes = measure();
	printf("%u requests, %u keys by Zipf (%.1f), room for %u objects\n\n"
	       "| scan | SIEVE: hits of the rest | LRU: hits of the rest |\n| --- | --- | --- |\n",
	       REQUESTS, KEYS, SKEW, CAPACITY);
	for (size_t i = 0; i < FR_ARRAY_LEN(shares); i++)
		run(shares[i], bytes);
	fr_arena_fini(&arena);
	free(cumulative);
	return 0;
}
