/* Looks through one load for what costs more than a missing hint. */
#include "lab/replay/findings.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* Names of assets that one sentence has. */
#define MAX_NAMES 5u
/* What a page costs less than that in the origin nobody waits for. */
#define LEAST_THINK_US 50000u
/* A saving that is worth a sentence. */
#define LEAST_SAVED_BYTES 1024u

void fr_findings_name(const struct fr_measurement *l, const bool *marked, char *out, size_t cap)
{
	size_t n = 0, total = 0, at = 0;

	for (size_t i = 0; i < l->n; i++)
		total += marked[i];
	*out = '\0';
	for (size_t i = 0; i < l->n && n < MAX_NAMES; i++) {
		struct fr_str name = fr_str_sub(fr_url_short(l->entries[i].url), 0, 60);
		int k;

		if (!marked[i])
			continue;
		k = snprintf(out + at, cap - at, "%s%.*s", n ? ", " : "", FR_STR_ARG(name));
		at += k > 0 && (size_t)k < cap - at ? (size_t)k : 0;
		n++;
	}
	if (total > n)
		(void)snprintf(out + at, cap - at, " and %zu more", total - n);
}

static bool is_own(const struct fr_measurement_entry *e)
{
	return !(e->flags & (FR_ENTRY_CROSS_ORIGIN | FR_ENTRY_SKIPPED | FR_ENTRY_LAZY));
}

/* --- text --- */

static uint64_t saved(const struct fr_measurement_entry *e)
{
	return e->gzip_bytes && e->gzip_bytes < e->bytes ? e->bytes - e->gzip_bytes : 0;
}

static bool is_plain(const struct fr_measurement_entry *e)
{
	/* of unknown size after compression, or one that is worth it */
	return (e->flags & FR_ENTRY_PLAIN) && is_own(e) &&
	       (!e->gzip_bytes || saved(e) >= LEAST_SAVED_BYTES);
}

static void find_plain_text(const struct fr_measurement *l, bool *marked, struct fr_advice *a)
{
	uint64_t before = 0, less = 0;
	char names[512];
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		marked[i] = is_plain(&l->entries[i]);
		if (!marked[i])
			continue;
		before += l->entries[i].bytes;
		less += saved(&l->entries[i]);
		n++;
	}
	if (!n)
		return;
	fr_findings_name(l, marked, names, sizeof names);
	if (less)
		fr_advice_add(a, FR_ADVICE_TEXT, NULL,
		              "Text is not compressed: %s. With gzip these %llu KiB are %llu KiB: "
		              "%llu KiB less to load. Compress text in the origin.",
		              names, (unsigned long long)(before + 512) / 1024,
		              (unsigned long long)(before - less + 512) / 1024,
		              (unsigned long long)(less + 512) / 1024);
	else
		fr_advice_add(a, FR_ADVICE_TEXT, NULL,
		              "Text is not compressed: %s (%llu KiB). Compress text in the origin.",
		              names, (unsigned long long)(before + 512) / 1024);
}

/* --- caching --- */

static void find_uncacheable(const struct fr_measurement *l, bool *marked, struct fr_advice *a)
{
	char names[512];
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct fr_measurement_entry *e = &l->entries[i];

		marked[i] = i && is_own(e) && (e->flags & FR_ENTRY_NEEDED) && e->status == 200 &&
		            e->as != FR_AS_DOCUMENT && e->as != FR_AS_FETCH &&
		            !(e->flags & FR_ENTRY_CACHEABLE);
		n += marked[i];
	}
	fr_findings_name(l, marked, names, sizeof names);
	if (n)
		fr_advice_add(
			a, FR_ADVICE_CACHING, NULL,
			"Browsers may not keep these assets: %s. Each page loads them again, "
			"and they cannot be named in a 103. Send Cache-Control with a max-age.",
			names);
}

/* The value of a field of the page; empty: it is not there. */
static struct fr_str page_field(const struct fr_measurement *l, const char *name)
{
	struct fr_str rest = fr_str_from(l->entries[0].response_fields);

	while (rest.len) {
		size_t end = fr_str_find(rest, '\n');
		struct fr_str line = fr_str_sub(rest, 0, end);
		size_t colon = fr_str_find(line, ':');

		if (colon < line.len && fr_str_iis(fr_str_sub(line, 0, colon), name))
			return fr_str_trim(fr_str_sub(line, colon + 1, line.len));
		rest = fr_str_sub(rest, end + 1, rest.len);
	}
	return (struct fr_str){NULL, 0};
}

static bool lists(struct fr_str list, const char *word)
{
	struct fr_str item;

	while (fr_str_next_item(&list, &item))
		if (fr_str_iis(fr_str_sub(item, 0, fr_str_find(item, '=')), word))
			return true;
	return false;
}

/* Why no shared cache keeps the page; false: one may. */
static bool why_not_stored(const struct fr_measurement *l, char *out, size_t cap)
{
	static const char *const words[] = {"no-store", "private", "no-cache"};
	struct fr_str control = page_field(l, "cache-control");

	for (size_t i = 0; i < FR_ARRAY_LEN(words); i++)
		if (lists(control, words[i])) {
			(void)snprintf(out, cap, "it says Cache-Control: %.*s",
			               FR_STR_ARG(fr_str_sub(control, 0, 100)));
			return true;
		}
	if (page_field(l, "set-cookie").p && !lists(control, "public")) {
		(void)snprintf(out, cap, "it sets a cookie");
		return true;
	}
	if (fr_str_is(page_field(l, "vary"), "*")) {
		(void)snprintf(out, cap, "it says Vary: *");
		return true;
	}
	(void)snprintf(out, cap, "%s", control.p ? "its max-age is 0" : "it has no Cache-Control");
	return !(l->entries[0].flags & FR_ENTRY_CACHEABLE) && !lists(control, "s-maxage");
}

static void find_page(const struct fr_measurement *l, uint64_t think_us, struct fr_advice *a)
{
	char why[160];

	if (think_us < LEAST_THINK_US || !l->entries[0].response_fields ||
	    !*l->entries[0].response_fields || !why_not_stored(l, why, sizeof why))
		return;
	fr_advice_add(a, FR_ADVICE_PAGE, NULL,
	              "The page is not stored, because %s: every visit waits for the origin, "
	              "%.0f ms here. If all visitors get the same page, send Cache-Control: public "
	              "with a short max-age; if not, hints fill that time.",
	              why, (double)think_us / 1000);
}

/* --- redirects --- */

static void find_redirects(const struct fr_measurement *l, bool *marked, struct fr_advice *a)
{
	char names[512];
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		int status = l->entries[i].status;

		marked[i] = i && is_own(&l->entries[i]) && status > 300 && status < 400 &&
		            status != 304;
		n += marked[i];
	}
	fr_findings_name(l, marked, names, sizeof names);
	if (l->n_redirects)
		fr_advice_add(
			a, FR_ADVICE_REDIRECT, NULL,
			"%u redirect%s led to the page, each costs a round trip or more: link "
			"to %s itself.",
			l->n_redirects, l->n_redirects > 1 ? "s" : "", l->url);
	if (n)
		fr_advice_add(a, FR_ADVICE_REDIRECT, NULL,
		              "Redirected, each costs a round trip: %s. Name their targets in the "
		              "page.",
		              names);
}

void fr_findings_add(const struct fr_measurement *l, uint64_t think_us, struct fr_advice *a)
{
	bool *marked = fr_calloc(l->n + 1, sizeof *marked);

	find_plain_text(l, marked, a);
	find_uncacheable(l, marked, a);
	find_page(l, think_us, a);
	find_redirects(l, marked, a);
	free(marked);
}
