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

static void site_fini(struct fr_config_site *site)
{
	free(site->cert_file);
	free(site->key_file);
	free(site->origin.url);
	free(site->origin.host);
	free(site->origin.authority);
	free(site->origin.ca_file);
	for (size_t i = 0; i < site->n_paths; i++) {
		free(site->paths[i].prefix);
		fr_lists_fini(FR_LISTS_CACHE_GROUP, &site->paths[i].cache, &site->cache);
		fr_lists_fini(FR_LISTS_HINTS_GROUP, &site->paths[i].hints, &site->hints);
		fr_lists_fini(FR_LISTS_COMPRESSION_GROUP, &site->paths[i].compression,
		              &site->compression);
	}
	free(site->paths);
	for (size_t i = 0; i < site->n_rules; i++) {
		free(site->rules[i].path);
		names_fini(site->rules[i].links, site->rules[i].n_links);
	}
	free(site->rules);
	names_fini(site->patterns, site->n_patterns);
	fr_lists_fini(FR_LISTS_CACHE_GROUP, &site->cache, NULL);
	fr_lists_fini(FR_LISTS_COMPRESSION_GROUP, &site->compression, NULL);
	fr_lists_fini(FR_LISTS_HINTS_GROUP, &site->hints, NULL);
	fr_lists_fini(FR_LISTS_SITE_GROUP, site, NULL);
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
	fr_trusted_fini(&c->trusted);
	free(c);
}
