/* What is told of a fetch: why it failed in words, the origin's figures, complaints in the
 * log. */
#include <stdio.h>
#include <time.h>

#include "origin/complaint.h"
#include "origin/origin_priv.h"

void fr_fetch_find_words(struct fr_fetch *f, enum fr_fetch_error e)
{
	const char *cause = f->origin->cause;

	if (fr_arena_printf(f->arena, &f->failure, "%s%s%s", fr_fetch_error_str(e),
	                    *cause ? ": " : "", cause) < 0)
		f->failure = (struct fr_str){0};
	f->origin->cause[0] = '\0';
}

void fr_fetch_note_cause(struct fr_fetch *f, const struct fr_origin_conn *c, const char *cause)
{
	(void)snprintf(f->origin->cause, sizeof f->origin->cause, "%s: %s", c->address, cause);
}

void fr_fetch_note_failure(struct fr_fetch *f, enum fr_fetch_error e)
{
	struct fr_origin_stats *stats = f->origin->limits.stats;
	uint64_t now_s = (uint64_t)time(NULL);
	struct fr_str words = f->failure.len ? f->failure : fr_str_from(fr_fetch_error_str(e));

	/* words are NUL-terminated: by printf, or static */
	fr_origin_stats_failed(stats, (unsigned)e, fr_fetch_error_label(e), words.p, now_s);
	fr_complain(stats, f->origin->config->url, f->req, e, words, now_s);
}

void fr_fetch_note_answer(struct fr_fetch *f, int status)
{
	struct fr_origin_stats *stats = f->origin->limits.stats;

	fr_count_stat(&stats->errors, status >= 500);
	fr_origin_stats_answered(stats, fr_loop_now_us(f->loop) - f->started_us);
}

void fr_fetch_note_sloppy(struct fr_fetch *f)
{
	uint32_t faults = fr_h1_sloppy(f->conn->parser);

	if (!faults || f->is_sloppy)
		return;
	f->is_sloppy = true;
	fr_count(f->counters, FR_COUNT_ORIGIN_SLOPPY);
	fr_complain_of_faults(f->origin->limits.stats, f->origin->config->url, f->req, faults);
}

struct fr_str fr_fetch_failure(const struct fr_fetch *f)
{
	return f ? f->failure : (struct fr_str){0};
}

const char *fr_fetch_detail(const struct fr_fetch *f)
{
	if (f->conn)
		return f->conn->address;
	return f->origin ? f->origin->config->url : "";
}
