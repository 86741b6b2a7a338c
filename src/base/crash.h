/* What a crash report is made of: one page of memory that the process shares with its
 * parent (cli/serve/parent.h). The parent reads it when the process is gone. Each worker
 * writes what it is doing into its slot; a handler of fatal signals adds the signal and
 * the program counters. The handler does not allocate or lock, and makes no system call
 * except the one that ends the process.
 *
 *   page: | head: layout, modules | crash: signal, counters, note | slot | slot | ...
 *
 * The reader of a crashed process's page trusts nothing in it: see fr_crash_read. Without
 * a page (no parent) every call here is harmless. */
#ifndef FR_BASE_CRASH_H
#define FR_BASE_CRASH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define FR_CRASH_MAX_WORKERS 1024u
#define FR_CRASH_MAX_COUNTERS 48u
#define FR_CRASH_MAX_MODULES 48u
#define FR_CRASH_NOTE_BYTES 256u
#define FR_CRASH_NAME_BYTES 16u
#define FR_CRASH_BUILD_ID_BYTES 20u

#define FR_ACTIVITY_TABLE(X)                                                                       \
	X(NONE, "nothing yet")                                                                     \
	X(IDLE, "waiting for events")                                                              \
	X(ACCEPT, "accepting a connection")                                                        \
	X(READ, "reading from a client")                                                           \
	X(REQUEST, "beginning a request")                                                          \
	X(ORIGIN, "taking a response")                                                             \
	X(FILL, "filling the cache")                                                               \
	X(SEND, "sending to a client")
enum fr_activity_stage {
#define X(name, text) FR_ACTIVITY_##name,
	FR_ACTIVITY_TABLE(X)
#undef X
		FR_ACTIVITY_COUNT
};
const char *fr_activity_str(unsigned stage);

#define FR_ACTIVITY_HOST_BYTES 48u
#define FR_ACTIVITY_PATH_BYTES 112u

/* What one worker does; written by its thread alone. */
struct fr_activity {
	uint32_t stage;      /* enum fr_activity_stage */
	uint32_t clients;    /* connections open */
	uint64_t connection; /* looked at last; number from 1, of this worker */
	/* the exchange that it looked at last; `stage` says whether it still does */
	uint64_t of_connection;
	uint64_t exchange; /* its request id, as in the access log */
	int32_t stream;    /* of HTTP/2; 0: HTTP/1 */
	uint32_t version;  /* enum fr_version */
	char method[12];
	uint16_t host_len, path_len;
	char host[FR_ACTIVITY_HOST_BYTES]; /* cut; not NUL-terminated, as the path */
	char path[FR_ACTIVITY_PATH_BYTES]; /* cut; with its query left out */
};

struct fr_crash_module {
	uint64_t begin, end; /* addresses; begin: where offset 0 of the file is */
	char name[48];
};

enum fr_crash_state { FR_CRASH_NONE, FR_CRASH_WRITING, FR_CRASH_WRITTEN };

struct fr_crash_page {
	uint32_t magic, version;
	uint32_t n_slots;
	uint32_t n_modules;
	struct fr_crash_module modules[FR_CRASH_MAX_MODULES];
	char note[FR_CRASH_NOTE_BYTES]; /* of an assertion or of out of memory */
	_Atomic uint32_t state;         /* enum fr_crash_state */
	int32_t signal, code;           /* si_signo, si_code */
	int32_t sender;                 /* pid, if somebody sent it; 0: the process's own fault */
	uint64_t address;               /* si_addr */
	int32_t worker;                 /* whose thread; -1: none's */
	char thread[FR_CRASH_NAME_BYTES];
	uint32_t n_counters;
	uint64_t counters[FR_CRASH_MAX_COUNTERS]; /* innermost first */
	struct fr_activity slots[];
};

size_t fr_crash_page_bytes(size_t slots);
/* A page for this number of workers in memory that processes can share: *fd is the caller's, to be
 * handed on; the page is mapped. Its size is sealed. 0 or FR_ERR_IO. slots is the caller's to
 * remember: any process that shares the page can write any number into it. */
int fr_crash_page_new(size_t slots, struct fr_crash_page **page, int *fd) FR_MUST_USE;
/* NULL is allowed. */
void fr_crash_page_free(struct fr_crash_page **page, size_t slots);
/* Empties it for the next process. */
void fr_crash_page_reset(struct fr_crash_page *page, size_t slots);
/* A copy of what a process left, with every number within its bounds and every text
 * terminated. Owned, with free(). slots: as many as the page was made for. */
struct fr_crash_page *fr_crash_read(const struct fr_crash_page *page, size_t slots);

/* --- in the process that may crash --- */

/* Uses the page behind fd (closed here) from now on, and installs the handler for fatal signals
 * that nobody (a sanitizer) has a handler for. Before threads start. 0 or FR_ERR_IO. */
int fr_crash_begin(int fd, size_t slots) FR_MUST_USE;
/* This thread's name, and its worker's number (-1: not a worker). Gives the handler a stack of
 * its own on this thread, so that an overflow of the thread's is reported as well. */
void fr_crash_thread_begin(const char *name, int worker);
/* What this thread is doing is noted there, page or not (a worker's); NULL: nothing. Borrowed until
 * fr_crash_thread_end. */
void fr_crash_thread_notes(const struct fr_activity *activity);
void fr_crash_thread_end(void);
/* What this thread is doing, for messages: " while taking a response: connection 3, stream 5,
 * exchange 00f3... GET"; "" where that is not known. Returns out. */
const char *fr_crash_doing(char *out, size_t cap);
/* The worker's slot; NULL without a page. */
struct fr_activity *fr_crash_slot(size_t worker);
/* Why the process is about to abort; the first one stays. */
void fr_crash_note(const char *text);

/* The program's build id (NT_GNU_BUILD_ID) in hex; "unknown" without. */
void fr_build_id(char out[2 * FR_CRASH_BUILD_ID_BYTES + 1]);

/* --- noting what a worker does: a few stores --- */

static inline void fr_activity_set(struct fr_activity *a, enum fr_activity_stage stage)
{
	a->stage = (uint32_t)stage;
}

static inline uint16_t fr_activity_text(char *to, size_t cap, struct fr_str s)
{
	size_t n = s.len < cap ? s.len : cap;

	if (n)
		memcpy(to, s.p, n);
	return (uint16_t)n;
}

#endif
