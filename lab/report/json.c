/* Writes a profile as JSON, and reads a measurement from it. */
#include "lab/report/json.h"

#include <math.h>
#include <stdio.h>

#include "lab/measurement/json_text.h"
#include "lab/replay/advice.h"
#include "lab/replay/measured.h"

/* Names and values of others' making may be no UTF-8. */
static json_t *text(const char *s)
{
	json_t *j = json_string(s ? s : "");

	return j ? j : json_string("?");
}

static json_t *ms(double us)
{
	return json_real(round(us) / 1000);
}

static void set_time(json_t *to, const char *key, uint64_t us)
{
	if (us)
		(void)json_object_set_new(to, key, ms((double)us));
}

/* --- loads --- */

static json_t *flags_of(const struct fr_measurement_entry *e)
{
	json_t *list = json_array();

	for (unsigned bit = 0; bit < FR_ENTRY_BIT_COUNT; bit++)
		if (e->flags & FR_BIT(bit))
			(void)json_array_append_new(list, json_string(fr_entry_flag_str(bit)));
	return list;
}

/* The lines of a response's fields of one name, without it. A cookie's value is nobody's
 * business. */
static void set_field(json_t *to, const struct fr_measurement_entry *e, const char *name)
{
	struct fr_str rest = fr_str_from(e->response_fields ? e->response_fields : "");
	json_t *list = json_array();

	while (rest.len) {
		size_t end = fr_str_find(rest, '\n');
		struct fr_str line = fr_str_sub(rest, 0, end);
		size_t colon = fr_str_find(line, ':');

		if (fr_str_iis(fr_str_sub(line, 0, colon), name)) {
			line = fr_str_trim(fr_str_sub(line, colon + 1, line.len));
			if (strcmp(name, "set-cookie") == 0)
				line = fr_str_sub(line, 0, fr_str_find(line, '='));
			(void)json_array_append_new(list, json_stringn(line.p, line.len));
		}
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
	if (json_array_size(list))
		(void)json_object_set(to, name, list);
	json_decref(list);
}

/* Fields that advice is made of. */
static const char *const kept_fields[] = {"link", "cache-control", "vary", "set-cookie"};

static void set_fields(json_t *to, const struct fr_measurement_entry *e)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(kept_fields); i++)
		set_field(to, e, kept_fields[i]);
}

static json_t *entry_to_json(const struct fr_measurement_entry *e)
{
	json_t *j = json_object();

	(void)json_object_set_new(j, "url", text(e->url));
	(void)json_object_set_new(j, "as", json_string(fr_as_str(e->as)));
	(void)json_object_set_new(j, "found", json_string(fr_found_str(e->found)));
	if (e->parent >= 0)
		(void)json_object_set_new(j, "parent", json_integer(e->parent));
	if (e->conn >= 0)
		(void)json_object_set_new(j, "connection", json_integer(e->conn));
	(void)json_object_set_new(j, "flags", flags_of(e));
	(void)json_object_set_new(j, "urgency", json_integer(e->urgency));
	(void)json_object_set_new(j, "status", json_integer(e->status));
	(void)json_object_set_new(j, "type", text(e->type));
	(void)json_object_set_new(j, "bytes", json_integer((json_int_t)e->bytes));
	if (e->gzip_bytes)
		(void)json_object_set_new(j, "gzip", json_integer((json_int_t)e->gzip_bytes));
	set_fields(j, e);
	set_time(j, "promised", e->promised_us);
	(void)json_object_set_new(j, "start", ms((double)e->start_us));
	set_time(j, "needed", e->needed_us);
	set_time(j, "first", e->first_us);
	set_time(j, "end", e->end_us);
	return j;
}

static json_t *conn_to_json(const struct fr_measurement_conn *c)
{
	json_t *j = json_object();

	(void)json_object_set_new(j, "host", text(c->host));
	(void)json_object_set_new(j, "port", json_integer(c->port));
	(void)json_object_set_new(j, "protocol", text(c->protocol));
	(void)json_object_set_new(j, "begin", ms((double)c->begin_us));
	set_time(j, "resolved", c->resolved_us);
	set_time(j, "connected", c->connected_us);
	set_time(j, "secured", c->secured_us);
	return j;
}

json_t *fr_measurement_to_json(const struct fr_measurement *l)
{
	json_t *j = json_object(), *entries = json_array(), *conns = json_array();
	json_t *frames = json_array();

	set_time(j, "ttfb", l->ttfb_us);
	set_time(j, "early_hints_at", l->early_hints_us);
	set_time(j, "render", l->render_us);
	set_time(j, "largest", l->largest_us);
	set_time(j, "complete", l->complete_us);
	set_time(j, "load_event", l->event_us);
	(void)json_object_set_new(j, "early_hints", json_integer(l->n_early_hints));
	for (size_t i = 0; i < l->n_conns; i++)
		(void)json_array_append_new(conns, conn_to_json(&l->conns[i]));
	for (size_t i = 0; i < l->n; i++)
		(void)json_array_append_new(entries, entry_to_json(&l->entries[i]));
	for (size_t i = 0; i < l->n_frames; i++) {
		json_t *f = json_object();

		(void)json_object_set_new(f, "at", ms((double)l->frames[i].at_us));
		(void)json_object_set_new(f, "jpeg", text(l->frames[i].jpeg_base64));
		(void)json_array_append_new(frames, f);
	}
	(void)json_object_set_new(j, "connections", conns);
	(void)json_object_set_new(j, "entries", entries);
	if (l->n_frames)
		(void)json_object_set_new(j, "frames", json_incref(frames));
	json_decref(frames);
	if (l->has_unrun_scripts)
		(void)json_object_set_new(j, "unrun_scripts", json_true());
	if (l->dropped)
		(void)json_object_set_new(j, "dropped", json_integer((json_int_t)l->dropped));
	return j;
}

