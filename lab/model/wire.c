/* Writes a page's requests to an HTTP/2 session with Chromium's fields, and tells the
 * page what arrives. */
#include "lab/model/wire.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lab/model/h2_client.h"

#define WINDOW_BYTES (15u << 20) /* as Chromium's connection window */
#define ARENA_BYTES (64u << 10)
/* Streams of one connection at a time and in all: an entry has one. */
#define MAX_STREAMS FR_MEASUREMENT_MAX_ENTRIES
#define CODE_NO_ERROR 0u

struct stream {
	int32_t id; /* 0: has ended */
	size_t entry;
};

struct fr_wire {
	struct fr_page *page;        /* borrowed */
	struct fr_measurement *load; /* borrowed */
	struct fr_h2_client *h2;     /* owned */
	struct fr_arena arena;       /* of the request being written */
	struct stream *streams;      /* owned; MAX_STREAMS */
	size_t n, open;
	uint64_t now_us; /* of the bytes being fed */
};

static struct stream *find(struct fr_wire *w, int32_t id)
{
	for (size_t i = w->n; i-- > 0;)
		if (w->streams[i].id == id)
			return &w->streams[i];
	return NULL;
}

static bool add(struct fr_wire *w, int32_t id, size_t entry)
{
	if (w->n == MAX_STREAMS)
		return false;
	w->streams[w->n++] = (struct stream){id, entry};
	w->open++;
	return true;
}

/* --- events --- */

static void on_response(void *user, int32_t id, const struct fr_response *resp, bool end)
{
	struct fr_wire *w = user;
	struct stream *s = find(w, id);

	(void)end;
	if (s && !w->load->entries[s->entry].status) /* else trailers */
		fr_page_head(w->page, s->entry, resp, w->now_us);
}

static void on_informational(void *user, int32_t id, const struct fr_response *resp)
{
	struct fr_wire *w = user;
	struct stream *s = find(w, id);

	if (s)
		fr_page_informational(w->page, s->entry, resp, w->now_us);
}

static void on_data(void *user, int32_t id, const uint8_t *data, size_t len)
{
	struct fr_wire *w = user;
	struct stream *s = find(w, id);

	if (s)
		fr_page_data(w->page, s->entry, data, len, w->now_us);
}

static void on_close(void *user, int32_t id, uint32_t code)
{
	struct fr_wire *w = user;
	struct stream *s = find(w, id);
	size_t entry;

	if (!s)
		return;
	entry = s->entry;
	s->id = 0;
	w->open--;
	fr_page_end(w->page, entry, code == CODE_NO_ERROR, w->now_us);
}

static bool on_push(void *user, int32_t parent, int32_t id, const struct fr_request *req)
{
	struct fr_wire *w = user;
	struct stream *s = find(w, parent);
	int entry = fr_page_promise(w->page, req, w->now_us);

	if (entry < 0 || !add(w, id, (size_t)entry))
		return false;
	w->load->entries[entry].conn = s ? w->load->entries[s->entry].conn : 0;
	return true;
}

struct fr_wire *fr_wire_new(struct fr_page *page, struct fr_measurement *load, bool accept_push)
{
	struct fr_h2_client_events events = {.on_response = on_response,
	                                     .on_informational = on_informational,
	                                     .on_data = on_data,
	                                     .on_close = on_close,
	                                     .on_push = accept_push ? on_push : NULL};
	struct fr_wire *w = fr_calloc(1, sizeof *w);

	w->page = page;
	w->load = load;
	w->streams = fr_calloc(MAX_STREAMS, sizeof *w->streams);
	fr_arena_init(&w->arena, ARENA_BYTES);
	w->h2 = fr_h2_client_new(&events, w, WINDOW_BYTES);
	return w;
}

void fr_wire_free(struct fr_wire **wp)
{
	struct fr_wire *w = *wp;

	if (!w)
		return;
	fr_h2_client_free(&w->h2);
	fr_arena_fini(&w->arena);
	free(w->streams);
	free(w);
	*wp = NULL;
}

/* --- requests --- */

static const char *dest_of(enum fr_as as)
{
	if (as == FR_AS_NONE || as == FR_AS_UNKNOWN || as == FR_AS_FETCH)
		return "empty";
	return fr_as_str(as);
}

