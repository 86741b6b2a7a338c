/* The access log's file and its one thread. Workers put whole lines into
 * queues of their own, which never blocks them; the thread writes what is there.
 *
 *   worker -> queue (bounded) -\
 *   worker -> queue (bounded) --> thread -> file, pipe or standard output
 *
 * A full disk or a slow reader fills the queues; lines that find no room are
 * dropped whole and counted, and the process's log says so. A line that was
 * written in part is completed before anything else, or taken back when the file
 * is changed: no line is ever torn. */
#ifndef FR_OBSERVE_ACCESS_LOG_H
#define FR_OBSERVE_ACCESS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* How long lines wait for others, to be written together. */
#define FR_ACCESS_LOG_GATHER_MS 50
/* How long after a failure it is tried again. */
#define FR_ACCESS_LOG_RETRY_MS 200
/* How long what is left may take at the end. */
#define FR_ACCESS_LOG_CLOSE_MS 2000

struct fr_access_log;

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

/* Opens a file (appends; made with mode 0640), "-" for standard output. Gives the
 * descriptor, -1 with errno. A pipe without a reader is opened later. */
int fr_access_log_open(const char *file);
/* Where to write from now on: file is copied, fd (of fr_access_log_open) is
 * taken over. NULL and -1: nowhere; lines are thrown away. Any thread. */
void fr_access_log_use(struct fr_access_log *log, const char *file, int fd);
/* Opens the file again by its name, behind what was put before. Any thread;
 * returns at once. */
void fr_access_log_reopen(struct fr_access_log *log);

/* One line with its end of line. Queue `i` is one thread's alone. False: dropped. */
bool fr_access_log_put(struct fr_access_log *log, size_t i, const char *line, size_t len);

void fr_access_log_stats(struct fr_access_log *log, struct fr_access_log_stats *out);

#endif
