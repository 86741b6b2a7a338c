/* Reads and writes the digest cookie, and asks it what a client has. */
#include "stages/hints/client_cache.h"

#include <stdlib.h>

#include "cache/audience.h"
#include "cache/policy.h"
#include "hints/cache_digest.h"
#include "hints/digest.h"
#include "hints/verdict.h"
#include "net/tls.h"
#include "stages/hints/page_load.h"
#include "stages/hints/recall.h"
#include "stages/hints/settings.h"

/* What we know nothing of yet is taken to be fresh for this long. */
#define UNKNOWN_LIFETIME_S 86400

/* --- the request --- */

void fr_client_cache_take(struct fr_exchange *ex)
{
	struct fr_fields *fields = &ex->req.fields;
	size_t kept = 0;

	if (!fr_fields_get(fields, FR_FIELD_COOKIE))
		return;
	for (size_t i = 0; i < fields->n; i++) {
		struct fr_field f = fields->v[i];
		struct fr_str value, rest;
		int rc = 0;

		if (f.id == FR_FIELD_COOKIE)
			rc = fr_digest_take(&ex->arena, f.value, &value, &rest);
		if (rc == 1 && !ex->page.digest.p)
			ex->page.digest = value;
		if (rc == 1)
			f.value = rest;
		/* without memory for the rest the origin gets none: better than ours */
		if (rc == 0 || (rc == 1 && rest.len))
			fields->v[kept++] = f;
	}
	fields->n = kept;
}

static void read_cache_digest(struct fr_exchange *page)
{
	struct fr_page_load *load = page->page.load;
	const struct fr_field *f = fr_fields_get(&page->req.fields, FR_FIELD_CACHE_DIGEST);

	load->digest = f ? fr_arena_calloc(&page->arena, 1, sizeof *load->digest) : NULL;
	if (!load->digest)
		return;
	fr_cache_digest_init(load->digest, &page->arena);
	for (; f; f = fr_fields_next(&page->req.fields, FR_FIELD_CACHE_DIGEST, f))
		fr_cache_digest_add(load->digest, f->value);
}

/* Once a page, and only when something could be pushed. */
static void read_held(struct fr_exchange *page)
{
	struct fr_page_load *load = page->page.load;

	if (load->knows_held)
		return;
	load->knows_held = true;
	if (page->page.digest.len && fr_hints_settings(page)->digest &&
	    fr_digest_parse(page->page.digest, fr_loop_wall_s(), &load->held) < 0)
		fr_count(&page->worker->counters, FR_COUNT_DIGESTS_MALFORMED);
	read_cache_digest(page);
}

/* With the validator that the origin gave last; without one, or before one was
 * seen, the URL alone stands for it. */
static bool digest_has(const struct fr_digest *d, const struct fr_exchange *page,
                       const struct fr_hint *hint, const struct fr_asset *asset)
{
	struct fr_str authority = page->req.authority;

	if (d->n == 0)
		return false;
	return (asset->validator &&
	        fr_digest_has(d, fr_digest_key(authority, hint->target, asset->validator))) ||
	       fr_digest_has(d, fr_digest_key(authority, hint->target, 0));
}

bool fr_client_cache_has(struct fr_exchange *page, const struct fr_hint *hint,
                         const struct fr_asset *asset)
{
	struct fr_page_load *load = page->page.load;
	struct fr_str url;

	read_held(page);
	if (digest_has(&load->held, page, hint, asset))
		return true;
	return load->digest &&
	       fr_arena_printf(&page->arena, &url, "%.*s://%.*s%.*s", FR_STR_ARG(page->req.scheme),
	                       FR_STR_ARG(page->req.authority), FR_STR_ARG(hint->target)) == 0 &&
	       fr_cache_digest_has(load->digest, fr_sha256, url, (struct fr_str){0});
}

/* --- what leaves --- */

static bool is_kept(const struct fr_exchange *ex)
{
	/* TLS may end at a proxy */
	bool is_secure = ex->client->is_tls ||
	                 (fr_whose_is_proxied(ex) && fr_str_is(ex->req.scheme, "https"));

	return is_secure && fr_hints_settings(ex)->digest && fr_hints_may_push(ex);
}

