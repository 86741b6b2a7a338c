/* References to a configuration, and the end of it. Declared in config/config.h. */
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"
#include "config/files.h"

void fr_config_ref(struct fr_config *c)
{
	(void)__atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
}

static void names_fini(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* inherited: whose lists are not ours; NULL: none. */
static void cache_fini(struct fr_config_cache *c, const struct fr_config_cache *inherited)
{
	if (!inherited || c->query_only != inherited->query_only)
		names_fini(c->query_only, c->n_query_only);
	if (!inherited || c->bypass_cookies != inherited->bypass_cookies)
		names_fini(c->bypass_cookies, c->n_bypass_cookies);
}

static void hints_fini(struct fr_config_hints *h, const struct fr_config_hints *inherited)
{
	if (!inherited || h->query_only != inherited->query_only)
		names_fini(h->query_only, h->n_query_only);
}

static void site_fini(struct fr_config_site *site)
{
	for (size_t i = 0; i < site->n_hosts; i++)
		free(site->hosts[i]);
	free(site->hosts);
	free(site->cert_file);
	free(site->key_file);
	free(site->origin.url);
	free(site->origin.host);
	free(site->origin.authority);
	free(site->origin.ca_file);
	for (size_t i = 0; i < site->n_paths; i++) {
		free(site->paths[i].prefix);
		cache_fini(&site->paths[i].cache, &site->cache);
		hints_fini(&site->paths[i].hints, &site->hints);
	}
	free(site->paths);
	for (size_t i = 0; i < site->n_rules; i++) {
		free(site->rules[i].path);
		names_fini(site->rules[i].links, site->rules[i].n_links);
	}
	free(site->rules);
	cache_fini(&site->cache, NULL);
	hints_fini(&site->hints, NULL);
}

void fr_config_unref(struct fr_config **cp)
{
	struct fr_config *c = *cp;

	*cp = NULL;
	if (!c || __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < c->n_listeners; i++) {
		free(c->listeners[i].text);
		free(c->listeners[i].host);
		free(c->listeners[i].path);
	}
	free(c->listeners);
	for (size_t i = 0; i < c->n_sites; i++)
		site_fini(&c->sites[i]);
	free(c->sites);
	free(c->source);
	fr_files_unref(&c->files);
	free(c->log_level);
	names_fini(c->log_modules, c->n_log_modules);
	free(c->cert_file);
	free(c->key_file);
	if (c->admin.token)
		explicit_bzero(c->admin.token, strlen(c->admin.token));
	free(c->admin.token);
	free(c->admin.token_file);
	free(c->admin.cert_file);
	free(c->admin.key_file);
	free(c->user);
	free(c->group);
	free(c->hint_memory.file);
	fr_access_log_config_fini(&c->access_log);
	free(c);
}
