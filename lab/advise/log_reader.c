/* Counts in an access log which assets are requested with which page. */
#include "lab/advise/log_reader.h"

#include <stdio.h>
#include <stdlib.h>
/* a call, so that functions stay small */
#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = (unsigned)fr_siphash(0, keyptr, keylen))
#include <uthash.h>

#include "base/mem.h"
#include "base/siphash.h"
#include "http/url.h"
#include "lab/advise/log_priv.h"
#include "lab/measurement/json_text.h"
#include "lab/measurement/kind.h"
#include "lab/replay/version.h"

/* Loads that pushes can be tied to, and pushes that wait for theirs. */
#define MAX_LATER 20000u
#define LATER_BYTES 1024u /* of each */
/* Of all pages together. */
#define MAX_ALL_ASSETS 200000u
/* Bytes of a target that are kept. */
#define TARGET_BYTES 2048u

struct page {
	struct fr_log_page is;
	char *key; /* owned; its URL without the scheme */
	struct page *next_gone;
	UT_hash_handle hh;
};

struct fr_log_reader {
	struct fr_log_reader_form form;
	struct fr_log_reader_counts counts;
	struct page *pages; /* owned; by URL */
	size_t n_assets;    /* of all of them */
	json_t *by_id;      /* owned; id of a load -> URL of its page */
	json_t *later;      /* owned; lines of pushes that ended before their page */
	bool is_sorted;
};

struct fr_log_reader *fr_log_reader_new(const struct fr_log_reader_form *form)
{
	struct fr_log_reader *l = fr_calloc(1, sizeof *l);

	if (form)
		l->form = *form;
	l->by_id = json_object();
	l->later = json_array();
	return l;
}

/* It is in no table any more. */
static void free_page(struct fr_log_reader *l, struct page *p)
{
	l->n_assets -= p->is.n;
	for (size_t k = 0; k < p->is.n; k++)
		free(p->is.assets[k].target);
	free(p->is.assets);
	free(p->is.url);
	free(p->key);
	free(p);
}

void fr_log_reader_free(struct fr_log_reader **lp)
{
	struct fr_log_reader *l = *lp;
	struct page *p, *next;

	if (!l)
		return;
	p = l->pages;
	HASH_CLEAR(hh, l->pages);
	for (; p; p = next) {
		next = p->hh.next;
		free_page(l, p);
	}
	json_decref(l->by_id);
	json_decref(l->later);
	free(l);
	*lp = NULL;
}

/* --- pages and assets --- */

/* Makes room for at least a quarter: those with the fewest loads go, as the made-up ones of
 * a Referer that was never loaded. */
static void forget_some(struct fr_log_reader *l)
{
	struct page *gone = NULL, *p, *next;

	for (size_t loads = 0; HASH_COUNT(l->pages) > FR_LOG_READER_MAX_PAGES * 3 / 4; loads++) {
		for (p = l->pages; p; p = next) {
			next = p->hh.next;
			if (p->is.loads + p->is.uses > loads)
				continue;
			HASH_DEL(l->pages, p);
			p->next_gone = gone;
			gone = p;
		}
	}
	for (p = gone; p; p = next) {
		next = p->next_gone;
		free_page(l, p);
	}
}

static struct fr_str without_scheme(struct fr_str url)
{
	return fr_str_sub(url, fr_str_find(url, ':') + strlen("://"), url.len);
}

/* Behind a proxy that speaks TLS for it, a server logs http and visitors say https. */
static struct fr_log_page *find_page(struct fr_log_reader *l, struct fr_str url)
{
	struct fr_str key = without_scheme(url);
	struct page *p = NULL;

	HASH_FIND(hh, l->pages, key.p, key.len, p);
	if (p && fr_str_starts(url, FR_STR("https:")) &&
	    !fr_str_starts(fr_str_from(p->is.url), FR_STR("https:"))) {
		free(p->is.url);
		p->is.url = fr_str_dup(url);
	}
	return p ? &p->is : NULL;
}