void fr_client_cache_note(struct fr_exchange *ex)
{
	struct fr_connection *c = ex->client;
	struct fr_asset asset;
	int64_t now = fr_loop_wall_s();

	/* a proxy's connection brings to many clients: their digests stay apart */
	if (fr_whose_is_proxied(ex))
		return;
	if (ex->req.method != FR_METHOD_GET || ex->resp.status != 200 || !is_kept(ex) ||
	    !fr_assets_find(ex->gen->shared->assets, ex->req.authority, ex->req.target, now,
	                    &asset) ||
	    !asset.is_reusable)
		return;
	if (!c->held)
		c->held = fr_try_calloc(1, sizeof *c->held);
	if (c->held) /* else it may be pushed again */
		(void)fr_digest_add(
			c->held, fr_digest_key(ex->req.authority, ex->req.target, asset.validator),
			asset.fresh_until_s, now);
}

/* --- the cookie --- */

/* Could a shared cache, ours or another, store it? A cookie is for one client. */
static bool is_shared(struct fr_exchange *page)
{
	struct fr_freshness fresh;
	int64_t now = fr_loop_wall_s();

	if (page->cache.is_stored)
		return true;
	if (fr_fields_get(&page->req.fields, FR_FIELD_COOKIE) &&
	    fr_audience_of(&page->resp) == FR_AUDIENCE_ANONYMOUS)
		return false;
	fr_cache_freshness(&page->resp, now, now, FR_CACHE_HEURISTIC_MAX_S, &fresh);
	return fr_cache_may_store(&page->req, &page->resp, &fresh) == FR_CACHE_STORE_YES;
}

/* Does the response make the client forget? */
static bool is_cleared(const struct fr_exchange *page)
{
	const struct fr_field *f = NULL;

	while ((f = fr_fields_next(&page->resp.fields, FR_FIELD_CLEAR_SITE_DATA, f))) {
		struct fr_str rest = f->value, item;

		while (fr_str_next_item(&rest, &item))
			if (fr_str_is(item, "\"*\"") || fr_str_is(item, "\"cache\"") ||
			    fr_str_is(item, "\"cookies\""))
				return true;
	}
	return false;
}

static void add_cookie(struct fr_exchange *page, const char *value, int64_t max_age)
{
	struct fr_str text;

	if (fr_arena_printf(&page->arena, &text,
	                    FR_DIGEST_COOKIE
	                    "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Lax",
	                    value, (long long)max_age) == 0 &&
	    fr_fields_add_id(&page->resp.fields, FR_FIELD_SET_COOKIE, text) == 0)
		fr_count(&page->worker->counters, FR_COUNT_DIGESTS_SET);
}

static void add_plan(struct fr_exchange *page, struct fr_digest *d, int64_t now)
{
	const struct fr_plan *plan = &page->page.load->plan;

	for (size_t i = 0; i < plan->n; i++) {
		const struct fr_hint *hint = plan->v[i];
		struct fr_asset asset;
		int64_t until = now + UNKNOWN_LIFETIME_S;

		if (!fr_reason_means_client_has(hint->reason) || !hint->target.len ||
		    digest_has(&page->page.load->held, page, hint, &(struct fr_asset){0}))
			continue;
		fr_recall_asset(page, hint, &asset);
		if (asset.is_known && (!asset.is_reusable || fr_recall_is_gone(page, &asset)))
			continue;
		if (asset.is_known)
			until = asset.fresh_until_s;
		(void)fr_digest_add(
			d, fr_digest_key(page->req.authority, hint->target, asset.validator), until,
			now);
	}
}

static bool is_news(const struct fr_digest *d, const struct fr_digest *old)
{
	for (size_t i = 0; i < d->n; i++)
		if (!fr_digest_has(old, d->v[i] & ((1u << FR_DIGEST_RANGE_BITS) - 1)))
			return true;
	return false;
}

void fr_client_cache_page(struct fr_exchange *page)
{
	struct fr_connection *c = page->client;
	struct fr_digest d = {0};
	char value[FR_DIGEST_MAX_BYTES + 1];
	int64_t now = fr_loop_wall_s();

	if (is_cleared(page)) {
		if (!fr_whose_is_proxied(page)) {
			free(c->held);
			c->held = NULL;
			fr_seen_urls_free(&c->memo);
		}
		if (page->page.digest.len && !is_shared(page))
			add_cookie(page, "", 0);
		return;
	}
	if (page->resp.status != 200 || !page->page.load || !is_kept(page) || is_shared(page))
		return;
	read_held(page);
	add_plan(page, &d, now);
	if (c->held && !fr_whose_is_proxied(page)) {
		fr_digest_expire(c->held, now);
		fr_digest_merge(&d, c->held);
	}
	if (!is_news(&d, &page->page.load->held))
		return;
	fr_digest_merge(&d, &page->page.load->held);
	if (fr_digest_format(&d, value))
		add_cookie(page, value, fr_digest_expires_s(&d) - now);
}
