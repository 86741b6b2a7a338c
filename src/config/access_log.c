/* access_log of the configuration: its file, and its format compiled into
 * pieces. Declared in config/config_priv.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/enum.h"
#include "base/mem.h"
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

/* "{client} said {method}": names in braces, anything else as it is. */
static int compile(const struct fr_source *s, const char *template,
                   struct fr_config_access_log *log)
{
	struct fr_str rest = fr_str_from(template);

	log->pieces = fr_calloc(FR_LOG_MAX_PIECES, sizeof *log->pieces);
	while (rest.len) {
		size_t open = fr_str_find(rest, '{'), close;
		struct fr_str name;
		int field;

		if (log->n_pieces == FR_LOG_MAX_PIECES)
			return fr_config_complain(s, "access_log.format", "more than %u fields",
			                          FR_LOG_MAX_PIECES);
		if (open == rest.len) {
			add_piece(log, rest, -1);
			return 0;
		}
		close = fr_str_find(rest, '}');
		name = fr_str_sub(rest, open + 1, close);
		field = find_field(name);
		if (close == rest.len || close < open || field < 0)
			return fr_config_complain(s, "access_log.format",
			                          "no field of that name: '{%.*s}'",
			                          FR_STR_ARG(name));
		add_piece(log, fr_str_sub(rest, 0, open), field);
		rest = fr_str_sub(rest, close + 1, rest.len);
	}
	return 0;
}

static int take_fields(const struct fr_source *s, const struct fr_raw_access_log *raw,
                       struct fr_config_access_log *log)
{
	for (size_t i = 0; !raw->fields && i < FR_LOG_FIELD_COUNT; i++)
		log->fields[log->n_fields++] = (enum fr_log_field)i;
	for (unsigned i = 0; i < raw->fields_count; i++) {
		int field = find_field(fr_str_from(raw->fields[i]));
		char key[40];

		(void)snprintf(key, sizeof key, "access_log.fields[%u]", i);
		if (field < 0)
			return fr_config_complain(s, key, "no field of that name: '%s'",
			                          raw->fields[i]);
		for (size_t k = 0; k < log->n_fields; k++)
			if ((int)log->fields[k] == field)
				return fr_config_complain(s, key, "'%s' is listed twice",
				                          raw->fields[i]);
		log->fields[log->n_fields++] = (enum fr_log_field)field;
	}
	return 0;
}

int fr_access_log_config_take(const struct fr_source *s, const struct fr_raw_access_log *raw,
                              struct fr_config_access_log *log)
{
	const char *format = raw->format ? raw->format : "json";

	if (!raw->file || !*raw->file)
		return fr_config_complain(s, "access_log.file", "a file is needed, or \"-\"");
	log->file = strcmp(raw->file, "-") == 0 ? fr_str_dup(FR_STR("-"))
	                                        : fr_config_dup_path(s, raw->file);
	if (strcmp(format, "json") == 0) {
		log->format = FR_LOG_JSON;
		return take_fields(s, raw, log);
	}
	if (raw->fields)
		return fr_config_complain(s, "access_log.fields", "goes with format json only");
	if (strcmp(format, "combined") == 0) {
		log->format = FR_LOG_COMBINED;
		return 0;
	}
	if (!strchr(format, '{') || strchr(format, '\n'))
		return fr_config_complain(s, "access_log.format",
		                          "expected json, combined, or a line with {FIELD}s, "
		                          "not '%s'",
		                          format);
	log->format = FR_LOG_CUSTOM;
	return compile(s, format, log);
}
