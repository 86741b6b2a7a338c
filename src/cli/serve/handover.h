/* How the parent of `forerun serve` and the serving process speak: messages of one fixed size
 * over a socket pair (SOCK_SEQPACKET), with descriptors beside them (SCM_RIGHTS). The serving
 * process is the same program, started anew; it finds its end of the pair by the environment
 * variable FORERUN_HANDOVER=FD. It asks for nothing: what it needs is given.
 *
 *   parent -> serving process, at its start and at each reload, in this order:
 *     PAGE      a: slots                            fd: the page for crash reports; first start only
 *     BEGIN     a: listeners  b: workers            a new set begins
 *     FILES                                         fd: the configuration's files (config/files.h)
 *     SOCKETS   a: listener's index                 fds: its sockets, one for each worker; as many
 *                                                   messages as it takes; optional listeners that
 *                                                   could not be opened have none
 *     APPLY     a: number of the set  b: crashes    it is complete: serve with it; so many
 *                                                   serving processes crashed before
 *   serving process -> parent:
 *     READY     a: number                           it serves with that set
 *     REFUSED   a: number                           it cannot (and has logged why): nothing changed
 *   parent -> serving process, at any time after the first APPLY:
 *     STOP      drain and end; again: at once
 *     REOPEN    open log files again
 *     COUNTERS  log all counters
 *
 * The end of the pair closing means that the other process is gone. A newer version of the
 * program can take over the sockets by the same messages; that is what `version` is for. The parent takes no
 * descriptors, and believes nothing but the two kinds above. */
#ifndef FR_CLI_SERVE_HANDOVER_H
#define FR_CLI_SERVE_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/crash.h"
#include "base/err.h"
#include "client/sockets.h"
#include "config/files.h"

#define FR_HANDOVER_ENV "FORERUN_HANDOVER"
#define FR_HANDOVER_VERSION 1u
/* Descriptors of one message; the kernel allows 253. */
#define FR_HANDOVER_MAX_FDS 64u

enum fr_handover_kind {
	FR_HANDOVER_PAGE = 1,
	FR_HANDOVER_BEGIN,
	FR_HANDOVER_FILES,
	FR_HANDOVER_SOCKETS,
	FR_HANDOVER_APPLY,
	FR_HANDOVER_READY,
	FR_HANDOVER_REFUSED,
	FR_HANDOVER_STOP,
	FR_HANDOVER_REOPEN,
	FR_HANDOVER_COUNTERS
};

struct fr_handover_message {
	uint32_t version; /* FR_HANDOVER_VERSION */
	uint32_t kind;    /* enum fr_handover_kind */
	uint32_t a, b;
};

/* Sends one, with descriptors (borrowed). 0; FR_ERR_IO with errno. */
int fr_handover_send(int fd, enum fr_handover_kind kind, uint32_t a, uint32_t b, const int *fds,
                     size_t n) FR_MUST_USE;
/* One of the parent's: waits unless fd is non-blocking. No descriptors are taken. 0;
 * FR_ERR_AGAIN; FR_ERR_CLOSED; FR_ERR_SYNTAX: not a message. */
int fr_handover_receive(int fd, struct fr_handover_message *m) FR_MUST_USE;

/* What the serving process has been given. */
struct fr_handed {
	struct fr_files *files;     /* reference; NULL: nothing yet */
	struct fr_sockets sockets;  /* of the set that is under way or complete */
	uint32_t number, n_workers; /* of the set */
	uint32_t crashes;
	bool is_complete; /* APPLY came: cleared by the caller once it is used */
};
void fr_handed_fini(struct fr_handed *h);
/* Takes the next message: those that make up a set go into *h (and the page into use),
 * others are the caller's: *m. 0; FR_ERR_CLOSED; FR_ERR_IO; FR_ERR_SYNTAX. */
int fr_handover_take(int fd, struct fr_handed *h, struct fr_handover_message *m) FR_MUST_USE;

#endif
