/* Recognises and reads the files that advise takes. */
#include "lab/advise/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lab/advise/lines.h"
#include "lab/advise/log_line.h"
#include "lab/advise/log_reader.h"
#include "lab/measurement/json_text.h"
#include "lab/measurement/series.h"
#include "lab/replay/measured.h"
#include "lab/report/har.h"
#include "lab/report/har_text.h"
#include "lab/report/json.h"

#define WHY_BYTES 256u

static struct fr_advice *one(struct fr_advise_read *out)
{
	out->n = 1;
	out->list = fr_calloc(1, sizeof *out->list);
	return out->list;
}

/* --- a profile --- */

static void network_from(const json_t *j, struct fr_network *out)
{
	const char *name = fr_json_text(j, "name");
	const struct fr_network *known = fr_network_find(name);

	*out = (struct fr_network){
		.name = known ? known->name : "as given",
		.down_kbit = (uint32_t)json_integer_value(json_object_get(j, "down_kbit")),
		.up_kbit = (uint32_t)json_integer_value(json_object_get(j, "up_kbit")),
		.rtt_ms = (uint32_t)json_integer_value(json_object_get(j, "rtt_ms"))};
}

static int load_of(const json_t *profile, const char *variant, struct fr_measurement *out)
{
	const json_t *list = json_object_get(profile, "variants"), *v;
	size_t i;

	json_array_foreach(list, i,
	                   v) if (strcmp(fr_json_text(v, "name"), variant) ==
	                          0) return fr_measurement_from_json(json_object_get(v, "typical"),
	                                                             fr_json_text(profile, "url"),
	                                                             out);
	return FR_ERR_NOTFOUND;
}

/* The differences that the file says a variant has. */
static void measured_from(const json_t *variant, enum fr_variant v, struct fr_measured *out)
{
	const json_t *differences = json_object_get(variant, "differences");

	*out = (struct fr_measured){.variant = v};
	for (unsigned m = 0; m < FR_METRIC_COUNT; m++) {
		const json_t *d = json_object_get(differences, fr_metric_key((enum fr_metric)m));

		if (!d || !fr_metric_is_time((enum fr_metric)m))
			continue;
		out->has[m] = true;
		out->shifts[m] = (struct fr_shift){
			.estimate = 1000 * json_number_value(json_object_get(d, "estimate")),
			.low = 1000 * json_number_value(json_object_get(d, "low")),
			.high = 1000 * json_number_value(json_object_get(d, "high")),
			.is_certain = json_is_true(json_object_get(d, "certain")),
			.is_different = json_is_true(json_object_get(d, "different"))};
	}
}

/* Holds advice against what the file's other variants measured. */
static void judge(const json_t *j, struct fr_advice *a)
{
	struct fr_measurement loads[FR_VARIANT_COUNT];
	struct fr_measured list[FR_VARIANT_COUNT];
	const json_t *v;
	size_t i, n = 0;

	json_array_foreach(json_object_get(j, "variants"), i, v)
	{
		const char *name = fr_json_text(v, "name");
		enum fr_variant variant;

		if (i == 0 || n == FR_VARIANT_COUNT ||
		    fr_variant_parse(fr_str_from(name), &variant) < 0 ||
		    load_of(j, name, &loads[n]) < 0)
			continue;
		measured_from(v, variant, &list[n]);
		list[n].typical = &loads[n];
		n++;
	}
	fr_measured_judge(a, list, n, false);
	for (i = 0; i < n; i++)
		fr_measurement_fini(&loads[i]);
}

static int from_profile(const json_t *j, struct fr_advise_read *out)
{
	struct fr_network network;
	struct fr_measurement off, hinted;
	bool has_hinted;

	if (load_of(j, "off", &off) < 0)
		return FR_ERR_SYNTAX;
	network_from(json_object_get(j, "network"), &network);
	has_hinted = load_of(j, "push", &hinted) == 0 || load_of(j, "early-hints", &hinted) == 0;
	fr_advice_make(&off, has_hinted ? &hinted : NULL, &network, one(out));
	judge(j, out->list);
	fr_measurement_fini(&off);
	if (has_hinted)
		fr_measurement_fini(&hinted);
	return 0;
}

static int from_har(const json_t *j, const struct fr_network *network, struct fr_advise_read *out,
                    const char **why)
{
	struct fr_measurement load;

	if (fr_measurement_from_har(j, &load, why) < 0)
		return FR_ERR_SYNTAX;
	fr_advice_make(&load, NULL, network, one(out));
	fr_measurement_fini(&load);
	return 0;
}

