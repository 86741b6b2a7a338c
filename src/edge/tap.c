#include "edge/tap.h"

#include <stdlib.h>

#include "edge/client.h"
#include "edge/load.h"
#include "hints/scan.h"

/* For the key and the links: what the memory keeps of one page fits in. */
#define ARENA_BYTES (256u << 10)

struct fr_tap {
	struct fr_worker *worker; /* borrowed */
	struct fr_shared *shared; /* borrowed: of the generation that the holder keeps */
	struct fr_site *site;     /* borrowed: likewise */
	const struct fr_config_hints *settings;
	struct fr_arena arena;
	struct fr_str key;
	struct fr_str authority, target; /* to note when it was scanned */
	struct fr_witness witness;
	uint32_t think_ms;
	struct fr_scan *scan; /* owned */
};

static void free_tap(struct fr_tap *t)
{
	fr_scan_free(&t->scan);
	fr_arena_fini(&t->arena);
	fr_count_down(&t->worker->counters, FR_COUNT_TAPS_OPEN);
	free(t);
}

static bool query_counts(const struct fr_config_hints *settings)
{
	return settings->keep_query || settings->query_only;
}

static bool is_wanted(const struct fr_exchange *ex, const struct fr_request *req,
                      const struct fr_response *resp, const struct fr_config_hints *settings)
{
	return settings->html && settings->memory && req->method == FR_METHOD_GET &&
	       resp->status == 200 &&
	       (query_counts(settings) || fr_str_find(req->target, '?') == req->target.len) &&
	       fr_scan_wants(fr_fields_value(&resp->fields, FR_FIELD_CONTENT_TYPE),
	                     fr_fields_value(&resp->fields, FR_FIELD_CONTENT_ENCODING)) &&
	       !fr_failures_has(ex->site->scanned, req->authority, req->target,
	                        fr_loop_now(ex->worker->loop));
}

struct fr_tap *fr_tap_new(const struct fr_exchange *ex, const struct fr_request *req,
                          const struct fr_response *resp)
{
	const struct fr_config_hints *settings =
		fr_config_find_hints(ex->site->config, req->target);
	struct fr_tap *t;
	struct fr_str url;

	if (!is_wanted(ex, req, resp, settings))
		return NULL;
	t = fr_calloc(1, sizeof *t);
	fr_count(&ex->worker->counters, FR_COUNT_TAPS_OPEN);
	t->worker = ex->worker;
	t->shared = ex->gen->shared;
	t->site = ex->site;
	t->settings = settings;
	t->witness = fr_learn_witness(ex, req, resp);
	if (ex->asked_ms)
		t->think_ms = (uint32_t)(fr_loop_now(ex->worker->loop) - ex->asked_ms);
	fr_arena_init(&t->arena, ARENA_BYTES);
	if (fr_learn_key(&t->arena, settings, req, &t->key) == 0 &&
	    fr_arena_copy(&t->arena, req->authority, &t->authority) == 0 &&
	    fr_arena_copy(&t->arena, req->target, &t->target) == 0 &&
	    fr_arena_printf(&t->arena, &url, "%.*s://%.*s%.*s", FR_STR_ARG(req->scheme),
	                    FR_STR_ARG(req->authority), FR_STR_ARG(req->target)) == 0)
		t->scan = fr_scan_new(url, fr_fields_value(&resp->fields, FR_FIELD_CONTENT_TYPE),
		                      fr_fields_value(&resp->fields, FR_FIELD_CONTENT_ENCODING));
	if (!t->scan) {
		free_tap(t);
		return NULL;
	}
	fr_count(&ex->worker->counters, FR_COUNT_PAGES_SCANNED);
	return t;
}

void fr_tap_feed(struct fr_tap *t, const void *data, size_t len)
{
	if (!fr_scan_is_done(t->scan))
		fr_scan_feed(t->scan, data, len);
}

static void remember(struct fr_tap *t, const struct fr_scan_hint *found, size_t n)
{
	struct fr_hint_load seen = {.source = FR_HINT_SOURCE_HTML,
	                            .is_personal = t->witness.is_personal,
	                            .client = t->witness.client,
	                            .credential = t->witness.credential,
	                            .witnesses = t->settings->witnesses,
	                            .think_ms = t->think_ms,
	                            .now_s = fr_load_now_s()};
	struct fr_remembered *v = fr_arena_calloc(&t->arena, n + 1, sizeof *v);

	for (size_t i = 0; v && i < n; i++) {
		const struct fr_scan_hint *h = &found[i];

		if (fr_link_write(&t->arena, &h->link, h->link.target, &v[seen.n].link) < 0)
			continue;
		v[seen.n].source = FR_HINT_SOURCE_HTML;
		v[seen.n++].flags = (h->is_blocking ? FR_REMEMBERED_BLOCKING : 0u) |
		                    (h->is_late ? FR_REMEMBERED_ASYNC : 0u);
	}
	seen.v = v;
	/* news of personal pages needs further witnesses: they are looked at, too */
	if (v && !fr_hint_memory_see(t->shared->memory, t->key, &seen) && !seen.is_personal)
		fr_failures_add(t->site->scanned, t->authority, t->target,
		                fr_loop_now(t->worker->loop));
}

void fr_tap_end(struct fr_tap **tp)
{
	struct fr_tap *t = *tp;
	const struct fr_scan_hint *found = NULL;
	bool is_complete = false;
	size_t n;

	*tp = NULL;
	if (!t)
		return;
	n = fr_scan_end(t->scan, &found, &is_complete);
	if (is_complete || n)
		remember(t, found, n);
	free_tap(t);
}

void fr_tap_drop(struct fr_tap **tp)
{
	if (*tp)
		free_tap(*tp);
	*tp = NULL;
}
