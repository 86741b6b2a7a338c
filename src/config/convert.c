/* From what the file says (config_priv.h: all text) to the configuration: values, bounds,
 * defaults, and what belongs together. */
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

static int take_listeners(const struct fr_source *s, const struct fr_raw *raw, struct fr_config *c)
{
	if (raw->listen_count == 0)
		return fr_config_complain(s, "listen", "at least one listener is needed");
	c->listeners = fr_calloc(raw->listen_count + 1u, sizeof *c->listeners); /* and admin */
	for (unsigned i = 0; i < raw->listen_count; i++) {
		const struct fr_raw_listener *r = &raw->listen[i];
		struct fr_config_listener *l = &c->listeners[c->n_listeners++];
		char path[64];
		uint64_t tls;

		(void)snprintf(path, sizeof path, "listen[%u].address", i);
		if (!r->address || fr_address_parse(r->address, l) < 0)
			return fr_config_complain(s, path,
			                          "expected ADDRESS:PORT, [IPV6]:PORT, *:PORT or "
			                          "unix:PATH, not '%s'",
			                          r->address ? r->address : "");
		l->text = fr_str_dup(fr_str_from(r->address));
		for (unsigned k = 0; k < i; k++)
			if (strcmp(c->listeners[k].text, l->text) == 0 &&
			    !fr_str_ends(fr_str_from(l->text), FR_STR(":0")))
				return fr_config_complain(s, path, "'%s' is listed twice", l->text);
		tls = l->kind == FR_ADDRESS_INET;
		(void)snprintf(path, sizeof path, "listen[%u].tls", i);
		if (r->tls && !fr_setting_switch(r->tls, &tls))
			return fr_config_complain(s, path, "expected true or false, not '%s'",
			                          r->tls);
		l->tls = tls;
	}
	return 0;
}

/* The first line of the file, without white space at its ends. */
static int read_token(const struct fr_source *s, const char *file, char **out)
{
	char *path = fr_config_dup_path(s, file);
	struct fr_str token = {0};

	if (fr_files_get(s->files, path, &token) == 0)
		token = fr_str_sub(token, 0, fr_str_find(token, '\n'));
	token = fr_str_trim(fr_str_sub(token, 0, fr_str_find(token, '\r')));
	free(path);
	if (token.len < FR_ADMIN_TOKEN_MIN_BYTES || token.len > FR_ADMIN_TOKEN_MAX_BYTES)
		return fr_config_complain(s, "admin.token_file",
		                          "%s: expected a readable file with a token of %u to %u "
		                          "characters",
		                          file, FR_ADMIN_TOKEN_MIN_BYTES, FR_ADMIN_TOKEN_MAX_BYTES);
	*out = fr_str_dup(token);
	return 0;
}

static int take_certificate(const struct fr_source *s, const char *path,
                            const struct fr_raw_tls *raw, char **cert, char **key)
{
	if (!raw)
		return 0;
	if (!raw->certificate != !raw->key)
		return fr_config_complain(s, path, "certificate and key belong together");
	*cert = fr_config_dup_path(s, raw->certificate);
	*key = fr_config_dup_path(s, raw->key);
	return 0;
}

static int take_admin(const struct fr_source *s, const struct fr_raw_admin *raw,
                      struct fr_config *c)
{
	struct fr_config_listener *l = &c->listeners[c->n_listeners];

	if (!raw)
		return 0;
	if (raw->token_file && read_token(s, raw->token_file, &c->admin.token) < 0)
		return FR_ERR_INVALID;
	c->admin.token_file = fr_config_dup_path(s, raw->token_file);
	if (take_certificate(s, "admin.tls", raw->tls, &c->admin.cert_file, &c->admin.key_file) < 0)
		return FR_ERR_INVALID;
	if (!raw->listen)
		return fr_config_complain(s, "admin.listen", "an address is needed");
	c->admin.is_off = strcmp(raw->listen, "none") == 0;
	if (c->admin.is_off)
		return 0;
	if (fr_address_parse(raw->listen, l) < 0)
		return fr_config_complain(s, "admin.listen",
		                          "expected unix:PATH, ADDRESS:PORT or none, not '%s'",
		                          raw->listen);
	c->n_listeners++;
	l->text = fr_str_dup(fr_str_from(raw->listen));
	l->is_admin = true;
	for (size_t i = 0; i + 1 < c->n_listeners; i++)
		if (strcmp(c->listeners[i].text, l->text) == 0 &&
		    !fr_str_ends(fr_str_from(l->text), FR_STR(":0")))
			return fr_config_complain(s, "admin.listen", "'%s' is listed twice",
			                          l->text);
	if (c->admin.cert_file && l->kind == FR_ADDRESS_UNIX)
		return fr_config_complain(s, "admin.tls", "only an interface over TCP has TLS");
	l->tls = c->admin.cert_file != NULL;
	if (l->kind == FR_ADDRESS_INET && !c->admin.token)
		return fr_config_complain(s, "admin.listen",
		                          "over TCP a token is needed: admin.token_file");
	return 0;
}

