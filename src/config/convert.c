/* From what the file says (config_priv.h: all text) to the configuration: values, bounds,
 * defaults, and what belongs together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config_priv.h"
#include "config/files.h"

#define X(...) FR_SETTING_ROW(fr_raw_timeouts, fr_config_timeouts, __VA_ARGS__)
static const struct fr_setting timeouts_settings[] = {FR_SETTINGS_TIMEOUTS(X)};
#undef X
#define X(...) FR_SETTING_ROW(fr_raw_limits, fr_config_limits, __VA_ARGS__)
static const struct fr_setting limits_settings[] = {FR_SETTINGS_LIMITS(X)};
#undef X
#define X(...) FR_SETTING_ROW(fr_raw_http2, fr_config_http2, __VA_ARGS__)
static const struct fr_setting http2_settings[] = {FR_SETTINGS_HTTP2(X)};
#undef X
#define X(...) FR_SETTING_ROW(fr_raw_store, fr_config_store, __VA_ARGS__)
static const struct fr_setting store_settings[] = {FR_SETTINGS_STORE(X)};
#undef X
#define X(...) FR_SETTING_ROW(fr_raw_origin, fr_config_origin, __VA_ARGS__)
static const struct fr_setting origin_settings[] = {FR_SETTINGS_ORIGIN(X)};
#undef X
#define X(...) FR_SETTING_ROW(fr_raw_access_log, fr_config_access_log, __VA_ARGS__)
static const struct fr_setting access_log_settings[] = {FR_SETTINGS_ACCESS_LOG(X)};
#undef X

#define X(...) FR_SETTING_ROW(fr_raw_security, fr_config_security, __VA_ARGS__)
static const struct fr_setting security_settings[] = {FR_SETTINGS_SECURITY(X)};
#undef X

static const struct fr_setting workers_setting = {"workers", FR_SETTING_COUNT_OF, 0, 0, 0, 0, 1024};

#define DEFAULTS(group, out)                                                                       \
	fr_settings_default(group##_settings, FR_ARRAY_LEN(group##_settings), out)
#define APPLY(s, path, group, raw, out)                                                            \
	fr_settings_apply(s, path, group##_settings, FR_ARRAY_LEN(group##_settings), raw, out)

/* --- groups --- */

static void take_proxy_protocol(const struct fr_source *s, unsigned i,
                                const struct fr_raw_listener *r, const struct fr_config *c,
                                struct fr_config_listener *l)
{
	bool is_unix = l->kind == FR_ADDRESS_UNIX;
	char path[64];
	uint64_t is_on = 0;

	(void)snprintf(path, sizeof path, "listen[%u].proxy_protocol", i);
	if (r->proxy_protocol && !fr_setting_switch(r->proxy_protocol, &is_on))
		fr_config_complain(s, path, "expected true or false, not '%s'", r->proxy_protocol);
	else if (is_on && !(is_unix ? c->trusted.unix_sockets : c->trusted.addresses.n > 0))
		fr_config_complain(s, path,
		                   "only connections of trusted_proxies are accepted, and it names "
		                   "no %s",
		                   is_unix ? "'unix'" : "address");
	l->proxy_protocol = is_on;
}

static void take_listener(const struct fr_source *s, unsigned i, const struct fr_raw_listener *r,
                          struct fr_config *c)
{
	struct fr_config_listener *l = &c->listeners[c->n_listeners];
	char path[64];
	uint64_t tls;

