/* The schema that libcyaml reads YAML by, and what it says about errors as file, line
 * and key. */
#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config_priv.h"

#define MAX_SITES 1000
#define MAX_PATHS 200
#define MAX_RULES 1000
#define MAX_LISTENERS 64
#define MAX_NAMES 64

#define TEXT(type, member)                                                                         \
	CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_OPTIONAL, struct type, member, 0,               \
	                       CYAML_UNLIMITED)
#define GROUP(type, member, fields)                                                                \
	CYAML_FIELD_MAPPING_PTR(#member, CYAML_FLAG_OPTIONAL, struct type, member, fields)
#define LIST(type, member, entry, max)                                                             \
	CYAML_FIELD_SEQUENCE(#member, CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, struct type,       \
	                     member, entry, 0, max)
#define ROW(type, key) TEXT(type, key),
#define LIST_ROW(type, key, most) LIST(type, key, &text_value, most),

#define X(key, member, kind, value, least, most) ROW(fr_raw_timeouts, key)
static const cyaml_schema_field_t timeouts_fields[] = {FR_SETTINGS_TIMEOUTS(X) CYAML_FIELD_END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_limits, key)
static const cyaml_schema_field_t limits_fields[] = {FR_SETTINGS_LIMITS(X) CYAML_FIELD_END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_http2, key)
static const cyaml_schema_field_t http2_fields[] = {FR_SETTINGS_HTTP2(X) CYAML_FIELD_END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_hints, key)
static const cyaml_schema_value_t text_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};
#define L(key, most) LIST_ROW(fr_raw_hints, key, most)
static const cyaml_schema_field_t hints_fields[] = {
	FR_SETTINGS_HINTS(X) FR_LISTS_HINTS(L) TEXT(fr_raw_hints, early_hints),
	TEXT(fr_raw_hints, server_timing), CYAML_FIELD_END};
#undef X
#undef L
#define X(key, member, kind, value, least, most) ROW(fr_raw_hint_memory, key)
static const cyaml_schema_field_t hint_memory_fields[] = {
	FR_SETTINGS_HINT_MEMORY(X) TEXT(fr_raw_hint_memory, file), CYAML_FIELD_END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_cache, key)
#define L(key, most) LIST_ROW(fr_raw_cache, key, most)
static const cyaml_schema_field_t cache_fields[] = {
	FR_SETTINGS_CACHE(X) FR_LISTS_CACHE(L) TEXT(fr_raw_cache, heuristics), CYAML_FIELD_END};
#undef X
#undef L
#define X(key, member, kind, value, least, most) ROW(fr_raw_store, key)
static const cyaml_schema_field_t store_fields[] = {FR_SETTINGS_STORE(X) CYAML_FIELD_END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_origin, key)
static const cyaml_schema_field_t origin_fields[] = {
	TEXT(fr_raw_origin, url), TEXT(fr_raw_origin, host), TEXT(fr_raw_origin, ca),
	FR_SETTINGS_ORIGIN(X) CYAML_FIELD_END};
#undef X

#define X(key, member, kind, value, least, most) ROW(fr_raw_access_log, key)
static const cyaml_schema_field_t access_log_fields[] = {
	TEXT(fr_raw_access_log, file), TEXT(fr_raw_access_log, format),
	LIST(fr_raw_access_log, fields, &text_value, MAX_NAMES),
	FR_SETTINGS_ACCESS_LOG(X) CYAML_FIELD_END};
#undef X

#define X(key, member, kind, value, least, most) ROW(fr_raw_security, key)
static const cyaml_schema_field_t security_fields[] = {FR_SETTINGS_SECURITY(X) CYAML_FIELD_END};
#undef X

static const cyaml_schema_field_t log_fields[] = {
	TEXT(fr_raw_log, level), LIST(fr_raw_log, modules, &text_value, FR_LOG_MAX_MODULES),
	CYAML_FIELD_END};
static const cyaml_schema_field_t tls_fields[] = {TEXT(fr_raw_tls, certificate),
                                                  TEXT(fr_raw_tls, key),
                                                  TEXT(fr_raw_tls, min_version), CYAML_FIELD_END};
static const cyaml_schema_field_t site_tls_fields[] = {TEXT(fr_raw_tls, certificate),
                                                       TEXT(fr_raw_tls, key), CYAML_FIELD_END};
static const cyaml_schema_field_t admin_fields[] = {
	TEXT(fr_raw_admin, listen), TEXT(fr_raw_admin, token_file),
	GROUP(fr_raw_admin, tls, site_tls_fields), CYAML_FIELD_END};
static const cyaml_schema_field_t listener_fields[] = {TEXT(fr_raw_listener, address),
                                                       TEXT(fr_raw_listener, tls), CYAML_FIELD_END};
static const cyaml_schema_value_t listener_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fr_raw_listener, listener_fields)};
static const cyaml_schema_field_t path_fields[] = {
	TEXT(fr_raw_path, prefix), GROUP(fr_raw_path, hints, hints_fields),
	GROUP(fr_raw_path, cache, cache_fields), CYAML_FIELD_END};
static const cyaml_schema_value_t path_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fr_raw_path, path_fields)};
static const cyaml_schema_field_t rule_fields[] = {
	TEXT(fr_raw_rule, path), LIST(fr_raw_rule, links, &text_value, MAX_NAMES), CYAML_FIELD_END};
