/* Which keys the configuration has, and where read.c puts their texts. */
#include "config/schema.h"

#include <stddef.h>

#include "base/log.h"
#include "config/config_priv.h"

#define MAX_SITES 1000
#define MAX_PATHS 200
#define MAX_RULES 1000
#define MAX_LISTENERS 64
#define MAX_NAMES 64
#define MAX_TRUSTED 1024

#define TEXT(type, member)                                                                         \
	{                                                                                          \
		.key = #member, .offset = offsetof(struct type, member), .value = {                \
			.kind = FR_SCHEMA_TEXT,                                                    \
			.size = sizeof(char *)                                                     \
		}                                                                                  \
	}
#define GROUP(type, member, keys)                                                                  \
	{                                                                                          \
		.key = #member, .offset = offsetof(struct type, member), .value = {                \
			.kind = FR_SCHEMA_GROUP,                                                   \
			.size = sizeof *((struct type *)NULL)->member,                             \
			.fields = (keys)                                                           \
		}                                                                                  \
	}
#define LIST(type, member, entries, max)                                                           \
	{                                                                                          \
		.key = #member, .offset = offsetof(struct type, member),                           \
		.count_offset = offsetof(struct type, member##_count), .value = {                  \
			.kind = FR_SCHEMA_LIST,                                                    \
			.size = sizeof(void *),                                                    \
			.entry = (entries),                                                        \
			.most = (max)                                                              \
		}                                                                                  \
	}
#define END                                                                                        \
	{                                                                                          \
		.key = NULL                                                                        \
	}
/* An entry of a list that is a group. */
#define ENTRY(type, keys)                                                                          \
	{                                                                                          \
		.kind = FR_SCHEMA_GROUP, .size = sizeof(struct type), .fields = (keys)             \
	}
#define ROW(type, key) TEXT(type, key),
#define LIST_ROW(type, key, most) LIST(type, key, &text_value, most),

#define X(key, member, kind, value, least, most) ROW(fr_raw_timeouts, key)
static const struct fr_schema_field timeouts_fields[] = {FR_SETTINGS_TIMEOUTS(X) END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_limits, key)
static const struct fr_schema_field limits_fields[] = {FR_SETTINGS_LIMITS(X) END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_http2, key)
static const struct fr_schema_field http2_fields[] = {FR_SETTINGS_HTTP2(X) END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_hints, key)
static const struct fr_schema text_value = {.kind = FR_SCHEMA_TEXT, .size = sizeof(char *)};
#define L(key, most) LIST_ROW(fr_raw_hints, key, most)
static const struct fr_schema_field hints_fields[] = {FR_SETTINGS_HINTS(X) FR_LISTS_HINTS(L)
                                                              TEXT(fr_raw_hints, early_hints),
                                                      TEXT(fr_raw_hints, server_timing), END};
#undef X
#undef L
#define X(key, member, kind, value, least, most) ROW(fr_raw_hint_memory, key)
static const struct fr_schema_field hint_memory_fields[] = {
	FR_SETTINGS_HINT_MEMORY(X) TEXT(fr_raw_hint_memory, file), END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_cache, key)
#define L(key, most) LIST_ROW(fr_raw_cache, key, most)
static const struct fr_schema_field cache_fields[] = {FR_SETTINGS_CACHE(X) FR_LISTS_CACHE(L)
                                                              TEXT(fr_raw_cache, heuristics),
                                                      TEXT(fr_raw_cache, cookies), END};
#undef X
#undef L
#define X(key, member, kind, value, least, most) ROW(fr_raw_compression, key)
#define L(key, most) LIST_ROW(fr_raw_compression, key, most)
static const struct fr_schema_field compression_fields[] = {FR_SETTINGS_COMPRESSION(X)
                                                                    FR_LISTS_COMPRESSION(L) END};
#undef X
#undef L
#define X(key, member, kind, value, least, most) ROW(fr_raw_store, key)
static const struct fr_schema_field store_fields[] = {FR_SETTINGS_STORE(X) END};
#undef X
#define X(key, member, kind, value, least, most) ROW(fr_raw_origin, key)
static const struct fr_schema_field origin_fields[] = {
	TEXT(fr_raw_origin, url), TEXT(fr_raw_origin, host), TEXT(fr_raw_origin, ca),
	FR_SETTINGS_ORIGIN(X) END};
