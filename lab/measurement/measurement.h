/* One load of a page as it was measured: every asset with its times, the
 * connections, and the few figures that loads are compared by. The engines
 * (the model: model/page.h; a browser: browser/browser.h) fill it; summary, report,
 * HAR, JSON and advise read it. Times are microseconds since the load began. */
#ifndef FR_LAB_MEASUREMENT_MEASUREMENT_H
#define FR_LAB_MEASUREMENT_MEASUREMENT_H

#include "hints/plan.h"
#include "http/fields.h"

/* A page that names more is measured without the rest, and says so. */
#define FR_MEASUREMENT_MAX_ENTRIES 1024u
#define FR_MEASUREMENT_MAX_CONNS 64u
#define FR_MEASUREMENT_MAX_FRAMES 64u

/* How the page came to know of an asset. */
#define FR_FOUND_TABLE(X)                                                                          \
	X(NAVIGATION, "navigation")                                                                \
	X(HTML, "html")                                                                            \
	X(PRELOAD, "preload")         /* a link element of the page */                             \
	X(STYLE, "style")             /* url() in a style sheet */                                 \
	X(IMPORT, "import")           /* @import in a style sheet */                               \
	X(LINK, "link")               /* Link field of the response */                             \
	X(EARLY_HINTS, "early-hints") /* Link field of a 103 */                                    \
	X(PUSH, "push")               /* a promise that the page has no use for */                 \
	X(SCRIPT, "script")           /* a script asked for it (browser only) */
enum fr_found {
#define X(id, text) FR_FOUND_##id,
	FR_FOUND_TABLE(X)
#undef X
		FR_FOUND_COUNT
};
const char *fr_found_str(enum fr_found f);
/* FR_FOUND_HTML for what is not in the table. */
enum fr_found fr_found_parse(const char *text);

#define FR_ENTRY_FLAG_TABLE(X)                                                                     \
	X(NEEDED, "needed")             /* the page has a use for it */                            \
	X(BLOCKING, "blocking")         /* rendering waits for it */                               \
	X(PUSHED, "pushed")             /* came by a promise */                                    \
	X(EARLY, "early")               /* asked for because of a 103 */                           \
	X(LAZY, "lazy")                 /* loaded only when scrolled to: not loaded here */        \
	X(CROSS_ORIGIN, "cross-origin") /* from another origin than the page */                    \
	X(FAILED, "failed")             /* no answer, or none with 2xx */                          \
	X(DUPLICATE, "duplicate")       /* fetched a second time */                                \
	X(CANCELLED, "cancelled")       /* a push that was reset */                                \
	X(SKIPPED, "skipped")           /* not loaded: its origin has no HTTP/2 */                 \
	X(CACHEABLE, "cacheable")       /* may be used again from the browser's cache */           \
	X(CORS, "cors")                 /* asked for with CORS, as fonts and modules are */        \
	X(MODULE, "module")             /* a module script */                                      \
	X(PLAIN, "plain")               /* text that came without compression */                   \
	X(DONE, "done")
enum {
#define X(id, text) FR_ENTRY_BIT_##id,
	FR_ENTRY_FLAG_TABLE(X)
#undef X
		FR_ENTRY_BIT_COUNT
};
enum {
#define X(id, text) FR_ENTRY_##id = 1 << FR_ENTRY_BIT_##id,
	FR_ENTRY_FLAG_TABLE(X)
#undef X
};
const char *fr_entry_flag_str(unsigned bit);

struct fr_measurement_entry {
	char *url; /* owned; absolute */
	enum fr_as as;
	enum fr_found found;
	int parent; /* the entry that names it; -1: none */
	int conn;   /* index; -1: none */
	unsigned flags;
	unsigned urgency; /* RFC 9218, 0..7 */
	int status;
	uint64_t promised_us;      /* 0: was not promised */
	uint64_t start_us;         /* asked for, or promised */
	uint64_t needed_us;        /* the page found a use for it; 0: never */
	uint64_t first_us, end_us; /* head of the response; last byte */
	uint64_t bytes;            /* of the body as sent */
	uint64_t gzip_bytes;       /* of plain text, with gzip; 0: unknown */
	char type[64];             /* Content-Type without parameters */
	char *request_fields;      /* owned; "name: value\n"...; NULL: unknown */
	char *response_fields;     /* likewise */
};

