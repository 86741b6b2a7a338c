/* POST /purge of the admin interface: which things are meant, and out of the
 * cache with them. */
#include <stdio.h>

#include "base/log.h"
#include "base/suggest.h"
#include "cache/store.h"
#include "exchange/page_keys.h"
#include "http/url.h"
#include "learned/learned.h"
#include "stages/admin/admin_priv.h"

/* --- parameters --- */

struct wish { /* what a purge asks for; p NULL: not given */
	struct fr_str url, prefix, tag, site;
	bool all, soft;
	bool hints; /* what is remembered of pages, instead of the cache */
};

static bool take_parameter(void *user, struct fr_str name, struct fr_str value)
{
	struct wish *w = user;

	if (fr_str_is(name, "url"))
		w->url = value;
	else if (fr_str_is(name, "prefix"))
		w->prefix = value;
	else if (fr_str_is(name, "tag"))
		w->tag = value;
	else if (fr_str_is(name, "site"))
		w->site = value;
	else if (fr_str_is(name, "all"))
		w->all = fr_str_is(value, "1");
	else if (fr_str_is(name, "soft"))
		w->soft = fr_str_is(value, "1");
	else if (fr_str_is(name, "hints"))
		w->hints = fr_str_is(value, "1");
	else
		return false;
	return true;
}

static bool read_wish(struct fr_exchange *ex, struct fr_str query, struct wish *w)
{
	if (!fr_admin_parameters(&ex->arena, query, take_parameter, w))
		return false;
	if (w->hints && (w->tag.p || w->soft))
		return false;
	return w->all || w->url.p || w->prefix.p || w->tag.p || w->site.p;
}

/* --- purging --- */

/* By what the URL's site says of queries. */
static struct fr_query_rule rule_of(struct fr_exchange *ex, const struct fr_url *url)
{
	struct fr_site *site = fr_generation_site(ex->gen, url->host);
	struct fr_url_path path;

	if (!site || fr_url_path_read(&ex->arena, url->target, &path) < 0)
		return (struct fr_query_rule){.policy = FR_QUERY_KEEP};
	return fr_canonical_query_rule(fr_config_find_cache(site->config, &path));
}

/* A request for a URL. */
static int request_of(struct fr_exchange *ex, const struct fr_url *url, struct fr_request *out)
{
	fr_request_init(out, &ex->arena);
	out->scheme = url->scheme;
	out->target = url->target;
	return fr_arena_printf(&ex->arena, &out->authority, "%.*s:%u", FR_STR_ARG(url->host),
	                       url->port);
}

/* The key that a URL is stored under. as_written: with its whole query. */
static int key_of(struct fr_exchange *ex, struct fr_str text, bool as_written, struct fr_str *out)
{
	struct fr_query_rule rule = {.policy = FR_QUERY_KEEP};
	struct fr_request req;
	struct fr_url url = {0};
	int rc = fr_url_parse(&ex->arena, text, &url);

	if (rc < 0)
		return rc;
	if (!as_written)
		rule = rule_of(ex, &url);
	rc = request_of(ex, &url, &req);
	return rc < 0 ? rc : fr_cache_key(&ex->arena, &req, &rule, out);
}

/* What is remembered of a URL's page, and what its queries share. */
static int purge_hints_of(struct fr_exchange *ex, struct fr_str text, size_t *n)
{
	const struct fr_config_hints as_written = {.keep_query = true};
	const struct fr_config_hints *settings = &as_written;
	struct fr_page_keys keys = {0};
	struct fr_request req;
	struct fr_url_path path;
	struct fr_site *site;
	struct fr_url url = {0};
	int rc = fr_url_parse(&ex->arena, text, &url);

	if (rc == 0)
		rc = fr_url_path_read(&ex->arena, url.target, &path);
	if (rc < 0)
		return rc;
	site = fr_generation_site(ex->gen, url.host);
	if (site)
		settings = fr_config_find_hints(site->config, &path);
	rc = request_of(ex, &url, &req);
	if (rc == 0)
		rc = fr_page_keys_make(&ex->arena, settings, &req, &keys);
	if (rc < 0)
		return rc;
	*n += fr_learned_purge_page(ex->gen->shared->knowledge, keys.whole);
	if (keys.shared.len)
		*n += fr_learned_purge_page(ex->gen->shared->knowledge, keys.shared);
	return 0;
}

static size_t purge(struct fr_exchange *ex, const struct wish *w, struct fr_str key,
                    struct fr_str prefix)
{
	struct fr_purge p = {.key = key, .prefix = prefix, .tag = w->tag, .is_soft = w->soft};

	if (w->hints)
		return fr_learned_purge(ex->gen->shared->knowledge, prefix);
	return fr_store_purge(ex->gen->shared->store, &p);
}