static struct fr_log_page *page_of(struct fr_log_reader *l, struct fr_str url)
{
	struct fr_log_page *known = find_page(l, url);
	struct page *p;

	if (known)
		return known;
	if (HASH_COUNT(l->pages) >= FR_LOG_READER_MAX_PAGES)
		forget_some(l);
	p = fr_calloc(1, sizeof *p);
	p->is.url = fr_str_dup(url);
	p->key = fr_str_dup(without_scheme(url));
	HASH_ADD_KEYPTR(hh, l->pages, p->key, strlen(p->key), p);
	return &p->is;
}

/* NULL: the page has as many as are counted. */
static struct fr_log_asset *asset_of(struct fr_log_reader *l, struct fr_log_page *p,
                                     struct fr_str target)
{
	char starred[TARGET_BYTES];
	struct fr_log_asset *a;
	bool has_version = fr_version_star(target, starred, sizeof starred);

	for (size_t i = 0; i < p->n; i++)
		if (strcmp(starred, p->assets[i].target) == 0)
			return &p->assets[i];
	if (p->n == FR_LOG_READER_MAX_ASSETS || target.len >= sizeof starred ||
	    l->n_assets == MAX_ALL_ASSETS)
		return NULL;
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 16;
		p->assets = fr_try_realloc(p->assets, p->cap * sizeof *p->assets);
		FR_ASSERT(p->assets); /* at most FR_LOG_READER_MAX_ASSETS of them */
	}
	l->n_assets++;
	a = &p->assets[p->n++];
	*a = (struct fr_log_asset){.target = fr_str_dup(fr_str_from(starred)),
	                           .has_version = has_version};
	return a;
}

/* --- lines --- */

/* Declared robots: they take pages without what a browser loads with them. */
static bool is_robot(struct fr_str agent)
{
	static const char *const words[] = {"bot",  "crawl",   "spider", "slurp",  "curl/",
	                                    "wget", "monitor", "check",  "python", "Go-http"};

	for (size_t i = 0; i < agent.len; i++)
		for (size_t k = 0; k < FR_ARRAY_LEN(words); k++)
			if (fr_str_istarts(fr_str_sub(agent, i, agent.len), fr_str_from(words[k])))
				return true;
	return false;
}

/* What Links and YAML can hold as it is; logs write the rest with backslashes. */
static bool is_clean(struct fr_str target)
{
	for (size_t i = 0; i < target.len; i++)
		if (target.p[i] <= ' ' || target.p[i] >= 0x7f || strchr("\"\\<>", target.p[i]))
			return false;
	return target.len > 0 && target.p[0] == '/' && target.len < TARGET_BYTES;
}

/* The client asked for it with GET and got all of it, now or earlier. */
static bool is_good(const struct fr_log_line *j)
{
	return (!j->method.len || fr_str_is(j->method, "GET")) &&
	       (!j->end.len || fr_str_is(j->end, "completed")) && is_clean(j->target) &&
	       (j->status == 200 || j->status == 304) && !is_robot(j->agent);
}

/* scheme://host/target of a line; false: it does not fit. The host in lower case. */
static bool url_of(const struct fr_log_reader *l, const struct fr_log_line *j, struct fr_str target,
                   char *out, size_t cap)
{
	struct fr_str scheme = j->scheme, host = j->host;
	int n;

	if (!host.len) {
		host = fr_str_from(l->form.host);
		scheme = fr_str_from(l->form.scheme);
	}
	if (!scheme.len)
		scheme = FR_STR("https");
	n = snprintf(out, cap, "%.*s://%.*s%.*s", FR_STR_ARG(scheme), FR_STR_ARG(host),
	             FR_STR_ARG(target));
	for (size_t i = 0; n > 0 && (size_t)n < cap && i < scheme.len + 3 + host.len; i++)
		out[i] = fr_ascii_lower(out[i]);
	return host.len && n > 0 && (size_t)n < cap;
}

