/* A HAR of anybody's making read as a load: its entries in the order of time,
 * from the first page document on. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hints/plan.h"
#include "http/fields.h"
#include "http/media_type.h"
#include "http/url.h"
#include "lab/measurement/freshness.h"
#include "lab/measurement/json_text.h"
#include "lab/measurement/measurement.h"
#include "lab/report/har.h"
#include "lab/report/har_entry.h"

#define FIELDS_BYTES 65536u
/* Of one page; browsers follow no more. */
#define MAX_REDIRECTS 20u
#define REDIRECT_BYTES (1u << 20)

struct har {
	struct fr_har_entry *v; /* owned; by time */
	size_t n;
	const json_t *pages; /* borrowed; NULL without */
};

/* --- the entries by time --- */

static int by_time(const void *a, const void *b)
{
	const struct fr_har_entry *x = a, *y = b;

	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static void read_entries(struct har *h, const json_t *entries)
{
	const json_t *entry;
	double latest = 0;
	size_t i;

	h->v = fr_calloc(json_array_size(entries) + 1, sizeof *h->v);
	json_array_foreach(entries, i, entry)
	{
		struct fr_har_entry *e = &h->v[h->n];

		if (i == FR_HAR_MAX_ENTRIES)
			break;
		if (!fr_har_entry_read(entry, i, e))
			continue;
		/* without a time it stays after its neighbour in the file */
		if (isnan(e->start_ms))
			e->start_ms = latest;
		latest = e->start_ms;
		h->n++;
	}
	qsort(h->v, h->n, sizeof *h->v, by_time);
}

/* --- the page --- */

static bool is_listed(const struct har *h, const char *page)
{
	const json_t *p;
	size_t i;

	json_array_foreach(h->pages, i, p)
	{
		if (strcmp(fr_json_text(p, "id"), page) == 0)
			return true;
	}
	return false;
}

/* The first document that was loaded, of the entries with that pageref (NULL:
 * of no page that is listed). strict: what says that it is a document; else
 * whatever was answered. */
static const struct fr_har_entry *document_of(const struct har *h, const char *page, bool strict)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct fr_har_entry *e = &h->v[i];
		bool belongs = page ? strcmp(e->page, page) == 0 : !is_listed(h, e->page);

		if (belongs && e->is_get && e->is_ok && (!strict || e->is_top_document))
			return e;
	}
	return NULL;
}

/* Pages in their order, then what belongs to none. */
static const struct fr_har_entry *find_document(const struct har *h, bool strict)
{
	const struct fr_har_entry *e = NULL;
	const json_t *p;
	size_t i;

	json_array_foreach(h->pages, i, p)
	{
		e = document_of(h, fr_json_text(p, "id"), strict);
		if (e)
			return e;
	}
	return document_of(h, NULL, strict);
}

/* --- the load --- */

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

static int parent_of(const struct fr_measurement *l, const struct fr_har_entry *from)
{
	const char *url = fr_har_initiator(from);

	for (size_t i = 0; *url && i + 1 < l->n; i++)
		if (strcmp(l->entries[i].url, url) == 0)
			return (int)i;
	return l->n > 1 ? 0 : -1;
}

/* Without a word of the browser's: every style sheet that the page itself names. */
static bool is_blocking(const struct fr_har_entry *from, const struct fr_measurement_entry *e)
{
	int said = fr_har_is_blocking(from);

	return said < 0 ? e->as == FR_AS_STYLE && e->parent == 0 : said > 0;
}

