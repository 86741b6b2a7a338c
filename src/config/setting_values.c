/* Values of settings: durations, sizes, numbers and switches as they are written, and
 * whole groups of them by their tables (settings.h). */
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "config/config_priv.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static bool read_units(const char *text, const struct unit *units, uint64_t *out)
{
	struct fr_str s = fr_str_from(text), number;
	size_t n = 0;
	uint64_t v = 0;

	while (n < s.len && fr_char_is(s.p[n], FR_CH_DIGIT))
		n++;
	number = fr_str_sub(s, 0, n);
	if (fr_str_to_u64(number, &v) < 0)
		return false;
	for (; units->name; units++)
		if (fr_str_iis(fr_str_trim(fr_str_sub(s, n, s.len)), units->name)) {
			*out = v > UINT32_MAX ? UINT64_MAX : v * units->factor;
			return true;
		}
	return false;
}

bool fr_setting_switch(const char *text, uint64_t *out)
{
	static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {"false", "no",
	                                                                       "off"};

	for (size_t i = 0; i < FR_ARRAY_LEN(yes); i++) {
		if (fr_str_iis(fr_str_from(text), yes[i])) {
			*out = 1;
			return true;
		}
		if (fr_str_iis(fr_str_from(text), no[i])) {
			*out = 0;
			return true;
		}
	}
	return false;
}

static const struct unit durations[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL, 0}};
static const struct unit sizes[] = {
	{"", 1}, {"b", 1}, {"kib", FR_KIB}, {"mib", FR_MIB}, {"gib", 1024ull * FR_MIB}, {NULL, 0}};
static const struct unit none[] = {{"", 1}, {NULL, 0}};

int fr_setting_parse(const struct fr_source *s, const char *path, const char *text,
                     const struct fr_setting *setting, uint32_t *out)
{
	const char *expected = "a number";
	uint64_t v = 0;
	bool ok = false;

	switch (setting->kind) {
	case FR_SETTING_COUNT_OF:
		ok = read_units(text, none, &v);
		break;
	case FR_SETTING_DURATION:
		expected = "a duration like 500ms, 30s, 2m or 1h";
		ok = read_units(text, durations, &v);
		break;
	case FR_SETTING_SIZE:
		expected = "a size like 8192, 64KiB or 1MiB";
		ok = read_units(text, sizes, &v);
		break;
	case FR_SETTING_MEBIBYTES:
		expected = "a size like 512MiB or 4GiB";
		ok = read_units(text, sizes, &v) && v % FR_MIB == 0;
		v /= FR_MIB;
		break;
	case FR_SETTING_SWITCH:
		expected = "true or false";
		ok = fr_setting_switch(text, &v);
		break;
	}
	if (!ok)
		return fr_config_complain(s, path, "expected %s, not '%s'", expected, text);
	if (v < setting->least || v > setting->most)
		return fr_config_complain(s, path, "'%s' is out of bounds: %u to %u%s", text,
		                          setting->least, setting->most,
		                          setting->kind == FR_SETTING_DURATION    ? " milliseconds"
		                          : setting->kind == FR_SETTING_SIZE      ? " bytes"
		                          : setting->kind == FR_SETTING_MEBIBYTES ? " MiB"
		                                                                  : "");
	*out = (uint32_t)v;
	return 0;
}

/* "a, b or c" */
static void list_words(const char *const *words, size_t n, char *out, size_t cap)
{
	size_t used = 0;

	out[0] = 0;
	for (size_t i = 0; i < n && used < cap; i++) {
		const char *before = i == 0 ? "" : i + 1 < n ? ", " : " or ";
		int added = snprintf(out + used, cap - used, "%s%s", before, words[i]);

		used += added > 0 ? (size_t)added : 0;
	}
}

int fr_setting_word(const struct fr_source *s, const char *path, const char *text,
                    const char *const *words, size_t n, size_t *out)
{
	char all[160], near[FR_SUGGEST_TEXT_BYTES];
	struct fr_suggest suggest;

	fr_suggest_begin(&suggest, text);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = i;
			return 0;
		}
		fr_suggest_offer(&suggest, words[i]);
	}
	list_words(words, n, all, sizeof all);
	return fr_config_complain(s, path, "expected %s, not '%s'%s", all, text,
	                          fr_suggest_words(&suggest, near));
}

static void store(const struct fr_setting *setting, void *out, uint32_t v)
{
	char *at = (char *)out + setting->out_offset;

	if (setting->kind == FR_SETTING_SWITCH) {
		bool b = v != 0;

		memcpy(at, &b, sizeof b);
	} else {
		memcpy(at, &v, sizeof v);
	}
}

void fr_settings_default(const struct fr_setting *settings, size_t n, void *out)
{
	for (size_t i = 0; i < n; i++)
		store(&settings[i], out, settings[i].value);
}

void fr_settings_apply(const struct fr_source *s, const char *path,
                       const struct fr_setting *settings, size_t n, const void *raw, void *out)
{
	for (size_t i = 0; raw && i < n; i++) {
		char key[200], *text;
		uint32_t v = 0;

		memcpy(&text, (const char *)raw + settings[i].raw_offset, sizeof text);
		if (!text)
			continue;
		(void)snprintf(key, sizeof key, "%s.%s", path, settings[i].key);
		if (fr_setting_parse(s, key, text, &settings[i], &v) == 0)
			store(&settings[i], out, v);
	}
}
