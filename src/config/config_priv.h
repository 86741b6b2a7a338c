/* What the parts of the configuration share: the file as it is read (every scalar
 * still text, NULL where not written), and how faults are gathered with their lines. */
#ifndef FR_CONFIG_CONFIG_PRIV_H
#define FR_CONFIG_CONFIG_PRIV_H

#include "config/config.h"
#include "config/settings.h"

/* One row of a settings table as a struct fr_setting. */
#define FR_SETTING_ROW(raw, out, key, member, kind, value, least, most)                            \
	{#key,                                                                                     \
	 FR_SETTING_##kind,                                                                        \
	 offsetof(struct raw, key),                                                                \
	 offsetof(struct out, member),                                                             \
	 value,                                                                                    \
	 least,                                                                                    \
	 most},

/* One row of a table of lists as a struct fr_list_setting. */
#define FR_LIST_ROW(raw, out, key, most)                                                           \
	{offsetof(struct raw, key), offsetof(struct raw, key##_count), offsetof(struct out, key),  \
	 offsetof(struct out, n_##key)},

#define LIST_MEMBER(key, most)                                                                     \
	char **key;                                                                                \
	unsigned key##_count;
#define TEXT_MEMBER(key, member, kind, value, least, most) char *key;
struct fr_raw_timeouts {
	FR_SETTINGS_TIMEOUTS(TEXT_MEMBER)
};
struct fr_raw_limits {
	FR_SETTINGS_LIMITS(TEXT_MEMBER)
};
struct fr_raw_http2 {
	FR_SETTINGS_HTTP2(TEXT_MEMBER)
};
struct fr_raw_hints {
	FR_SETTINGS_HINTS(TEXT_MEMBER)
	FR_LISTS_HINTS(LIST_MEMBER)
	char *early_hints, *server_timing;
};
struct fr_raw_hint_memory {
	FR_SETTINGS_HINT_MEMORY(TEXT_MEMBER)
	char *file;
};
struct fr_raw_cache {
	FR_SETTINGS_CACHE(TEXT_MEMBER)
	FR_LISTS_CACHE(LIST_MEMBER)
	char *heuristics, *cookies;
};
struct fr_raw_compression {
	FR_SETTINGS_COMPRESSION(TEXT_MEMBER)
	FR_LISTS_COMPRESSION(LIST_MEMBER)
};
struct fr_raw_store {
	FR_SETTINGS_STORE(TEXT_MEMBER)
};
struct fr_raw_origin {
	char *url, *host, *ca;
	FR_SETTINGS_ORIGIN(TEXT_MEMBER)
};
struct fr_raw_access_log {
	char *file, *format;
	char **fields;
	unsigned fields_count;
	FR_SETTINGS_ACCESS_LOG(TEXT_MEMBER)
};
struct fr_raw_log {
	char *level;
	char **modules;
	unsigned modules_count;
};
struct fr_raw_security {
	FR_SETTINGS_SECURITY(TEXT_MEMBER)
};
struct fr_raw_tls {
	char *certificate, *key, *min_version;
};
struct fr_raw_admin {
	char *listen, *token_file;
	struct fr_raw_tls *tls;
};
struct fr_raw_listener {
	char *address, *tls, *proxy_protocol;
};
struct fr_raw_path {
	char *prefix;
	struct fr_raw_hints *hints;
	struct fr_raw_cache *cache;
	struct fr_raw_compression *compression;
};
struct fr_raw_rule {
	char *path;
	char **links;
	unsigned links_count;
};
struct fr_raw_site {
	FR_LISTS_SITE(LIST_MEMBER)
	struct fr_raw_tls *tls;
	struct fr_raw_origin *origin;
	struct fr_raw_hints *hints;
	struct fr_raw_cache *cache;
	struct fr_raw_compression *compression;
	struct fr_raw_path *paths;
	unsigned paths_count;
	struct fr_raw_rule *rules;
	unsigned rules_count;
};
#undef TEXT_MEMBER
#undef LIST_MEMBER
struct fr_raw {
	char *workers, *user, *group;
	struct fr_raw_log *log;
	struct fr_raw_access_log *access_log;
	struct fr_raw_listener *listen;
	unsigned listen_count;
	char **trusted_proxies;
	unsigned trusted_proxies_count;
	struct fr_raw_admin *admin;
	struct fr_raw_security *security;
	struct fr_raw_tls *tls;
	struct fr_raw_timeouts *timeouts;
	struct fr_raw_limits *limits;
	struct fr_raw_http2 *http2;
	struct fr_raw_store *cache;
	struct fr_raw_hint_memory *hint_memory;
	struct fr_raw_site *sites;
	unsigned sites_count;
};

/* --- locate.c --- */
/* The line (from 1) of a key path like "sites[0].origin.url", or of the
 * nearest parent that is there; 0 if the text cannot be read. */
unsigned fr_config_locate(const char *text, size_t len, const char *path);

/* --- source.c --- */
struct fr_fault {
	unsigned line; /* 0: unknown */
	char *path;    /* owned; "" */
	char *excuses; /* owned: what is no fault of its own after this one; "": nothing */
	char *text;    /* owned: name, line, path and what is wrong; one line */
};
/* All faults of one reading, sorted by line. */
struct fr_faults {
	struct fr_fault v[FR_CONFIG_MAX_FAULTS];
	size_t n, more; /* more: those that found no room */
};
/* Frees what it holds. */
void fr_faults_fini(struct fr_faults *f);

/* Instead of a file's name. */
#define FR_COMMAND_LINE "command line"

struct fr_source {        /* where values come from, for messages */
	const char *name; /* of the file; FR_COMMAND_LINE */
	const char *text; /* NULL: not a file */
	size_t len;
	struct fr_faults *faults; /* borrowed: gathers what is wrong */
	struct fr_files *files;   /* borrowed: for what it names */
};
/* Adds the fault "name:line: path: message", unless the path has one.
 * Returns FR_ERR_INVALID; whoever complains goes on with the next value. */
int fr_config_complain(const struct fr_source *s, const char *path, const char *fmt, ...)
	FR_PRINTF(3, 4);
/* The same where the line is known. path: "" for the file as a whole. excuses: a path of which,
 * and of whatever is below, nothing is said any more; "": none. */
void fr_config_complain_at(const struct fr_source *s, unsigned line, const char *path,
                           const char *excuses, const char *fmt, ...) FR_PRINTF(5, 6);
/* "edge.yaml:3: tls.key", or "--key" of what the command line gave. name: as in fr_source; line
 * 0: not known. */
void fr_config_print_place(const char *name, unsigned line, const char *path, char *out,
                           size_t cap);
/* Copies of n texts; owned. */
char **fr_config_dup_names(char *const *names, unsigned n);
/* A path of a file, relative to the configuration's folder; owned. NULL for NULL. */
char *fr_config_dup_path(const struct fr_source *s, const char *path);

/* --- setting_values.c --- */
/* A number with its unit, within bounds. path: for the message. */
int fr_setting_parse(const struct fr_source *s, const char *path, const char *text,
                     const struct fr_setting *setting, uint32_t *out) FR_MUST_USE;

/* true, yes, on, false, no, off, in any case. False: none of them. */
bool fr_setting_switch(const char *text, uint64_t *out);

/* One of n words; *out: which. Another is complained of, with the word that is near. */
int fr_setting_word(const struct fr_source *s, const char *path, const char *text,
                    const char *const *words, size_t n, size_t *out) FR_MUST_USE;

/* The defaults of a group of settings; then what is written in `raw` (NULL:
 * nothing) in their place. */
void fr_settings_default(const struct fr_setting *settings, size_t n, void *out);
void fr_settings_apply(const struct fr_source *s, const char *path,
                       const struct fr_setting *settings, size_t n, const void *raw, void *out);
/* --- lists.c --- */
enum fr_list_group {
	FR_LISTS_SITE_GROUP,
	FR_LISTS_HINTS_GROUP,
	FR_LISTS_CACHE_GROUP,
	FR_LISTS_COMPRESSION_GROUP
};
/* Copies the lists that are written in `raw` in place of what `out` has. */
void fr_lists_take(enum fr_list_group g, const void *raw, void *out);
/* Frees those of `out` but for what `inherited` has as well; NULL: none. */
void fr_lists_fini(enum fr_list_group g, void *out, const void *inherited);

/* --- match.c --- */
/* The pattern of a URL's path as http/url_path.h reads it, which is what requests' paths are
 * matched in; owned. NULL: it is ambiguous, and no request would match it. */
char *fr_config_dup_pattern(const char *text);
#define FR_CONFIG_AMBIGUOUS                                                                        \
	"'%s' has a dot segment, a backslash or an encoded slash: servers read it in "             \
	"different ways, and no rule is applied to such paths"

/* --- read.c --- */
/* Reads the source's YAML into *out; free with fr_raw_free. With faults, *out is what could be
 * read. FR_ERR_SYNTAX: it is no YAML, or has no keys; *out is NULL. */
int fr_raw_parse(const struct fr_source *s, struct fr_raw **out) FR_MUST_USE;
void fr_raw_free(struct fr_raw **raw);

/* --- convert.c --- */
/* Makes the configuration from what was read (borrowed). With faults it is incomplete. Owned. */
struct fr_config *fr_config_convert(const struct fr_source *s, const struct fr_raw *raw);

/* --- trusted.c --- */
void fr_trusted_take(const struct fr_source *s, const struct fr_raw *raw,
                     struct fr_config_trusted *out);
void fr_trusted_fini(struct fr_config_trusted *t);

/* --- access_log.c --- */
/* File and format; buffer_bytes is set by the caller. */
void fr_access_log_config_take(const struct fr_source *s, const struct fr_raw_access_log *raw,
                               struct fr_config_access_log *log);
void fr_access_log_config_fini(struct fr_config_access_log *log);

/* --- convert_cache.c --- */
void fr_site_cache_default(struct fr_config_cache *out);
/* What is written replaces what `out` has, which a path has from its site. */
void fr_site_cache_take(const struct fr_source *s, const char *path, const struct fr_raw_cache *raw,
                        struct fr_config_cache *out);

/* --- convert_compression.c --- */
void fr_compression_default(struct fr_config_compression *out);
/* As fr_site_cache_take. */
void fr_compression_take(const struct fr_source *s, const char *path,
                         const struct fr_raw_compression *raw, struct fr_config_compression *out);

/* --- convert_hints.c --- */
void fr_hints_default(struct fr_config_hints *out);
void fr_hints_take(const struct fr_source *s, const char *path, const struct fr_raw_hints *raw,
                   struct fr_config_hints *out);
void fr_rules_take(const struct fr_source *s, const char *path, const struct fr_raw_site *raw,
                   struct fr_config_site *site);
void fr_hint_memory_take(const struct fr_source *s, const struct fr_raw_hint_memory *raw,
                         struct fr_config_hint_memory *out);

/* --- address.c --- */
/* "127.0.0.1:8443", "[::1]:443", "*:443", "unix:/path" into *l (host, port or
 * path owned, text not set). 0 or FR_ERR_SYNTAX. */
int fr_address_parse(const char *text, struct fr_config_listener *l) FR_MUST_USE;
/* "http://host[:port]" into origin's url, tls, host, port, authority. NULL,
 * or what is wrong with it. */
const char *fr_origin_url_parse(const char *text, struct fr_config_origin *o);
/* A host of a site: a name in lower case, "*.name" or "*". */
bool fr_host_pattern_is_valid(const char *text);

#endif