	(void)snprintf(path, sizeof path, "listen[%u].address", i);
	if (!r->address || fr_address_parse(r->address, l) < 0) {
		bool is_port = r->address && fr_str_all(fr_str_from(r->address), FR_CH_DIGIT);

		fr_config_complain(s, path,
		                   "expected ADDRESS:PORT, [IPV6]:PORT, *:PORT or unix:PATH, not "
		                   "'%s'%s%s%s",
		                   r->address ? r->address : "",
		                   is_port ? "; did you mean '*:" : "", is_port ? r->address : "",
		                   is_port ? "'?" : "");
		return;
	}
	l->text = fr_str_dup(fr_str_from(r->address));
	for (size_t k = 0; k < c->n_listeners; k++)
		if (strcmp(c->listeners[k].text, l->text) == 0 &&
		    !fr_str_ends(fr_str_from(l->text), FR_STR(":0")))
			fr_config_complain(s, path, "'%s' is listed twice", l->text);
	c->n_listeners++;
	tls = l->kind == FR_ADDRESS_INET;
	(void)snprintf(path, sizeof path, "listen[%u].tls", i);
	if (r->tls && !fr_setting_switch(r->tls, &tls))
		fr_config_complain(s, path, "expected true or false, not '%s'", r->tls);
	l->tls = tls;
	take_proxy_protocol(s, i, r, c, l);
}

static void take_listeners(const struct fr_source *s, const struct fr_raw *raw, struct fr_config *c)
{
	if (raw->listen_count == 0)
		fr_config_complain(s, "listen", "at least one listener is needed");
	c->listeners = fr_calloc(raw->listen_count + 1u, sizeof *c->listeners); /* and admin */
	for (unsigned i = 0; i < raw->listen_count; i++)
		take_listener(s, i, &raw->listen[i], c);
}

/* The first line of the file, without white space at its ends. */
static void read_token(const struct fr_source *s, const char *file, char **out)
{
	char *path = fr_config_dup_path(s, file);
	struct fr_str token = {0};

	if (fr_files_get(s->files, path, &token) < 0) {
		fr_config_complain(s, "admin.token_file", "cannot read %s: %s", path,
		                   strerror(errno));
		free(path);
		return;
	}
	free(path);
	token = fr_str_sub(token, 0, fr_str_find(token, '\n'));
	token = fr_str_trim(fr_str_sub(token, 0, fr_str_find(token, '\r')));
	if (token.len < FR_ADMIN_TOKEN_MIN_BYTES || token.len > FR_ADMIN_TOKEN_MAX_BYTES)
		fr_config_complain(s, "admin.token_file",
		                   "%s: expected a token of %u to %u characters in the first line",
		                   file, FR_ADMIN_TOKEN_MIN_BYTES, FR_ADMIN_TOKEN_MAX_BYTES);
	else
		*out = fr_str_dup(token);
}

static void take_certificate(const struct fr_source *s, const char *path,
                             const struct fr_raw_tls *raw, char **cert, char **key)
{
	if (!raw)
		return;
	if (!raw->certificate != !raw->key) {
		fr_config_complain(s, path, "certificate and key belong together");
		return;
	}
	*cert = fr_config_dup_path(s, raw->certificate);
	*key = fr_config_dup_path(s, raw->key);
}

static void take_admin_listener(const struct fr_source *s, const struct fr_raw_admin *raw,
                                struct fr_config *c)
{
	struct fr_config_listener *l = &c->listeners[c->n_listeners];

	if (fr_address_parse(raw->listen, l) < 0) {
		fr_config_complain(s, "admin.listen",
		                   "expected unix:PATH, ADDRESS:PORT or none, not '%s'",
		                   raw->listen);
		return;
	}
	l->text = fr_str_dup(fr_str_from(raw->listen));
	l->is_admin = true;
	l->tls = c->admin.cert_file != NULL;
	for (size_t i = 0; i < c->n_listeners; i++)
		if (strcmp(c->listeners[i].text, l->text) == 0 &&
		    !fr_str_ends(fr_str_from(l->text), FR_STR(":0")))
			fr_config_complain(s, "admin.listen", "'%s' is listed twice", l->text);
	c->n_listeners++;
	if (l->kind == FR_ADDRESS_UNIX && l->tls)
		fr_config_complain(s, "admin.tls", "only an interface over TCP has TLS");
	if (l->kind == FR_ADDRESS_INET && !c->admin.token)
		fr_config_complain(s, "admin.listen",
		                   "over TCP a token is needed: admin.token_file");
}

