/* The access log's destination (a file, a pipe or standard output), and the lines that
 * wait to be written. Never blocks. A partly written line is completed before anything
 * else, or taken back when the file is changed: no line is ever torn. Used by the log's
 * one thread.
 *
 *   closed <-> open: written at once | full disk, slow reader: lines wait */
#ifndef FR_OBSERVE_ACCESS_FILE_H
#define FR_OBSERVE_ACCESS_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines are gathered up to this, then written in one piece. */
#define FR_ACCESS_FILE_GATHER 262144u

struct fr_access_file {
	char *name;        /* owned; NULL: none, lines are thrown away */
	int fd;            /* owned unless standard output; -1: not open */
	char *out;         /* owned */
	size_t begin, end; /* lines in `out`; begin: written up to there */
	/* read by any thread */
	_Atomic uint64_t written_bytes, errors, waiting_bytes;
	_Atomic bool is_failing;
};

void fr_access_file_init(struct fr_access_file *f);
/* Closes it. What still waits is lost: fr_access_file_lines tells how much. */
void fr_access_file_fini(struct fr_access_file *f);

/* Opens a file (appends; made with mode 0640), "-" for standard output. Gives the
 * descriptor, -1 with errno. */
int fr_access_file_open(const char *name);

/* Another file: name is copied, fd taken over (-1: opened later). NULL: none.
 * What waits goes to the new one. */
void fr_access_file_use(struct fr_access_file *f, const char *name, int fd);
/* The same name again; what waits goes to what is there now. True: it is open. */
bool fr_access_file_reopen(struct fr_access_file *f);

/* Room for one more line of at most FR_ACCESS_LINE_MAX; NULL: write first. */
char *fr_access_file_room(struct fr_access_file *f);
/* A line was put there. */
void fr_access_file_add(struct fr_access_file *f, size_t len);
/* Writes what waits; false: some of it could not be written now. */
bool fr_access_file_write(struct fr_access_file *f);

bool fr_access_file_is_empty(const struct fr_access_file *f);
/* To be waited for until it takes more; -1: that would be of no use. */
int fr_access_file_wait_fd(const struct fr_access_file *f);
/* Lines that wait. */
size_t fr_access_file_lines(const struct fr_access_file *f);

#endif