static uint64_t us_of(const json_t *j, const char *key)
{
	double v = json_number_value(json_object_get(j, key));

	return v > 0 && v < 1e9 ? (uint64_t)(v * 1000 + 0.5) : 0;
}

static unsigned flags_from(const json_t *list)
{
	unsigned flags = 0;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		for (unsigned bit = 0; bit < FR_ENTRY_BIT_COUNT; bit++)
			if (json_is_string(item) &&
			    strcmp(json_string_value(item), fr_entry_flag_str(bit)) == 0)
				flags |= FR_BIT(bit);
	}
	return flags;
}

static int int_of(const json_t *j, const char *key, int otherwise)
{
	json_t *v = json_object_get(j, key);
	json_int_t n = json_is_integer(v) ? json_integer_value(v) : otherwise;

	return n >= -1 && n <= INT32_MAX ? (int)n : otherwise;
}

static char *fields_from(const json_t *entry)
{
	char text[16384] = "";
	const json_t *item;
	size_t i, n = 0;

	for (size_t f = 0; f < FR_ARRAY_LEN(kept_fields); f++)
		json_array_foreach(json_object_get(entry, kept_fields[f]), i, item)
		{
			int k = snprintf(text + n, sizeof text - n, "%s: %s\n", kept_fields[f],
			                 json_is_string(item) ? json_string_value(item) : "");

			if (k < 0 || n + (size_t)k >= sizeof text)
				break;
			n += (size_t)k;
		}
	text[n] = '\0';
	return n ? fr_str_dup(fr_str_make(text, n)) : NULL;
}

static void entry_from_json(const json_t *j, size_t count, struct fr_measurement_entry *e)
{
	json_int_t bytes = json_integer_value(json_object_get(j, "bytes"));

	e->as = fr_as_parse(fr_str_from(fr_json_text(j, "as")));
	e->found = fr_found_parse(fr_json_text(j, "found"));
	e->parent = int_of(j, "parent", -1);
	if (e->parent >= (int)count)
		e->parent = -1;
	e->conn = -1;
	e->flags = flags_from(json_object_get(j, "flags"));
	e->urgency = (unsigned)int_of(j, "urgency", 3) & 7;
	e->status = int_of(j, "status", 0);
	e->bytes = bytes > 0 ? (uint64_t)bytes : 0;
	bytes = json_integer_value(json_object_get(j, "gzip"));
	e->gzip_bytes = bytes > 0 ? (uint64_t)bytes : 0;
	(void)snprintf(e->type, sizeof e->type, "%s", fr_json_text(j, "type"));
	e->response_fields = fields_from(j);
	e->promised_us = us_of(j, "promised");
	e->start_us = us_of(j, "start");
	e->needed_us = us_of(j, "needed");
	e->first_us = us_of(j, "first");
	e->end_us = us_of(j, "end");
}

int fr_measurement_from_json(const json_t *j, const char *url, struct fr_measurement *out)
{
	const json_t *entries = json_object_get(j, "entries"), *item;
	size_t i;

	if (!json_is_array(entries) || !json_array_size(entries))
		return FR_ERR_SYNTAX;
	fr_measurement_init(out, url);
	json_array_foreach(entries, i, item)
	{
		struct fr_measurement_entry *e =
			fr_measurement_add(out, fr_str_from(fr_json_text(item, "url")));

		if (!e)
			break;
		entry_from_json(item, json_array_size(entries), e);
	}
	fr_measurement_pack(out);
	out->n_conns = 1;
	out->conns[0].secured_us =
		us_of(json_array_get(json_object_get(j, "connections"), 0), "secured");
	out->ttfb_us = us_of(j, "ttfb");
	out->render_us = us_of(j, "render");
	out->largest_us = us_of(j, "largest");
	out->complete_us = us_of(j, "complete");
	out->event_us = us_of(j, "load_event");
	out->early_hints_us = us_of(j, "early_hints_at");
	out->n_early_hints = (unsigned)int_of(j, "early_hints", 0);
	out->has_unrun_scripts = json_is_true(json_object_get(j, "unrun_scripts"));
	return 0;
}

/* --- the whole --- */

static json_t *number(enum fr_metric m, double v)
{
	return fr_metric_is_time(m) ? ms(v) : json_real(v);
}