static int take_origin(const struct fr_source *s, const char *path, const struct fr_raw_origin *raw,
                       struct fr_config_origin *o)
{
	const char *wrong;
	char key[80];

	DEFAULTS(origin, o);
	(void)snprintf(key, sizeof key, "%s.url", path);
	if (!raw || !raw->url)
		return fr_config_complain(s, key, "an origin URL is needed");
	wrong = fr_origin_url_parse(raw->url, o);
	if (wrong)
		return fr_config_complain(s, key, "%s: '%s'", wrong, raw->url);
	(void)snprintf(key, sizeof key, "%s.host", path);
	if (raw->host && strcmp(raw->host, "origin") == 0)
		o->host_policy = FR_HOST_ORIGIN;
	else if (raw->host && strcmp(raw->host, "preserve") != 0)
		return fr_config_complain(s, key, "expected preserve or origin, not '%s'",
		                          raw->host);
	o->ca_file = fr_config_dup_path(s, raw->ca);
	return APPLY(s, path, origin, raw, o);
}

static int check_site_hosts(const struct fr_source *s, const char *path,
                            struct fr_config_site *site)
{
	char key[64];

	(void)snprintf(key, sizeof key, "%s.hosts", path);
	if (site->n_hosts == 0)
		return fr_config_complain(s, key, "at least one host name is needed, or \"*\"");
	for (size_t i = 0; i < site->n_hosts; i++) {
		char *host = site->hosts[i];

		for (char *p = host; *p; p++)
			*p = fr_ascii_lower(*p);
		(void)snprintf(key, sizeof key, "%s.hosts[%zu]", path, i);
		if (!fr_host_pattern_is_valid(host))
			return fr_config_complain(
				s, key, "expected a host name, *.NAME or \"*\", not '%s'", host);
	}
	return 0;
}

static int longest_first(const void *a, const void *b)
{
	size_t la = strlen(((const struct fr_config_path *)a)->prefix);
	size_t lb = strlen(((const struct fr_config_path *)b)->prefix);

	return la < lb ? 1 : (la > lb ? -1 : 0);
}

static int take_paths(const struct fr_source *s, const char *path, const struct fr_raw_site *raw,
                      struct fr_config_site *site)
{
	site->paths = fr_calloc(raw->paths_count, sizeof *site->paths);
	for (unsigned i = 0; i < raw->paths_count; i++) {
		const struct fr_raw_path *r = &raw->paths[i];
		struct fr_config_path *p = &site->paths[i];
		char key[80];
		int rc;

		(void)snprintf(key, sizeof key, "%s.paths[%u].prefix", path, i);
		if (!r->prefix || r->prefix[0] != '/')
			return fr_config_complain(s, key, "a prefix begins with '/'");
		p->prefix = fr_config_dup_pattern(r->prefix);
		if (!p->prefix)
			return fr_config_complain(s, key, FR_CONFIG_AMBIGUOUS, r->prefix);
		site->n_paths++;
		for (unsigned k = 0; k < i; k++)
			if (strcmp(site->paths[k].prefix, p->prefix) == 0)
				return fr_config_complain(s, key, "'%s' is listed twice",
				                          r->prefix);
		p->hints = site->hints;
		(void)snprintf(key, sizeof key, "%s.paths[%u].hints", path, i);
		rc = fr_hints_take(s, key, r->hints, &p->hints);
		p->cache = site->cache;
		(void)snprintf(key, sizeof key, "%s.paths[%u].cache", path, i);
		if (rc == 0)
			rc = fr_site_cache_take(s, key, r->cache, &p->cache);
		if (rc < 0)
			return rc;
	}
	qsort(site->paths, site->n_paths, sizeof *site->paths, longest_first);
	return 0;
}

static int take_site(const struct fr_source *s, unsigned i, const struct fr_raw_site *raw,
                     struct fr_config_site *site)
{
	char path[40], key[64];
	int rc;

	(void)snprintf(path, sizeof path, "sites[%u]", i);
	fr_lists_take(FR_LISTS_SITE_GROUP, raw, site);
	rc = check_site_hosts(s, path, site);
	(void)snprintf(key, sizeof key, "%s.tls", path);
	if (rc == 0)
		rc = take_certificate(s, key, raw->tls, &site->cert_file, &site->key_file);
	(void)snprintf(key, sizeof key, "%s.origin", path);
	if (rc == 0)
		rc = take_origin(s, key, raw->origin, &site->origin);
	fr_hints_default(&site->hints);
	(void)snprintf(key, sizeof key, "%s.hints", path);
	if (rc == 0)
		rc = fr_hints_take(s, key, raw->hints, &site->hints);
	fr_site_cache_default(&site->cache);
	(void)snprintf(key, sizeof key, "%s.cache", path);
	if (rc == 0)
		rc = fr_site_cache_take(s, key, raw->cache, &site->cache);
	if (rc == 0)
		rc = take_paths(s, path, raw, site);
	return rc == 0 ? fr_rules_take(s, path, raw, site) : rc;
}

