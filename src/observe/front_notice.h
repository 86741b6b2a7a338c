/* What was noticed of proxies in front of the edge (observe/front_watch.h), for all workers
 * under one configuration: said in the log, and kept for the status. Thread-safe. */
#ifndef FR_OBSERVE_FRONT_NOTICE_H
#define FR_OBSERVE_FRONT_NOTICE_H

#include <stdint.h>

#include "base/ip.h"

/* The first line of a kind is followed by another after so long, and that after twice as
 * long: peers on the Internet could make us talk. */
#define FR_FRONT_INTERVAL_S 60

enum fr_front_kind {
	FR_FRONT_ONE_ADDRESS, /* all page loads come from one address */
	FR_FRONT_SILENT,      /* the same, from a trusted proxy: it names no clients */
	FR_FRONT_UNTRUSTED,   /* a peer that is not trusted sends X-Forwarded-For */
	FR_FRONT_KINDS
};

struct fr_front_notice; /* opaque */

struct fr_front_notice *fr_front_notice_new(void);
void fr_front_notice_free(struct fr_front_notice **n);
void fr_front_notice_tell(struct fr_front_notice *n, enum fr_front_kind kind,
                          const struct fr_ip *address, int64_t now_s);
/* The latest address of a kind; "": none. */
void fr_front_notice_read(struct fr_front_notice *n, enum fr_front_kind kind,
                          char out[FR_IP_TEXT_BYTES]);

#endif
