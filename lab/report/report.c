/* Fills the report's page with its style, script and data. */
#include "lab/report/report.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/embed.h"
#include "base/mem.h"
#include "lab/report/json.h"

/* Of the page's own files and the profile, film strips included. */
#define REPORT_BYTES (256u << 20)

static struct fr_str embedded(const char *name)
{
	for (const struct fr_embedded *e = fr_embedded_files; e->name; e++)
		if (strcmp(e->name, name) == 0)
			return fr_str_make((const char *)e->data, e->len);
	return (struct fr_str){NULL, 0};
}

static void put(struct fr_buf *to, struct fr_str s)
{
	FR_ASSERT(fr_buf_append(to, s.p ? s.p : "", s.len) == 0);
}

/* JSON inside of a script element: "</" would end it. */
static void put_json(struct fr_buf *to, const char *json)
{
	for (const char *p = json; *p; p++)
		put(to, *p == '<' ? FR_STR("\\u003c") : fr_str_make(p, 1));
}

/* The template with {{style}}, {{script}} and {{data}} filled in. */
static void fill(struct fr_buf *to, const char *json)
{
	struct fr_str rest = embedded("profile/report.html");

	while (rest.len) {
		size_t n = fr_str_find(rest, '{');

		put(to, fr_str_sub(rest, 0, n));
		rest = fr_str_sub(rest, n, rest.len);
		if (fr_str_starts(rest, FR_STR("{{style}}"))) {
			put(to, embedded("profile/report.css"));
			rest = fr_str_sub(rest, strlen("{{style}}"), rest.len);
		} else if (fr_str_starts(rest, FR_STR("{{script}}"))) {
			put(to, embedded("profile/report.js"));
			rest = fr_str_sub(rest, strlen("{{script}}"), rest.len);
		} else if (fr_str_starts(rest, FR_STR("{{data}}"))) {
			put_json(to, json);
			rest = fr_str_sub(rest, strlen("{{data}}"), rest.len);
		} else if (rest.len) {
			put(to, fr_str_sub(rest, 0, 1));
			rest = fr_str_sub(rest, 1, rest.len);
		}
	}
}

char *fr_report_make(const struct fr_profile *p)
{
	json_t *j = fr_profile_to_json(p);
	char *json = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(9)), *text;
	struct fr_buf b;

	FR_ASSERT(json);
	fr_buf_init(&b, REPORT_BYTES);
	fill(&b, json);
	text = fr_str_dup(fr_str_make((const char *)fr_buf_data(&b), fr_buf_len(&b)));
	fr_buf_fini(&b);
	free(json);
	json_decref(j);
	return text;
}
