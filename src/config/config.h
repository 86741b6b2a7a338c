/* The configuration: every setting with its default and bounds, as one
 * immutable, reference-counted value. Made from a YAML file or
 * from command-line arguments; a reload makes a new one and swaps it whole.
 * Files it names (certificates) are not read here.
 *
 * All strings are owned by the configuration. Times are in milliseconds,
 * sizes in bytes. docs/configuration.md lists every key; a test compares the
 * two. */
#ifndef FR_CONFIG_CONFIG_H
#define FR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"
#include "config/log_fields.h"
#include "config/settings.h"
#include "http/codings.h"
#include "http/url_path.h"

enum fr_address_kind { FR_ADDRESS_INET, FR_ADDRESS_UNIX };

struct fr_config_listener {
	char *text; /* as written: "127.0.0.1:8443", "[::]:443", "*:443", "unix:/run/x.sock" */
	bool tls;
	bool is_admin;       /* the admin interface: no site, commands for operators */
	bool is_optional;    /* nobody asked for it: the server goes on without */
	bool proxy_protocol; /* connections begin with the PROXY protocol's header */
	enum fr_address_kind kind;
	char *host;    /* INET: numeric address without brackets; "*" is "::" dual-stack */
	uint16_t port; /* INET; 0: the kernel chooses, logged at start */
	char *path;    /* UNIX */
};

enum fr_host_policy {
	FR_HOST_PRESERVE, /* send the client's Host (default) */
	FR_HOST_ORIGIN    /* send the origin URL's host */
};

struct fr_config_origin {
	char *url;  /* as written */
	bool tls;   /* https */
	char *host; /* name or address, without brackets; resolved by DNS */
	uint16_t port;
	char *authority; /* host[:port] for Host with FR_HOST_ORIGIN */
	enum fr_host_policy host_policy;
	bool verify;                    /* https: default true */
	bool via;                       /* Via is sent; default false */
	char *ca_file;                  /* NULL: the system's */
	uint32_t connect_timeout_ms;    /* 5000 */
	uint32_t first_byte_timeout_ms; /* 60000: from the request sent to the response head */
	uint32_t idle_timeout_ms;       /* 60000: no byte of a body moved */
	uint32_t keepalive_ms;          /* 50000: idle pooled connection */
	uint32_t max_idle;              /* 512: idle connections kept, per worker */
	uint32_t max_connections;       /* 512: per worker; more requests wait */
	uint32_t max_waiting;           /* 1024: requests that may wait; beyond: 503 */
	uint32_t buffer_requests_bytes; /* 65536: of a body whose length is not known */
};

enum fr_early_hints {
	FR_EARLY_HINTS_AUTO,   /* to navigations over HTTP/2 (default) */
	FR_EARLY_HINTS_ALWAYS, /* to every GET over HTTP/2 that gets no pushes */
	FR_EARLY_HINTS_OFF
};

struct fr_config_hints {
	bool push;                       /* true */
	enum fr_early_hints early_hints; /* auto */
	bool early_hints_http1;          /* false: 103 over HTTP/1.1 as well */
	bool early_hints_csp;            /* false: an origin's 103 keeps its CSP */
	uint32_t max_early_hints;        /* 32: links in one 103 */
	bool memory;                     /* true: links are remembered for the next load */
	bool html;                       /* true: HTML is scanned for them */
	uint32_t html_interval_ms;       /* 10000: a page that brought nothing new is not scanned
	                                    again before */
	bool learned;                    /* true: what visitors ask for is learned */
	bool keep_query;                 /* false: the query does not tell pages apart */
	FR_LISTS_HINTS(FR_LIST_MEMBER)   /* query_only: but these parameters do */
	uint32_t witnesses;       /* 3: clients that must have seen a link of personal pages */
	uint32_t holdout_percent; /* 10: visitors whose pages get none, for comparison; 0: nobody */
	bool warm;                /* true: hinted assets are fetched into the cache */
	bool digest;              /* true: a cookie says what a client has */
	bool absolute_links;      /* true */
	uint32_t max_pushes_page; /* 50; 0..256 */
	uint32_t max_pushes_connection; /* 1000 */
	uint32_t max_push_bytes_page;   /* 4 MiB: of bodies, as far as their sizes are known */
	uint32_t failure_ttl_ms;        /* 30000: not promised again after a failed push */
	bool timing_debug;              /* true: Server-Timing on request (Forerun-Debug: 1) */
	uint32_t timing_percent;        /* 0: of the other pages */
};

struct fr_config_rule { /* hints for pages whose origin cannot be changed */
	char *path;   /* of the page, as http/url_path.h reads it; '*' stands for any characters */
	char **links; /* Link values; one with a star in its target stands alone */
	size_t n_links;
};

