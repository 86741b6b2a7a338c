/* The access log and its one thread. Workers put records into queues of their own, which
 * never blocks them; the thread formats the records and writes the lines.
 *
 *   worker -> queue (bounded) -\
 *   worker -> queue (bounded) --> thread: lines -> file, pipe or standard output
 *
 * A full disk or a slow reader fills the queues; records that find no room are dropped
 * whole and counted, and the process's log says so. The thread sleeps until there is
 * something to do; while it collects records, workers need not wake it. */
#ifndef FR_OBSERVE_ACCESS_LOG_H
#define FR_OBSERVE_ACCESS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* How long records wait for others, to be written together. */
#define FR_ACCESS_LOG_GATHER_MS 50
/* How long after a failure it is tried again. */
#define FR_ACCESS_LOG_RETRY_MS 200
/* How long what is left may take at the end. */
#define FR_ACCESS_LOG_CLOSE_MS 2000

struct fr_access_log;
struct fr_config;
struct fr_record;

struct fr_access_log_stats {
	uint64_t lines;   /* put into the queues */
	uint64_t dropped; /* found no room */
	uint64_t written_bytes;
	uint64_t errors; /* of writing or opening */
	uint64_t waiting_bytes;
	bool is_failing; /* cannot be written now */
};

/* n queues of buffer_bytes each. Starts the thread. 0 or FR_ERR_IO. */
int fr_access_log_new(size_t n, size_t buffer_bytes, struct fr_access_log **out) FR_MUST_USE;
/* Writes what is left, for at most FR_ACCESS_LOG_CLOSE_MS; ends the thread. No
 * queue may be in use any more. */
void fr_access_log_free(struct fr_access_log **log);

/* For `fd` below: the file stays, the format is another one. */
#define FR_ACCESS_LOG_SAME_FILE (-2)
/* How and where to write from now on, by config->access_log; what was put before is
 * written as it was to be. fd: of fr_access_file_open, taken over; -1: a pipe without
 * a reader, opened later. A reference to config is kept; one whose format is OFF:
 * nowhere, records are thrown away. Any thread. */
void fr_access_log_use(struct fr_access_log *log, struct fr_config *config, int fd);
/* Opens the file again by its name, after what was put before. Any thread;
 * returns at once. */
void fr_access_log_reopen(struct fr_access_log *log);

/* n exchanges that have ended. Queue `i` is one thread's alone. What finds no room is
 * dropped and counted. */
void fr_access_log_put(struct fr_access_log *log, size_t i, const struct fr_record *records,
                       size_t n);

void fr_access_log_stats(struct fr_access_log *log, struct fr_access_log_stats *out);

#endif