static int check_hosts(const struct fr_source *s, const struct fr_config *c)
{
	for (size_t a = 0; a < c->n_sites; a++)
		for (size_t h = 0; h < c->sites[a].n_hosts; h++)
			for (size_t b = 0; b <= a; b++)
				for (size_t k = 0; k < (b == a ? h : c->sites[b].n_hosts); k++) {
					char key[64];

					if (strcmp(c->sites[a].hosts[h], c->sites[b].hosts[k]) != 0)
						continue;
					(void)snprintf(key, sizeof key, "sites[%zu].hosts[%zu]", a,
					               h);
					return fr_config_complain(s, key, "'%s' is listed twice",
					                          c->sites[a].hosts[h]);
				}
	return 0;
}

static int take_sites(const struct fr_source *s, const struct fr_raw *raw, struct fr_config *c)
{
	if (raw->sites_count == 0)
		return fr_config_complain(s, "sites", "at least one site is needed");
	c->sites = fr_calloc(raw->sites_count, sizeof *c->sites);
	for (unsigned i = 0; i < raw->sites_count; i++) {
		int rc = take_site(s, i, &raw->sites[i], &c->sites[c->n_sites++]);

		if (rc < 0)
			return rc;
	}
	return check_hosts(s, c);
}

/* "h2=debug" */
static int take_log_modules(const struct fr_source *s, const struct fr_raw_log *raw,
                            struct fr_config *c)
{
	if (!raw || !raw->modules_count)
		return 0;
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
			return fr_config_complain(s, key, "expected MODULE=LEVEL, not '%s'",
			                          raw->modules[i]);
	}
	return 0;
}

static int take_user(const struct fr_source *s, const struct fr_raw *raw, struct fr_config *c)
{
	if (raw->group && !raw->user)
		return fr_config_complain(s, "group", "belongs to user, which is not set");
	if ((raw->user && !*raw->user) || (raw->group && !*raw->group))
		return fr_config_complain(s, "user", "expected a name");
	c->user = raw->user ? fr_str_dup(fr_str_from(raw->user)) : NULL;
	c->group = raw->group ? fr_str_dup(fr_str_from(raw->group)) : NULL;
	return APPLY(s, "security", security, raw->security, &c->security);
}

static int take_general(const struct fr_source *s, const struct fr_raw *raw, struct fr_config *c)
{
	enum fr_log_level level;
	const char *min = raw->tls ? raw->tls->min_version : NULL;

	if (raw->workers) {
		int rc =
			fr_setting_parse(s, "workers", raw->workers, &workers_setting, &c->workers);

		if (rc < 0)
			return rc;
	}
	c->log_level =
		fr_str_dup(fr_str_from(raw->log && raw->log->level ? raw->log->level : "info"));
	if (fr_log_level_parse(c->log_level, &level) < 0)
		return fr_config_complain(s, "log.level",
		                          "expected error, warn, info, debug or trace, not '%s'",
		                          c->log_level);
	if (take_log_modules(s, raw->log, c) < 0)
		return FR_ERR_INVALID;
	c->tls_min_version = 12;
	if (min && strcmp(min, "1.3") == 0)
		c->tls_min_version = 13;
	else if (min && strcmp(min, "1.2") != 0)
		return fr_config_complain(s, "tls.min_version",
		                          "expected \"1.2\" or \"1.3\", not '%s'", min);
	return take_certificate(s, "tls", raw->tls, &c->cert_file, &c->key_file);
}

static int take_access_log(const struct fr_source *s, const struct fr_raw_access_log *raw,
                           struct fr_config_access_log *log)
{
	int rc = APPLY(s, "access_log", access_log, raw, log);

	return rc < 0 || !raw ? rc : fr_access_log_config_take(s, raw, log);
}

int fr_config_convert(const struct fr_source *s, const struct fr_raw *raw, struct fr_config **out)
{
	struct fr_config *c = fr_calloc(1, sizeof *c);
	int rc;

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
	rc = take_general(s, raw, c);
	if (rc == 0)
		rc = take_listeners(s, raw, c);
	if (rc == 0)
		rc = take_admin(s, raw->admin, c);
	if (rc == 0)
		rc = take_user(s, raw, c);
	if (rc == 0)
		rc = APPLY(s, "timeouts", timeouts, raw->timeouts, &c->timeouts);
	if (rc == 0)
		rc = APPLY(s, "limits", limits, raw->limits, &c->limits);
	if (rc == 0)
		rc = APPLY(s, "http2", http2, raw->http2, &c->http2);
	if (rc == 0)
		rc = APPLY(s, "cache", store, raw->cache, &c->store);
	if (rc == 0)
		rc = fr_hint_memory_take(s, raw->hint_memory, &c->hint_memory);
	if (rc == 0)
		rc = take_access_log(s, raw->access_log, &c->access_log);
	if (rc == 0)
		rc = take_sites(s, raw, c);
	if (rc < 0) {
		fr_config_unref(&c);
		return rc;
	}
	*out = c;
	return 0;
}
