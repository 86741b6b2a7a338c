/* Counts in an access log which assets are requested with which page. */
#include "lab/advise/log_reader.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "http/url.h"
#include "lab/measurement/json_text.h"
#include "lab/measurement/kind.h"

/* Loads that pushes can be tied to, and pushes that wait for theirs. */
#define MAX_LATER 100000u

struct asset {
	char *target; /* owned */
	enum fr_as as;
	size_t asked, planned, pushed, cancelled;
};

struct page {
	char *url; /* owned; scheme://host/target without query */
	size_t loads;
	struct asset *assets; /* owned */
	size_t n, cap;
};

struct fr_log_reader {
	struct page *pages; /* owned */
	size_t n, cap;
	json_t *by_id; /* owned; id of a load -> number of its page */
	json_t *later; /* owned; lines of pushes that ended before their page */
	bool is_sorted;
};

struct fr_log_reader *fr_log_reader_new(void)
{
	struct fr_log_reader *l = fr_calloc(1, sizeof *l);

	l->by_id = json_object();
	l->later = json_array();
	return l;
}

void fr_log_reader_free(struct fr_log_reader **lp)
{
	struct fr_log_reader *l = *lp;

	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++) {
		for (size_t k = 0; k < l->pages[i].n; k++)
			free(l->pages[i].assets[k].target);
		free(l->pages[i].assets);
		free(l->pages[i].url);
	}
	free(l->pages);
	json_decref(l->by_id);
	json_decref(l->later);
	free(l);
	*lp = NULL;
}

static struct page *page_of(struct fr_log_reader *l, struct fr_str url)
{
	struct page *p;

	for (size_t i = 0; i < l->n; i++)
		if (fr_str_is(url, l->pages[i].url))
			return &l->pages[i];
	if (l->n == FR_LOG_READER_MAX_PAGES)
		return NULL;
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->pages = fr_try_realloc(l->pages, l->cap * sizeof *l->pages);
		FR_ASSERT(l->pages); /* at most FR_LOG_READER_MAX_PAGES of them */
	}
	p = &l->pages[l->n++];
	*p = (struct page){.url = fr_str_dup(url)};
	return p;
}

static struct asset *asset_of(struct page *p, struct fr_str target)
{
	struct asset *a;

	for (size_t i = 0; i < p->n; i++)
		if (fr_str_is(target, p->assets[i].target))
			return &p->assets[i];
	if (p->n == FR_LOG_READER_MAX_ASSETS)
		return NULL;
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 16;
		p->assets = fr_try_realloc(p->assets, p->cap * sizeof *p->assets);
		FR_ASSERT(p->assets); /* at most FR_LOG_READER_MAX_ASSETS of them */
	}
	a = &p->assets[p->n++];
	*a = (struct asset){.target = fr_str_dup(target)};
	return a;
}

/* What visitors do not come for, and what nobody should be pushed before a login. */
static bool is_for_owners(struct fr_str target)
{
	static const char *const names[] = {"wp-admin", "wp-login.php",  "wp-json", "wp-cron.php",
	                                    "admin",    "administrator", "login",   "log-in",
	                                    "signin",   "sign-in",       "logout",  "sign-out",
	                                    "signout",  "user"};

	target = fr_str_sub(target, 0, fr_str_find(target, '?'));
	while (target.len) {
		size_t n = fr_str_find(target, '/');
		struct fr_str segment = fr_str_sub(target, 0, n);

		for (size_t i = 0; i < FR_ARRAY_LEN(names); i++)
			if (fr_str_iis(segment, names[i]))
				return true;
		target = fr_str_sub(target, n + 1, target.len);
	}
	return false;
}

/* The client asked for it with GET and got all of it, now or earlier. */
static bool is_good(const json_t *j)
{
	const char *method = fr_json_text(j, "method"), *end = fr_json_text(j, "end");
	json_int_t status = json_integer_value(json_object_get(j, "status"));

	return (!*method || strcmp(method, "GET") == 0) &&
	       (!*end || strcmp(end, "completed") == 0) && (status == 200 || status == 304);
}

/* scheme://host/target of a line. */
static void url_of(const json_t *j, struct fr_str target, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s://%s%.*s",
	               *fr_json_text(j, "scheme") ? fr_json_text(j, "scheme") : "https",
	               fr_json_text(j, "host"), FR_STR_ARG(target));
}

static void take_plan(struct page *p, const json_t *plan)
{
	const json_t *item;
	size_t i;

	json_array_foreach(plan, i, item)
	{
		struct fr_str url = fr_advice_target(p->url, fr_json_text(item, "url"));
		const char *delivery = fr_json_text(item, "delivery");
		struct asset *a = asset_of(p, url);

		if (!a)
			continue;
		a->as = fr_as_parse(fr_str_from(fr_json_text(item, "as")));
		a->planned += strcmp(delivery, "push") == 0 || strcmp(delivery, "early-hints") == 0;
	}
}

static void take_page(struct fr_log_reader *l, const json_t *j)
{
	const json_t *plan = json_object_get(j, "plan");
	struct fr_str target = fr_str_from(fr_json_text(j, "target"));
	char url[FR_URL_MAX_BYTES];
	struct page *p;

	if (!is_good(j) || is_for_owners(target))
		return;
	/* pages are counted without their query */
	url_of(j, fr_str_sub(target, 0, fr_str_find(target, '?')), url, sizeof url);
	p = page_of(l, fr_str_from(url));
	if (!p)
		return;
	p->loads++;
	if (json_is_array(plan))
		take_plan(p, plan);
	if (*fr_json_text(j, "id") && json_object_size(l->by_id) < MAX_LATER)
		(void)json_object_set_new(l->by_id, fr_json_text(j, "id"),
		                          json_integer((json_int_t)(p - l->pages)));
}