static const char *mode_of(const struct fr_measurement_entry *e)
{
	if (e->as == FR_AS_DOCUMENT)
		return "navigate";
	return e->flags & FR_ENTRY_CORS ? "cors" : "no-cors";
}

static const char *site_of(const struct fr_measurement_entry *e)
{
	if (e->as == FR_AS_DOCUMENT)
		return "none";
	return e->flags & FR_ENTRY_CROSS_ORIGIN ? "cross-site" : "same-origin";
}

static int write_priority(struct fr_wire *w, const struct fr_measurement_entry *e,
                          struct fr_str *out)
{
	/* what can be used piece by piece shares the line (RFC 9218 §4.2) */
	bool incremental = e->as == FR_AS_DOCUMENT || e->as == FR_AS_IMAGE;

	return fr_arena_printf(&w->arena, out, "u=%u%s", e->urgency, incremental ? ", i" : "");
}

static int write_fields(struct fr_wire *w, const struct fr_measurement_entry *e,
                        struct fr_fields *f)
{
	const struct {
		const char *name, *value;
	} list[] = {
		{"accept", fr_as_accept(e->as)},    {"accept-encoding", "gzip, deflate, br"},
		{"accept-language", "en"},          {"user-agent", "Mozilla/5.0 (forerun profile)"},
		{"sec-fetch-dest", dest_of(e->as)}, {"sec-fetch-mode", mode_of(e)},
		{"sec-fetch-site", site_of(e)},
	};
	struct fr_str priority;
	int rc = write_priority(w, e, &priority);

	for (size_t i = 0; rc == 0 && i < FR_ARRAY_LEN(list); i++)
		rc = fr_fields_add(f, fr_str_from(list[i].name), fr_str_from(list[i].value));
	if (rc == 0 && e->as == FR_AS_DOCUMENT)
		rc = fr_fields_add(f, FR_STR("upgrade-insecure-requests"), FR_STR("1"));
	else if (rc == 0)
		rc = fr_fields_add(f, FR_STR("referer"), fr_str_from(w->load->url));
	if (rc == 0 && (e->flags & FR_ENTRY_CORS) && (e->flags & FR_ENTRY_CROSS_ORIGIN))
		rc = fr_fields_add(f, FR_STR("origin"), FR_STR("null"));
	return rc == 0 ? fr_fields_add(f, FR_STR("priority"), priority) : rc;
}

bool fr_wire_request(struct fr_wire *w, size_t i)
{
	struct fr_measurement_entry *e = &w->load->entries[i];
	struct fr_request req;
	struct fr_str rest;
	int32_t id;

	fr_arena_reset(&w->arena);
	fr_request_init(&req, &w->arena);
	req.method_text = FR_STR("GET");
	req.scheme = FR_STR("https");
	rest = fr_str_sub(fr_str_from(e->url), strlen("https://"), SIZE_MAX);
	req.authority = fr_str_sub(rest, 0, fr_str_find(rest, '/'));
	req.target = fr_str_sub(rest, req.authority.len, rest.len);
	if (write_fields(w, e, &req.fields) < 0)
		return false;
	id = fr_h2_client_request(w->h2, &req);
	if (id < 0 || !add(w, id, i))
		return false;
	free(e->request_fields);
	e->request_fields = fr_fields_text(&req.fields);
	return true;
}

int fr_wire_feed(struct fr_wire *w, const uint8_t *data, size_t len, uint64_t now_us)
{
	w->now_us = now_us;
	return fr_h2_client_feed(w->h2, data, len);
}

int fr_wire_drain(struct fr_wire *w, struct fr_buf *out)
{
	return fr_h2_client_drain(w->h2, out);
}

size_t fr_wire_open(const struct fr_wire *w)
{
	return w->open;
}

void fr_wire_gone(struct fr_wire *w, uint64_t now_us)
{
	for (size_t i = 0; i < w->n; i++) {
		if (!w->streams[i].id)
			continue;
		w->streams[i].id = 0;
		w->open--;
		fr_page_end(w->page, w->streams[i].entry, false, now_us);
	}
}

void fr_wire_goaway(struct fr_wire *w)
{
	fr_h2_client_goaway(w->h2);
}