static void take_plan(struct fr_log_reader *l, struct fr_log_page *p, const json_t *plan)
{
	const json_t *item;
	size_t i;

	json_array_foreach(plan, i, item)
	{
		struct fr_str url = fr_advice_target(p->url, fr_json_text(item, "url"));
		const char *delivery = fr_json_text(item, "delivery");
		struct fr_log_asset *a = url.len ? asset_of(l, p, url) : NULL;

		if (!a)
			continue;
		a->as = fr_as_parse(fr_str_from(fr_json_text(item, "as")));
		a->planned += strcmp(delivery, "push") == 0 || strcmp(delivery, "early-hints") == 0;
	}
}

static void take_page(struct fr_log_reader *l, const struct fr_log_line *j)
{
	const json_t *plan = json_object_get(j->json, "plan");
	char url[FR_URL_MAX_BYTES];
	struct fr_log_page *p;

	/* pages are counted without their query */
	if (j->purpose.len || fr_log_is_for_owners(j->target) ||
	    !url_of(l, j, fr_str_sub(j->target, 0, fr_str_find(j->target, '?')), url, sizeof url))
		return;
	p = page_of(l, fr_str_from(url));
	p->loads++;
	l->counts.counted++;
	if (j->think_us >= 0) {
		p->think_us += (uint64_t)j->think_us;
		p->n_think++;
	}
	if (json_is_array(plan))
		take_plan(l, p, plan);
	if (j->id.len && strlen(url) < LATER_BYTES && json_object_size(l->by_id) < MAX_LATER)
		(void)json_object_setn_new(l->by_id, j->id.p, j->id.len, json_string(url));
}

/* False: its page is not known (yet). */
static bool take_push(struct fr_log_reader *l, const json_t *j)
{
	const char *url = json_string_value(json_object_get(l->by_id, fr_json_text(j, "parent")));
	struct fr_log_page *p = url ? find_page(l, fr_str_from(url)) : NULL;
	struct fr_str target = fr_str_from(fr_json_text(j, "target"));
	struct fr_log_asset *a;

	if (!url)
		return false;
	a = p && is_clean(target) ? asset_of(l, p, target) : NULL;
	if (a) {
		a->pushed++;
		a->cancelled += strcmp(fr_json_text(j, "outcome"), "cancelled") == 0;
	}
	return true;
}

/* A page's line is written when it has ended, which may be after its pushes. */
static void keep_push(struct fr_log_reader *l, json_t *j, size_t len)
{
	if (j && !take_push(l, j) && len < LATER_BYTES && json_array_size(l->later) < MAX_LATER)
		(void)json_array_append(l->later, j);
}

static void take_kept(struct fr_log_reader *l)
{
	const json_t *j;
	size_t i;

	json_array_foreach(l->later, i, j)(void) take_push(l, j);
	(void)json_array_clear(l->later);
}

/* What the line says it is for, before the ending of its name. */
static enum fr_as as_of(const struct fr_log_line *j)
{
	enum fr_as as = fr_as_of_destination(j->dest);

	if (as == FR_AS_NONE)
		as = fr_as_of_path(j->target);
	return as == FR_AS_NONE ? fr_as_of_type(j->type) : as;
}

/* The Referer as pages are named: the host in lower case, no query. False: it is none. */
static bool page_url(struct fr_str referer, char *out, size_t cap)
{
	size_t end = fr_str_find(referer, '?'), colon = fr_str_find(referer, ':'), host;
	struct fr_str s;

	end = fr_str_find(fr_str_sub(referer, 0, end), '#');
	s = fr_str_sub(referer, 0, end);
	if (!fr_str_starts(fr_str_sub(s, colon, s.len), FR_STR("://")) || s.len + 2 > cap)
		return false;
	host = colon + 3 + fr_str_find(fr_str_sub(s, colon + 3, s.len), '/');
	if (host == colon + 3)
		return false;
	memcpy(out, s.p, s.len);
	if (host == s.len) /* "https://host" */
		out[s.len++] = '/';
	out[s.len] = '\0';
	for (size_t i = 0; i < host; i++)
		out[i] = fr_ascii_lower(out[i]);
	return is_clean(fr_str_sub(fr_str_from(out), host, s.len));
}

