/*
 * netlink-emu: a network path between two network namespaces, in user space.
 *
 * SPDX-License-Identifier: MIT
 *
 * Opens one TUN device in each of two namespaces and carries IP packets from
 * one to the other through a modelled link, so that real TCP stacks at both
 * ends meet a real delay, a real bottleneck and real losses:
 *
 *   read -> drop-tail queue -> serialiser (rate) -> loss -> delay -> write
 *
 * The queue and the serialiser are one number per direction: the time at
 * which the link will be free.  A packet that arrives at t begins to be sent
 * at max(t, free), leaves len*8/rate later and is written out the one-way
 * delay after that.  What is waiting is (free - t) * rate / 8 bytes; a packet
 * that does not fit into the queue's limit is dropped.  A lost packet uses
 * its share of the link, as on a radio link.  Order is always kept.
 *
 * Build:  cc -O2 -Wall -Wextra -o netlink-emu netlink-emu.c
 * Usage:  netlink-emu [options] SERVER_NS:DEV CLIENT_NS:DEV   (needs root)
 *   --down KBIT  --up KBIT      rate to the client, to the server; 0: no limit
 *   --rtt MS                    round-trip time, half of it each way
 *   --jitter MS                 extra delay, uniform in 0..MS, each way
 *   --queue BYTES  --queue-up BYTES     drop-tail limit (default: 2*rate*rtt,
 *                               64 KiB at least)
 *   --loss PCT  --loss-up PCT   random loss (--loss-up defaults to --loss)
 *   --seed N                    of the loss and jitter sequences (default 1)
 * "ready" is printed when both devices exist; SIGUSR1 prints the counters,
 * SIGTERM and SIGINT print them and end the program.  Devices must be given
 * addresses and brought up from outside (netlink-emu.sh does that).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define NSEC 1000000000ull
#define MAXPKT 65536
#define BATCH 64 /* packets read from one side before the other gets a turn */

struct packet {
	struct packet *next;
	uint64_t due; /* when it is written out, ns */
	uint32_t len;
	uint8_t data[];
};

struct link { /* one direction */
	const char *name;
	int in, out;            /* TUN descriptors */
	uint64_t rate;          /* bit/s, 0: no limit */
	uint64_t delay, jitter; /* ns */
	uint64_t limit;         /* bytes that may wait */
	uint64_t loss;          /* of 2^32 */
	uint64_t rng;
	uint64_t free; /* when the serialiser is idle */
	uint64_t last_due;
	struct packet *head, **tail; /* sent, on their way */
	uint64_t n_in, n_out, b_in, b_out, n_tail, n_lost, n_fail, max_wait;
};

static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("netlink-emu: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC + (uint64_t)ts.tv_nsec;
}

static uint32_t rnd(struct link *l) /* splitmix64, its upper half */
{
	uint64_t z = (l->rng += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)((z ^ (z >> 31)) >> 32);
}

/* Open TUN device "NS:DEV" in that namespace; "DEV" alone: in this one. */
static int open_tun(const char *where)
{
	const char *colon = strchr(where, ':');
	const char *dev = colon ? colon + 1 : where;
	struct ifreq ifr;
	char path[256];
	int fd, ns;

	if (colon) {
		snprintf(path, sizeof path, "/run/netns/%.*s", (int)(colon - where), where);
		ns = open(path, O_RDONLY | O_CLOEXEC);
		if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
			die("namespace %s: %s", path, strerror(errno));
		close(ns);
	}
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		die("/dev/net/tun: %s", strerror(errno));
	if (*dev == '\0' || strlen(dev) >= IFNAMSIZ)
		die("bad device name in '%s'", where);
	memset(&ifr, 0, sizeof ifr);
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	memcpy(ifr.ifr_name, dev, strlen(dev));
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		die("%s: %s", where, strerror(errno));
	return fd;
}

/* Take one packet into the link at time t. */
static void take(struct link *l, const uint8_t *data, size_t len, uint64_t t)
{
	struct packet *p;
	uint64_t start = l->free > t ? l->free : t, wait;

	l->n_in++;
	l->b_in += len;
	if (l->rate) {
		wait = (uint64_t)((double)(start - t) * (double)l->rate / 8e9);
		if (wait + len > l->limit) {
			l->n_tail++;
			return;
		}
		if (wait + len > l->max_wait)
			l->max_wait = wait + len;
		l->free = start + len * 8 * NSEC / l->rate;
	} else {
		l->free = start;
	}
	if (l->loss && rnd(l) < l->loss) {
		l->n_lost++;
		return;
	}
	p = malloc(sizeof *p + len);
	if (!p)
		die("out of memory");
	p->next = NULL;
	p->due = l->free + l->delay;
	if (l->jitter)
		p->due += (uint64_t)((double)rnd(l) / 4294967296.0 * (double)l->jitter);
	if (p->due < l->last_due) /* never overtake */
		p->due = l->last_due;
	l->last_due = p->due;
	p->len = (uint32_t)len;
	memcpy(p->data, data, len);
	*l->tail = p;
	l->tail = &p->next;
}

static void pull(struct link *l)
{
	static uint8_t buf[MAXPKT];
	ssize_t n;
	int i;

	for (i = 0; i < BATCH; i++) {
		n = read(l->in, buf, sizeof buf);
		if (n <= 0)
			break;
		take(l, buf, (size_t)n, now_ns());
	}
}