/* Targets with stars in the rules of one site: each costs a comparison per response. */
#define FR_CONFIG_MAX_PATTERNS 64u

struct fr_config_hint_memory { /* of all sites */
	uint32_t size_mib;     /* 16 */
	uint32_t ttl_ms;       /* 604800000: since a load of the page was seen last */
	char *file;            /* where it survives restarts; NULL: nowhere */
	bool no_file;          /* file: none */
};

/* What gets a lifetime that the origin did not give. */
enum fr_config_heuristics {
	FR_CONFIG_HEURISTICS_ASSETS, /* style sheets, scripts, fonts, pictures (default) */
	FR_CONFIG_HEURISTICS_ALL,    /* whatever RFC 9111 allows */
	FR_CONFIG_HEURISTICS_OFF
};

enum fr_config_cookies {
	FR_CONFIG_COOKIES_CAUTIOUS, /* a document asked for with one is for that client (default) */
	FR_CONFIG_COOKIES_IGNORE    /* they say nothing */
};

struct fr_config_cache {                      /* of a site or path */
	bool enabled;                         /* true */
	bool ignore_query;                    /* false: the query is part of the key */
	enum fr_config_heuristics heuristics; /* assets */
	enum fr_config_cookies cookies;       /* cautious */
	uint32_t ttl_ms; /* 0: as the origin says; else instead of that, for what may be stored */
	/* query_only: parameters that are part of the key, the others are not;
	 * bypass_cookies: whoever has a cookie of that name ("wp_*": of that prefix) is known to
	 * the site, and gets no document from the cache; ignore_cookies: cookies that do not
	 * matter. Of both NULL, and the member "default": those of cache/cookies.h. */
	FR_LISTS_CACHE(FR_LIST_MEMBER)
};

/* Codings that the edge writes. */
#define FR_CONFIG_CODINGS 3u
struct fr_config_compression { /* of a site or path */
	bool enabled;          /* true */
	bool recompress;       /* true: stored bodies that are asked for often, in the background */
	uint32_t min_bytes;    /* 1024: shorter bodies stay as they are */
	uint32_t gzip_level;   /* 6 */
	uint32_t br_level;     /* 5 */
	uint32_t zstd_level;   /* 7 */
	/* types: media types, "*" stands for any characters; NULL: those of
	 * http/media_type.h. codings: as written */
	FR_LISTS_COMPRESSION(FR_LIST_MEMBER)
	enum fr_coding order[FR_CONFIG_CODINGS]; /* of codings: the first is preferred */
	size_t n_order;                          /* 0: not written */
	uint64_t id;                             /* the same for rules that decide alike; never 0 */
};

struct fr_config_store {           /* the one store */
	uint32_t memory_mib;       /* 256 */
	uint32_t max_object_bytes; /* 16 MiB */
	uint32_t max_variants;     /* 16, of one key */
	uint32_t wait_timeout_ms;  /* 5 s: for a fetch that another request began */
};

struct fr_config_path {
	char *prefix;                 /* as http/url_path.h reads it; the longest match wins, on
	                                 segment borders ("/a" matches "/a" and "/a/b", not "/ab") */
	struct fr_config_hints hints; /* site's, with the path's changes applied */
	struct fr_config_cache cache; /* likewise */
	struct fr_config_compression compression; /* likewise */
};

struct fr_config_site {
	/* hosts: lower case; "*.example.org" (one label or more), "*" for any */
	FR_LISTS_SITE(FR_LIST_MEMBER)
	char *cert_file, *key_file; /* NULL: the global default or the local authority */
	struct fr_config_origin origin;
	struct fr_config_hints hints;
	struct fr_config_cache cache;
	struct fr_config_compression compression;
	struct fr_config_path *paths; /* longest prefix first */
	size_t n_paths;
	struct fr_config_rule *rules; /* as written */
	size_t n_rules;
	char **patterns; /* targets of the rules' links that have a star, each once */
	size_t n_patterns;
};

struct fr_config_timeouts {
	uint32_t handshake_ms;      /* 10000 */
	uint32_t request_fields_ms; /* 20000: from a request's first byte to its head's end */
	uint32_t body_ms;           /* 30000: no progress of a body either way */
	uint32_t idle_ms;           /* 120000: client connection without a request */
	uint32_t tunnel_ms;         /* 3600000: after a 101, nothing moved either way */
	uint32_t drain_ms;          /* 30000: after SIGTERM, then connections are cut */
};