static const cyaml_schema_value_t rule_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fr_raw_rule, rule_fields)};
#define L(key, most) LIST_ROW(fr_raw_site, key, most)
static const cyaml_schema_field_t site_fields[] = {FR_LISTS_SITE(L)
                                                           GROUP(fr_raw_site, tls, site_tls_fields),
                                                   GROUP(fr_raw_site, origin, origin_fields),
                                                   GROUP(fr_raw_site, hints, hints_fields),
                                                   GROUP(fr_raw_site, cache, cache_fields),
                                                   LIST(fr_raw_site, paths, &path_value, MAX_PATHS),
                                                   LIST(fr_raw_site, rules, &rule_value, MAX_RULES),
                                                   CYAML_FIELD_END};
#undef L
static const cyaml_schema_value_t site_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fr_raw_site, site_fields)};
static const cyaml_schema_field_t root_fields[] = {
	TEXT(fr_raw, workers),
	TEXT(fr_raw, user),
	TEXT(fr_raw, group),
	GROUP(fr_raw, security, security_fields),
	GROUP(fr_raw, log, log_fields),
	GROUP(fr_raw, access_log, access_log_fields),
	LIST(fr_raw, listen, &listener_value, MAX_LISTENERS),
	GROUP(fr_raw, admin, admin_fields),
	GROUP(fr_raw, tls, tls_fields),
	GROUP(fr_raw, timeouts, timeouts_fields),
	GROUP(fr_raw, limits, limits_fields),
	GROUP(fr_raw, http2, http2_fields),
	GROUP(fr_raw, cache, store_fields),
	GROUP(fr_raw, hint_memory, hint_memory_fields),
	LIST(fr_raw, sites, &site_value, MAX_SITES),
	CYAML_FIELD_END};
static const cyaml_schema_value_t root_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct fr_raw, root_fields)};

/* libcyaml says what is wrong only through its log: a message, then a trace of
 * "in mapping field 'x' (line: 3, column: 5)" from the inside out. */
struct capture {
	char message[256];
	char path[256];
	unsigned line;
};

static void prepend(char *path, size_t cap, const char *piece, const char *joint)
{
	char all[600];

	(void)snprintf(all, sizeof all, "%s%s%s", piece, *path ? joint : "", path);
	(void)snprintf(path, cap, "%.*s", (int)cap - 1, all);
}

static void take_trace(struct capture *c, const char *line)
{
	char name[128], piece[160];
	unsigned at = 0, index = 0;
	const char *pos = strstr(line, "(line: ");

	if (pos && c->line == 0 && sscanf(pos, "(line: %u", &at) == 1)
		c->line = at;
	if (sscanf(line, " in mapping field '%127[^']'", name) == 1)
		prepend(c->path, sizeof c->path, name, c->path[0] == '[' ? "" : ".");
	else if (sscanf(line, " in sequence entry '%u'", &index) == 1) {
		/* libcyaml counts from 1 */
		(void)snprintf(piece, sizeof piece, "[%u]", index ? index - 1 : 0);
		prepend(c->path, sizeof c->path, piece, c->path[0] == '[' ? "" : ".");
	}
}

static void on_log(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	struct capture *c = ctx;
	char line[512];
	char *text;

	if (level < CYAML_LOG_ERROR)
		return;
	(void)vsnprintf(line, sizeof line, fmt, args);
	line[strcspn(line, "\n")] = '\0';
	text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
	if (strstr(text, "(line: ") && strstr(text, " in "))
		take_trace(c, text);
	else if (c->message[0] == '\0' && strcmp(text, "Backtrace:") != 0)
		(void)snprintf(c->message, sizeof c->message, "%.*s", (int)sizeof c->message - 1,
		               text);
}

/* libcyaml places an unknown key at the end of what it read last. */
static void place_unknown_key(struct capture *c, const char *text, size_t len)
{
	static const char prefix[] = "Unexpected key: ";
	const char *key = c->message + sizeof prefix - 1;
	unsigned line;
	size_t at;

	if (strncmp(c->message, prefix, sizeof prefix - 1) != 0)
		return;
	at = strlen(c->path);
	(void)snprintf(c->path + at, sizeof c->path - at, "%s%s", at ? "." : "", key);
	line = fr_config_locate(text, len, c->path);
	c->line = line ? line : c->line;
	(void)snprintf(c->message, sizeof c->message, "unknown key");
}

int fr_raw_parse(const char *name, const char *text, size_t len, struct fr_raw **out,
                 struct fr_config_problem *why)
{
	struct capture c = {0};
	cyaml_config_t config = {
		.log_fn = on_log,
		.log_ctx = &c,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	cyaml_err_t err = cyaml_load_data((const uint8_t *)text, len, &config, &root_value,
	                                  (cyaml_data_t **)out, NULL);
	const char *what;

	if (err == CYAML_OK && *out)
		return 0;
	place_unknown_key(&c, text, len);
	what = c.message[0] ? c.message
	                    : (err == CYAML_OK ? "the file is empty" : cyaml_strerror(err));
	(void)snprintf(why->text, sizeof why->text, "%s:%u: %s%s%s", name, c.line ? c.line : 1,
	               c.path, c.path[0] ? ": " : "", what);
	return FR_ERR_SYNTAX;
}

void fr_raw_free(struct fr_raw **raw)
{
	cyaml_config_t config = {.mem_fn = cyaml_mem};

	if (*raw)
		(void)cyaml_free(&config, &root_value, *raw, 0);
	*raw = NULL;
}
