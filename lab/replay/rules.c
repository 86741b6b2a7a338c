/* Writes advised links as YAML rules. */
#include "lab/replay/rules.h"

#include <stdio.h>

#include "http/url.h"
#include "lab/replay/version.h"

/* A double-quoted YAML scalar. */
static int put_quoted(struct fr_buf *out, struct fr_str s)
{
	int rc = fr_buf_append(out, "\"", 1);

	for (size_t i = 0; rc == 0 && i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			rc = fr_buf_append(out, "\\", 1);
		if (rc == 0)
			rc = fr_buf_append(out, &s.p[i], 1);
	}
	return rc == 0 ? fr_buf_append(out, "\"", 1) : rc;
}

static int put(struct fr_buf *out, const char *text)
{
	return fr_buf_append(out, text, strlen(text));
}

/* The path that the rule is for: the query does not count. */
static struct fr_str path_of(const struct fr_advice *a)
{
	struct fr_str t = fr_advice_target(a->url, a->url);

	t = fr_str_sub(t, 0, fr_str_find(t, '?'));
	return t.len ? t : FR_STR("/");
}

/* A link with stars for the versions in its target, if that is of the page's host. */
static int put_lasting(struct fr_buf *out, const char *link)
{
	struct fr_str text = fr_str_from(link), target;
	char starred[FR_URL_MAX_BYTES + 2], whole[2 * FR_URL_MAX_BYTES];
	size_t end = fr_str_find(text, '>');
	int n;

	target = fr_str_sub(text, 1, end);
	if (!fr_str_starts(text, FR_STR("</")) || fr_str_starts(target, FR_STR("//")) ||
	    target.len >= sizeof starred || !fr_version_star(target, starred, sizeof starred))
		return put_quoted(out, text);
	n = snprintf(whole, sizeof whole, "<%s%s", starred, link + end);
	return put_quoted(out, n > 0 && (size_t)n < sizeof whole ? fr_str_from(whole) : text);
}

static int put_rule(const struct fr_advice *a, bool lasting, struct fr_buf *out)
{
	int rc = put(out, "  - path: ");

	if (rc == 0)
		rc = put_quoted(out, path_of(a));
	if (rc == 0)
		rc = put(out, "\n    links:\n");
	for (size_t i = 0; rc == 0 && i < a->n_links; i++) {
		rc = put(out, "      - ");
		if (rc == 0)
			rc = lasting ? put_lasting(out, a->links[i])
			             : put_quoted(out, fr_str_from(a->links[i]));
		if (rc == 0)
			rc = put(out, "\n");
	}
	return rc;
}

int fr_rules_write(const struct fr_advice *list, size_t n, bool lasting, struct fr_buf *out)
{
	size_t links = 0;
	int rc;

	for (size_t i = 0; i < n; i++)
		links += list[i].n_links;
	rc = put(out, links ? "rules:\n" : "rules: []\n");
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (list[i].n_links)
			rc = put_rule(&list[i], lasting, out);
	return rc;
}
