/* Turns DevTools network events into a measurement. */
#include "lab/browser/netlog.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lab/measurement/json_text.h"
#include "lab/measurement/kind.h"

const char FR_NETLOG_QUESTION[] =
	"new Promise((resolve) => {"
	"  const lcp = [];"
	"  new PerformanceObserver((l) => l.getEntries().forEach("
	"    (e) => lcp.push(e.renderTime || e.loadTime)))"
	"    .observe({ type: 'largest-contentful-paint', buffered: true });"
	"  setTimeout(() => {"
	"    const nav = performance.getEntriesByType('navigation')[0];"
	"    const paint = performance.getEntriesByName('first-contentful-paint')[0];"
	"    resolve({ origin: performance.timeOrigin, load: nav.loadEventStart,"
	"      early: nav.firstInterimResponseStart || 0,"
	"      paint: paint ? paint.startTime : 0, largest: lcp.length ? lcp[lcp.length - 1] : 0,"
	"      resources: performance.getEntriesByType('resource').map((e) => ({ url: e.name,"
	"        by: e.initiatorType, blocking: e.renderBlockingStatus === 'blocking' })) });"
	"  }, 60);"
	"})";

/* Redirects of one request count as one. */
#define ID_BYTES 64u

struct request { /* beside the load's entry of the same index; seconds */
	char id[ID_BYTES];
	double sent, asked, first, end, push;
	double begin, resolved, connected, secured; /* of its connection, where it was made */
	uint64_t length;                            /* Content-Length */
	bool is_cached;
};

struct fr_netlog {
	struct fr_measurement *load; /* borrowed */
	struct request *requests;    /* owned; FR_MEASUREMENT_MAX_ENTRIES */
	double frame_at[FR_MEASUREMENT_MAX_FRAMES];
	double wall; /* of the document's request */
	size_t open;
};

static double real_of(const json_t *j, const char *key)
{
	return json_number_value(json_object_get(j, key));
}

static int find(const struct fr_netlog *n, const json_t *params)
{
	const char *id = fr_json_text(params, "requestId");

	for (size_t i = n->load->n; i-- > 0;)
		if (strcmp(n->requests[i].id, id) == 0)
			return (int)i;
	return -1;
}

static unsigned urgency_of(const char *priority)
{
	static const char *const names[] = {"VeryHigh", "High", "Medium", "Low", "VeryLow"};

	for (unsigned i = 0; i < FR_ARRAY_LEN(names); i++)
		if (strcmp(names[i], priority) == 0)
			return i;
	return 3;
}

static int parent_of(const struct fr_netlog *n, const char *url)
{
	for (size_t i = 0; *url && i < n->load->n; i++)
		if (strcmp(n->load->entries[i].url, url) == 0)
			return (int)i;
	return n->load->n > 1 ? 0 : -1;
}

static void describe(struct fr_netlog *n, struct fr_measurement_entry *e, const json_t *params)
{
	const json_t *request = json_object_get(params, "request");
	const json_t *initiator = json_object_get(params, "initiator");
	const char *by = fr_json_text(initiator, "type");

	e->as = fr_as_of_destination(fr_str_from(fr_json_text(params, "type")));
	e->urgency = urgency_of(fr_json_text(request, "initialPriority"));
	e->flags = FR_ENTRY_NEEDED;
	e->parent = parent_of(n, fr_json_text(initiator, "url"));
	e->conn = 0;
	if (e->as == FR_AS_DOCUMENT)
		e->found = FR_FOUND_NAVIGATION;
	else if (strcmp(by, "script") == 0)
		e->found = FR_FOUND_SCRIPT;
	else if (strcmp(by, "preload") == 0)
		e->found = FR_FOUND_PRELOAD;
	else if (e->parent > 0 && n->load->entries[e->parent].as == FR_AS_STYLE)
		e->found = FR_FOUND_STYLE;
	else
		e->found = FR_FOUND_HTML;
	if (!fr_str_eq(fr_url_origin(e->url), fr_url_origin(n->load->entries[0].url)))
		e->flags |= FR_ENTRY_CROSS_ORIGIN;
	/* versions that do not say what blocks rendering: by priority */
	if ((e->as == FR_AS_STYLE && e->urgency == 0) || (e->as == FR_AS_SCRIPT && e->urgency <= 1))
		e->flags |= FR_ENTRY_BLOCKING;
}

static void on_request(struct fr_netlog *n, const json_t *params)
{
	const char *url = fr_json_text(json_object_get(params, "request"), "url");
	struct fr_str path = fr_str_from(url);
	struct fr_measurement_entry *e;
	struct request *r;

	/* a page's icon is asked for when it likes; it is not of the page */
	if (!fr_str_starts(path, FR_STR("http")) || fr_str_ends(path, FR_STR("favicon.ico")) ||
	    find(n, params) >= 0)
		return;
	e = fr_measurement_add(n->load, path);
	if (!e)
		return;
	r = &n->requests[n->load->n - 1];
	(void)snprintf(r->id, sizeof r->id, "%s", fr_json_text(params, "requestId"));
	r->sent = real_of(params, "timestamp");
	if (n->load->n == 1)
		n->wall = real_of(params, "wallTime");
	describe(n, e, params);
	n->open++;
}

