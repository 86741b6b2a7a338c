/* One load's entries, connections and metrics. */
#include "lab/measurement/measurement.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/enum.h"
#include "base/mem.h"
#include "http/media_type.h"
#include "lab/measurement/freshness.h"
#include "lab/measurement/plain_text.h"

/* Of one message, for reports. */
#define FIELDS_TEXT_BYTES (256u << 10)

FR_ENUM_STR(fr_found_str, fr_found, FR_FOUND_TABLE)

enum fr_found fr_found_parse(const char *text)
{
	for (unsigned i = 0; i < FR_FOUND_COUNT; i++)
		if (strcmp(fr_found_str((enum fr_found)i), text) == 0)
			return (enum fr_found)i;
	return FR_FOUND_HTML;
}

const char *fr_entry_flag_str(unsigned bit)
{
	static const char *const names[] = {
#define X(id, text) text,
		FR_ENTRY_FLAG_TABLE(X)
#undef X
	};

	return names[bit];
}

static const struct {
	const char *key, *title;
	bool is_time;
} metrics[] = {
#define X(id, key, title, time) {key, title, time},
	FR_METRIC_TABLE(X)
#undef X
};

const char *fr_metric_key(enum fr_metric m)
{
	return metrics[m].key;
}

const char *fr_metric_title(enum fr_metric m)
{
	return metrics[m].title;
}

bool fr_metric_is_time(enum fr_metric m)
{
	return metrics[m].is_time;
}

void fr_measurement_init(struct fr_measurement *l, const char *url)
{
	*l = (struct fr_measurement){.url = fr_str_dup(fr_str_from(url))};
}

void fr_measurement_fini(struct fr_measurement *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->entries[i].url);
		free(l->entries[i].request_fields);
		free(l->entries[i].response_fields);
	}
	for (size_t i = 0; i < l->n_frames; i++)
		free(l->frames[i].jpeg_base64);
	free(l->entries);
	free(l->url);
	*l = (struct fr_measurement){0};
}

struct fr_measurement_entry *fr_measurement_add(struct fr_measurement *l, struct fr_str url)
{
	struct fr_measurement_entry *e;

	if (l->n == FR_MEASUREMENT_MAX_ENTRIES) {
		l->dropped++;
		return NULL;
	}
	/* all at once: pointers to entries stay valid while others come */
	if (!l->entries)
		l->entries = fr_calloc(FR_MEASUREMENT_MAX_ENTRIES, sizeof *e);
	e = &l->entries[l->n++];
	*e = (struct fr_measurement_entry){.url = fr_str_dup(url), .parent = -1, .conn = -1};
	return e;
}

void fr_measurement_fail(struct fr_measurement *l, const char *what, const char *detail)
{
	if (!l->failed)
		(void)snprintf(l->problem, sizeof l->problem, "%s%s%s", what, *detail ? ": " : "",
		               detail);
	l->failed = true;
}

char *fr_fields_text(const struct fr_fields *f)
{
	struct fr_buf b;
	char *text;
	int rc = 0;

	fr_buf_init(&b, FIELDS_TEXT_BYTES);
	for (size_t i = 0; rc == 0 && i < f->n; i++) {
		rc = fr_buf_append(&b, f->v[i].name.p, f->v[i].name.len);
		if (rc == 0)
			rc = fr_buf_append(&b, ": ", 2);
		if (rc == 0)
			rc = fr_buf_append(&b, f->v[i].value.p, f->v[i].value.len);
		if (rc == 0)
			rc = fr_buf_append(&b, "\n", 1);
	}
	text = fr_str_dup(fr_str_make((const char *)fr_buf_data(&b), fr_buf_len(&b)));
	fr_buf_fini(&b);
	return text;
}

void fr_measurement_pack(struct fr_measurement *l)
{
	struct fr_measurement_entry *v = l->n ? fr_try_realloc(l->entries, l->n * sizeof *v) : NULL;

	if (v)
		l->entries = v;
}

static bool has_field(const char *fields, struct fr_str start)
{
	struct fr_str rest = fr_str_from(fields);

	while (rest.len) {
		if (fr_str_istarts(rest, start))
			return true;
		rest = fr_str_sub(rest, fr_str_find(rest, '\n') + 1, rest.len);
	}
	return false;
}

