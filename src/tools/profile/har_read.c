/* A HAR of anybody's making read as a load. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/page/freshness.h"
#include "tools/profile/har.h"
#include "tools/profile/json.h"

#define FIELDS_BYTES 65536u

/* Milliseconds within the day, of "2026-01-02T03:04:05.678Z". */
static bool clock_of(const char *date, double *ms)
{
	const char *t = strchr(date, 'T');
	int hours, minutes;
	double seconds;

	if (!t || sscanf(t + 1, "%2d:%2d:%lf", &hours, &minutes, &seconds) != 3 || hours < 0 ||
	    hours > 24 || minutes < 0 || minutes > 60 || !(seconds >= 0 && seconds < 61))
		return false;
	*ms = ((double)hours * 60 + minutes) * 60000 + seconds * 1000;
	return true;
}

static enum fr_as as_of(const json_t *entry, const char *mime, bool first)
{
	struct fr_str m = fr_str_from(mime);
	enum fr_as as = fr_as_parse(fr_str_from(fr_json_text(entry, "_as")));
	struct fr_str kind = fr_str_from(fr_json_text(entry, "_resourceType"));

	if (first)
		return FR_AS_DOCUMENT;
	if (as != FR_AS_NONE && as != FR_AS_UNKNOWN)
		return as;
	if (fr_str_istarts(m, FR_STR("text/css")) || fr_str_is(kind, "stylesheet"))
		return FR_AS_STYLE;
	for (size_t i = 0; i < m.len; i++)
		if (fr_str_istarts(fr_str_sub(m, i, m.len), FR_STR("javascript")))
			return FR_AS_SCRIPT;
	for (size_t i = 0; i < m.len; i++)
		if (fr_str_istarts(fr_str_sub(m, i, m.len), FR_STR("font")))
			return FR_AS_FONT;
	return fr_str_istarts(m, FR_STR("image/")) ? FR_AS_IMAGE : FR_AS_FETCH;
}

/* The fields of a response as text, and whether they let it be used again. */
static char *fields_of(const json_t *response, bool *reusable)
{
	const json_t *list = json_object_get(response, "headers"), *h;
	struct fr_arena arena;
	struct fr_fields fields;
	char *text;
	size_t i;

	fr_arena_init(&arena, FIELDS_BYTES);
	fr_fields_init(&fields, &arena);
	json_array_foreach(list, i, h)
	{
		struct fr_str name = fr_str_from(fr_json_text(h, "name")), lower;

		if (fr_arena_copy(&arena, name, &lower) < 0)
			break;
		for (size_t k = 0; k < lower.len; k++)
			((char *)(uintptr_t)lower.p)[k] = fr_ascii_lower(lower.p[k]);
		if (fr_fields_add_copy(&fields, lower, fr_str_from(fr_json_text(h, "value"))) < 0)
			break;
	}
	*reusable = fr_is_reusable(&fields);
	text = fr_fields_text(&fields);
	fr_arena_fini(&arena);
	return text;
}

static double number_of(const json_t *j, const char *key)
{
	double v = json_number_value(json_object_get(j, key));

	return v > 0 && v < 1e8 ? v : 0;
}

static int parent_of(const struct fr_load *l, const json_t *entry)
{
	const char *url = fr_json_text(json_object_get(entry, "_initiator"), "url");

	for (size_t i = 0; *url && i + 1 < l->n; i++)
		if (strcmp(l->entries[i].url, url) == 0)
			return (int)i;
	return l->n > 1 ? 0 : -1;
}

static bool is_blocking(const json_t *entry, enum fr_as as)
{
	const char *priority = fr_json_text(entry, "_priority");

	if (json_is_true(json_object_get(entry, "_blocking")))
		return true;
	return (as == FR_AS_STYLE && strcmp(priority, "VeryHigh") == 0) ||
	       (as == FR_AS_SCRIPT && strcmp(priority, "High") == 0);
}

