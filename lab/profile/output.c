/* Writes summary, report, HAR and JSON of a profile. */
#include "lab/profile/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/command.h"
#include "lab/report/har.h"
#include "lab/report/json.h"
#include "lab/report/report.h"
#include "lab/report/summary.h"

static int write_text(const char *file, const char *text)
{
	FILE *to = strcmp(file, "-") == 0 ? stdout : fopen(file, "w");
	int failed;

	failed = !to || fputs(text, to) < 0;
	if (to == stdout)
		failed |= fputc('\n', stdout) == EOF || fflush(stdout) != 0;
	else if (to)
		failed |= fclose(to) != 0;
	if (!failed)
		return FR_EXIT_OK;
	fprintf(stderr, "forerun profile: cannot write %s: %s\n", file, strerror(errno));
	return FR_EXIT_FAILED;
}

static int write_json(const char *file, json_t *j)
{
	char *text = json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	int rc = text ? write_text(file, text) : FR_EXIT_FAILED;

	free(text);
	json_decref(j);
	return rc;
}

static int write_report(const char *file, const struct fr_profile *p)
{
	char *text = fr_report_make(p);
	int rc = write_text(file, text);

	free(text);
	return rc;
}

static bool can_write(const char *file)
{
	FILE *f;

	if (!file || strcmp(file, "-") == 0)
		return true;
	f = fopen(file, "a");
	if (f)
		return fclose(f) == 0;
	fprintf(stderr, "forerun profile: cannot write %s: %s\n", file, strerror(errno));
	return false;
}

int fr_profile_output_check(const struct fr_profile_options *o)
{
	return can_write(o->json) && can_write(o->har) && can_write(o->html) ? FR_EXIT_OK
	                                                                     : FR_EXIT_FAILED;
}

int fr_profile_output(const struct fr_profile_options *o, const struct fr_profile *p)
{
	struct fr_summary_style style = fr_summary_style_of(stdout);
	int rc = FR_EXIT_OK;

	if (!o->json || strcmp(o->json, "-") != 0)
		fr_summary_print(stdout, p, &style);
	if (o->json)
		rc = write_json(o->json, fr_profile_to_json(p));
	if (o->har && rc == FR_EXIT_OK)
		rc = write_json(o->har, fr_profile_to_har(p));
	if (o->html && rc == FR_EXIT_OK)
		rc = write_report(o->html, p);
	return rc;
}
