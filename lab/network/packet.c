/* The namespaces of packet emulation, and the thread that carries packets between them. */
#include "lab/network/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "lab/network/packet_priv.h"

#define NSEC UINT64_C(1000000000)
#define PACKET_MAX_BYTES 65536u
/* Packets read from one device before the other has its turn. */
#define BATCH 64u
/* The queue before the line: twice what the way holds, as in home routers. */
#define MIN_QUEUE_BYTES 65536u

struct packet {
	struct packet *next;
	uint64_t due_ns;
	uint32_t len;
	uint8_t data[];
};

struct way {               /* one direction */
	int in, out;       /* devices */
	uint64_t rate_bps; /* 0: no limit */
	uint64_t delay_ns;
	uint64_t free_ns;     /* when the line is idle */
	uint64_t queue_bytes; /* most that may wait for the line */
	uint32_t loss;
	uint64_t random;
	struct packet *head, **tail; /* owned; in the order in which they are due */
};

struct fr_packet {
	int home;  /* the namespace that the process began in */
	int ns[2]; /* by fr_packet_side */
	int tun[2];
	int stop;           /* eventfd */
	struct way ways[2]; /* from the side of that index */
	pthread_t thread;
	bool is_running;
};

static const char *const addresses[2] = {"192.0.2.1", "192.0.2.2"};

const char *fr_packet_address(enum fr_packet_side side)
{
	return addresses[side];
}

void fr_packet_enter(struct fr_packet *p, enum fr_packet_side side)
{
	if (p)
		FR_ASSERT(setns(p->ns[side], CLONE_NEWNET) == 0);
}

void fr_packet_leave(struct fr_packet *p)
{
	if (p)
		FR_ASSERT(setns(p->home, CLONE_NEWNET) == 0);
}

/* --- carrying packets --- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC + (uint64_t)ts.tv_nsec;
}

static bool is_lost(struct way *w)
{
	uint64_t z = (w->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % 1000000 < w->loss;
}

/* When the packet leaves the line; false: the queue is full. */
static bool occupy(struct way *w, size_t len, uint64_t now)
{
	uint64_t start = w->free_ns > now ? w->free_ns : now;

	if (!w->rate_bps) {
		w->free_ns = start;
		return true;
	}
	if ((start - now) / 1000 * w->rate_bps / 8000000 + len > w->queue_bytes)
		return false;
	w->free_ns = start + len * 8 * NSEC / w->rate_bps;
	return true;
}

static void take(struct way *w, const uint8_t *data, size_t len, uint64_t now)
{
	struct packet *p;

	if (!occupy(w, len, now) || is_lost(w))
		return;
	p = fr_malloc(sizeof *p + len);
	p->next = NULL;
	p->due_ns = w->free_ns + w->delay_ns;
	p->len = (uint32_t)len;
	memcpy(p->data, data, len);
	*w->tail = p;
	w->tail = &p->next;
}

static void pull(struct way *w)
{
	uint8_t buffer[PACKET_MAX_BYTES];

	for (unsigned i = 0; i < BATCH; i++) {
		ssize_t n = read(w->in, buffer, sizeof buffer);

		if (n <= 0)
			return;
		take(w, buffer, (size_t)n, now_ns());
	}
}

/* Hands out what is due; when the next one is, 0 for none. */
static uint64_t deliver(struct way *w, uint64_t now)
{
	struct packet *p;

	while ((p = w->head) && p->due_ns <= now) {
		/* a device that is full or down loses it, as a link does */
		if (write(w->out, p->data, p->len) < 0 && errno == EBADF)
			return 0;
		w->head = p->next;
		if (!w->head)
			w->tail = &w->head;
		free(p);
	}
	return w->head ? w->head->due_ns : 0;
}

static bool wait_for(struct fr_packet *p, uint64_t next)
{
	struct pollfd fds[3] = {{.fd = p->ways[0].in, .events = POLLIN},
	                        {.fd = p->ways[1].in, .events = POLLIN},
	                        {.fd = p->stop, .events = POLLIN}};
	uint64_t now = now_ns(), in = next > now ? next - now : 0;
	struct timespec ts = {.tv_sec = (time_t)(in / NSEC), .tv_nsec = (long)(in % NSEC)};

	if (ppoll(fds, 3, next ? &ts : NULL, NULL) <= 0)
		return true;
	for (unsigned i = 0; i < 2; i++)
		if (fds[i].revents & POLLIN)
			pull(&p->ways[i]);
	return !(fds[2].revents & POLLIN);
}