/* False: its page is not known (yet). */
static bool take_push(struct fr_log_reader *l, const json_t *j)
{
	json_t *number = json_object_get(l->by_id, fr_json_text(j, "parent"));
	struct asset *a;

	if (!json_is_integer(number))
		return false;
	a = asset_of(&l->pages[json_integer_value(number)], fr_str_from(fr_json_text(j, "target")));
	if (a) {
		a->pushed++;
		a->cancelled += strcmp(fr_json_text(j, "outcome"), "cancelled") == 0;
	}
	return true;
}

/* A page's line is written when it has ended, which may be after its pushes. */
static void keep_push(struct fr_log_reader *l, json_t *j)
{
	if (!take_push(l, j) && json_array_size(l->later) < MAX_LATER)
		(void)json_array_append(l->later, j);
}

static void take_kept(struct fr_log_reader *l)
{
	const json_t *j;
	size_t i;

	json_array_foreach(l->later, i, j)(void) take_push(l, j);
	(void)json_array_clear(l->later);
}

static void take_asset(struct fr_log_reader *l, const json_t *j)
{
	struct fr_str referer = fr_str_from(fr_json_text(j, "referer"));
	struct fr_str target = fr_str_from(fr_json_text(j, "target"));
	char url[FR_URL_MAX_BYTES];
	struct asset *a;
	struct page *p;

	referer = fr_str_sub(referer, 0, fr_str_find(referer, '?'));
	if (!referer.len || !is_good(j) || fr_as_of_path(referer) == FR_AS_STYLE ||
	    is_for_owners(referer))
		return;
	p = page_of(l, referer);
	if (!p)
		return;
	/* what another host serves is named by its whole URL */
	url_of(j, target, url, sizeof url);
	a = asset_of(p, fr_advice_target(p->url, url));
	if (!a)
		return;
	a->asked++;
	if (a->as == FR_AS_NONE)
		a->as = fr_as_of_path(target);
}

/* By its name something else than a document. */
static bool is_no_page(struct fr_str target)
{
	static const char *const endings[] = {".ico", ".json",        ".xml", ".txt",
	                                      ".map", ".webmanifest", ".pdf", ".zip",
	                                      ".mp4", ".mp3",         ".webm"};

	target = fr_str_sub(target, 0, fr_str_find(target, '?'));
	for (size_t i = 0; i < FR_ARRAY_LEN(endings); i++)
		if (fr_str_ends(target, fr_str_from(endings[i])))
			return true;
	return false;
}

bool fr_log_reader_line(struct fr_log_reader *l, struct fr_str line)
{
	json_t *j = json_loadb(line.p ? line.p : "", line.len, 0, NULL);
	struct fr_str target;
	bool ok = j && *fr_json_text(j, "target") && *fr_json_text(j, "host");

	if (ok) {
		target = fr_str_from(fr_json_text(j, "target"));
		if (*fr_json_text(j, "parent"))
			keep_push(l, j);
		else if (fr_as_of_path(target) != FR_AS_NONE)
			take_asset(l, j);
		else if (!is_no_page(target))
			take_page(l, j);
		l->is_sorted = false;
	}
	json_decref(j);
	return ok;
}

static int by_loads(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	return (x->loads < y->loads) - (x->loads > y->loads);
}

size_t fr_log_reader_pages(const struct fr_log_reader *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->pages[i].loads >= FR_LOG_READER_LEAST_LOADS;
	return n;
}

static void advise_asset(const struct page *p, const struct asset *a, struct fr_advice *out)
{
	size_t percent = 100 * a->asked / p->loads;
	char *link;

	if (a->pushed >= FR_LOG_READER_LEAST_LOADS &&
	    100 * a->cancelled / a->pushed >= FR_LOG_READER_LEAST_PERCENT)
		fr_advice_add(out, FR_ADVICE_NOPUSH, NULL,
		              "Add nopush to %s: clients cancelled %zu of %zu pushes.", a->target,
		              a->cancelled, a->pushed);
	if (percent < FR_LOG_READER_LEAST_PERCENT || a->planned * 2 > p->loads ||
	    fr_as_rank(a->as) != FR_RANK_BLOCKING || out->n_links == FR_ADVICE_MAX_LINKS)
		return;
	link = fr_advice_link(fr_str_from(a->target), a->as, 0);
	if (!link)
		return;
	out->links[out->n_links++] = link;
	fr_advice_add(out, FR_ADVICE_ADD, link,
	              "%s is asked for in %zu %% of the page's loads, a round trip after it.",
	              a->target, percent > 100 ? 100 : percent);
}

void fr_log_reader_advise(struct fr_log_reader *l, size_t i, struct fr_advice *out)
{
	const struct page *p;

	if (!l->is_sorted) {
		take_kept(l);
		json_object_clear(l->by_id); /* numbers change */
		qsort(l->pages, l->n, sizeof *l->pages, by_loads);
		l->is_sorted = true;
	}
	p = &l->pages[i];
	*out = (struct fr_advice){.url = fr_str_dup(fr_str_from(p->url))};
	for (size_t k = 0; k < p->n; k++)
		advise_asset(p, &p->assets[k], out);
	out->has_gain = out->n_links > 0;
}