#undef X

#define X(key, member, kind, value, least, most) ROW(fr_raw_access_log, key)
static const struct fr_schema_field access_log_fields[] = {
	TEXT(fr_raw_access_log, file), TEXT(fr_raw_access_log, format),
	LIST(fr_raw_access_log, fields, &text_value, MAX_NAMES), FR_SETTINGS_ACCESS_LOG(X) END};
#undef X

#define X(key, member, kind, value, least, most) ROW(fr_raw_security, key)
static const struct fr_schema_field security_fields[] = {FR_SETTINGS_SECURITY(X) END};
#undef X

static const struct fr_schema_field log_fields[] = {
	TEXT(fr_raw_log, level), LIST(fr_raw_log, modules, &text_value, FR_LOG_MAX_MODULES), END};
static const struct fr_schema_field tls_fields[] = {
	TEXT(fr_raw_tls, certificate), TEXT(fr_raw_tls, key), TEXT(fr_raw_tls, min_version), END};
static const struct fr_schema_field site_tls_fields[] = {TEXT(fr_raw_tls, certificate),
                                                         TEXT(fr_raw_tls, key), END};
static const struct fr_schema_field admin_fields[] = {
	TEXT(fr_raw_admin, listen), TEXT(fr_raw_admin, token_file),
	GROUP(fr_raw_admin, tls, site_tls_fields), END};
static const struct fr_schema_field listener_fields[] = {
	TEXT(fr_raw_listener, address), TEXT(fr_raw_listener, tls),
	TEXT(fr_raw_listener, proxy_protocol), END};
static const struct fr_schema listener_value = ENTRY(fr_raw_listener, listener_fields);
static const struct fr_schema_field path_fields[] = {
	TEXT(fr_raw_path, prefix), GROUP(fr_raw_path, hints, hints_fields),
	GROUP(fr_raw_path, cache, cache_fields),
	GROUP(fr_raw_path, compression, compression_fields), END};
static const struct fr_schema path_value = ENTRY(fr_raw_path, path_fields);
static const struct fr_schema_field rule_fields[] = {
	TEXT(fr_raw_rule, path), LIST(fr_raw_rule, links, &text_value, MAX_NAMES), END};
static const struct fr_schema rule_value = ENTRY(fr_raw_rule, rule_fields);
#define L(key, most) LIST_ROW(fr_raw_site, key, most)
static const struct fr_schema_field site_fields[] = {
	FR_LISTS_SITE(L) GROUP(fr_raw_site, tls, site_tls_fields),
	GROUP(fr_raw_site, origin, origin_fields),
	GROUP(fr_raw_site, hints, hints_fields),
	GROUP(fr_raw_site, cache, cache_fields),
	GROUP(fr_raw_site, compression, compression_fields),
	LIST(fr_raw_site, paths, &path_value, MAX_PATHS),
	LIST(fr_raw_site, rules, &rule_value, MAX_RULES),
	END};
#undef L
static const struct fr_schema site_value = ENTRY(fr_raw_site, site_fields);
static const struct fr_schema_field root_fields[] = {
	TEXT(fr_raw, workers),
	TEXT(fr_raw, user),
	TEXT(fr_raw, group),
	GROUP(fr_raw, security, security_fields),
	GROUP(fr_raw, log, log_fields),
	GROUP(fr_raw, access_log, access_log_fields),
	LIST(fr_raw, listen, &listener_value, MAX_LISTENERS),
	LIST(fr_raw, trusted_proxies, &text_value, MAX_TRUSTED),
	GROUP(fr_raw, admin, admin_fields),
	GROUP(fr_raw, tls, tls_fields),
	GROUP(fr_raw, timeouts, timeouts_fields),
	GROUP(fr_raw, limits, limits_fields),
	GROUP(fr_raw, http2, http2_fields),
	GROUP(fr_raw, cache, store_fields),
	GROUP(fr_raw, hint_memory, hint_memory_fields),
	LIST(fr_raw, sites, &site_value, MAX_SITES),
	END};
const struct fr_schema fr_schema_root = ENTRY(fr_raw, root_fields);
