/* Counts ended exchanges by protocol, status and answerer, with their times and the
 * reasons of hints. */
#include "observe/metrics.h"

#include <stdio.h>
#include <string.h>

#include "base/enum.h"
#include "base/err.h"
#include "http/message.h"
#include "observe/counters.h"

#define SLOT_FIRST_CODE 1u    /* 100 */
#define SLOT_FIRST_CLASS 501u /* 1xx */
#define SLOT_OTHER 507u

FR_ENUM_STR(fr_answerer_str, fr_answerer, FR_ANSWERED_BY_TABLE)

static unsigned status_slot(int status)
{
	if (status == 0)
		return 0;
	if (status < 100 || status > 599)
		return SLOT_OTHER;
	if (status == 200 || *fr_status_reason(status))
		return SLOT_FIRST_CODE + (unsigned)status - 100;
	return SLOT_FIRST_CLASS + (unsigned)status / 100 - 1;
}

void fr_status_label(unsigned slot, char *out)
{
	if (slot == 0)
		(void)snprintf(out, 8, "none");
	else if (slot >= SLOT_OTHER)
		(void)snprintf(out, 8, "other");
	else if (slot >= SLOT_FIRST_CLASS)
		(void)snprintf(out, 8, "%uxx", (slot - SLOT_FIRST_CLASS + 1) % 10);
	else
		(void)snprintf(out, 8, "%u", slot - SLOT_FIRST_CODE + 100);
}

static enum fr_answerer answer_of(const struct fr_record *r)
{
	if (r->cache == FR_CACHE_RESULT_HIT || r->cache == FR_CACHE_RESULT_STALE)
		return FR_ANSWERED_BY_CACHE;
	return r->origin.len || r->cache == FR_CACHE_RESULT_JOINED ? FR_ANSWERED_BY_ORIGIN
	                                                           : FR_ANSWERED_BY_EDGE;
}

static void add_one(struct fr_metrics *m, const struct fr_record *r)
{
	enum fr_answerer answer = answer_of(r);

	fr_counter_bump(&m->responses[r->protocol][status_slot(r->status)][r->cache], 1);
	if (!r->is_push)
		fr_counter_bump(&m->ends[r->end], 1);
	if (r->not_stored)
		fr_counter_bump(&m->not_stored[r->not_stored], 1);
	if (r->purpose)
		fr_counter_bump(&m->prefetches, 1);
	if (r->is_page)
		fr_counter_bump(&m->pages, 1);
	fr_counter_bump(&m->sent_bytes, r->sent_bytes);
	if (r->received_bytes)
		fr_counter_bump(&m->received_bytes, r->received_bytes);
	if (r->first_byte_us >= 0)
		fr_histogram_add(&m->first_byte[answer], (uint64_t)r->first_byte_us);
	if (r->duration_us >= 0)
		fr_histogram_add(&m->duration[answer], (uint64_t)r->duration_us);
	if (r->origin_first_byte_us >= 0)
		fr_histogram_add(&m->origin_first_byte, (uint64_t)r->origin_first_byte_us);
	for (size_t i = 0; r->plan && i < r->plan->n; i++) {
		const struct fr_hint *h = r->plan->v[i];

		fr_counter_bump(&m->hints[h->source][h->delivery][h->reason], 1);
	}
}

void fr_metrics_add(struct fr_metrics *m, const struct fr_record *records, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_one(m, &records[i]);
}

static void collect(const _Atomic uint64_t *from, uint64_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += atomic_load_explicit(&from[i], memory_order_relaxed);
}

void fr_metrics_collect(struct fr_metrics *from, struct fr_metrics_sum *to)
{
	collect(&from->responses[0][0][0], &to->responses[0][0][0],
	        sizeof to->responses / sizeof(uint64_t));
	collect(&from->hints[0][0][0], &to->hints[0][0][0], sizeof to->hints / sizeof(uint64_t));
	collect(from->ends, to->ends, FR_END_COUNT);
	collect(from->not_stored, to->not_stored, FR_CACHE_STORE_COUNT);
	collect(&from->pages, &to->pages, 1);
	collect(&from->prefetches, &to->prefetches, 1);
	collect(&from->sent_bytes, &to->sent_bytes, 1);
	collect(&from->received_bytes, &to->received_bytes, 1);
	for (size_t i = 0; i < FR_ANSWERED_BY_COUNT; i++) {
		fr_histogram_collect(&from->first_byte[i], &to->first_byte[i]);
		fr_histogram_collect(&from->duration[i], &to->duration[i]);
	}
	fr_histogram_collect(&from->origin_first_byte, &to->origin_first_byte);
	fr_histogram_collect(&from->loop_turn, &to->loop_turn);
}