static char *headers_of(const json_t *headers)
{
	char text[16384];
	size_t n = 0;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, name, value)
	{
		int k = snprintf(text + n, sizeof text - n, "%s: %s\n", name,
		                 json_is_string(value) ? json_string_value(value) : "");

		if (k < 0 || n + (size_t)k >= sizeof text)
			break;
		n += (size_t)k;
	}
	return fr_str_dup(fr_str_make(text, n));
}

static uint64_t length_of(const json_t *headers)
{
	const char *name;
	json_t *value;
	uint64_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)headers, name,
	                    value) if (fr_str_iis(fr_str_from(name), "content-length") &&
	                               json_is_string(value) &&
	                               fr_str_to_u64(fr_str_from(json_string_value(value)), &n) ==
	                                       0) return n;
	return 0;
}

static void take_timing(struct request *r, const json_t *t)
{
	double base = real_of(t, "requestTime");

	r->asked = base + real_of(t, "sendStart") / 1000;
	r->first = base + real_of(t, "receiveHeadersEnd") / 1000;
	r->push = real_of(t, "pushStart");
	if (real_of(t, "connectEnd") > 0) {
		bool looked_up = real_of(t, "dnsEnd") > 0;

		r->begin = base + real_of(t, looked_up ? "dnsStart" : "connectStart") / 1000;
		r->resolved = looked_up ? base + real_of(t, "dnsEnd") / 1000 : 0;
		r->connected = base + real_of(t, "sslStart") / 1000;
		r->secured = base + real_of(t, "connectEnd") / 1000;
	}
}

static void on_response(struct fr_netlog *n, const json_t *params)
{
	const json_t *response = json_object_get(params, "response");
	int i = find(n, params);
	struct fr_measurement_entry *e;

	if (i < 0)
		return;
	e = &n->load->entries[i];
	e->status = (int)json_integer_value(json_object_get(response, "status"));
	(void)snprintf(e->type, sizeof e->type, "%s", fr_json_text(response, "mimeType"));
	free(e->response_fields);
	e->response_fields = headers_of(json_object_get(response, "headers"));
	free(e->request_fields);
	e->request_fields = headers_of(json_object_get(response, "requestHeaders"));
	if (json_is_true(json_object_get(response, "fromEarlyHints")))
		e->flags |= FR_ENTRY_EARLY;
	n->requests[i].is_cached = json_is_true(json_object_get(response, "fromDiskCache"));
	if (json_is_object(json_object_get(response, "timing")))
		take_timing(&n->requests[i], json_object_get(response, "timing"));
	n->requests[i].length = length_of(json_object_get(response, "headers"));
	if (i == 0 && !n->load->n_conns) {
		struct fr_measurement_conn *c = &n->load->conns[n->load->n_conns++];

		*c = (struct fr_measurement_conn){.port = 443};
		(void)snprintf(c->protocol, sizeof c->protocol, "%s",
		               fr_json_text(response, "protocol"));
	}
}

static void on_end(struct fr_netlog *n, const json_t *params, bool ok)
{
	int i = find(n, params);
	struct fr_measurement_entry *e;

	if (i < 0 || (n->load->entries[i].flags & FR_ENTRY_DONE))
		return;
	e = &n->load->entries[i];
	e->flags |= FR_ENTRY_DONE;
	if (!ok || e->status < 200 || e->status > 399)
		e->flags |= FR_ENTRY_FAILED;
	e->bytes = (uint64_t)real_of(params, "encodedDataLength");
	/* what came early is taken from the cache, and counted as nothing */
	if ((e->flags & FR_ENTRY_EARLY) && e->bytes < n->requests[i].length)
		e->bytes = n->requests[i].length;
	n->requests[i].end = real_of(params, "timestamp");
	n->open--;
}

static void on_priority(struct fr_netlog *n, const json_t *params)
{
	int i = find(n, params);

	if (i >= 0)
		n->load->entries[i].urgency = urgency_of(fr_json_text(params, "newPriority"));
}

void fr_netlog_event(struct fr_netlog *n, const char *method, const json_t *params)
{
	if (strcmp(method, "Network.requestWillBeSent") == 0)
		on_request(n, params);
	else if (strcmp(method, "Network.responseReceived") == 0)
		on_response(n, params);
	else if (strcmp(method, "Network.loadingFinished") == 0)
		on_end(n, params, true);
	else if (strcmp(method, "Network.loadingFailed") == 0)
		on_end(n, params, false);
	else if (strcmp(method, "Network.resourceChangedPriority") == 0)
		on_priority(n, params);
	else if (strcmp(method, "Network.responseReceivedEarlyHints") == 0)
		n->load->n_early_hints++;
}

void fr_netlog_frame(struct fr_netlog *n, const json_t *params)
{
	struct fr_measurement *l = n->load;
	const char *data = fr_json_text(params, "data");

	/* the newest ones stay: the last shows the page complete */
	if (!*data || l->n_frames == FR_MEASUREMENT_MAX_FRAMES)
		return;
	n->frame_at[l->n_frames] = real_of(json_object_get(params, "metadata"), "timestamp");
	l->frames[l->n_frames++].jpeg_base64 = fr_str_dup(fr_str_from(data));
}

