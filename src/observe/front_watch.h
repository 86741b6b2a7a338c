/* Notices a proxy in front of the edge that is not in trusted_proxies: all page loads come from
 * one address although the browsers differ, or a peer sends X-Forwarded-For. Bounded memory;
 * no I/O, no clock. One for each worker, used on its thread. */
#ifndef FR_OBSERVE_FRONT_WATCH_H
#define FR_OBSERVE_FRONT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

/* One address is noticed after so many page loads of it, by so many different browsers
 * (User-Agent), within that time. One load of another address is allowed for FR_FRONT_PART:
 * operators look at their own site, too. A developer at his own machine has one browser. */
#define FR_FRONT_LOADS 50u
#define FR_FRONT_AGENTS 5u
#define FR_FRONT_WINDOW_S 600
#define FR_FRONT_PART 20u
/* Peers that sent X-Forwarded-For and are remembered; the oldest is forgotten first. One on the
 * Internet is noticed once it named so many clients: anybody can send the field, and most who
 * do so name one. One of the operator's own network is noticed at once. */
#define FR_FRONT_SPEAKERS 8u
#define FR_FRONT_NAMES 3u

struct fr_front_speaker {
	struct fr_ip address;
	uint64_t names[FR_FRONT_NAMES]; /* hashes of what it sent */
	size_t n_names;
	bool is_told;
};

struct fr_front_watch {
	uint64_t generation; /* of the configuration that it watches under; 0: none yet */
	struct fr_ip address;
	int64_t since_s;
	uint32_t loads, others; /* of the address; of other ones */
	uint64_t agents[FR_FRONT_AGENTS];
	size_t n_agents;
	bool is_told;
	struct fr_front_speaker speakers[FR_FRONT_SPEAKERS];
	size_t n_speakers; /* so far; the newest is at n_speakers - 1, modulo their number */
};

/* Forgets everything when the configuration has changed. generation: its number, from 1 up. */
void fr_front_watch_use(struct fr_front_watch *w, uint64_t generation);
/* A page load of that client. agent: a hash of its User-Agent. True: from now on it is worth
 * telling that all loads have one address. At most once. */
bool fr_front_watch_load(struct fr_front_watch *w, const struct fr_ip *client, uint64_t agent,
                         int64_t now_s);
/* A peer that is not trusted says whom it speaks for. said: a hash of that. True: worth
 * telling. At most once for a peer, as long as it is remembered. */
bool fr_front_watch_field(struct fr_front_watch *w, const struct fr_ip *peer, uint64_t said);

#endif