static bool same_origin(const char *a, const char *b)
{
	struct fr_str x = fr_str_from(a), y = fr_str_from(b);
	size_t i = fr_str_find(x, ':') + 3, k = fr_str_find(y, ':') + 3;

	i += fr_str_find(fr_str_sub(x, i, x.len), '/');
	k += fr_str_find(fr_str_sub(y, k, y.len), '/');
	return fr_str_eq(fr_str_sub(x, 0, i), fr_str_sub(y, 0, k));
}

static void fill(struct fr_load *l, struct fr_load_entry *e, const json_t *entry, double begin)
{
	const json_t *response = json_object_get(entry, "response");
	const json_t *content = json_object_get(response, "content");
	const json_t *timings = json_object_get(entry, "timings");
	const char *mime = fr_json_text(content, "mimeType");
	double start = 0, size = number_of(response, "bodySize");
	bool reusable;

	(void)clock_of(fr_json_text(entry, "startedDateTime"), &start);
	start = start > begin ? start - begin : 0;
	e->as = as_of(entry, mime, l->n == 1);
	e->found = fr_found_parse(fr_json_text(entry, "_found"));
	e->parent = parent_of(l, entry);
	e->status = (int)json_integer_value(json_object_get(response, "status"));
	(void)snprintf(e->type, sizeof e->type, "%.*s", (int)fr_str_find(fr_str_from(mime), ';'),
	               mime);
	e->bytes = (uint64_t)(size > 0 ? size : number_of(content, "size"));
	e->response_fields = fields_of(response, &reusable);
	e->flags = FR_ENTRY_NEEDED | FR_ENTRY_DONE | (reusable ? FR_ENTRY_CACHEABLE : 0) |
	           (is_blocking(entry, e->as) ? FR_ENTRY_BLOCKING : 0) |
	           (e->as == FR_AS_FONT ? FR_ENTRY_CORS : 0);
	if (json_integer_value(json_object_get(entry, "_was_pushed")))
		e->flags |= FR_ENTRY_PUSHED;
	if (!same_origin(e->url, l->entries[0].url))
		e->flags |= FR_ENTRY_CROSS_ORIGIN;
	if (e->status < 200 || e->status > 399)
		e->flags |= FR_ENTRY_FAILED;
	e->urgency = e->flags & FR_ENTRY_BLOCKING ? 1 : 3;
	e->start_us = (uint64_t)(start * 1000);
	e->end_us = e->start_us + (uint64_t)(number_of(entry, "time") * 1000);
	e->first_us = (uint64_t)(number_of(timings, "receive") * 1000);
	e->first_us = e->end_us > e->first_us ? e->end_us - e->first_us : e->start_us;
	if (l->n == 1 && number_of(timings, "connect") > 0) {
		l->n_conns = 1;
		l->conns[0].secured_us =
			e->start_us + (uint64_t)(number_of(timings, "connect") * 1000);
	}
}

/* Entries of the first page, or all where no page is named. */
int fr_load_from_har(const json_t *har, struct fr_load *out)
{
	const json_t *log = json_object_get(har, "log"), *entry;
	const json_t *entries = json_object_get(log, "entries");
	const char *page = fr_json_text(json_array_get(json_object_get(log, "pages"), 0), "id");
	double begin = 0;
	size_t i;

	if (!json_is_array(entries) || !json_array_size(entries))
		return FR_ERR_SYNTAX;
	*out = (struct fr_load){0};
	json_array_foreach(entries, i, entry)
	{
		const char *of = fr_json_text(entry, "pageref");
		const char *url = fr_json_text(json_object_get(entry, "request"), "url");
		struct fr_load_entry *e;

		if ((*of && *page && strcmp(of, page) != 0) || strncmp(url, "http", 4) != 0)
			continue;
		if (!out->url) {
			fr_load_init(out, url);
			(void)clock_of(fr_json_text(entry, "startedDateTime"), &begin);
		}
		e = fr_load_add(out, fr_str_from(url));
		if (e)
			fill(out, e, entry, begin);
	}
	if (!out->n) {
		fr_load_fini(out);
		return FR_ERR_SYNTAX;
	}
	fr_load_pack(out);
	fr_load_finish(out);
	return 0;
}