/* --- the end --- */

static uint64_t us_since(double at, double zero)
{
	return at > zero ? (uint64_t)((at - zero) * 1e6 + 0.5) : 0;
}

static void take_times(struct fr_netlog *n, double zero)
{
	for (size_t i = 0; i < n->load->n; i++) {
		struct fr_measurement_entry *e = &n->load->entries[i];
		const struct request *r = &n->requests[i];

		e->start_us = e->needed_us = us_since(r->sent, zero);
		e->first_us = us_since(r->first, zero);
		e->end_us = us_since(r->end, zero);
		if (r->push > 0) {
			e->flags |= FR_ENTRY_PUSHED;
			e->promised_us = e->start_us = us_since(r->push, zero);
		} else if (r->asked > 0 && r->asked < r->sent) {
			e->start_us = us_since(r->asked, zero); /* early */
		}
		if (e->first_us < e->start_us)
			e->first_us = e->start_us;
		if (e->end_us < e->first_us)
			e->end_us = e->first_us;
	}
	if (n->load->n_conns) {
		struct fr_measurement_conn *c = &n->load->conns[0];

		c->begin_us = us_since(n->requests[0].begin, zero);
		c->resolved_us = us_since(n->requests[0].resolved, zero);
		c->connected_us = us_since(n->requests[0].connected, zero);
		c->secured_us = us_since(n->requests[0].secured, zero);
	}
}

static void take_resource(struct fr_netlog *n, const json_t *resource)
{
	const char *url = fr_json_text(resource, "url");

	for (size_t i = 1; i < n->load->n; i++) {
		struct fr_measurement_entry *e = &n->load->entries[i];

		if (strcmp(e->url, url) != 0)
			continue;
		if (strcmp(fr_json_text(resource, "by"), "early-hints") == 0) {
			e->flags |= FR_ENTRY_EARLY;
			e->found = FR_FOUND_EARLY_HINTS;
		}
		if (json_is_true(json_object_get(resource, "blocking")))
			e->flags |= FR_ENTRY_BLOCKING;
		return;
	}
}

/* The browser's log has what came early from when the page used it; it was
 * asked for when the 103 came. */
static void take_early(struct fr_netlog *n, uint64_t at_us)
{
	struct fr_measurement *l = n->load;

	if (!l->n_early_hints || !at_us)
		return;
	l->early_hints_us = at_us;
	for (size_t i = 1; i < l->n; i++)
		if ((l->entries[i].flags & FR_ENTRY_EARLY) && l->entries[i].start_us > at_us)
			l->entries[i].start_us = at_us;
}

static void mark_duplicates(struct fr_netlog *n)
{
	for (size_t i = 1; i < n->load->n; i++)
		for (size_t k = 0; k < i; k++)
			if (!n->requests[i].is_cached &&
			    strcmp(n->load->entries[i].url, n->load->entries[k].url) == 0)
				n->load->entries[i].flags |= FR_ENTRY_DUPLICATE;
}

void fr_netlog_finish(struct fr_netlog *n, const json_t *seen)
{
	const json_t *resources = json_object_get(seen, "resources"), *item;
	struct fr_measurement *l = n->load;
	double zero;
	size_t i;

	if (!l->n || !(l->entries[0].flags & FR_ENTRY_DONE) || !json_is_object(seen)) {
		fr_measurement_fail(l, "the browser did not load the page", "");
		return;
	}
	/* the browser's two clocks, joined where the document was asked for */
	zero = n->requests[0].sent + real_of(seen, "origin") / 1000 - n->wall;
	take_times(n, zero);
	json_array_foreach(resources, i, item) take_resource(n, item);
	mark_duplicates(n);
	take_early(n, (uint64_t)(real_of(seen, "early") * 1000));
	for (i = 0; i < l->n_frames; i++)
		l->frames[i].at_us = us_since(n->frame_at[i], real_of(seen, "origin") / 1000);
	l->render_us = (uint64_t)(real_of(seen, "paint") * 1000);
	l->largest_us = (uint64_t)(real_of(seen, "largest") * 1000);
	l->event_us = (uint64_t)(real_of(seen, "load") * 1000);
	fr_measurement_finish(l);
	if (l->entries[0].flags & FR_ENTRY_FAILED)
		fr_measurement_fail(l, "the page could not be loaded", "");
}

struct fr_netlog *fr_netlog_new(struct fr_measurement *load)
{
	struct fr_netlog *n = fr_calloc(1, sizeof *n);

	n->load = load;
	n->requests = fr_calloc(FR_MEASUREMENT_MAX_ENTRIES, sizeof *n->requests);
	return n;
}

void fr_netlog_free(struct fr_netlog **np)
{
	if (!*np)
		return;
	free((*np)->requests);
	free(*np);
	*np = NULL;
}

size_t fr_netlog_open(const struct fr_netlog *n)
{
	return n->open;
}