struct fr_config_limits {
	uint32_t memory_mib;              /* 0: a quarter of the machine's */
	uint32_t connections;             /* 20000, in the whole process */
	uint32_t connections_per_address; /* 1000; Unix sockets do not count */
	uint32_t request_line_bytes;      /* 8192: HTTP/1.1 request line */
	uint32_t fields_bytes; /* 65536: request fields after decoding, 32 a field added */
	uint32_t fields_count; /* 128: all crumbs of a cookie are one */
	uint32_t fields_connection_bytes; /* 1 MiB: held for all of a connection's requests */
	uint32_t response_fields_bytes;   /* 131072: origin */
	uint32_t response_fields_count;   /* 256: origin */
	uint32_t response_buffer_bytes;   /* 131072: of one response held for a client that
	                                     does not read */
	uint32_t request_buffer_bytes;    /* 65536: of one request body held for an origin */
	uint32_t spill_mib;               /* 1024: of bodies that wait in temporary files */
	uint32_t body_rate_bytes;         /* 240: a second, of a request body, over timeouts.body */
	uint32_t output_buffer_bytes;     /* 262144: of one connection waiting for the socket */
	uint32_t origin_requests_per_client; /* 256: in flight for one connection */
};

struct fr_config_trusted { /* proxies in front of the edge, whose word on clients counts */
	struct fr_ip_set addresses;
	bool unix_sockets; /* so does that of whoever connects by a Unix socket */
	char *wide;        /* an entry that takes in a large part of the Internet; NULL: none */
};

struct fr_config_security {
	bool seccomp;    /* true: system calls that serving needs, no others */
	bool core_dumps; /* false: the serving process's memory is nobody's to read */
};

struct fr_config_http2 {
	uint32_t max_concurrent_streams;  /* 128 */
	uint32_t window_bytes;            /* 65536, of a stream */
	uint32_t connection_window_bytes; /* 262144 */
	uint32_t window_max_bytes;        /* 4 MiB: what it grows to while bodies are passed on */
	uint32_t connection_window_max_bytes; /* 8 MiB */
	uint32_t header_table_bytes;          /* 4096 */
	uint32_t control_burst;       /* 200: PING, SETTINGS, PRIORITY, empty frames, each */
	uint32_t control_per_second;  /* 50 */
	uint32_t continuation_frames; /* 8 in a header block */
	uint32_t reset_burst;         /* 200 */
	uint32_t reset_per_second;    /* 20 */
};

struct fr_path_source; /* of net/transport.h */
struct fr_files;       /* of config/files.h */

struct fr_config_admin {            /* its listener is one of the others */
	bool is_off;                /* admin.listen: none */
	char *token;                /* NULL: none needed (Unix socket) */
	char *token_file;           /* where it was read from; NULL */
	char *cert_file, *key_file; /* of the interface over TCP; NULL: plain */
};

/* members: one for each group of settings. */
struct fr_config {
	uint32_t refs; /* owners: the server, and every worker that still uses it (atomic) */
	char *source;  /* file name, or "command line" */
	struct fr_files *files; /* reference: where what it names is read from */
	uint32_t workers;       /* 0: one a core */
	char *log_level;        /* "info" */
	char **log_modules;     /* "h2=debug": levels of single modules */
	size_t n_log_modules;
	struct fr_config_listener *listeners;
	size_t n_listeners;
	char *cert_file, *key_file; /* default certificate; NULL: the local authority's */
	uint32_t tls_min_version;   /* 12 or 13 */
	struct fr_config_timeouts timeouts;
	struct fr_config_limits limits;
	struct fr_config_http2 http2;
	struct fr_config_store store;
	struct fr_config_hint_memory hint_memory;
	struct fr_config_access_log access_log;
	struct fr_config_security security;
	struct fr_config_trusted trusted;
	char *user, *group; /* what the serving process becomes; NULL: unchanged, the user's */
	struct fr_config_admin admin;
	struct fr_config_site *sites;
	size_t n_sites;
	/* Of a tool that emulates a network in front of the edge; NULL: there is none.
	 * Borrowed until the server has ended. */
	const struct fr_path_source *path_source;
};

/* Faults that are told of one file. */
#define FR_CONFIG_MAX_FAULTS 50u

/* What is wrong first, e.g. "edge.yaml:12: sites[0].origin.url: not an http:// or
 * https:// URL: 'ftp://x'". One line, for people. */
struct fr_config_problem {
	char text[1024];
};

/* Reads and validates a file. files: from where; NULL: from the disk. *out is a new
 * reference. FR_ERR_IO, FR_ERR_SYNTAX, FR_ERR_INVALID with *why filled. */
int fr_config_load(const char *file, struct fr_files *files, struct fr_config **out,
                   struct fr_config_problem *why) FR_MUST_USE;
