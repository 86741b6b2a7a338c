/* Lists of texts by their tables (settings.h): copied from what is written, and freed. */
#include <stdlib.h>
#include <string.h>

#include "config/config_priv.h"

#define X(...) FR_LIST_ROW(fr_raw_site, fr_config_site, __VA_ARGS__)
static const struct fr_list_setting of_site[] = {FR_LISTS_SITE(X)};
#undef X
#define X(...) FR_LIST_ROW(fr_raw_hints, fr_config_hints, __VA_ARGS__)
static const struct fr_list_setting of_hints[] = {FR_LISTS_HINTS(X)};
#undef X
#define X(...) FR_LIST_ROW(fr_raw_cache, fr_config_cache, __VA_ARGS__)
static const struct fr_list_setting of_cache[] = {FR_LISTS_CACHE(X)};
#undef X
#define X(...) FR_LIST_ROW(fr_raw_compression, fr_config_compression, __VA_ARGS__)
static const struct fr_list_setting of_compression[] = {FR_LISTS_COMPRESSION(X)};
#undef X

static const struct {
	const struct fr_list_setting *v;
	size_t n;
} groups[] = {
	[FR_LISTS_SITE_GROUP] = {of_site, FR_ARRAY_LEN(of_site)},
	[FR_LISTS_HINTS_GROUP] = {of_hints, FR_ARRAY_LEN(of_hints)},
	[FR_LISTS_CACHE_GROUP] = {of_cache, FR_ARRAY_LEN(of_cache)},
	[FR_LISTS_COMPRESSION_GROUP] = {of_compression, FR_ARRAY_LEN(of_compression)},
};

static char **list_at(const void *group, size_t offset)
{
	char **list;

	memcpy(&list, (const char *)group + offset, sizeof list);
	return list;
}

void fr_lists_take(enum fr_list_group g, const void *raw, void *out)
{
	for (size_t i = 0; i < groups[g].n; i++) {
		const struct fr_list_setting *l = &groups[g].v[i];
		char **list = list_at(raw, l->raw_offset);
		unsigned count;
		size_t n;

		if (!list)
			continue;
		memcpy(&count, (const char *)raw + l->raw_n_offset, sizeof count);
		n = count;
		list = fr_config_dup_names(list, count);
		memcpy((char *)out + l->out_offset, &list, sizeof list);
		memcpy((char *)out + l->out_n_offset, &n, sizeof n);
	}
}

void fr_lists_fini(enum fr_list_group g, void *out, const void *inherited)
{
	for (size_t i = 0; i < groups[g].n; i++) {
		const struct fr_list_setting *l = &groups[g].v[i];
		char **list = list_at(out, l->out_offset);
		size_t n;

		if (inherited && list == list_at(inherited, l->out_offset))
			continue;
		memcpy(&n, (const char *)out + l->out_n_offset, sizeof n);
		for (size_t k = 0; k < n; k++)
			free(list[k]);
		free(list);
	}
}