/* --- an access log --- */

/* How often a site was named, while its name is looked for. */
#define MAX_SITES 16u
struct site {
	char url[256];
	size_t n;
};

static void count_site(struct site *sites, struct fr_str url)
{
	for (size_t i = 0; url.len && url.len < sizeof sites->url && i < MAX_SITES; i++) {
		if (!sites[i].n)
			memcpy(sites[i].url, url.p, url.len);
		else if (!fr_str_ieq(url, fr_str_from(sites[i].url)))
			continue;
		sites[i].n++;
		return;
	}
}

/* Lines without a host are of the site that most of their assets were asked for from.
 * False: no line says. */
static bool find_site(struct fr_lines *f, const struct fr_log_template *t, char *out, size_t cap)
{
	struct site sites[MAX_SITES] = {0};
	struct fr_str text;
	size_t best = 0;

	while (fr_lines_next(f, &text)) {
		struct fr_log_line line;

		if (!fr_log_line_read(text, t, &line))
			continue;
		count_site(sites, fr_log_reader_site_of(&line));
		fr_log_line_fini(&line);
	}
	for (size_t i = 1; i < MAX_SITES; i++)
		if (sites[i].n > sites[best].n)
			best = i;
	(void)snprintf(out, cap, "%s", sites[best].url);
	return sites[best].n > 0;
}

/* Scheme and host of lines that have none, cut out of site. */
static void name_site(char *site, const struct fr_advise_form *form,
                      struct fr_log_reader_form *reader)
{
	size_t colon = fr_str_find(fr_str_from(site), ':');

	reader->scheme = "https";
	if (site[colon]) {
		site[colon] = '\0';
		reader->scheme = site;
		reader->host = site + colon + strlen("://");
	}
	if (form->host)
		reader->host = form->host;
}

static void take_log(struct fr_lines *f, struct fr_log_reader *l, struct fr_advise_read *out)
{
	const struct fr_log_reader_counts *counts = fr_log_reader_counts(l);
	struct fr_str line;

	while (fr_lines_next(f, &line))
		if (line.len)
			(void)fr_log_reader_line(l, line);
	out->is_log = true;
	out->lines = counts->lines + fr_lines_passed_over(f);
	out->not_understood = counts->not_understood + fr_lines_passed_over(f);
	out->counted = counts->counted;
}

static const char *judge_log(const struct fr_log_reader *l, const struct fr_advise_read *out)
{
	if (out->lines == out->not_understood)
		return "neither a profile's JSON nor a HAR nor an access log of a known form: "
		       "JSON, "
		       "combined, or --log-format";
	if (!fr_log_reader_counts(l)->with_referer)
		return "no line of this log has a Referer, so what pages need cannot be told: log "
		       "in the combined format, or in JSON";
	return NULL;
}

static int from_log(struct fr_lines *f, const struct fr_advise_form *form,
                    struct fr_advise_read *out, const char **why)
{
	struct fr_log_reader_form reader = {.network = form->network};
	struct fr_log_template template;
	struct fr_log_reader *l;
	char site[256] = "";

	if (form->log_format) {
		if (fr_log_template_read(fr_str_from(form->log_format), &template) < 0) {
			*why = "--log-format needs field names in braces, {target} among them, and "
			       "something between two of them";
			return FR_ERR_SYNTAX;
		}
		reader.template = &template;
	}
	if (find_site(f, reader.template, site, sizeof site))
		(void)snprintf(out->host, sizeof out->host, "%s", site);
	if (!fr_lines_rewind(f)) {
		*why = "it cannot be read twice: a file is needed, no pipe";
		return FR_ERR_IO;
	}
	name_site(site, form, &reader);
	l = fr_log_reader_new(&reader);
	take_log(f, l, out);
	*why = judge_log(l, out);
	if (!*why) {
		out->n = fr_log_reader_pages(l);
		out->n = out->n < FR_ADVISE_MAX_PAGES ? out->n : FR_ADVISE_MAX_PAGES;
		out->list = fr_calloc(out->n + 1, sizeof *out->list);
		for (size_t i = 0; i < out->n; i++)
			fr_log_reader_advise(l, i, &out->list[i]);
	}
	fr_log_reader_free(&l);
	return *why ? FR_ERR_SYNTAX : 0;
}

/* --- JSON --- */