static unsigned flags_of(const struct fr_measurement *l, const struct fr_measurement_entry *e,
                         const struct fr_har_entry *from)
{
	unsigned flags = FR_ENTRY_NEEDED | FR_ENTRY_DONE;

	if (is_blocking(from, e))
		flags |= FR_ENTRY_BLOCKING;
	if (from->is_cors)
		flags |= FR_ENTRY_CORS;
	if (json_integer_value(json_object_get(from->json, "_was_pushed")))
		flags |= FR_ENTRY_PUSHED;
	if (!fr_str_eq(fr_url_origin(e->url), fr_url_origin(l->entries[0].url)))
		flags |= FR_ENTRY_CROSS_ORIGIN;
	else if (e->as == FR_AS_SCRIPT && from->is_cors)
		flags |= FR_ENTRY_MODULE; /* a script of one's own host is asked for so only then */
	if (!from->is_ok)
		flags |= FR_ENTRY_FAILED;
	if (fr_har_is_idle(from))
		flags |= FR_ENTRY_LAZY;
	return flags;
}

static void fill(struct fr_measurement *l, struct fr_measurement_entry *e,
                 const struct fr_har_entry *from, double begin_ms)
{
	const json_t *response = json_object_get(from->json, "response");
	struct fr_str type =
		fr_str_from(fr_json_text(json_object_get(response, "content"), "mimeType"));
	double start = from->start_ms > begin_ms ? from->start_ms - begin_ms : 0;
	double time = json_number_value(json_object_get(from->json, "time"));
	double found = fr_har_timing(from, "dns"), connect = fr_har_timing(from, "connect");
	double tls = fr_har_timing(from, "ssl"); /* a part of connect */
	bool reusable;

	e->as = l->n == 1 ? FR_AS_DOCUMENT : from->as;
	e->found = fr_found_parse(fr_json_text(from->json, "_found"));
	e->parent = parent_of(l, from);
	e->status = (int)json_integer_value(json_object_get(response, "status"));
	type = fr_media_type_of(type);
	(void)snprintf(e->type, sizeof e->type, "%.*s", FR_STR_ARG(type));
	e->bytes = fr_har_bytes(from);
	if (fr_har_is_compressed(from))
		e->gzip_bytes = e->bytes; /* nothing is left to gain */
	e->response_fields = fields_of(response, &reusable);
	e->flags = flags_of(l, e, from) | (reusable ? FR_ENTRY_CACHEABLE : 0);
	e->urgency = e->flags & FR_ENTRY_BLOCKING ? 1 : 3;
	e->start_us = (uint64_t)(start < 1e8 ? start * 1000 : 1e11);
	e->end_us = e->start_us + (uint64_t)(time > 0 && time < 1e8 ? time * 1000 : 0);
	e->first_us = (uint64_t)(fr_har_timing(from, "receive") * 1000);
	e->first_us = e->end_us > e->first_us ? e->end_us - e->first_us : e->start_us;
	if (l->n == 1 && found + connect > 0) {
		l->n_conns = 1;
		l->conns[0].resolved_us = e->start_us + (uint64_t)(found * 1000);
		l->conns[0].secured_us = e->start_us + (uint64_t)((found + connect) * 1000);
		if (tls > 0 && connect > tls)
			l->conns[0].connected_us = l->conns[0].secured_us - (uint64_t)(tls * 1000);
	}
}

static void add(struct fr_measurement *l, const struct fr_har_entry *from, double begin_ms)
{
	struct fr_measurement_entry *e = fr_measurement_add(l, fr_str_from(from->url));

	if (e)
		fill(l, e, from, begin_ms);
}

/* With its port, so that two spellings of one URL are equal. */
static struct fr_str print_url(struct fr_arena *arena, const struct fr_url *url)
{
	struct fr_str out;

	if (fr_arena_printf(arena, &out, "%.*s://%.*s:%u%.*s", FR_STR_ARG(url->scheme),
	                    FR_STR_ARG(url->host), url->port, FR_STR_ARG(url->target)) < 0)
		return (struct fr_str){0};
	return out;
}

/* What an entry asked for. */
static struct fr_str asked_url(struct fr_arena *arena, const struct fr_har_entry *e)
{
	struct fr_url url;

	return fr_url_parse(arena, fr_str_from(e->url), &url) < 0 ? (struct fr_str){0}
	                                                          : print_url(arena, &url);
}