/* As above from memory; `name` stands for the file in messages (fuzzing). */
int fr_config_parse(const char *name, const char *text, size_t len, struct fr_config **out,
                    struct fr_config_problem *why) FR_MUST_USE;
/* text: one fault, as in fr_config_problem. */
typedef void fr_config_on_fault(void *user, const char *text);
/* Reads a file from the disk and tells all of its faults, in the order of its lines, at most
 * FR_CONFIG_MAX_FAULTS. *out is a new reference to what could be read, NULL if it is nothing;
 * with faults it is good only for looking at the files that it names. Returns how many faults
 * there are. */
size_t fr_config_examine(const char *file, fr_config_on_fault *on_fault, void *user,
                         struct fr_config **out) FR_MUST_USE;
/* Where a key of the configuration is written: "edge.yaml:12: sites[0].tls.key", "--key". */
void fr_config_where(const struct fr_config *c, const char *path, char *out, size_t cap);
/* The bytes of a file that the configuration names; borrowed from it. 0; FR_ERR_IO with errno. */
int fr_config_read(const struct fr_config *c, const char *path, struct fr_str *out) FR_MUST_USE;
/* Reads all certificates and keys that it names, so that they are there from now on.
 * 0; FR_ERR_IO with *why filled. */
int fr_config_read_keys(const struct fr_config *c, struct fr_config_problem *why) FR_MUST_USE;
/* A certificate with its key, and where they are configured. */
struct fr_config_pair {
	char path[32];                    /* "sites[0].tls" */
	const char *cert_file, *key_file; /* borrowed */
	const struct fr_config_site
		*site; /* borrowed; NULL: the default, or the admin interface's */
};
typedef void fr_config_on_pair(void *user, const struct fr_config_pair *pair);
/* Calls visit with each certificate that the configuration names. */
void fr_config_each_pair(const struct fr_config *c, fr_config_on_pair *visit, void *user);
/* Calls visit with each file that only its owner should be able to read: keys, the token. */
void fr_config_each_secret(const struct fr_config *c, void (*visit)(void *user, const char *path),
                           void *user);

/* Where the configuration says nothing of an admin interface, it listens on
 * this Unix socket, if it can. Before the configuration is shared. */
void fr_config_default_admin(struct fr_config *c, const char *path);

/* Where the configuration says nothing of hint_memory.file. Before the
 * configuration is shared. */
void fr_config_default_hint_file(struct fr_config *c, const char *path);

/* An admin interface over TCP besides, on any free port of loopback. token: copied.
 * Before the configuration is shared, and only if it has none. */
void fr_config_loopback_admin(struct fr_config *c, const char *token);

/* What `serve` takes on the command line instead of a file. */
struct fr_config_args {
	const char *const *listen; /* TLS */
	size_t n_listen;
	const char *const *listen_plain;
	size_t n_listen_plain;
	const char *origin;
	const char *cert_file, *key_file; /* NULL: none */
	const char *access_log;           /* file of a JSON access log; NULL: none */
	uint32_t workers;
	bool no_cache;
	struct fr_files *files; /* borrowed: where certificates are read from; NULL: the disk */
};
/* One site for any host. Errors as above (problem names the option). */
int fr_config_from_args(const struct fr_config_args *args, struct fr_config **out,
                        struct fr_config_problem *why) FR_MUST_USE;

void fr_config_ref(struct fr_config *c);
void fr_config_unref(struct fr_config **c);

/* The site for a host (lower case, without port): exact name first, then the
 * longest wildcard, then "*". NULL if none matches. */
const struct fr_config_site *fr_config_find_site(const struct fr_config *c, struct fr_str host);
/* The cache settings for a path on that site. One that is ambiguous has no cache. */
const struct fr_config_cache *fr_config_find_cache(const struct fr_config_site *site,
                                                   const struct fr_url_path *path);
/* Is a peer of that address in trusted_proxies? NULL: one of a Unix socket. */
bool fr_config_trusts(const struct fr_config *c, const struct fr_ip *ip);
/* The compression settings for a path on that site. */
const struct fr_config_compression *fr_config_find_compression(const struct fr_config_site *site,
                                                               const struct fr_url_path *path);
/* The target of a rule's link if it has a star, as "/app.*.css"; else empty. Borrowed. */
struct fr_str fr_config_link_pattern(const char *link);
/* Does the rule speak of this path? Never of an ambiguous one. */
bool fr_config_rule_matches(const struct fr_config_rule *rule, const struct fr_url_path *path);
/* The hint settings for a path on that site. One that is ambiguous has no hints. */
const struct fr_config_hints *fr_config_find_hints(const struct fr_config_site *site,
                                                   const struct fr_url_path *path);

#endif