struct fr_measurement_conn {
	char host[256];
	uint16_t port;
	char protocol[16]; /* "h2", ... */
	uint64_t begin_us;
	uint64_t resolved_us;              /* the name was looked up; 0: it was not */
	uint64_t connected_us, secured_us; /* TCP, TLS; 0: not (yet) */
};

struct fr_measurement_frame { /* of the film strip */
	uint64_t at_us;
	char *jpeg_base64; /* owned */
};

struct fr_measurement {
	char *url;                            /* owned */
	struct fr_measurement_entry *entries; /* owned; n of them, the page first */
	size_t n;
	struct fr_measurement_conn conns[FR_MEASUREMENT_MAX_CONNS];
	size_t n_conns;
	struct fr_measurement_frame frames[FR_MEASUREMENT_MAX_FRAMES];
	size_t n_frames;
	uint64_t ttfb_us;        /* first byte of the page's response */
	uint64_t early_hints_us; /* a 103 came; 0: none */
	uint64_t render_us;      /* first render; in a browser first contentful paint */
	uint64_t largest_us;     /* largest contentful paint; 0: unknown */
	uint64_t complete_us;    /* everything that the page needs is there */
	uint64_t event_us;       /* a browser's load event: scripts have run, too; 0: unknown */
	unsigned n_early_hints;
	unsigned n_redirects; /* that led to the page */
	size_t dropped;       /* assets beyond FR_MEASUREMENT_MAX_ENTRIES */
	/* The page has scripts, and they were not run: what they load is not known. */
	bool has_unrun_scripts;
	bool failed;
	char problem[200];
};

void fr_measurement_init(struct fr_measurement *l, const char *url);
void fr_measurement_fini(struct fr_measurement *l);
/* A new entry, zeroed but for url (copied), parent and conn (-1); NULL at the limit,
 * counted in dropped. Entries stay where they are until fr_measurement_pack. */
struct fr_measurement_entry *fr_measurement_add(struct fr_measurement *l, struct fr_str url);
/* No more entries will be added: gives back the memory that was kept for them. */
void fr_measurement_pack(struct fr_measurement *l);
/* For failures: the first one stays. */
void fr_measurement_fail(struct fr_measurement *l, const char *what, const char *detail);
/* "name: value\n"...; the caller frees it. */
char *fr_fields_text(const struct fr_fields *f);
/* Fills what follows from the entries and is not set yet: ttfb, complete, which text came
 * plain, what browsers may keep. */
void fr_measurement_finish(struct fr_measurement *l);

/* The figures that loads are compared by. */
#define FR_METRIC_TABLE(X)                                                                         \
	X(TTFB, "ttfb", "first byte", 1)                                                           \
	X(RENDER, "render", "first render", 1)                                                     \
	X(LARGEST, "largest", "largest paint", 1)                                                  \
	X(COMPLETE, "complete", "page complete", 1)                                                \
	X(EVENT, "load_event", "load event", 1)                                                    \
	X(BYTES, "bytes", "bytes", 0)                                                              \
	X(REQUESTS, "requests", "requests", 0)                                                     \
	X(PUSHES_USED, "pushes_used", "pushes used", 0)                                            \
	X(PUSHES_UNUSED, "pushes_unused", "pushes unused", 0)                                      \
	X(PUSHES_CANCELLED, "pushes_cancelled", "pushes cancelled", 0)                             \
	X(DUPLICATES, "duplicates", "fetched twice", 0)                                            \
	X(EARLY_HINTS, "early_hints", "103 responses", 0)
enum fr_metric { /* id, key, title, 1: a time in microseconds */
#define X(id, key, title, time) FR_METRIC_##id,
	         FR_METRIC_TABLE(X)
#undef X
	                 FR_METRIC_COUNT
};
const char *fr_metric_key(enum fr_metric m);
const char *fr_metric_title(enum fr_metric m);
bool fr_metric_is_time(enum fr_metric m);
double fr_measurement_metric(const struct fr_measurement *l, enum fr_metric m);

/* The part of a URL that tells it from its neighbours: the last segment of its
 * path, or the path, or the host. Borrowed from url. */
struct fr_str fr_url_short(const char *url);
/* "https://host:port" of an absolute URL, as it is written. Borrowed from url. */
struct fr_str fr_url_origin(const char *url);

#endif
