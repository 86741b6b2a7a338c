/* One bound on the memory of all connections together (limits.memory). Each worker
 * counts what its peers make it hold (base/mem.h); here it is summed up, compared with
 * what the system says of the process, and turned into a level. The further the level,
 * the more is given up, what can be missed first: pushes, storing new objects, the
 * least useful connections, new connections; and where that is not enough within a turn,
 * requests of connections that hold more than their share, and answers that they do not
 * read. When the load has gone, free memory goes back to the system. Readable from any
 * thread; each worker writes its own part. */
#ifndef FR_NET_MEMORY_LIMIT_H
#define FR_NET_MEMORY_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/loop.h"

struct fr_memory;

/* In the order of what is given up; percent of limits.memory from which it is; text. */
#define FR_MEMORY_LEVEL_TABLE(X)                                                                   \
	X(PLENTY, 0, "nothing is held back")                                                       \
	X(NO_PUSHES, 70, "no new pushes")                                                          \
	X(NO_STORING, 80, "no new objects in the cache")                                           \
	X(SHEDDING, 88, "connections are closed, idle ones and those that read least first")       \
	X(NO_CONNECTIONS, 94, "new connections are refused")                                       \
	X(NO_REQUESTS, 98, "connections with more than their share are refused requests")
enum fr_memory_level {
#define X(id, percent, text) FR_MEMORY_##id,
	FR_MEMORY_LEVEL_TABLE(X)
#undef X
		FR_MEMORY_LEVELS
};
const char *fr_memory_level_str(enum fr_memory_level l);
/* The level of `used` bytes. Pure. */
enum fr_memory_level fr_memory_level_of(uint64_t used, uint64_t limit);

/* Estimates of what OpenSSL and libuv hold for a connection. */
#define FR_MEMORY_TLS_BYTES 40960u
#define FR_MEMORY_PLAIN_BYTES 1024u

/* Never NULL. stored: how many bytes the process holds that have a bound of their own
 * (cache.memory) and do not count; any thread; NULL: none. user: borrowed. */
struct fr_memory *fr_memory_new(size_t workers, uint64_t (*stored)(const void *user),
                                const void *user);
void fr_memory_free(struct fr_memory **m);
/* 0: a quarter of the memory that the machine, the control group or setrlimit allows. */
void fr_memory_set_limit(struct fr_memory *m, uint64_t bytes);

struct fr_memory_stats {
	uint64_t used, limit;
	enum fr_memory_level level;
};
void fr_memory_stats(const struct fr_memory *m, struct fr_memory_stats *out);

/* What a worker does when its part is to become smaller. */
struct fr_memory_part_ops {
	/* Gives up what can be missed first, until `need` bytes are free. */
	void (*shed)(void *user, uint64_t need);
	/* Frees what is kept for its next use; is_short: there is none to spare. */
	void (*trim)(void *user, bool is_short);
};

/* The part of one worker. Embedded in it; used on its thread. */
struct fr_memory_part {
	struct fr_memory *whole; /* borrowed */
	unsigned index;
	struct fr_loop *loop; /* borrowed */
	struct fr_timer timer;
	struct fr_task task;
	int64_t seen, peak; /* held when last summed up; most since memory went back */
	unsigned quiet;     /* ticks without a change */
	const struct fr_memory_part_ops *ops;
	void *user; /* borrowed: the argument of ops */
};

/* Starts and ends the looking after it. index: below the number of workers. */
void fr_memory_watch(struct fr_memory_part *p, struct fr_memory *whole, unsigned index,
                     struct fr_loop *loop, const struct fr_memory_part_ops *ops, void *user);
void fr_memory_unwatch(struct fr_memory_part *p);

/* The level now, as this worker may know it: cheap, for each request and each piece of a
 * body. */
enum fr_memory_level fr_memory_level(struct fr_memory_part *p);
/* How many bytes one of n connections of this worker may hold when memory is all but out. */
uint64_t fr_memory_share(const struct fr_memory_part *p, size_t n);
/* A connection was closed to make room: what the system says is old until memory has gone
 * back to it. */
void fr_memory_note_shed(struct fr_memory_part *p);

#endif
