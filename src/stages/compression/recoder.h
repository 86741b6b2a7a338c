/* Encodes bodies once more, plain or encoded by their origin, as small as their coding can make them, on a thread of its own that
 * only gets what processor time is left over. It knows no worker, object or store: a job has a
 * copy of the bytes and room for the result, and whoever made it looks from time to time
 * whether it is over. So nobody ever waits for the thread, holds a lock that it wants, or is held
 * up by its end. Used by stages/compression/recode. */
#ifndef FR_STAGES_COMPRESSION_RECODER_H
#define FR_STAGES_COMPRESSION_RECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/codings.h"

struct fr_recoder;    /* refcounted: the server, its thread */
struct fr_recode_job; /* refcounted: who made it, the recoder */

/* Jobs that wait, of all workers: each holds its body and room for the result. */
#define FR_RECODER_JOBS_MOST 8u
/* Bytes of a body, plain and as it is stored. br 11 takes 2 s and holds 16 MiB for that many. */
#define FR_RECODE_BYTES_MOST (1u << 20)
/* The thread rests this many times as long as a job took it: it takes a tenth of a processor at
 * most, for whom processor time is metered. */
#define FR_RECODER_REST 9u

/* Without its thread. Never NULL. */
struct fr_recoder *fr_recoder_new(void);
/* 0, or FR_ERR_IO: there is no thread, and jobs wait for ever. */
int fr_recoder_start(struct fr_recoder *r) FR_MUST_USE;
/* The owner is through with it. Its thread is not waited for: it ends by itself, and touches
 * nothing but its jobs meanwhile. NULL is allowed. */
void fr_recoder_free(struct fr_recoder **r);
/* Takes a reference to the job. False: FR_RECODER_JOBS_MOST wait, and nothing was done. */
bool fr_recoder_offer(struct fr_recoder *r, struct fr_recode_job *job) FR_MUST_USE;

enum fr_recode_state {
	FR_RECODE_UNDER_WAY, /* or waits */
	FR_RECODE_DONE,      /* it came out shorter */
	FR_RECODE_IN_VAIN    /* it did not, or it was dropped */
};

/* from: the coding of the bytes that are added next, IDENTITY if they are plain; len: of them, at
 * most FR_RECODE_BYTES_MOST. shorter_than: coded bytes from which on it is in vain. NULL without
 * memory. */
struct fr_recode_job *fr_recode_job_new(enum fr_coding from, enum fr_coding to, size_t len,
                                        size_t shorter_than);
/* The next of the `len` bytes; all of them before it is offered. */
void fr_recode_job_add(struct fr_recode_job *job, const void *data, size_t n);
void fr_recode_job_unref(struct fr_recode_job **job);
/* The result is not wanted any more: the thread stops with its next piece. */
void fr_recode_job_drop(struct fr_recode_job *job);
enum fr_recode_state fr_recode_job_state(const struct fr_recode_job *job);
/* DONE: the coded body, borrowed. Returns its length. */
size_t fr_recode_job_result(const struct fr_recode_job *job, const uint8_t **data);

#endif