static void take_admin(const struct fr_source *s, const struct fr_raw_admin *raw,
                       struct fr_config *c)
{
	if (!raw)
		return;
	if (raw->token_file)
		read_token(s, raw->token_file, &c->admin.token);
	c->admin.token_file = fr_config_dup_path(s, raw->token_file);
	take_certificate(s, "admin.tls", raw->tls, &c->admin.cert_file, &c->admin.key_file);
	c->admin.is_off = raw->listen && strcmp(raw->listen, "none") == 0;
	if (!raw->listen)
		fr_config_complain(s, "admin.listen", "an address is needed");
	else if (!c->admin.is_off)
		take_admin_listener(s, raw, c);
}

static void take_origin(const struct fr_source *s, const char *path,
                        const struct fr_raw_origin *raw, struct fr_config_origin *o)
{
	static const char *const policies[] = {
		[FR_HOST_PRESERVE] = "preserve", [FR_HOST_ORIGIN] = "origin"};
	const char *wrong;
	size_t policy = 0;
	char key[80];

	DEFAULTS(origin, o);
	(void)snprintf(key, sizeof key, "%s.url", path);
	if (!raw || !raw->url)
		fr_config_complain(s, key, "an origin URL is needed");
	if (!raw)
		return;
	wrong = raw->url ? fr_origin_url_parse(raw->url, o) : NULL;
	if (wrong)
		fr_config_complain(s, key, "%s: '%s'%s%s%s", wrong, raw->url,
		                   strstr(raw->url, "://") ? "" : "; did you mean 'http://",
		                   strstr(raw->url, "://") ? "" : raw->url,
		                   strstr(raw->url, "://") ? "" : "'?");
	(void)snprintf(key, sizeof key, "%s.host", path);
	if (raw->host &&
	    fr_setting_word(s, key, raw->host, policies, FR_ARRAY_LEN(policies), &policy) == 0)
		o->host_policy = (enum fr_host_policy)policy;
	o->ca_file = fr_config_dup_path(s, raw->ca);
	APPLY(s, path, origin, raw, o);
}

static void check_site_hosts(const struct fr_source *s, const char *path,
                             struct fr_config_site *site)
{
	char key[96];

	(void)snprintf(key, sizeof key, "%s.hosts", path);
	if (site->n_hosts == 0)
		fr_config_complain(s, key, "at least one host name is needed, or \"*\"");
	for (size_t i = 0; i < site->n_hosts; i++) {
		char *host = site->hosts[i];

		for (char *p = host; *p; p++)
			*p = fr_ascii_lower(*p);
		(void)snprintf(key, sizeof key, "%s.hosts[%zu]", path, i);
		if (!fr_host_pattern_is_valid(host))
			fr_config_complain(s, key,
			                   "expected a host name, *.NAME or \"*\", not '%s'", host);
	}
}

static int longest_first(const void *a, const void *b)
{
	size_t la = strlen(((const struct fr_config_path *)a)->prefix);
	size_t lb = strlen(((const struct fr_config_path *)b)->prefix);

	return la < lb ? 1 : (la > lb ? -1 : 0);
}

/* NULL: complained. */
static char *take_prefix(const struct fr_source *s, const char *key, const struct fr_raw_path *r,
                         const struct fr_config_site *site)
{
	char *prefix;

	if (!r->prefix || r->prefix[0] != '/') {
		fr_config_complain(s, key, "a prefix begins with '/'");
		return NULL;
	}
	prefix = fr_config_dup_pattern(r->prefix);
	if (!prefix)
		fr_config_complain(s, key, FR_CONFIG_AMBIGUOUS, r->prefix);
	for (size_t k = 0; prefix && k < site->n_paths; k++)
		if (strcmp(site->paths[k].prefix, prefix) == 0)
			fr_config_complain(s, key, "'%s' is listed twice", r->prefix);
	return prefix;
}