/* Write out what is due; return when the next packet is, 0 for none. */
static uint64_t deliver(struct link *l, uint64_t t)
{
	struct packet *p;

	while ((p = l->head) && p->due <= t) {
		if (write(l->out, p->data, p->len) == (ssize_t)p->len) {
			l->n_out++;
			l->b_out += p->len;
		} else {
			l->n_fail++; /* device down, say */
		}
		l->head = p->next;
		if (!l->head)
			l->tail = &l->head;
		free(p);
	}
	return l->head ? l->head->due : 0;
}

static void report(const struct link *l)
{
	fprintf(stderr,
	        "{\"dir\":\"%s\",\"in\":%" PRIu64 ",\"in_bytes\":%" PRIu64 ",\"out\":%" PRIu64
	        ",\"out_bytes\":%" PRIu64 ",\"queue_drops\":%" PRIu64 ",\"random_losses\":%" PRIu64
	        ",\"write_errors\":%" PRIu64 ",\"max_queue_bytes\":%" PRIu64 "}\n",
	        l->name, l->n_in, l->b_in, l->n_out, l->b_out, l->n_tail, l->n_lost, l->n_fail,
	        l->max_wait);
}

static double number(const char *opt, const char *s)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || *end || !(v >= 0) || v > 1e12)
		die("--%s: not a number that makes sense: '%s'", opt, s);
	return v;
}

static void run(struct link dir[2])
{
	struct pollfd fds[3];
	struct signalfd_siginfo si;
	struct timespec ts;
	sigset_t set;
	uint64_t t, due, next;
	int i;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < 2; i++)
		fds[i] = (struct pollfd){.fd = dir[i].in, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = signalfd(-1, &set, SFD_CLOEXEC), .events = POLLIN};
	puts("ready");
	fflush(stdout);
	for (;;) {
		t = now_ns();
		next = 0;
		for (i = 0; i < 2; i++) {
			due = deliver(&dir[i], t);
			if (due && (!next || due < next))
				next = due;
		}
		if (next) {
			t = now_ns();
			due = next > t ? next - t : 0;
			ts.tv_sec = (time_t)(due / NSEC);
			ts.tv_nsec = (long)(due % NSEC);
		}
		if (ppoll(fds, 3, next ? &ts : NULL, NULL) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		for (i = 0; i < 2; i++)
			if (fds[i].revents & POLLIN)
				pull(&dir[i]);
		if (fds[2].revents & POLLIN && read(fds[2].fd, &si, sizeof si) == sizeof si) {
			report(&dir[0]);
			report(&dir[1]);
			if (si.ssi_signo != SIGUSR1)
				return;
		}
	}
}

int main(int argc, char **argv)
{
	enum { DOWN, UP, RTT, JITTER, QUEUE, QUEUE_UP, LOSS, LOSS_UP, SEED, N };
	static const char *const names[N] = {"down",     "up",   "rtt",     "jitter", "queue",
	                                     "queue-up", "loss", "loss-up", "seed"};
	double v[N] = {0, 0, 0, 0, -1, -1, 0, -1, 1}, q;
	struct option opts[N + 1];
	struct link dir[2];
	int i, c;

	memset(opts, 0, sizeof opts);
	for (i = 0; i < N; i++)
		opts[i] = (struct option){names[i], required_argument, NULL, 256 + i};
	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c < 256)
			die("see the head of netlink-emu.c for the options");
		v[c - 256] = number(names[c - 256], optarg);
	}
	if (argc - optind != 2)
		die("usage: netlink-emu [options] SERVER_NS:DEV CLIENT_NS:DEV");
	if (v[LOSS_UP] < 0)
		v[LOSS_UP] = v[LOSS];
	if (v[LOSS] > 100 || v[LOSS_UP] > 100)
		die("a loss is at most 100 percent");

	memset(dir, 0, sizeof dir);
	dir[0].name = "down";
	dir[1].name = "up";
	dir[0].in = dir[1].out = open_tun(argv[optind]);
	dir[1].in = dir[0].out = open_tun(argv[optind + 1]);
	for (i = 0; i < 2; i++) {
		struct link *l = &dir[i];

		l->tail = &l->head;
		l->rate = (uint64_t)(v[i ? UP : DOWN] * 1e3);
		l->delay = (uint64_t)(v[RTT] * 1e6 / 2);
		l->jitter = (uint64_t)(v[JITTER] * 1e6);
		l->loss = (uint64_t)(v[i ? LOSS_UP : LOSS] / 100 * 4294967296.0);
		l->rng = ((uint64_t)v[SEED] << 1) + (uint64_t)i;
		q = v[i ? QUEUE_UP : QUEUE];
		if (q < 0)
			q = 2 * (double)l->rate / 8 * v[RTT] / 1e3;
		if (v[i ? QUEUE_UP : QUEUE] < 0 && q < 65536)
			q = 65536;
		l->limit = (uint64_t)q;
	}

	/* Be on time even when others keep the processors busy. */
	prctl(PR_SET_TIMERSLACK, 1);
	sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1});
	run(dir);
	for (i = 0; i < 2; i++)
		deliver(&dir[i], UINT64_MAX); /* what was still on its way */
	return 0;
}
