/* Two rings of steps, filled from sums that grow. */
#include "observe/history.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static const struct {
	const char *name;
	int64_t step_s;
	size_t steps;
} ranges[] = {
#define X(id, name, seconds, steps) {name, seconds, steps},
	FR_HISTORY_RANGE_TABLE(X)
#undef X
};

#define X(id, name) name,
static const char *const count_names[] = {FR_HISTORY_COUNT_TABLE(X)};
static const char *const gauge_names[] = {FR_HISTORY_GAUGE_TABLE(X)};
#undef X

/*   v: | newest ... | oldest ... |     the newest step, of at_s, may still grow
 *        ^ (first + n - 1) % steps ^ first */
struct ring {
	struct fr_history_step *v; /* owned */
	size_t first, n;
	int64_t at_s;                  /* when the newest began */
	struct fr_history_totals from; /* the figures when it began */
};

struct fr_history {
	pthread_mutex_t lock;
	bool has_totals;
	struct fr_history_totals last; /* what was told last */
	struct ring rings[FR_HISTORY_RANGES];
};

struct fr_history *fr_history_new(void)
{
	struct fr_history *h = fr_calloc(1, sizeof *h);

	(void)pthread_mutex_init(&h->lock, NULL);
	for (size_t i = 0; i < FR_HISTORY_RANGES; i++)
		h->rings[i].v = fr_calloc(ranges[i].steps, sizeof *h->rings[i].v);
	return h;
}

void fr_history_free(struct fr_history **hp)
{
	struct fr_history *h = *hp;

	*hp = NULL;
	if (!h)
		return;
	for (size_t i = 0; i < FR_HISTORY_RANGES; i++)
		free(h->rings[i].v);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

/* --- filling --- */

static uint32_t cut(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* What came since; a sum that shrank begins anew. */
static uint64_t since(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

static void fill(struct fr_history_step *s, const struct fr_history_totals *now,
                 const struct fr_history_totals *from)
{
	struct fr_histogram_sum h = {0};

	for (size_t i = 0; i < FR_HISTORY_COUNTS; i++)
		s->counts[i] = cut(since(now->counts[i], from->counts[i]));
	for (size_t i = 0; i < FR_HISTORY_GAUGES; i++)
		if (now->gauges[i] > s->gauges[i])
			s->gauges[i] = cut(now->gauges[i]);
	for (size_t i = 0; i <= FR_HISTOGRAM_BUCKETS; i++)
		h.counts[i] = since(now->first_byte.counts[i], from->first_byte.counts[i]);
	s->p50_us = cut(fr_histogram_quantile(&h, 0.5));
	s->p99_us = cut(fr_histogram_quantile(&h, 0.99));
}

static struct fr_history_step *push(struct ring *r, size_t steps)
{
	struct fr_history_step *s;

	FR_ASSERT(steps > 0);
	if (r->n == steps)
		r->first = (r->first + 1) % steps;
	else
		r->n++;
	s = &r->v[(r->first + r->n - 1) % steps];
	*s = (struct fr_history_step){0};
	return s;
}

static struct fr_history_step *newest(struct ring *r, size_t steps)
{
	FR_ASSERT(steps > 0);
	return r->n ? &r->v[(r->first + r->n - 1) % steps] : push(r, steps);
}

static void add(struct fr_history *h, size_t which, int64_t now_s,
                const struct fr_history_totals *now)
{
	struct ring *r = &h->rings[which];
	size_t steps = ranges[which].steps;
	int64_t begun_s = now_s - now_s % ranges[which].step_s;
	int64_t further = (begun_s - r->at_s) / ranges[which].step_s;

	if (begun_s < r->at_s)
		return;
	if (further > (int64_t)steps)
		further = (int64_t)steps; /* all that is kept is over */
	for (int64_t i = 0; i < further; i++)
		(void)push(r, steps);
	if (further)
		r->from = h->last;
	r->at_s = begun_s;
	fill(newest(r, steps), now, &r->from);
}

void fr_history_add(struct fr_history *h, int64_t now_s, const struct fr_history_totals *now)
{
	(void)pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < FR_HISTORY_RANGES; i++) {
		if (h->has_totals) {
			add(h, i, now_s, now);
			continue;
		}
		h->rings[i].at_s = now_s - now_s % ranges[i].step_s;
		h->rings[i].from = *now;
	}
	h->last = *now;
	h->has_totals = true;
	(void)pthread_mutex_unlock(&h->lock);
}

/* --- reading --- */

size_t fr_history_read(struct fr_history *h, enum fr_history_range range,
                       struct fr_history_step *out, size_t cap, int64_t *until_s)
{
	struct ring *r = &h->rings[range];
	size_t n, skipped;

	(void)pthread_mutex_lock(&h->lock);
	n = r->n < cap ? r->n : cap;
	skipped = r->n - n;
	for (size_t i = 0; i < n; i++)
		out[i] = r->v[(r->first + skipped + i) % ranges[range].steps];
	*until_s = r->at_s;
	(void)pthread_mutex_unlock(&h->lock);
	return n;
}

int fr_history_range_find(struct fr_str name)
{
	for (size_t i = 0; i < FR_HISTORY_RANGES; i++)
		if (fr_str_is(name, ranges[i].name))
			return (int)i;
	return -1;
}

static int put(struct fr_buf *out, const char *text)
{
	return fr_buf_append(out, text, strlen(text));
}

/* ,"name":[1,2,3]; offset: of the figure in a step. */
static int put_series(struct fr_buf *out, const char *name, size_t offset,
                      const struct fr_history_step *steps, size_t n)
{
	char text[64];
	int rc;

	(void)snprintf(text, sizeof text, ",\"%s\":[", name);
	rc = put(out, text);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		uint32_t v;

		memcpy(&v, (const char *)&steps[i] + offset, sizeof v);
		(void)snprintf(text, sizeof text, "%s%u", i ? "," : "", v);
		rc = put(out, text);
	}
	return rc == 0 ? put(out, "]") : rc;
}

static int put_all(struct fr_buf *out, const struct fr_history_step *steps, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < FR_HISTORY_COUNTS; i++)
		rc = put_series(out, count_names[i],
		                offsetof(struct fr_history_step, counts) + i * sizeof(uint32_t),
		                steps, n);
	for (size_t i = 0; rc == 0 && i < FR_HISTORY_GAUGES; i++)
		rc = put_series(out, gauge_names[i],
		                offsetof(struct fr_history_step, gauges) + i * sizeof(uint32_t),
		                steps, n);
	if (rc == 0)
		rc = put_series(out, "p50_us", offsetof(struct fr_history_step, p50_us), steps, n);
	return rc == 0 ? put_series(out, "p99_us", offsetof(struct fr_history_step, p99_us), steps,
	                            n)
	               : rc;
}

int fr_history_json_write(struct fr_history *h, enum fr_history_range range, struct fr_buf *out)
{
	size_t cap = ranges[range].steps, n;
	struct fr_history_step *steps = fr_calloc(cap, sizeof *steps);
	int64_t until_s;
	char text[160];
	int rc;

	n = fr_history_read(h, range, steps, cap, &until_s);
	(void)snprintf(text, sizeof text,
	               "{\"version\":1,\"range\":\"%s\",\"step_s\":%lld,\"until_s\":%lld",
	               ranges[range].name, (long long)ranges[range].step_s, (long long)until_s);
	rc = put(out, text);
	if (rc == 0)
		rc = put_all(out, steps, n);
	free(steps);
	return rc == 0 ? put(out, "}\n") : rc;
}