static struct fr_str host_of(const char *url)
{
	struct fr_str s = without_scheme(fr_str_from(url));

	return fr_str_sub(s, 0, fr_str_find(s, '/'));
}

static bool is_of_host(const struct fr_log_page *p, const char *url)
{
	return fr_str_eq(host_of(p->url), host_of(url));
}

/* A style sheet counts under one name over all its versions; out has room for a URL. */
static void sheet_key(const char *url, char *out)
{
	struct fr_str s = fr_str_from(url);

	(void)fr_version_star(fr_str_sub(s, 0, fr_str_find(s, '?')), out, FR_URL_MAX_BYTES);
}

/* What named the asset: a page, or a style sheet of one. NULL: none that counts. */
static struct fr_log_page *namer_of(struct fr_log_reader *l, const struct fr_log_line *j)
{
	char referer[FR_URL_MAX_BYTES], key[FR_URL_MAX_BYTES];
	struct fr_str path;

	if (!page_url(j->referer, referer, sizeof referer))
		return NULL;
	path = fr_str_sub(fr_str_from(referer), fr_url_origin(referer).len, sizeof referer);
	if (fr_log_is_for_owners(path))
		return NULL;
	if (fr_as_of_path(path) != FR_AS_STYLE)
		return page_of(l, fr_str_from(referer));
	sheet_key(referer, key);
	return page_of(l, fr_str_from(key));
}

static void take_asset(struct fr_log_reader *l, const struct fr_log_line *j, enum fr_as as)
{
	char url[FR_URL_MAX_BYTES], key[FR_URL_MAX_BYTES];
	struct fr_log_asset *a;
	struct fr_log_page *p;

	if (fr_log_is_for_owners(j->target) || !url_of(l, j, j->target, url, sizeof url))
		return;
	p = namer_of(l, j);
	if (!p)
		return;
	/* what another host serves is named by its whole URL */
	a = asset_of(l, p, is_of_host(p, url) ? j->target : fr_str_from(url));
	if (!a)
		return;
	l->counts.counted++;
	a->asked++;
	if (j->status == 200 && j->bytes != FR_LOG_UNKNOWN_BYTES && j->bytes > a->bytes)
		a->bytes = j->bytes;
	if (a->as == FR_AS_NONE)
		a->as = as;
	if (as == FR_AS_STYLE) {
		sheet_key(url, key);
		page_of(l, fr_str_from(key))->uses++;
	}
}

/* By its name something else than a document. */
static bool is_no_page(struct fr_str target)
{
	static const char *const endings[] = {".ico", ".json",        ".xml",  ".txt",
	                                      ".map", ".webmanifest", ".pdf",  ".zip",
	                                      ".mp4", ".mp3",         ".webm", ".gz"};

	target = fr_str_sub(target, 0, fr_str_find(target, '?'));
	for (size_t i = 0; i < FR_ARRAY_LEN(endings); i++)
		if (fr_str_ends(target, fr_str_from(endings[i])))
			return true;
	return false;
}

bool fr_log_reader_line(struct fr_log_reader *l, struct fr_str line)
{
	struct fr_log_line j;
	enum fr_as as;

	l->counts.lines++;
	if (!fr_log_line_read(line, l->form.template, &j)) {
		l->counts.not_understood++;
		return false;
	}
	l->is_sorted = false;
	l->counts.with_referer += j.referer.len > 0;
	as = as_of(&j);
	if (j.parent.len)
		keep_push(l, j.json, line.len);
	else if (!is_good(&j))
		;
	else if (as != FR_AS_NONE && as != FR_AS_DOCUMENT)
		take_asset(l, &j, as);
	else if (!is_no_page(j.target))
		take_page(l, &j);
	fr_log_line_fini(&j);
	return true;
}

