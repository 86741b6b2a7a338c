/* Recognises and reads the files that advise takes. */
#include "lab/advise/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lab/advise/log_reader.h"
#include "lab/measurement/json_text.h"
#include "lab/measurement/series.h"
#include "lab/replay/measured.h"
#include "lab/report/har.h"
#include "lab/report/har_text.h"
#include "lab/report/json.h"

static int complain(char *why, size_t cap, const char *file, const char *what)
{
	(void)snprintf(why, cap, "%s: %s", file, what);
	return FR_ERR_SYNTAX;
}

static struct fr_advice *one(size_t *n)
{
	*n = 1;
	return fr_calloc(1, sizeof(struct fr_advice));
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

static int from_profile(const json_t *j, struct fr_advice **list, size_t *n)
{
	struct fr_network network;
	struct fr_measurement off, hinted;
	bool has_hinted;

	if (load_of(j, "off", &off) < 0)
		return FR_ERR_SYNTAX;
	network_from(json_object_get(j, "network"), &network);
	has_hinted = load_of(j, "push", &hinted) == 0 || load_of(j, "early-hints", &hinted) == 0;
	*list = one(n);
	fr_advice_make(&off, has_hinted ? &hinted : NULL, &network, *list);
	judge(j, *list);
	fr_measurement_fini(&off);
	if (has_hinted)
		fr_measurement_fini(&hinted);
	return 0;
}

static int from_har(const json_t *j, const struct fr_network *network, struct fr_advice **list,
                    size_t *n, const char **why)
{
	struct fr_measurement load;

	if (fr_measurement_from_har(j, &load, why) < 0)
		return FR_ERR_SYNTAX;
	*list = one(n);
	fr_advice_make(&load, NULL, network, *list);
	fr_measurement_fini(&load);
	return 0;
}

/* --- an access log --- */

static int from_log(FILE *f, struct fr_advice **list, size_t *n)
{
	struct fr_log_reader *l = fr_log_reader_new();
	char *line = fr_malloc(FR_LOG_READER_LINE_BYTES);
	size_t good = 0;

	while (fgets(line, FR_LOG_READER_LINE_BYTES, f)) {
		struct fr_str s = fr_str_from(line);

		good += fr_log_reader_line(l, fr_str_sub(s, 0, fr_str_find(s, '\n')));
	}
	free(line);
	if (good) {
		*n = fr_log_reader_pages(l);
		*n = *n < FR_ADVISE_MAX_PAGES ? *n : FR_ADVISE_MAX_PAGES;
		*list = fr_calloc(*n + 1, sizeof **list);
		for (size_t i = 0; i < *n; i++)
			fr_log_reader_advise(l, i, &(*list)[i]);
	}
	fr_log_reader_free(&l);
	return good ? 0 : FR_ERR_SYNTAX;
}

/* --- which of them it is --- */

/* Does its first line hold one whole object of an access log? Leaves f at its start. */
static bool is_log(FILE *f)
{
	char *line = fr_malloc(FR_LOG_READER_LINE_BYTES);
	json_t *j = NULL;
	bool is;

	if (fgets(line, FR_LOG_READER_LINE_BYTES, f))
		j = json_loads(line, 0, NULL);
	is = j && json_object_get(j, "target") && json_object_get(j, "host");
	json_decref(j);
	free(line);
	rewind(f);
	return is;
}

/* The whole file as JSON; NULL with *why. */
static json_t *read_json(FILE *f, const char **why)
{
	size_t cap = 1u << 16, n = 0, got;
	char *text = fr_malloc(cap), *more;
	json_error_t error;
	json_t *j = NULL;

	while ((got = fread(text + n, 1, cap - n, f)) > 0 && n + got < FR_ADVISE_FILE_BYTES) {
		n += got;
		if (n < cap)
			continue;
		more = fr_try_realloc(text, 2 * cap);
		if (!more)
			break;
		text = more;
		cap *= 2;
	}
	if (ferror(f))
		*why = "it cannot be read";
	else if (!feof(f))
		*why = "it is larger than 256 MiB";
	else
		j = fr_har_parse(fr_str_make(text, n), &error);
	free(text);
	return j;
}

static int from_json(FILE *f, const struct fr_network *network, struct fr_advice **list, size_t *n,
                     const char **why)
{
	json_t *j = read_json(f, why);
	int rc = FR_ERR_SYNTAX;

	if (j && json_object_get(j, "forerun_profile"))
		rc = from_profile(j, list, n);
	else if (j && json_object_get(j, "log"))
		rc = from_har(j, network, list, n, why);
	json_decref(j);
	return rc;
}

int fr_advise_read(const char *file, const struct fr_network *network, struct fr_advice **list,
                   size_t *n, char *why, size_t cap)
{
	const char *what = "neither a profile's JSON nor a HAR nor an access log in JSON";
	FILE *f = fopen(file, "r");
	int rc;

	if (!f) {
		(void)snprintf(why, cap, "%s: %s", file, strerror(errno));
		return FR_ERR_IO;
	}
	rc = is_log(f) ? from_log(f, list, n) : from_json(f, network, list, n, &what);
	if (rc < 0) {
		rewind(f); /* a log may begin with what is none, as after a rotation */
		rc = from_log(f, list, n);
	}
	(void)fclose(f);
	return rc == 0 ? 0 : complain(why, cap, file, what);
}
