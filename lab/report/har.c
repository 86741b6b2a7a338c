/* Writes a profile as HAR 1.2. */
#include "lab/report/har.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "lab/report/json.h"

/* Loads are measured from zero; HAR wants a date. */
static json_t *date(uint64_t us)
{
	time_t s = time(NULL);
	char text[64];
	struct tm tm;
	size_t n;

	/* the same base for all: the start of this day */
	s -= s % 86400;
	s += (time_t)(us / 1000000);
	(void)gmtime_r(&s, &tm);
	n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text + n, sizeof text - n, ".%03uZ", (unsigned)(us / 1000 % 1000));
	return json_string(text);
}

static json_t *ms(uint64_t us)
{
	return json_real(round((double)us) / 1000);
}

static json_t *text(struct fr_str s)
{
	json_t *j = json_stringn(s.p ? s.p : "", s.len);

	return j ? j : json_string("?");
}

/* "name: value\n"... */
static json_t *headers(const char *fields)
{
	struct fr_str rest = fr_str_from(fields ? fields : "");
	json_t *list = json_array();

	while (rest.len) {
		size_t end = fr_str_find(rest, '\n');
		struct fr_str line = fr_str_sub(rest, 0, end);
		size_t colon = fr_str_find(line, ':');
		json_t *h = json_object();

		(void)json_object_set_new(h, "name", text(fr_str_sub(line, 0, colon)));
		(void)json_object_set_new(h, "value",
		                          text(fr_str_trim(fr_str_sub(line, colon + 1, line.len))));
		(void)json_array_append_new(list, h);
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
	return list;
}

static json_t *query_of(const char *url)
{
	struct fr_str rest = fr_str_from(url), item;
	json_t *list = json_array();
	size_t at = fr_str_find(rest, '?');

	rest = fr_str_sub(rest, at + 1, rest.len);
	while (rest.len) {
		size_t n = fr_str_find(rest, '&'), eq;
		json_t *q = json_object();

		item = fr_str_sub(rest, 0, n);
		eq = fr_str_find(item, '=');
		(void)json_object_set_new(q, "name", text(fr_str_sub(item, 0, eq)));
		(void)json_object_set_new(q, "value", text(fr_str_sub(item, eq + 1, item.len)));
		(void)json_array_append_new(list, q);
		rest = fr_str_sub(rest, n + 1, rest.len);
	}
	return list;
}

static json_t *request_of(const struct fr_measurement_entry *e)
{
	json_t *r = json_object();

	(void)json_object_set_new(r, "method", json_string("GET"));
	(void)json_object_set_new(r, "url", text(fr_str_from(e->url)));
	(void)json_object_set_new(r, "httpVersion", json_string("h2"));
	(void)json_object_set_new(r, "cookies", json_array());
	(void)json_object_set_new(r, "headers", headers(e->request_fields));
	(void)json_object_set_new(r, "queryString", query_of(e->url));
	(void)json_object_set_new(r, "headersSize", json_integer(-1));
	(void)json_object_set_new(r, "bodySize", json_integer(0));
	return r;
}

static json_t *response_of(const struct fr_measurement_entry *e)
{
	json_t *r = json_object(), *content = json_object();

	(void)json_object_set_new(r, "status", json_integer(e->status));
	(void)json_object_set_new(r, "statusText", json_string(""));
	(void)json_object_set_new(r, "httpVersion", json_string("h2"));
	(void)json_object_set_new(r, "cookies", json_array());
	(void)json_object_set_new(r, "headers", headers(e->response_fields));
	(void)json_object_set_new(content, "size", json_integer((json_int_t)e->bytes));
	(void)json_object_set_new(content, "mimeType", text(fr_str_from(e->type)));
	(void)json_object_set_new(r, "content", content);
	(void)json_object_set_new(r, "redirectURL", json_string(""));
	(void)json_object_set_new(r, "headersSize", json_integer(-1));
	(void)json_object_set_new(r, "bodySize", json_integer((json_int_t)e->bytes));
	return r;
}

/* The connection is made for the entry that is asked for first on it. */
static bool opens(const struct fr_measurement *l, size_t i)
{
	const struct fr_measurement_entry *e = &l->entries[i];

	if (e->conn < 0 || (size_t)e->conn >= l->n_conns)
		return false;
	for (size_t k = 0; k < i; k++)
		if (l->entries[k].conn == e->conn)
			return false;
	return true;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static json_t *timings_of(const struct fr_measurement *l, size_t i)
{
	const struct fr_measurement_entry *e = &l->entries[i];
	uint64_t sent = e->start_us;
	json_t *t = json_object();

	(void)json_object_set_new(t, "blocked", json_integer(-1));
	if (opens(l, i)) {
		const struct fr_measurement_conn *c = &l->conns[e->conn];
		uint64_t begin = c->resolved_us ? c->resolved_us : c->begin_us;

		(void)json_object_set_new(t, "dns",
		                          c->resolved_us ? ms(c->resolved_us - c->begin_us)
		                                         : json_integer(-1));
		(void)json_object_set_new(t, "connect", ms(less(c->secured_us, begin)));
		(void)json_object_set_new(t, "ssl", ms(less(c->secured_us, c->connected_us)));
		sent = c->secured_us > sent ? c->secured_us : sent;
	} else {
		(void)json_object_set_new(t, "dns", json_integer(-1));
		(void)json_object_set_new(t, "connect", json_integer(-1));
		(void)json_object_set_new(t, "ssl", json_integer(-1));
	}
	(void)json_object_set_new(t, "send", json_integer(0));
	(void)json_object_set_new(t, "wait", ms(less(e->first_us, sent)));
	(void)json_object_set_new(t, "receive", ms(less(e->end_us, e->first_us)));
	return t;
}

static json_t *entry_of(const struct fr_measurement *l, size_t i, const char *page)
{
	const struct fr_measurement_entry *e = &l->entries[i];
	json_t *j = json_object();
	char conn[16];

	(void)json_object_set_new(j, "pageref", json_string(page));
	(void)json_object_set_new(j, "startedDateTime", date(e->start_us));
	(void)json_object_set_new(j, "time", ms(less(e->end_us, e->start_us)));
	(void)json_object_set_new(j, "request", request_of(e));
	(void)json_object_set_new(j, "response", response_of(e));
	(void)json_object_set_new(j, "cache", json_object());
	(void)json_object_set_new(j, "timings", timings_of(l, i));
	(void)snprintf(conn, sizeof conn, "%d", e->conn);
	if (e->conn >= 0)
		(void)json_object_set_new(j, "connection", json_string(conn));
	(void)json_object_set_new(j, "_as", json_string(fr_as_str(e->as)));
	(void)json_object_set_new(j, "_found", json_string(fr_found_str(e->found)));
	if (e->flags & FR_ENTRY_PUSHED)
		(void)json_object_set_new(j, "_was_pushed", json_integer(1));
	if (e->flags & FR_ENTRY_BLOCKING)
		(void)json_object_set_new(j, "_blocking", json_true());
	return j;
}

static void add_page(json_t *pages, json_t *entries, const struct fr_series *s,
                     const struct fr_measurement *l)
{
	json_t *page = json_object(), *timings = json_object();
	const char *id = fr_variant_name(s->variant);

	(void)json_object_set_new(page, "startedDateTime", date(0));
	(void)json_object_set_new(page, "id", json_string(id));
	(void)json_object_set_new(page, "title", json_string(fr_variant_title(s->variant)));
	(void)json_object_set_new(timings, "onContentLoad", ms(l->entries[0].end_us));
	(void)json_object_set_new(timings, "onLoad", ms(l->complete_us));
	(void)json_object_set_new(timings, "_render", ms(l->render_us));
	(void)json_object_set_new(page, "pageTimings", timings);
	(void)json_array_append_new(pages, page);
	for (size_t i = 0; i < l->n; i++)
		if (!(l->entries[i].flags & (FR_ENTRY_LAZY | FR_ENTRY_SKIPPED)))
			(void)json_array_append_new(entries, entry_of(l, i, id));
}

json_t *fr_profile_to_har(const struct fr_profile *p)
{
	json_t *har = json_object(), *log = json_object(), *creator = json_object();
	json_t *pages = json_array(), *entries = json_array();

	(void)json_object_set_new(creator, "name", json_string("forerun profile"));
	(void)json_object_set_new(creator, "version", json_string(FR_VERSION));
	(void)json_object_set_new(log, "version", json_string("1.2"));
	(void)json_object_set_new(log, "creator", creator);
	for (size_t i = 0; i < p->n_series; i++)
		if (fr_series_typical(&p->series[i]))
			add_page(pages, entries, &p->series[i], fr_series_typical(&p->series[i]));
	(void)json_object_set_new(log, "pages", pages);
	(void)json_object_set_new(log, "entries", entries);
	(void)json_object_set_new(har, "log", log);
	return har;
}
