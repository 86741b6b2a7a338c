/* The compression of a site or path: the group sites[].compression. */
#include <stdio.h>
#include <string.h>

#include "base/siphash.h"
#include "config/config_priv.h"
#include "http/media_type.h"

#define X(...) FR_SETTING_ROW(fr_raw_compression, fr_config_compression, __VA_ARGS__)
static const struct fr_setting compression_settings[] = {FR_SETTINGS_COMPRESSION(X)};
#undef X

static const char *const words[FR_CONFIG_CODINGS] = {"br", "zstd", "gzip"};
static const enum fr_coding codings[FR_CONFIG_CODINGS] = {FR_CODING_BR, FR_CODING_ZSTD,
                                                          FR_CODING_GZIP};

void fr_compression_default(struct fr_config_compression *out)
{
	fr_settings_default(compression_settings, FR_ARRAY_LEN(compression_settings), out);
}

static void take_types(const struct fr_source *s, const char *path,
                       const struct fr_config_compression *c)
{
	char key[120];

	for (size_t i = 0; i < c->n_types; i++) {
		(void)snprintf(key, sizeof key, "%s.types[%zu]", path, i);
		if (!fr_media_pattern_is_valid(fr_str_from(c->types[i])))
			fr_config_complain(s, key,
			                   "expected a media type such as text/css, text/* or "
			                   "*+json, not '%s'",
			                   c->types[i]);
	}
}

static void take_order(const struct fr_source *s, const char *path, struct fr_config_compression *c)
{
	unsigned seen = 0;
	char key[120];
	size_t word;

	c->n_order = 0;
	for (size_t i = 0; i < c->n_codings; i++) {
		(void)snprintf(key, sizeof key, "%s.codings[%zu]", path, i);
		if (fr_setting_word(s, key, c->codings[i], words, FR_ARRAY_LEN(words), &word) < 0)
			continue;
		if (seen & FR_BIT(word))
			fr_config_complain(s, key, "'%s' is listed twice", c->codings[i]);
		else
			c->order[c->n_order++] = codings[word];
		seen |= FR_BIT(word);
	}
}

/* Of all that decides on what is encoded, and into which coding. */
static uint64_t id_of(const struct fr_config_compression *c)
{
	const uint64_t numbers[] = {c->enabled, c->min_bytes, c->n_types, c->recompress};
	uint64_t id = fr_siphash(0, numbers, sizeof numbers);

	for (size_t i = 0; i < c->n_types; i++)
		id = fr_siphash(id, c->types[i], strlen(c->types[i]));
	for (size_t i = 0; i < c->n_order; i++)
		id = fr_siphash(id, &c->order[i], sizeof c->order[i]);
	return id ? id : 1;
}

void fr_compression_take(const struct fr_source *s, const char *path,
                         const struct fr_raw_compression *raw, struct fr_config_compression *out)
{
	if (raw) {
		fr_settings_apply(s, path, compression_settings, FR_ARRAY_LEN(compression_settings),
		                  raw, out);
		fr_lists_take(FR_LISTS_COMPRESSION_GROUP, raw, out);
		take_types(s, path, out);
		take_order(s, path, out);
	}
	out->id = id_of(out);
}