static void take_paths(const struct fr_source *s, const char *path, const struct fr_raw_site *raw,
                       struct fr_config_site *site)
{
	site->paths = fr_calloc(raw->paths_count, sizeof *site->paths);
	for (unsigned i = 0; i < raw->paths_count; i++) {
		const struct fr_raw_path *r = &raw->paths[i];
		struct fr_config_path *p = &site->paths[site->n_paths];
		char key[80];

		(void)snprintf(key, sizeof key, "%s.paths[%u].prefix", path, i);
		p->prefix = take_prefix(s, key, r, site);
		if (!p->prefix)
			p->prefix = fr_str_dup(FR_STR("/"));
		site->n_paths++;
		p->hints = site->hints;
		(void)snprintf(key, sizeof key, "%s.paths[%u].hints", path, i);
		fr_hints_take(s, key, r->hints, &p->hints);
		p->cache = site->cache;
		(void)snprintf(key, sizeof key, "%s.paths[%u].cache", path, i);
		fr_site_cache_take(s, key, r->cache, &p->cache);
		p->compression = site->compression;
		(void)snprintf(key, sizeof key, "%s.paths[%u].compression", path, i);
		fr_compression_take(s, key, r->compression, &p->compression);
	}
	qsort(site->paths, site->n_paths, sizeof *site->paths, longest_first);
}

static void take_site(const struct fr_source *s, unsigned i, const struct fr_raw_site *raw,
                      struct fr_config_site *site)
{
	char path[40], key[64];

	(void)snprintf(path, sizeof path, "sites[%u]", i);
	fr_lists_take(FR_LISTS_SITE_GROUP, raw, site);
	check_site_hosts(s, path, site);
	(void)snprintf(key, sizeof key, "%s.tls", path);
	take_certificate(s, key, raw->tls, &site->cert_file, &site->key_file);
	(void)snprintf(key, sizeof key, "%s.origin", path);
	take_origin(s, key, raw->origin, &site->origin);
	fr_hints_default(&site->hints);
	(void)snprintf(key, sizeof key, "%s.hints", path);
	fr_hints_take(s, key, raw->hints, &site->hints);
	fr_site_cache_default(&site->cache);
	(void)snprintf(key, sizeof key, "%s.cache", path);
	fr_site_cache_take(s, key, raw->cache, &site->cache);
	fr_compression_default(&site->compression);
	(void)snprintf(key, sizeof key, "%s.compression", path);
	fr_compression_take(s, key, raw->compression, &site->compression);
	take_paths(s, path, raw, site);
	fr_rules_take(s, path, raw, site);
}

static bool is_repeated(const struct fr_config *c, size_t site, size_t host)
{
	for (size_t b = 0; b <= site; b++)
		for (size_t k = 0; k < (b == site ? host : c->sites[b].n_hosts); k++)
			if (strcmp(c->sites[site].hosts[host], c->sites[b].hosts[k]) == 0)
				return true;
	return false;
}

static void check_hosts(const struct fr_source *s, const struct fr_config *c)
{
	for (size_t a = 0; a < c->n_sites; a++)
		for (size_t h = 0; h < c->sites[a].n_hosts; h++) {
			char key[64];

			(void)snprintf(key, sizeof key, "sites[%zu].hosts[%zu]", a, h);
			if (is_repeated(c, a, h))
				fr_config_complain(s, key, "'%s' is listed twice",
				                   c->sites[a].hosts[h]);
		}
}

static void take_sites(const struct fr_source *s, const struct fr_raw *raw, struct fr_config *c)
{
	if (raw->sites_count == 0)
		fr_config_complain(s, "sites", "at least one site is needed");
	c->sites = fr_calloc(raw->sites_count, sizeof *c->sites);
	for (unsigned i = 0; i < raw->sites_count; i++)
		take_site(s, i, &raw->sites[i], &c->sites[c->n_sites++]);
	check_hosts(s, c);
}