static int purge_url(struct fr_exchange *ex, const struct wish *w, size_t *n)
{
	struct fr_str key, none = {0};
	int rc;

	if (w->hints)
		return purge_hints_of(ex, w->url, n);
	rc = key_of(ex, w->url, false, &key);
	if (rc == 0)
		*n += purge(ex, w, key, none);
	return rc;
}

static int purge_prefix(struct fr_exchange *ex, const struct wish *w, size_t *n)
{
	struct fr_str key, none = {0};
	int rc = key_of(ex, w->prefix, true, &key);

	if (rc == 0)
		*n += purge(ex, w, none, key);
	return rc;
}

/* All URLs of a host: both schemes, any port. */
static int purge_site(struct fr_exchange *ex, const struct wish *w, size_t *n)
{
	static const char *const forms[] = {"http://%.*s/", "http://%.*s:", "https://%.*s/",
	                                    "https://%.*s:"};
	struct fr_str prefix, none = {0}, host;
	uint16_t port;

	if (fr_authority_parse(w->site, &host, &port) < 0 || port)
		return FR_ERR_SYNTAX;
	for (size_t i = 0; i < w->site.len; i++)
		((char *)(uintptr_t)w->site.p)[i] = fr_ascii_lower(w->site.p[i]);
	for (size_t i = 0; i < FR_ARRAY_LEN(forms); i++) {
		if (fr_arena_printf(&ex->arena, &prefix, forms[i], FR_STR_ARG(w->site)) < 0)
			return FR_ERR_NOMEM;
		*n += purge(ex, w, none, prefix);
	}
	return 0;
}

/* --- the answer --- */

/* The host that is meant, in lower case; empty: none, or it cannot be read. */
static struct fr_str host_of(struct fr_exchange *ex, const struct wish *w)
{
	struct fr_str url = w->url.p ? w->url : w->prefix;
	struct fr_url parsed;

	if (w->site.p)
		return w->site; /* as purge_site left it */
	return url.p && fr_url_parse(&ex->arena, url, &parsed) == 0 ? parsed.host
	                                                            : (struct fr_str){0};
}

/* ,"unknown_host":"exmaple.org","near":"example.org": why nothing was found. */
static struct fr_str why_none(struct fr_exchange *ex, struct fr_str host)
{
	const struct fr_config *c = ex->gen->shared->config;
	struct fr_suggest near;
	struct fr_str out;
	char word[FR_SUGGEST_MAX_BYTES + 1];

	if (!host.len || fr_config_find_site(c, host))
		return (struct fr_str){0};
	(void)snprintf(word, sizeof word, "%.*s", FR_STR_ARG(host));
	fr_suggest_begin(&near, word);
	for (size_t i = 0; i < c->n_sites; i++)
		for (size_t k = 0; k < c->sites[i].n_hosts; k++)
			if (c->sites[i].hosts[k][0] != '*')
				fr_suggest_offer(&near, c->sites[i].hosts[k]);
	if (fr_arena_printf(&ex->arena, &out, ",\"unknown_host\":\"%.*s\"%s%s%s", FR_STR_ARG(host),
	                    near.best ? ",\"near\":\"" : "", near.best ? near.best : "",
	                    near.best ? "\"" : "") < 0)
		return (struct fr_str){0};
	return out;
}

void fr_admin_purge(struct fr_exchange *ex, struct fr_str query)
{
	struct fr_str none = {0}, text, why = {0};
	struct wish w = {0};
	size_t n = 0;
	int rc = 0;

	if (!read_wish(ex, query, &w)) {
		fr_admin_error(
			ex, 400,
			"one of url, prefix, tag, site or all=1 is needed; soft=1 is allowed; "
			"with hints=1 one of url, prefix, site or all=1");
		return;
	}
	if (w.url.p)
		rc = purge_url(ex, &w, &n);
	if (rc == 0 && w.prefix.p)
		rc = purge_prefix(ex, &w, &n);
	if (rc == 0 && w.site.p)
		rc = purge_site(ex, &w, &n);
	if (rc == 0 && !w.url.p && !w.prefix.p && !w.site.p)
		n += purge(ex, &w, none, none);
	if (rc == 0 && n == 0)
		why = why_none(ex, host_of(ex, &w));
	if (rc < 0 ||
	    fr_arena_printf(&ex->arena, &text, "{\"purged\":%zu%.*s}\n", n, FR_STR_ARG(why)) < 0) {
		fr_admin_error(ex, 400, "not an http:// or https:// URL, or not a host name");
		return;
	}
	fr_count_add(&ex->worker->counters, w.hints ? FR_COUNT_HINTS_PURGED : FR_COUNT_CACHE_PURGED,
	             n);
	FR_LOG(INFO, "admin", "%s: purged %zu: %.*s", ex->client->peer.text, n, FR_STR_ARG(query));
	fr_exchange_answer(ex, 200, FR_ADMIN_JSON, text);
}