/* The whole file; NULL with *why. */
static char *read_all(struct fr_lines *f, size_t *len, const char **why)
{
	size_t cap = 1u << 16, n = 0, got;
	char *text = fr_malloc(cap), *more;

	while ((got = fr_lines_read(f, text + n, cap - n)) > 0) {
		n += got;
		if (n >= FR_ADVISE_FILE_BYTES)
			break;
		if (n < cap)
			continue;
		more = fr_try_realloc(text, 2 * cap);
		if (!more)
			break;
		text = more;
		cap *= 2;
	}
	*why = fr_lines_error(f) ? "it cannot be read" : got ? "it is larger than 256 MiB" : NULL;
	*len = n;
	if (!*why)
		return text;
	free(text);
	return NULL;
}

/* Why it is no JSON: what the parser says, with the place. */
static void explain(const json_error_t *error, char *out)
{
	(void)snprintf(out, WHY_BYTES, "not valid JSON: line %d, column %d: %.150s", error->line,
	               error->column, error->text);
}

static int from_json(struct fr_str text, const struct fr_advise_form *form,
                     struct fr_advise_read *out, char *words, const char **why)
{
	json_error_t error = {.text = "out of memory"};
	json_t *j = fr_har_parse(text, &error);
	int rc = FR_ERR_SYNTAX;

	*why = "JSON, but neither a profile nor a HAR: it has no forerun_profile and no log";
	if (!j) {
		explain(&error, words);
		*why = words;
	} else if (json_object_get(j, "forerun_profile")) {
		*why = "a profile without a load of the variant off";
		rc = from_profile(j, out);
	} else if (json_object_get(j, "log")) {
		rc = from_har(j, form->network, out, why);
	}
	json_decref(j);
	return rc;
}

/* --- which of them it is --- */

/* Is one of its first lines a request? A log may begin with the rest of a line, as after a
 * rotation. A HAR on one line has no target. Leaves f at its start. */
static bool is_log(struct fr_lines *f)
{
	struct fr_log_line line;
	struct fr_str text;
	bool is = false;

	for (unsigned i = 0; !is && i < 10 && fr_lines_next(f, &text); i++) {
		is = fr_log_line_read(text, NULL, &line);
		if (is)
			fr_log_line_fini(&line);
	}
	return is;
}

/* Does it begin as JSON does, after a byte order mark, in UTF-8 or UTF-16? */
static bool looks_like_json(struct fr_str text)
{
	static const char before[] = " \t\r\n\xef\xbb\xbf\xfe\xff";
	size_t at = 0;

	while (at < text.len && (!text.p[at] || strchr(before, text.p[at])))
		at++;
	return at < text.len && (text.p[at] == '{' || text.p[at] == '[');
}

static int read_any(struct fr_lines *f, const struct fr_advise_form *form,
                    struct fr_advise_read *out, char *words, const char **why)
{
	bool log = form->log_format || is_log(f);
	struct fr_str text;
	int rc;

	if (!fr_lines_rewind(f)) {
		*why = "it cannot be read twice: a file is needed, no pipe";
		return FR_ERR_IO;
	}
	if (log)
		return from_log(f, form, out, why);
	text.p = read_all(f, &text.len, why);
	if (!text.p)
		return FR_ERR_IO;
	rc = FR_ERR_SYNTAX;
	if (!text.len)
		*why = "the file is empty";
	else if (looks_like_json(text))
		rc = from_json(text, form, out, words, why);
	else
		*why = NULL;
	free((char *)(uintptr_t)text.p);
	if (*why || rc == 0)
		return rc;
	/* whatever it is: a log that begins with much that is none, or nothing known */
	return fr_lines_rewind(f) ? from_log(f, form, out, why) : FR_ERR_IO;
}

int fr_advise_read(const char *file, const struct fr_advise_form *form, struct fr_advise_read *out,
                   char *why, size_t cap)
{
	struct fr_lines *f = fr_lines_open(file);
	struct fr_advise_read read = {0};
	char words[WHY_BYTES];
	const char *what = "it cannot be read";
	int rc;

	if (!f) {
		(void)snprintf(why, cap, "%s: %s", file, strerror(errno));
		return FR_ERR_IO;
	}
	rc = read_any(f, form, &read, words, &what);
	fr_lines_close(&f);
	if (rc == 0)
		*out = read;
	else
		(void)snprintf(why, cap, "%s: %s", file, what ? what : "it cannot be read");
	return rc;
}