/* "h2=debug" */
static void take_log_modules(const struct fr_source *s, const struct fr_raw_log *raw,
                             struct fr_config *c)
{
	if (!raw || !raw->modules_count)
		return;
	c->log_modules = fr_config_dup_names(raw->modules, raw->modules_count);
	c->n_log_modules = raw->modules_count;
	for (unsigned i = 0; i < raw->modules_count; i++) {
		const char *eq = strchr(raw->modules[i], '=');
		enum fr_log_level level;
		char key[40];

		(void)snprintf(key, sizeof key, "log.modules[%u]", i);
		if (!eq || eq == raw->modules[i] ||
		    (size_t)(eq - raw->modules[i]) >= FR_LOG_MODULE_BYTES ||
		    fr_log_level_parse(eq + 1, &level) < 0)
			fr_config_complain(s, key, "expected MODULE=LEVEL, not '%s'",
			                   raw->modules[i]);
	}
}

static void take_user(const struct fr_source *s, const struct fr_raw *raw, struct fr_config *c)
{
	if (raw->group && !raw->user)
		fr_config_complain(s, "group", "belongs to user, which is not set");
	if (raw->user && !*raw->user)
		fr_config_complain(s, "user", "expected a name");
	if (raw->group && !*raw->group)
		fr_config_complain(s, "group", "expected a name");
	c->user = raw->user ? fr_str_dup(fr_str_from(raw->user)) : NULL;
	c->group = raw->group ? fr_str_dup(fr_str_from(raw->group)) : NULL;
	APPLY(s, "security", security, raw->security, &c->security);
}

static void take_log(const struct fr_source *s, const struct fr_raw_log *raw, struct fr_config *c)
{
	static const char *const levels[] = {"error", "warn", "info", "debug", "trace"};
	const char *level = raw && raw->level ? raw->level : "info";
	size_t which;

	(void)!fr_setting_word(s, "log.level", level, levels, FR_ARRAY_LEN(levels), &which);
	c->log_level = fr_str_dup(fr_str_from(level));
	take_log_modules(s, raw, c);
}

static void take_general(const struct fr_source *s, const struct fr_raw *raw, struct fr_config *c)
{
	static const char *const versions[] = {"1.2", "1.3"};
	const char *min = raw->tls ? raw->tls->min_version : NULL;
	size_t version = 0;

	if (raw->workers)
		(void)!fr_setting_parse(s, "workers", raw->workers, &workers_setting, &c->workers);
	take_log(s, raw->log, c);
	if (min)
		(void)!fr_setting_word(s, "tls.min_version", min, versions, FR_ARRAY_LEN(versions),
		                       &version);
	c->tls_min_version = version == 1 ? 13 : 12;
	take_certificate(s, "tls", raw->tls, &c->cert_file, &c->key_file);
}

struct fr_config *fr_config_convert(const struct fr_source *s, const struct fr_raw *raw)
{
	struct fr_config *c = fr_calloc(1, sizeof *c);

	c->refs = 1;
	c->source = fr_str_dup(fr_str_from(s->name));
	c->files = s->files;
	fr_files_ref(c->files);
	DEFAULTS(timeouts, &c->timeouts);
	DEFAULTS(limits, &c->limits);
	DEFAULTS(http2, &c->http2);
	DEFAULTS(store, &c->store);
	DEFAULTS(access_log, &c->access_log);
	DEFAULTS(security, &c->security);
	take_general(s, raw, c);
	fr_trusted_take(s, raw, &c->trusted);
	take_listeners(s, raw, c);
	take_admin(s, raw->admin, c);
	take_user(s, raw, c);
	APPLY(s, "timeouts", timeouts, raw->timeouts, &c->timeouts);
	APPLY(s, "limits", limits, raw->limits, &c->limits);
	APPLY(s, "http2", http2, raw->http2, &c->http2);
	APPLY(s, "cache", store, raw->cache, &c->store);
	fr_hint_memory_take(s, raw->hint_memory, &c->hint_memory);
	APPLY(s, "access_log", access_log, raw->access_log, &c->access_log);
	if (raw->access_log)
		fr_access_log_config_take(s, raw->access_log, &c->access_log);
	take_sites(s, raw, c);
	return c;
}
