#include "rig_world.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/err.h"
#include "net/tcp_path.h"

#define TIMERS 8u
#define CONNECTS 64u
#define PEERS 4096u /* descriptors */
#define FIRST_MS 1000000u
#define FIRST_S 1700000000

struct timer {
	uv_timer_t *handle; /* borrowed; NULL: free */
	uv_timer_cb cb;
	uint64_t due_ms, repeat_ms;
};

struct waiting {
	uv_connect_t *req; /* borrowed; NULL: free */
	uv_tcp_t *handle;
	uv_connect_cb cb;
	int fd; /* owned: the origin's end */
	enum fr_world_connect how;
};

static struct {
	uint64_t now_ms, random;
	struct timer timers[TIMERS];
	struct waiting connects[CONNECTS];
	enum fr_world_connect how;
	uint32_t rtt_us;
	uint8_t peers[PEERS];
} world = {.now_ms = FIRST_MS};

/* --- clock and timers --- */

uint64_t __wrap_uv_now(const uv_loop_t *loop);
uint64_t __wrap_uv_hrtime(void);
int __wrap_clock_gettime(clockid_t id, struct timespec *out);
time_t __wrap_time(time_t *out);
int __wrap_uv_timer_start(uv_timer_t *t, uv_timer_cb cb, uint64_t after_ms, uint64_t repeat_ms);
int __wrap_uv_timer_stop(uv_timer_t *t);
void __wrap_uv_close(uv_handle_t *h, uv_close_cb cb);
void __real_uv_close(uv_handle_t *h, uv_close_cb cb);

uint64_t __wrap_uv_now(const uv_loop_t *loop)
{
	(void)loop;
	return world.now_ms;
}

uint64_t __wrap_uv_hrtime(void)
{
	return world.now_ms * 1000000;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *out)
{
	bool is_wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;

	out->tv_sec = (time_t)(world.now_ms / 1000) + (is_wall ? FIRST_S : 0);
	out->tv_nsec = (long)(world.now_ms % 1000) * 1000000;
	return 0;
}

time_t __wrap_time(time_t *out)
{
	time_t now = (time_t)(world.now_ms / 1000) + FIRST_S;

	if (out)
		*out = now;
	return now;
}

static struct timer *timer_of(const uv_timer_t *handle)
{
	for (size_t i = 0; i < TIMERS; i++)
		if (world.timers[i].handle == handle)
			return &world.timers[i];
	return NULL;
}

int __wrap_uv_timer_start(uv_timer_t *t, uv_timer_cb cb, uint64_t after_ms, uint64_t repeat_ms)
{
	struct timer *slot = timer_of(t);

	if (!slot)
		slot = timer_of(NULL);
	FR_ASSERT(slot);
	*slot = (struct timer){t, cb, world.now_ms + after_ms, repeat_ms};
	return 0;
}

int __wrap_uv_timer_stop(uv_timer_t *t)
{
	struct timer *slot = timer_of(t);

	if (slot)
		slot->handle = NULL;
	return 0;
}

void fr_world_advance(uint64_t ms)
{
	world.now_ms += ms;
	for (size_t i = 0; i < TIMERS; i++) {
		struct timer due = world.timers[i];

		if (!due.handle || due.due_ms > world.now_ms)
			continue;
		if (due.repeat_ms)
			world.timers[i].due_ms = world.now_ms + due.repeat_ms;
		else
			world.timers[i].handle = NULL;
		due.cb(due.handle);
	}
}

/* --- random numbers --- */

void __wrap_fr_random_bytes(void *out, size_t len);

void __wrap_fr_random_bytes(void *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		world.random = world.random * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)out)[i] = (uint8_t)(world.random >> 56);
	}
}

/* --- connections to the origin --- */

int __wrap_uv_tcp_connect(uv_connect_t *req, uv_tcp_t *t, const struct sockaddr *addr,
                          uv_connect_cb cb);

static struct waiting *waiting_of(const uv_handle_t *handle)
{
	for (size_t i = 0; i < CONNECTS; i++)
		if ((const uv_handle_t *)world.connects[i].handle == handle)
			return &world.connects[i];
	return NULL;
}

