/* access_log of the configuration: its file, and its format compiled into
 * pieces. Declared in config/config_priv.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/enum.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "config/config_priv.h"

FR_ENUM_STR(fr_log_field_name, fr_log_field, FR_LOG_FIELD_TABLE)

static int find_field(struct fr_str name)
{
	for (int i = 0; i < FR_LOG_FIELD_COUNT; i++)
		if (fr_str_is(name, fr_log_field_name((enum fr_log_field)i)))
			return i;
	return -1;
}

void fr_access_log_config_fini(struct fr_config_access_log *log)
{
	for (size_t i = 0; i < log->n_pieces; i++)
		free(log->pieces[i].text);
	free(log->pieces);
	free(log->file);
}

static void add_piece(struct fr_config_access_log *log, struct fr_str text, int field)
{
	log->pieces[log->n_pieces++] =
		(struct fr_log_piece){.text = fr_str_dup(text), .len = text.len, .field = field};
}

static int complain_of_field(const struct fr_source *s, const char *key, struct fr_str name)
{
	char text[FR_SUGGEST_MAX_BYTES + 1], words[FR_SUGGEST_TEXT_BYTES];
	struct fr_suggest near;

	(void)snprintf(text, sizeof text, "%.*s", FR_STR_ARG(name));
	fr_suggest_begin(&near, text);
	for (int i = 0; i < FR_LOG_FIELD_COUNT; i++)
		fr_suggest_offer(&near, fr_log_field_name((enum fr_log_field)i));
	return fr_config_complain(s, key, "no field of that name: '%.*s'%s", FR_STR_ARG(name),
	                          fr_suggest_words(&near, words));
}

/* "{client} said {method}": names in braces, anything else as it is. */
static void compile(const struct fr_source *s, const char *template,
                    struct fr_config_access_log *log)
{
	struct fr_str rest = fr_str_from(template);

	log->pieces = fr_calloc(FR_LOG_MAX_PIECES, sizeof *log->pieces);
	while (rest.len) {
		size_t open = fr_str_find(rest, '{'), close = fr_str_find(rest, '}');
		struct fr_str name = fr_str_sub(rest, open + 1, close);
		int field = find_field(name);

		if (log->n_pieces == FR_LOG_MAX_PIECES) {
			fr_config_complain(s, "access_log.format", "more than %u fields",
			                   FR_LOG_MAX_PIECES);
			return;
		}
		if (open == rest.len) {
			add_piece(log, rest, -1);
			return;
		}
		if (close == rest.len || close < open) {
			fr_config_complain(s, "access_log.format", "a '{' or '}' stands alone");
			return;
		}
		if (field < 0) {
			complain_of_field(s, "access_log.format", name);
			return;
		}
		add_piece(log, fr_str_sub(rest, 0, open), field);
		rest = fr_str_sub(rest, close + 1, rest.len);
	}
}

static void take_fields(const struct fr_source *s, const struct fr_raw_access_log *raw,
                        struct fr_config_access_log *log)
{
	bool seen[FR_LOG_FIELD_COUNT] = {false};

	for (size_t i = 0; !raw->fields && i < FR_LOG_FIELD_COUNT; i++)
		log->fields[log->n_fields++] = (enum fr_log_field)i;
	for (unsigned i = 0; i < raw->fields_count; i++) {
		int field = find_field(fr_str_from(raw->fields[i]));
		char key[40];

		(void)snprintf(key, sizeof key, "access_log.fields[%u]", i);
		if (field < 0) {
			complain_of_field(s, key, fr_str_from(raw->fields[i]));
		} else if (seen[field]) {
			fr_config_complain(s, key, "'%s' is listed twice", raw->fields[i]);
		} else {
			log->fields[log->n_fields++] = (enum fr_log_field)field;
			seen[field] = true;
		}
	}
}

void fr_access_log_config_take(const struct fr_source *s, const struct fr_raw_access_log *raw,
                               struct fr_config_access_log *log)
{
	const char *format = raw->format ? raw->format : "json";

	if (!raw->file || !*raw->file)
		fr_config_complain(s, "access_log.file", "a file is needed, or \"-\"");
	else
		log->file = strcmp(raw->file, "-") == 0 ? fr_str_dup(FR_STR("-"))
		                                        : fr_config_dup_path(s, raw->file);
	if (strcmp(format, "json") == 0) {
		log->format = FR_LOG_JSON;
		take_fields(s, raw, log);
		return;
	}
	if (raw->fields)
		fr_config_complain(s, "access_log.fields", "goes with format json only");
	if (strcmp(format, "combined") == 0) {
		log->format = FR_LOG_COMBINED;
	} else if (!strchr(format, '{') || strchr(format, '\n')) {
		fr_config_complain(s, "access_log.format",
		                   "expected json, combined, or a line with {FIELD}s, not '%s'",
		                   format);
	} else {
		log->format = FR_LOG_CUSTOM;
		compile(s, format, log);
	}
}