/* Where a redirect leads; empty: it does not say. */
static struct fr_str target_of(struct fr_arena *arena, const struct fr_har_entry *e)
{
	struct fr_str ref = fr_har_redirect(e);
	struct fr_url base, url;

	if (!ref.len || fr_url_parse(arena, fr_str_from(e->url), &base) < 0 ||
	    fr_url_resolve(arena, &base, ref, &url) < 0)
		return (struct fr_str){0};
	return print_url(arena, &url);
}

/* The redirects that led to the document, back from it. One that does not say where it
 * leads counts if it is the request before. */
static unsigned count_redirects(const struct har *h, const struct fr_har_entry *document)
{
	const struct fr_har_entry *at = document;
	struct fr_arena arena;
	struct fr_str want;
	unsigned n = 0;

	fr_arena_init(&arena, REDIRECT_BYTES);
	want = asked_url(&arena, document);
	for (const struct fr_har_entry *e = document; e-- > h->v && n < MAX_REDIRECTS;) {
		struct fr_str to = e->is_redirect ? target_of(&arena, e) : (struct fr_str){0};

		if (!e->is_redirect || (to.len ? !fr_str_eq(to, want) : e + 1 != at))
			continue;
		n++;
		at = e;
		want = asked_url(&arena, e);
	}
	fr_arena_fini(&arena);
	return n;
}

/* --- frames --- */

/* URLs of the documents in frames, and of what these need, as they are found. */
struct frames {
	const char **v; /* owned; the texts borrowed */
	size_t n;
};

/* A document within the page, or named by one or by an asset of one. */
static bool is_of_a_frame(const struct frames *f, const struct fr_har_entry *document,
                          const struct fr_har_entry *e)
{
	const char *own = fr_json_text(document->json, "_frameref");
	const char *frame = fr_json_text(e->json, "_frameref");
	const char *by = fr_har_initiator(e);

	if (e->as == FR_AS_DOCUMENT || (*own && *frame && strcmp(own, frame) != 0))
		return true;
	for (size_t i = 0; *by && i < f->n; i++)
		if (strcmp(f->v[i], by) == 0)
			return true;
	return false;
}

/* What came before the document led to it: redirects, and other pages. What a frame needs
 * cannot be named by the page. */
static void make_load(const struct har *h, const struct fr_har_entry *document,
                      struct fr_measurement *out)
{
	struct frames frames = {.v = fr_calloc(h->n + 1, sizeof *frames.v)};

	fr_measurement_init(out, document->url);
	out->n_redirects = count_redirects(h, document);
	add(out, document, document->start_ms);
	for (const struct fr_har_entry *e = document + 1; e < h->v + h->n; e++) {
		if (*e->page && strcmp(e->page, document->page) != 0)
			continue;
		if (!is_of_a_frame(&frames, document, e)) {
			if (fr_har_entry_counts(e))
				add(out, e, document->start_ms);
		} else if (strcmp(e->url, document->url) != 0) { /* a page may frame itself */
			frames.v[frames.n++] = e->url;
		}
	}
	free(frames.v);
	fr_measurement_pack(out);
	fr_measurement_finish(out);
}

int fr_measurement_from_har(const json_t *har, struct fr_measurement *out, const char **why)
{
	const json_t *log = json_object_get(har, "log");
	const struct fr_har_entry *document;
	struct har h = {.pages = json_object_get(log, "pages")};

	if (!json_is_array(json_object_get(log, "entries"))) {
		*why = "a HAR file without log.entries";
		return FR_ERR_SYNTAX;
	}
	read_entries(&h, json_object_get(log, "entries"));
	document = find_document(&h, true);
	if (!document)
		document = find_document(&h, false);
	if (document)
		make_load(&h, document, out);
	else
		*why = h.n ? "a HAR file without a page that was loaded: no GET request in it was "
		             "answered with 200"
		           : "a HAR file without requests";
	free(h.v);
	return document ? 0 : FR_ERR_SYNTAX;
}