/* Text as it is, although clients that take compression asked for it. */
static bool is_plain(const struct fr_measurement_entry *e)
{
	/* without any field nothing is known */
	return e->status == 200 && e->bytes >= FR_PLAIN_TEXT_LEAST_BYTES && e->response_fields &&
	       *e->response_fields && fr_media_is_compressible(fr_str_from(e->type)) &&
	       !has_field(e->response_fields, FR_STR("content-encoding:"));
}

void fr_measurement_finish(struct fr_measurement *l)
{
	uint64_t complete = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct fr_measurement_entry *e = &l->entries[i];

		if (is_plain(e))
			e->flags |= FR_ENTRY_PLAIN;
		if (e->response_fields && fr_is_reusable_text(e->response_fields))
			e->flags |= FR_ENTRY_CACHEABLE;

		/* requests after the load event are for later */
		if ((e->flags & FR_ENTRY_NEEDED) && e->end_us > complete &&
		    (!l->event_us || e->start_us <= l->event_us))
			complete = e->end_us;
	}
	if (!l->ttfb_us && l->n)
		l->ttfb_us = l->entries[0].first_us;
	if (!l->complete_us)
		l->complete_us = complete;
}

static bool has(const struct fr_measurement_entry *e, unsigned flags)
{
	return (e->flags & flags) == flags;
}

static double count_with(const struct fr_measurement *l, unsigned on, unsigned off)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += has(&l->entries[i], on) && !(l->entries[i].flags & off);
	return (double)n;
}

static double sum_bytes(const struct fr_measurement *l)
{
	uint64_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->entries[i].bytes;
	return (double)n;
}

double fr_measurement_metric(const struct fr_measurement *l, enum fr_metric m)
{
	switch (m) {
	case FR_METRIC_TTFB:
		return (double)l->ttfb_us;
	case FR_METRIC_RENDER:
		return (double)l->render_us;
	case FR_METRIC_LARGEST:
		return (double)l->largest_us;
	case FR_METRIC_COMPLETE:
		return (double)l->complete_us;
	case FR_METRIC_EVENT:
		return (double)l->event_us;
	case FR_METRIC_BYTES:
		return sum_bytes(l);
	case FR_METRIC_REQUESTS:
		return count_with(l, 0, FR_ENTRY_PUSHED | FR_ENTRY_LAZY | FR_ENTRY_SKIPPED);
	case FR_METRIC_PUSHES_USED:
		return count_with(l, FR_ENTRY_PUSHED | FR_ENTRY_NEEDED, FR_ENTRY_CANCELLED);
	case FR_METRIC_PUSHES_UNUSED:
		return count_with(l, FR_ENTRY_PUSHED, FR_ENTRY_NEEDED | FR_ENTRY_CANCELLED);
	case FR_METRIC_PUSHES_CANCELLED:
		return count_with(l, FR_ENTRY_PUSHED | FR_ENTRY_CANCELLED, 0);
	case FR_METRIC_DUPLICATES:
		return count_with(l, FR_ENTRY_DUPLICATE, 0);
	case FR_METRIC_EARLY_HINTS:
		return l->n_early_hints;
	case FR_METRIC_COUNT:
		break;
	}
	return 0;
}

struct fr_str fr_url_short(const char *url)
{
	struct fr_str s = fr_str_from(url);
	size_t from = 0;

	s = fr_str_sub(s, 0, fr_str_find(s, '?'));
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.p[i] == '/')
			from = i + 1;
	/* "https://host/": what follows the last slash but one is the host */
	if (from >= 2 && s.p[from - 2] == '/' && s.len && s.p[s.len - 1] == '/')
		return FR_STR("/");
	return fr_str_sub(s, from, s.len);
}

struct fr_str fr_url_origin(const char *url)
{
	struct fr_str s = fr_str_from(url);
	size_t at = fr_str_find(s, ':') + strlen("://");

	if (at > s.len)
		return s;
	return fr_str_sub(s, 0, at + fr_str_find(fr_str_sub(s, at, s.len), '/'));
}