const struct fr_log_reader_counts *fr_log_reader_counts(const struct fr_log_reader *l)
{
	return &l->counts;
}

struct fr_str fr_log_reader_site_of(const struct fr_log_line *line)
{
	size_t end;

	if (line->host.len || !is_good(line) || as_of(line) == FR_AS_NONE)
		return (struct fr_str){0};
	end = fr_str_find(line->referer, ':') + 3;
	end += fr_str_find(fr_str_sub(line->referer, end, line->referer.len), '/');
	return end < line->referer.len ? fr_str_sub(line->referer, 0, end) : (struct fr_str){0};
}

/* --- what is made of it --- */

static int by_loads(const struct page *a, const struct page *b)
{
	if (a->is.loads != b->is.loads)
		return a->is.loads > b->is.loads ? -1 : 1;
	return strcmp(a->is.url, b->is.url);
}

size_t fr_log_reader_pages(const struct fr_log_reader *l)
{
	size_t n = 0;

	for (const struct page *p = l->pages; p; p = p->hh.next)
		n += p->is.loads >= FR_LOG_READER_LEAST_LOADS;
	return n;
}

/* Puts an asset that a style sheet of the page names beside those that the page names. */
static void adopt(struct fr_log_page *to, size_t cap, const struct fr_log_asset *font, size_t asked)
{
	for (size_t i = 0; i < to->n; i++)
		if (strcmp(to->assets[i].target, font->target) == 0) {
			to->assets[i].asked += asked;
			return;
		}
	if (to->n == cap)
		return;
	to->assets[to->n] = *font;
	to->assets[to->n].asked = asked;
	to->assets[to->n++].planned = 0;
}

/* A page with the fonts of its own style sheets, as often as loads with the sheet had them.
 * Its assets are for free(), their texts are the page's. */
static struct fr_log_page with_fonts(struct fr_log_reader *l, const struct fr_log_page *p)
{
	size_t cap = p->n + FR_LOG_READER_MAX_ASSETS;
	struct fr_log_page out = *p;
	char key[FR_URL_MAX_BYTES];

	out.assets = fr_calloc(cap, sizeof *out.assets);
	if (p->n)
		memcpy(out.assets, p->assets, p->n * sizeof *out.assets);
	for (size_t i = 0; i < p->n; i++) {
		const struct fr_log_asset *a = &p->assets[i];
		struct fr_str path = fr_str_from(a->target);
		const struct fr_log_page *sheet;

		if (a->as != FR_AS_STYLE || a->target[0] != '/')
			continue;
		(void)snprintf(key, sizeof key, "%.*s%.*s", FR_STR_ARG(fr_url_origin(p->url)),
		               FR_STR_ARG(fr_str_sub(path, 0, fr_str_find(path, '?'))));
		sheet = find_page(l, fr_str_from(key));
		for (size_t k = 0; sheet && sheet->uses && k < sheet->n; k++)
			if (sheet->assets[k].as == FR_AS_FONT)
				adopt(&out, cap, &sheet->assets[k],
				      a->asked * sheet->assets[k].asked / sheet->uses);
	}
	return out;
}

void fr_log_reader_advise(struct fr_log_reader *l, size_t i, struct fr_advice *out)
{
	struct fr_log_page whole;
	const struct page *p;

	if (!l->is_sorted) {
		take_kept(l);
		HASH_SORT(l->pages, by_loads);
		l->is_sorted = true;
	}
	p = l->pages;
	while (i-- && p)
		p = p->hh.next;
	FR_ASSERT(p); /* of fr_log_reader_pages */
	whole = with_fonts(l, &p->is);
	fr_log_page_advise(&whole, l->form.network, out);
	free(whole.assets);
}