static json_t *metric_to_json(const struct fr_series *s, enum fr_metric m)
{
	double values[FR_STATS_MAX];
	size_t n = fr_series_values(s, m, values);
	struct fr_spread spread = fr_stats_spread(values, n);
	json_t *j = json_object(), *list = json_array();

	(void)json_object_set_new(j, "median", number(m, spread.median));
	(void)json_object_set_new(j, "low", number(m, spread.low));
	(void)json_object_set_new(j, "high", number(m, spread.high));
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, number(m, values[i]));
	(void)json_object_set_new(j, "values", list);
	return j;
}

static json_t *shift_to_json(const struct fr_shift *s, enum fr_metric m)
{
	json_t *j = json_object();

	(void)json_object_set_new(j, "estimate", number(m, s->estimate));
	(void)json_object_set_new(j, "low", number(m, s->low));
	(void)json_object_set_new(j, "high", number(m, s->high));
	(void)json_object_set_new(j, "certain", json_boolean(s->is_certain));
	(void)json_object_set_new(j, "different", json_boolean(s->is_different));
	return j;
}

static json_t *series_to_json(const struct fr_profile *p, size_t i)
{
	const struct fr_series *s = &p->series[i];
	const struct fr_measurement *typical = fr_series_typical(s);
	json_t *j = json_object(), *metrics = json_object(), *differences = json_object();

	(void)json_object_set_new(j, "name", json_string(fr_variant_name(s->variant)));
	(void)json_object_set_new(j, "title", json_string(fr_variant_title(s->variant)));
	(void)json_object_set_new(j, "loads", json_integer((json_int_t)s->n));
	(void)json_object_set_new(j, "failed", json_integer((json_int_t)s->failed));
	if (s->failed)
		(void)json_object_set_new(j, "problem", text(s->problem));
	for (unsigned k = 0; k < FR_METRIC_COUNT; k++) {
		enum fr_metric m = (enum fr_metric)k;
		struct fr_shift shift;

		if (!fr_profile_has(p, m))
			continue;
		(void)json_object_set_new(metrics, fr_metric_key(m), metric_to_json(s, m));
		if (i == 0)
			continue;
		shift = fr_series_shift(&p->series[0], s, m);
		(void)json_object_set_new(differences, fr_metric_key(m), shift_to_json(&shift, m));
	}
	(void)json_object_set_new(j, "metrics", metrics);
	(void)json_object_set_new(j, "differences", differences);
	if (typical)
		(void)json_object_set_new(j, "typical", fr_measurement_to_json(typical));
	return j;
}

static json_t *network_to_json(const struct fr_network *n)
{
	json_t *j = json_object();

	(void)json_object_set_new(j, "name", json_string(n->name));
	(void)json_object_set_new(j, "down_kbit", json_integer(n->down_kbit));
	(void)json_object_set_new(j, "up_kbit", json_integer(n->up_kbit));
	(void)json_object_set_new(j, "rtt_ms", json_integer(n->rtt_ms));
	(void)json_object_set_new(j, "loss_percent", json_real(n->loss / 1e4));
	return j;
}

static json_t *advice_to_json(const struct fr_profile *p)
{
	json_t *list = json_array();
	struct fr_advice a;

	if (!fr_measured_advise(p, &a))
		return list;
	for (size_t i = 0; i < a.n; i++) {
		json_t *item = json_object();

		(void)json_object_set_new(item, "kind",
		                          json_string(fr_advice_kind_str(a.items[i].kind)));
		(void)json_object_set_new(item, "text", text(a.items[i].text));
		if (a.items[i].link)
			(void)json_object_set_new(item, "link", text(a.items[i].link));
		(void)json_array_append_new(list, item);
	}
	for (size_t i = 0; i < a.n_links; i++) {
		json_t *item = json_object();

		(void)json_object_set_new(item, "kind", json_string("link"));
		(void)json_object_set_new(item, "text", json_string("Link:"));
		(void)json_object_set_new(item, "link", text(a.links[i]));
		(void)json_array_append_new(list, item);
	}
	fr_advice_fini(&a);
	return list;
}

json_t *fr_profile_to_json(const struct fr_profile *p)
{
	json_t *j = json_object(), *list = json_array();

	(void)json_object_set_new(j, "forerun_profile", json_integer(FR_PROFILE_JSON_VERSION));
	(void)json_object_set_new(j, "url", text(p->url));
	if (p->origin)
		(void)json_object_set_new(j, "origin", text(p->origin));
	(void)json_object_set_new(j, "engine", text(p->engine));
	(void)json_object_set_new(j, "emulation", json_string(p->emulation));
	(void)json_object_set_new(j, "network", network_to_json(&p->network));
	(void)json_object_set_new(j, "think_ms", json_integer(p->think_ms));
	(void)json_object_set_new(j, "runs", json_integer(p->runs));
	(void)json_object_set_new(j, "interrupted", json_boolean(p->was_interrupted));
	for (size_t i = 0; i < p->n_series; i++)
		(void)json_array_append_new(list, series_to_json(p, i));
	(void)json_object_set_new(j, "variants", list);
	(void)json_object_set_new(j, "advice", advice_to_json(p));
	return j;
}
