/* Looks through one load for what costs more than a missing hint. */
#include "lab/replay/findings.h"

#include <stdio.h>

#include "lab/replay/marked.h"

/* What a page costs less than that in the origin nobody waits for. */
#define LEAST_THINK_US 50000u
/* A saving that is worth a sentence. */
#define LEAST_SAVED_BYTES 1024u

static bool is_own(const struct fr_measurement_entry *e)
{
	return !(e->flags & (FR_ENTRY_CROSS_ORIGIN | FR_ENTRY_SKIPPED | FR_ENTRY_LAZY));
}

/* The value of a response's field; p NULL: it is not there. */
static struct fr_str field_of(const struct fr_measurement_entry *e, const char *name)
{
	struct fr_str rest = fr_str_from(e->response_fields);

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

/* --- text --- */

static uint64_t saved(const struct fr_measurement_entry *e)
{
	return e->gzip_bytes && e->gzip_bytes < e->bytes ? e->bytes - e->gzip_bytes : 0;
}

static bool is_plain(const struct fr_measurement *l, size_t i)
{
	const struct fr_measurement_entry *e = &l->entries[i];

	/* of unknown size after compression, or one that is worth it */
	return (e->flags & FR_ENTRY_PLAIN) && is_own(e) &&
	       (!e->gzip_bytes || saved(e) >= LEAST_SAVED_BYTES);
}

static bool is_forbidden(const struct fr_measurement *l, size_t i)
{
	return is_plain(l, i) && lists(field_of(&l->entries[i], "cache-control"), "no-transform");
}

/* By the field that every answer of an edge of ours has. */
static bool came_by_forerun(const struct fr_measurement *l)
{
	return l->n && fr_str_istarts(field_of(&l->entries[0], "cache-status"), FR_STR("forerun"));
}

/* What to do depends on who could have compressed it. */
static const char *how_to_compress(const struct fr_measurement *l, size_t n)
{
	struct fr_marked forbidden;

	fr_marked_by(l, is_forbidden, &forbidden);
	if (forbidden.n == n)
		return "Cache-Control: no-transform forbids Forerun to compress it: take that out, "
		       "or compress in the origin.";
	if (came_by_forerun(l))
		return "Forerun's settings leave it so (compression of the site or path): change "
		       "them, or compress in the origin.";
	return "Forerun in front compresses it by default; without it, switch compression on in "
	       "the server.";
}

static void find_plain_text(const struct fr_measurement *l, struct fr_advice *a)
{
	struct fr_marked plain;
	uint64_t less = 0;

	fr_marked_by(l, is_plain, &plain);
	if (!plain.n)
		return;
	for (size_t i = 0; i < l->n; i++)
		less += is_plain(l, i) ? saved(&l->entries[i]) : 0;
	if (less)
		fr_advice_add(a, FR_ADVICE_TEXT, NULL,
		              "Text is not compressed: %s. With gzip these %llu KiB are %llu KiB: "
		              "%llu KiB less to load. %s",
		              plain.names, (unsigned long long)(plain.bytes + 512) / 1024,
		              (unsigned long long)(plain.bytes - less + 512) / 1024,
		              (unsigned long long)(less + 512) / 1024, how_to_compress(l, plain.n));
	else
		fr_advice_add(a, FR_ADVICE_TEXT, NULL, "Text is not compressed: %s (%llu KiB). %s",
		              plain.names, (unsigned long long)(plain.bytes + 512) / 1024,
		              how_to_compress(l, plain.n));
}

/* --- caching --- */

static bool is_uncacheable(const struct fr_measurement *l, size_t i)
{
	const struct fr_measurement_entry *e = &l->entries[i];

	return i && is_own(e) && (e->flags & FR_ENTRY_NEEDED) && e->status == 200 &&
	       e->as != FR_AS_DOCUMENT && e->as != FR_AS_FETCH && !(e->flags & FR_ENTRY_CACHEABLE);
}

static void find_uncacheable(const struct fr_measurement *l, struct fr_advice *a)
{
	struct fr_marked m;

	fr_marked_by(l, is_uncacheable, &m);
	if (m.n)
		fr_advice_add(
			a, FR_ADVICE_CACHING, NULL,
			"Browsers may not keep these assets: %s. Each page loads them again, "
			"and they cannot be named in a 103. Send Cache-Control with a max-age.",
			m.names);
}

/* Forerun stores documents only with a lifetime that the origin gave (docs/cache.md). */
static bool has_lifetime(const struct fr_measurement_entry *e, struct fr_str control)
{
	return lists(control, "s-maxage") ||
	       ((e->flags & FR_ENTRY_CACHEABLE) &&
	        (lists(control, "max-age") || field_of(e, "expires").p));
}

/* Why no shared cache keeps the page; false: one may. */
static bool why_not_stored(const struct fr_measurement *l, char *out, size_t cap)
{
	static const char *const words[] = {"no-store", "private", "no-cache"};
	const struct fr_measurement_entry *page = &l->entries[0];
	struct fr_str control = field_of(page, "cache-control");

	for (size_t i = 0; i < FR_ARRAY_LEN(words); i++)
		if (lists(control, words[i])) {
			(void)snprintf(out, cap, "it says Cache-Control: %.*s",
			               FR_STR_ARG(fr_str_sub(control, 0, 100)));
			return true;
		}
	if (field_of(page, "set-cookie").p && !lists(control, "public")) {
		(void)snprintf(out, cap, "it sets a cookie");
		return true;
	}
	if (fr_str_is(field_of(page, "vary"), "*")) {
		(void)snprintf(out, cap, "it says Vary: *");
		return true;
	}
	(void)snprintf(out, cap, "%s",
	               lists(control, "max-age") ? "its max-age is 0"
	               : control.p               ? "its Cache-Control gives no lifetime"
	                                         : "it has no Cache-Control");
	return !has_lifetime(page, control);
}

bool fr_findings_is_personal(const struct fr_measurement *l)
{
	static const char *const words[] = {"private", "no-store", "no-cache"};
	struct fr_str control = field_of(&l->entries[0], "cache-control");

	for (size_t i = 0; i < FR_ARRAY_LEN(words); i++)
		if (lists(control, words[i]))
			return true;
	return field_of(&l->entries[0], "set-cookie").p != NULL;
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

static bool is_redirected(const struct fr_measurement *l, size_t i)
{
	int status = l->entries[i].status;

	return i && is_own(&l->entries[i]) && status > 300 && status < 400 && status != 304;
}

static void find_redirects(const struct fr_measurement *l, struct fr_advice *a)
{
	struct fr_marked m;

	if (l->n_redirects)
		fr_advice_add(
			a, FR_ADVICE_REDIRECT, NULL,
			"%u redirect%s led to the page, each costs a round trip or more: link "
			"to %s itself.",
			l->n_redirects, l->n_redirects > 1 ? "s" : "", l->url);
	fr_marked_by(l, is_redirected, &m);
	if (m.n)
		fr_advice_add(a, FR_ADVICE_REDIRECT, NULL,
		              "Redirected, each costs a round trip: %s. Name their targets in the "
		              "page.",
		              m.names);
}

void fr_findings_add(const struct fr_measurement *l, uint64_t think_us, struct fr_advice *a)
{
	find_plain_text(l, a);
	find_uncacheable(l, a);
	find_page(l, think_us, a);
	find_redirects(l, a);
}
