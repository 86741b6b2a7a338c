/* One bound on the memory of all connections together (limits.memory). Each worker
 * counts what its peers make it hold (base/mem.h); here it is summed up, compared with
 * what the system says of the process, and turned into a level. The further the level,
 * the more is given up, what can be missed first: pushes, storing new objects, the
 * least useful connections, new connections; and where that is not enough within a turn,
 * requests of connections that hold more than their share, and answers that they do not
 * read. When the load has gone, free memory goes back to the system. Readable from any
 * thread; each worker writes its own part. */
#ifndef FR_SERVER_MEMORY_H
#define FR_SERVER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fr_client;
struct fr_memory;
struct fr_store;
struct fr_worker;

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

/* Never NULL. store: borrowed; what it holds is bounded by cache.memory and not counted. */
struct fr_memory *fr_memory_new(size_t workers, struct fr_store *store);
void fr_memory_free(struct fr_memory **m);
/* 0: a quarter of the memory that the machine, the control group or setrlimit allows. */
void fr_memory_set_limit(struct fr_memory *m, uint64_t bytes);

struct fr_memory_stats {
	uint64_t used, limit;
	enum fr_memory_level level;
};
void fr_memory_stats(const struct fr_memory *m, struct fr_memory_stats *out);

/* The level now, as this worker may know it: cheap, for each request and each piece of a
 * body. On the worker's thread, as all below. */
enum fr_memory_level fr_memory_level(struct fr_worker *w);
/* False: memory is all but out, and this connection holds more than its share of what this
 * worker holds: no request of it is taken. */
bool fr_memory_has_share(struct fr_worker *w, const struct fr_client *c);
/* Starts and ends the looking after it. */
void fr_memory_watch(struct fr_worker *w);
void fr_memory_unwatch(struct fr_worker *w);

/* How many connections of clients may be open at once, for want of descriptors. */
void fr_memory_set_clients(struct fr_memory *m, uint32_t most);
/* Is there a descriptor for one more? Else an idle connection of this worker makes room;
 * false: there is none. The admin interface always has one. Give it back when the
 * connection has gone. */
bool fr_memory_take_client(struct fr_worker *w, bool is_admin);
void fr_memory_give_client(struct fr_worker *w);

/* Closes the connection of this worker that has waited for a request longest; false:
 * there is none. */
bool fr_memory_close_idle(struct fr_worker *w);

#endif
