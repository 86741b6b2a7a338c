/* The record of one page load: what a page's visitor asked for, what he was offered, and when.
 * A load is a 200 HTML answer to a navigation (design 7). hints/learning/loads.h makes one
 * record for each; what learns and what measures only read it.
 *
 *   asked ---- first byte ---- last byte ---- quiet
 *     |  assets: each with the time of its request, from the page's own
 *
 * A record lives for one call. Strings are borrowed from it. It has keyed hashes of its
 * client, for counting witnesses; nobody keeps them beyond that. No I/O, no clock. */
#ifndef FR_HINTS_LEARNING_LOAD_H
#define FR_HINTS_LEARNING_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/str.h"
#include "hints/plan.h"
#include "http/fields.h"

/* Assets of one load; further ones are counted only. */
#define FR_LOAD_MAX_ASSETS 96u
/* Cookies of one request that are looked at. */
#define FR_LOAD_MAX_COOKIES 8u
/* A time that was not seen. */
#define FR_LOAD_NEVER UINT32_MAX

/* How long a browser may reuse an answer without asking. */
enum fr_reuse {
	FR_REUSE_UNKNOWN, /* no answer was seen */
	FR_REUSE_NONE,
	FR_REUSE_SHORT, /* less than a day */
	FR_REUSE_LONG
};
#define FR_REUSE_LONG_S 86400u

enum {
	FR_LOAD_ASKED = 1u << 0,       /* the client asked for it */
	FR_LOAD_CONDITIONAL = 1u << 1, /* with a condition: it had an old copy */
	FR_LOAD_OK = 1u << 2,          /* answered with 200 or 304 */
	FR_LOAD_DEAD = 1u << 3,        /* answered with 404 or 410 */
	FR_LOAD_HINTED = 1u << 4,      /* named in this load's 103 */
	FR_LOAD_PUSHED = 1u << 5,
	FR_LOAD_OMITTED = 1u << 6,    /* left out at random: its request is evidence */
	FR_LOAD_CANCELLED = 1u << 7,  /* the client reset the push */
	FR_LOAD_HAD = 1u << 8,        /* not sent: the client has it, by digest or connection */
	FR_LOAD_BY_STYLE = 1u << 9,   /* its referer was a style sheet of this load */
	FR_LOAD_BY_SCRIPT = 1u << 10, /* or a module */
	FR_LOAD_CORS = 1u << 11,      /* asked for in CORS mode */
	FR_LOAD_NAMED = 1u << 12      /* by a Link field or the HTML of this load */
};

struct fr_load_asset {
	struct fr_str target; /* path and query, on the page's origin */
	uint32_t asked_ms;    /* first request, from the page's; FR_LOAD_NEVER */
	uint32_t bytes;       /* of its body; 0: unknown */
	uint32_t parent;      /* index of the style sheet or module that asked; UINT32_MAX: page */
	uint16_t flags;       /* FR_LOAD_* */
	uint8_t as;           /* enum fr_as */
	uint8_t lifetime;     /* enum fr_reuse */
};

/* A cookie of the page's request, as keyed hashes. */
struct fr_load_cookie {
	uint32_t name, value;
};

/* By Sec-CH-UA-Mobile, else by User-Agent. */
enum fr_device { FR_DEVICE_UNKNOWN, FR_DEVICE_DESKTOP, FR_DEVICE_MOBILE };

/* Who loads: facts of the page's request, no more than learning and measuring need. */
struct fr_load_client {
	uint64_t client;     /* keyed hash of its address (fr_witness_client) */
	uint64_t network;    /* keyed hash of its /24 or /48 */
	uint64_t credential; /* keyed hash of its credentials; 0: none */
	uint64_t kinds;      /* of its credentials: fr_teach_credential_kinds; 0: none */
	struct fr_load_cookie cookies[FR_LOAD_MAX_COOKIES];
	uint8_t n_cookies;
	uint8_t device; /* enum fr_device */
	bool saves_data;
	bool has_digest; /* it told what it has */
	bool is_bot;     /* it says so */
};

/* The /24 or /48 that an address is in: a keyed hash. */
uint64_t fr_load_network(const struct fr_ip *ip, uint64_t seed);
/* Of a request and the address it came from; NULL: none. seed: secret. */
void fr_load_client_of(const struct fr_fields *req, const struct fr_ip *ip, uint64_t seed,
                       struct fr_load_client *out);

/* Whose load it is among those that are compared (hints/proof/visitor.h); 0: not compared. */
struct fr_load_visitor {
	uint64_t id, network;
};

/* Times are from the page's request. */
struct fr_load_times {
	uint64_t asked_ms;  /* the worker's clock: only for differences between loads */
	uint32_t first_ms;  /* the head of the response left */
	uint32_t last_ms;   /* its last byte was taken by the transport; FR_LOAD_NEVER */
	uint32_t quiet_ms;  /* the last request of the load */
	uint32_t done_ms;   /* the last byte of it and its assets was taken by the transport */
	uint32_t closed_ms; /* the window ended */
	uint32_t rtt_us;    /* of the connection when the page was answered; 0: unknown */
	uint32_t bytes;     /* of the page's body */
};

/* What earlier loads of the connection say of the client's cache. */
enum fr_load_past {
	FR_LOAD_PAST_NONE, /* it is the first */
	FR_LOAD_PAST_COLD, /* they had nothing in the cache but what they asked for */
	FR_LOAD_PAST_WARM
};

/* Hash of an asset's target, for struct fr_load's `before`. Of no use against collisions that
 * somebody prepares: these cost evidence of one load. */
uint32_t fr_load_hash(struct fr_str target);

/* Why the window ended. */
enum fr_load_end {
	FR_LOAD_END_SILENCE, /* 2 s, or 10 s after the page's last byte */
	FR_LOAD_END_NEXT,    /* the connection's next load */
	FR_LOAD_END_CLOSED   /* the connection ended */
};

struct fr_load {
	struct fr_str authority, target; /* of the page's request */
	struct fr_load_client client;
	struct fr_load_times times;
	struct fr_load_asset *v; /* what is known of an asset beside may be filled in */
	size_t n;
	size_t dropped; /* assets beyond the bound */
	uint64_t id;    /* of the page's request, as in the access log */
	uint8_t arm;    /* fr_mark_pack of hints/proof/subject.h; 0: all hints */
	uint8_t way;    /* enum fr_way: how hints would leave */
	struct fr_load_visitor visitor;
	uint8_t witnesses; /* setting of the page */
	enum fr_load_end end;
	enum fr_load_past past;
	const uint32_t *before; /* fr_load_hash of what earlier loads had; n_before of them */
	size_t n_before;
	bool from_origin;   /* not answered from the cache */
	bool is_prefetched; /* opened by its assets: no times of the page */
	bool is_cut;        /* the page's body did not reach the client */
	bool is_reload;
	bool is_personal; /* not for everybody: fr_teach_judge */
};

#endif