static void *carry(void *user)
{
	struct fr_packet *p = user;
	struct sched_param priority = {.sched_priority = 1};
	uint64_t next = 0;

	/* on time even when others keep the processors busy */
	(void)prctl(PR_SET_TIMERSLACK, 1);
	(void)pthread_setschedparam(pthread_self(), SCHED_RR, &priority);
	while (wait_for(p, next)) {
		next = 0;
		for (unsigned i = 0; i < 2; i++) {
			uint64_t due = deliver(&p->ways[i], now_ns());

			if (due && (!next || due < next))
				next = due;
		}
	}
	return NULL;
}

/* --- making it --- */

static int problem(char *why, size_t cap, const char *what)
{
	int refused = errno == EPERM || errno == EACCES;

	(void)snprintf(why, cap, "packet emulation: %s: %s%s", what, strerror(errno),
	               refused ? " (it needs root)" : "");
	return refused ? FR_ERR_REFUSED : FR_ERR_IO;
}

static int make_side(struct fr_packet *p, enum fr_packet_side side, char *why, size_t cap)
{
	const char *failed;
	int rc = 0;

	if (unshare(CLONE_NEWNET) < 0)
		return problem(why, cap, "a network namespace");
	p->ns[side] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	p->tun[side] = fr_packet_open_tun("fr0");
	if (p->ns[side] < 0 || p->tun[side] < 0) {
		rc = problem(why, cap, "a TUN device");
	} else {
		failed = fr_packet_configure("fr0", addresses[side], addresses[1 - side]);
		if (failed)
			rc = problem(why, cap, failed);
	}
	if (setns(p->home, CLONE_NEWNET) < 0)
		return problem(why, cap, "the way back");
	return rc;
}

static void make_way(struct fr_packet *p, enum fr_packet_side from, uint32_t kbit,
                     const struct fr_network *n)
{
	struct way *w = &p->ways[from];
	uint64_t holds = (uint64_t)kbit * n->rtt_ms / 8;

	*w = (struct way){.in = p->tun[from],
	                  .out = p->tun[1 - from],
	                  .rate_bps = (uint64_t)kbit * 1000,
	                  .delay_ns = (uint64_t)n->rtt_ms * 500000,
	                  .queue_bytes = 2 * holds > MIN_QUEUE_BYTES ? 2 * holds : MIN_QUEUE_BYTES,
	                  .loss = n->loss,
	                  .random = from};
	w->tail = &w->head;
}

static int start(struct fr_packet *p, char *why, size_t cap)
{
	sigset_t all, old;
	int rc;

	p->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = p->stop < 0 ? -1 : pthread_create(&p->thread, NULL, carry, p);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	p->is_running = rc == 0;
	return rc == 0 ? 0 : problem(why, cap, "a thread");
}

int fr_packet_new(const struct fr_network *network, struct fr_packet **out, char *why, size_t cap)
{
	struct fr_packet *p = fr_calloc(1, sizeof *p);
	int rc = 0;

	p->ns[0] = p->ns[1] = p->tun[0] = p->tun[1] = p->stop = -1;
	p->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (p->home < 0)
		rc = problem(why, cap, "/proc/thread-self/ns/net");
	if (rc == 0)
		rc = make_side(p, FR_PACKET_SERVER, why, cap);
	if (rc == 0)
		rc = make_side(p, FR_PACKET_CLIENT, why, cap);
	if (rc == 0) {
		make_way(p, FR_PACKET_SERVER, network->down_kbit, network);
		make_way(p, FR_PACKET_CLIENT, network->up_kbit, network);
		rc = start(p, why, cap);
	}
	if (rc < 0) {
		fr_packet_free(&p);
		return rc;
	}
	*out = p;
	return 0;
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

void fr_packet_free(struct fr_packet **pp)
{
	struct fr_packet *p = *pp;
	uint64_t one = 1;

	if (!p)
		return;
	if (p->is_running) {
		FR_ASSERT(write(p->stop, &one, sizeof one) == sizeof one);
		(void)pthread_join(p->thread, NULL);
	}
	for (unsigned i = 0; i < 2; i++) {
		for (struct packet *k = p->ways[i].head, *next; k; k = next) {
			next = k->next;
			free(k);
		}
		close_one(p->tun[i]);
		close_one(p->ns[i]);
	}
	close_one(p->stop);
	close_one(p->home);
	free(p);
	*pp = NULL;
}