int __wrap_uv_tcp_connect(uv_connect_t *req, uv_tcp_t *t, const struct sockaddr *addr,
                          uv_connect_cb cb)
{
	struct waiting *slot = waiting_of(NULL);
	int fds[2];

	(void)addr;
	/* more than the rig can hold: as if nobody listened */
	if (!slot)
		return UV_ECONNREFUSED;
	fr_world_pair(fds, 0);
	FR_ASSERT(uv_tcp_open(t, fds[0]) == 0);
	*slot = (struct waiting){req, t, cb, fds[1], world.how};
	return 0;
}

static int leave(struct waiting *c)
{
	int fd = c->fd;

	*c = (struct waiting){.req = NULL};
	return fd;
}

void __wrap_uv_close(uv_handle_t *h, uv_close_cb cb)
{
	struct waiting *c = waiting_of(h);

	if (c)
		(void)close(leave(c));
	if (h->type == UV_TIMER)
		(void)__wrap_uv_timer_stop((uv_timer_t *)h);
	__real_uv_close(h, cb);
}

void fr_world_set_connect(enum fr_world_connect how)
{
	world.how = how;
}

bool fr_world_connect(void (*taken)(void *user, int fd), void *user)
{
	bool any = false;

	for (size_t i = 0; i < CONNECTS; i++) {
		struct waiting c = world.connects[i];

		if (!c.req || c.how == FR_WORLD_HANG)
			continue;
		any = true;
		(void)leave(&world.connects[i]);
		if (c.how == FR_WORLD_ACCEPT)
			taken(user, c.fd);
		else
			(void)close(c.fd);
		c.cb(c.req, c.how == FR_WORLD_ACCEPT ? 0 : UV_ECONNREFUSED);
	}
	return any;
}

/* --- sockets --- */

int __wrap_getpeername(int fd, struct sockaddr *addr, socklen_t *len);
int __wrap_uv_tcp_getpeername(const uv_tcp_t *t, struct sockaddr *addr, int *len);
int __wrap_fr_tcp_path(int fd, struct fr_path *out);

void fr_world_pair(int fds[2], int bytes)
{
	FR_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	for (int i = 0; bytes && i < 2; i++)
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void fr_world_set_peer(int fd, unsigned n)
{
	FR_ASSERT(fd >= 0 && (unsigned)fd < PEERS);
	world.peers[fd] = (uint8_t)n;
}

static void peer_of(int fd, struct sockaddr *addr)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(40000)};
	unsigned n = fd >= 0 && (unsigned)fd < PEERS ? world.peers[fd] : 0;

	in.sin_addr.s_addr = htonl(0xc0000200u + n);
	memcpy(addr, &in, sizeof in);
}

int __wrap_getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	if (*len < sizeof(struct sockaddr_in)) {
		errno = EINVAL;
		return -1;
	}
	*len = sizeof(struct sockaddr_in);
	peer_of(fd, addr);
	return 0;
}

int __wrap_uv_tcp_getpeername(const uv_tcp_t *t, struct sockaddr *addr, int *len)
{
	uv_os_fd_t fd;

	if (*len < (int)sizeof(struct sockaddr_in) || uv_fileno((const uv_handle_t *)t, &fd) < 0)
		return UV_EBADF;
	*len = (int)sizeof(struct sockaddr_in);
	peer_of(fd, addr);
	return 0;
}

void fr_world_set_rtt(uint32_t us)
{
	world.rtt_us = us;
}

int __wrap_fr_tcp_path(int fd, struct fr_path *out)
{
	(void)fd;
	if (world.rtt_us == 0)
		return FR_ERR_IO;
	*out = (struct fr_path){.rtt_us = world.rtt_us,
	                        .min_rtt_us = world.rtt_us,
	                        .cwnd_bytes = 14600,
	                        .mss_bytes = 1460};
	return 0;
}

void fr_world_begin(uint64_t seed)
{
	for (size_t i = 0; i < TIMERS; i++)
		FR_ASSERT(!world.timers[i].handle);
	for (size_t i = 0; i < CONNECTS; i++)
		FR_ASSERT(!world.connects[i].req);
	world.now_ms = FIRST_MS;
	world.random = seed;
	world.how = FR_WORLD_ACCEPT;
	world.rtt_us = 0;
}
