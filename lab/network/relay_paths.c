/* The table of a relay's emulated paths, by port, read by the edge's threads. */
#include "lab/network/relay_paths.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/mem.h"

#define US_PER_S 1000000u

struct known {
	uint16_t port;
	int fd;
	uint64_t rtt_us, window, in_flight, rate;
};

struct fr_relay_paths {
	struct fr_path_source source;
	pthread_mutex_t lock; /* of all below */
	struct known v[FR_RELAY_MAX_PATHS];
	size_t n;
};

static struct known *find(struct fr_relay_paths *p, uint16_t port)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].port == port)
			return &p->v[i];
	return NULL;
}

/* What the edge's kernel holds for acknowledged, and the link has not taken yet. */
static uint64_t unread(const struct known *k)
{
	int n = 0;

	return k->fd >= 0 && ioctl(k->fd, FIONREAD, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

static void adjust(void *user, uint16_t peer_port, struct fr_path *path)
{
	struct fr_relay_paths *p = user;
	const struct known *k;

	(void)pthread_mutex_lock(&p->lock);
	k = find(p, peer_port);
	if (k) {
		path->rtt_us = path->min_rtt_us = k->rtt_us;
		path->cwnd_bytes = k->window;
		/* what is on its way to the relay has not been sent yet */
		path->unsent_bytes += path->in_flight_bytes + unread(k);
		path->in_flight_bytes = k->in_flight;
		path->delivery_rate_bytes_per_s = k->rate;
	}
	(void)pthread_mutex_unlock(&p->lock);
}

struct fr_relay_paths *fr_relay_paths_new(void)
{
	struct fr_relay_paths *p = fr_calloc(1, sizeof *p);

	p->source = (struct fr_path_source){.adjust = adjust, .user = p};
	FR_ASSERT(pthread_mutex_init(&p->lock, NULL) == 0);
	return p;
}

void fr_relay_paths_free(struct fr_relay_paths **p)
{
	if (!*p)
		return;
	(void)pthread_mutex_destroy(&(*p)->lock);
	free(*p);
	*p = NULL;
}

const struct fr_path_source *fr_relay_paths_source(const struct fr_relay_paths *p)
{
	return &p->source;
}

/* As a kernel comes to know it: nothing before the first window was acknowledged,
 * then what the windows carry, and never more than the line does. */
static uint64_t rate_of(const struct fr_link_model *l, uint64_t rtt_us)
{
	uint64_t line = l->line->rate_bps / 8;
	uint64_t rate = rtt_us ? l->window * US_PER_S / 2 / rtt_us : line;

	if (l->window <= FR_LINK_INITIAL_PACKETS * FR_LINK_PACKET_BYTES)
		return 0;
	return line && rate > line ? line : rate;
}

void fr_relay_paths_freeze(struct fr_relay_paths *p)
{
	(void)pthread_mutex_lock(&p->lock);
}

void fr_relay_paths_thaw(struct fr_relay_paths *p, uint16_t port, int fd,
                         const struct fr_link_model *down)
{
	uint64_t rtt_us = 2 * down->delay_us;
	struct known *k = find(p, port);

	if (!k && p->n < FR_RELAY_MAX_PATHS)
		k = &p->v[p->n++];
	if (k)
		*k = (struct known){.port = port,
		                    .fd = fd,
		                    .rtt_us = rtt_us,
		                    .window = down->window,
		                    .in_flight = down->in_flight,
		                    .rate = rate_of(down, rtt_us)};
	(void)pthread_mutex_unlock(&p->lock);
}

void fr_relay_paths_set(struct fr_relay_paths *p, uint16_t port, int fd,
                        const struct fr_link_model *down)
{
	fr_relay_paths_freeze(p);
	fr_relay_paths_thaw(p, port, fd, down);
}

void fr_relay_paths_drop(struct fr_relay_paths *p, uint16_t port)
{
	struct known *k;

	(void)pthread_mutex_lock(&p->lock);
	k = find(p, port);
	if (k)
		*k = p->v[--p->n];
	(void)pthread_mutex_unlock(&p->lock);
}
