/* The thread of low priority, and the jobs that it takes. */
#include "stages/compression/recoder.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/holds.h"
#include "base/mem.h"
#include "http/decode.h"
#include "http/encode.h"
#include "stages/compression/filter.h"

#define NS_PER_S 1000000000

/* Jobs go through slots that are exchanged as a whole. A lock could be held by a thread that
 * does not get the processor for seconds. */
struct fr_recoder {
	_Atomic uint32_t refs;
	_Atomic bool is_ending;
	struct fr_recode_job *_Atomic slots[FR_RECODER_JOBS_MOST]; /* references; NULL: free */
	sem_t news; /* a job was offered, or it is ending */
};

struct fr_recode_job {
	_Atomic uint32_t refs;
	_Atomic int state;
	_Atomic bool is_dropped;
	enum fr_coding from, to;
	uint8_t *plain; /* owned; encoded, until it is the job's turn */
	size_t len, size;
	uint8_t *coded; /* owned */
	size_t n, most;
};

/* --- jobs --- */

struct fr_recode_job *fr_recode_job_new(enum fr_coding from, enum fr_coding to, size_t len,
                                        size_t shorter_than)
{
	struct fr_recode_job *j;

	if (len > FR_RECODE_BYTES_MOST || shorter_than == 0)
		return NULL;
	j = fr_try_calloc(1, sizeof *j);
	if (!j)
		return NULL;
	atomic_init(&j->refs, 1);
	j->from = from;
	j->to = to;
	j->size = len;
	j->most = shorter_than - 1;
	j->plain = fr_try_malloc(len);
	j->coded = fr_try_malloc(j->most);
	if (!j->plain || !j->coded)
		fr_recode_job_unref(&j);
	return j;
}

void fr_recode_job_add(struct fr_recode_job *j, const void *data, size_t n)
{
	FR_ASSERT(n <= j->size - j->len);
	memcpy(j->plain + j->len, data, n);
	j->len += n;
}

void fr_recode_job_unref(struct fr_recode_job **jp)
{
	struct fr_recode_job *j = *jp;

	*jp = NULL;
	if (!j || atomic_fetch_sub_explicit(&j->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(j->plain);
	free(j->coded);
	free(j);
}

void fr_recode_job_drop(struct fr_recode_job *j)
{
	atomic_store_explicit(&j->is_dropped, true, memory_order_relaxed);
}

enum fr_recode_state fr_recode_job_state(const struct fr_recode_job *j)
{
	return (enum fr_recode_state)atomic_load_explicit(&j->state, memory_order_acquire);
}

size_t fr_recode_job_result(const struct fr_recode_job *j, const uint8_t **data)
{
	FR_ASSERT(fr_recode_job_state(j) == FR_RECODE_DONE);
	*data = j->coded;
	return j->n;
}

/* --- the thread's work --- */

static int put(void *user, const uint8_t *p, size_t len)
{
	struct fr_recode_job *j = user;

	if (len > j->most - j->n)
		return FR_ERR_LIMIT;
	memcpy(j->coded + j->n, p, len);
	j->n += len;
	return 0;
}

static bool is_unwanted(const struct fr_recoder *r, const struct fr_recode_job *j)
{
	return atomic_load_explicit(&j->is_dropped, memory_order_relaxed) ||
	       atomic_load_explicit(&r->is_ending, memory_order_relaxed);
}

static void take_plain(void *user, const char *p, size_t len)
{
	struct fr_recode_job *j = user;

	/* the decoder's limit is the room */
	if (!FR_HOLDS(len <= j->size - j->len))
		return;
	memcpy(j->plain + j->len, p, len);
	j->len += len;
}

/* In pieces, so that it stops soon when nobody wants it any more. */
static bool feed(const struct fr_recoder *r, struct fr_recode_job *j, struct fr_decoder *d,
                 const uint8_t *data, size_t len)
{
	for (size_t at = 0; at < len && !fr_decoder_is_over(d); at += FR_ENCODE_PIECE_BYTES) {
		if (is_unwanted(r, j))
			return false;
		fr_decoder_feed(d, data + at,
		                len - at < FR_ENCODE_PIECE_BYTES ? len - at
		                                                 : FR_ENCODE_PIECE_BYTES);
	}
	return fr_decoder_is_whole(d);
}

/* False: it is damaged, too long when it is plain, or nobody wants it. */
static bool make_plain(const struct fr_recoder *r, struct fr_recode_job *j)
{
	const struct fr_decode_limits limits = {.bytes = FR_RECODE_BYTES_MOST,
	                                        .decoder_bytes = FR_CODING_DECODER_BYTES,
	                                        .ratio = FR_CODING_DECODE_RATIO};
	uint8_t *coded = j->plain;
	size_t len = j->len;
	struct fr_decoder *d;
	bool is_whole;

	if (j->from == FR_CODING_IDENTITY)
		return true;
	d = fr_decoder_new(fr_coding_name(j->from), &limits, take_plain, j);
	j->plain = fr_try_malloc(FR_RECODE_BYTES_MOST);
	j->size = FR_RECODE_BYTES_MOST;
	j->len = 0;
	is_whole = d && j->plain && feed(r, j, d, coded, len);
	fr_decoder_free(&d);
	free(coded);
	return is_whole && j->len;
}

static int encode(const struct fr_recoder *r, struct fr_recode_job *j, struct fr_encoder *e)
{
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && at < j->len) {
		size_t n =
			j->len - at < FR_ENCODE_PIECE_BYTES ? j->len - at : FR_ENCODE_PIECE_BYTES;

		if (is_unwanted(r, j))
			return FR_ERR_CLOSED;
		rc = fr_encode(e, j->plain + at, n,
		               at + n == j->len ? FR_ENCODE_END : FR_ENCODE_MORE, put, j);
		at += n;
	}
	return rc;
}

static void work(const struct fr_recoder *r, struct fr_recode_job *j)
{
	bool is_plain = !is_unwanted(r, j) && make_plain(r, j);
	const struct fr_encode_how how = {.coding = j->to,
	                                  .level = fr_encode_level_most(j->to),
	                                  .length = (int64_t)j->len,
	                                  .is_thorough = true};
	struct fr_encoder *e = is_plain ? fr_encoder_new(&how) : NULL;
	bool is_shorter = e && encode(r, j, e) == 0;

	fr_encoder_free(&e);
	atomic_store_explicit(&j->state, is_shorter ? FR_RECODE_DONE : FR_RECODE_IN_VAIN,
	                      memory_order_release);
}

static struct fr_recode_job *take(struct fr_recoder *r)
{
	struct fr_recode_job *j = NULL;

	for (size_t i = 0; !j && i < FR_RECODER_JOBS_MOST; i++)
		j = atomic_exchange_explicit(&r->slots[i], NULL, memory_order_acquire);
	return j;
}

bool fr_recoder_offer(struct fr_recoder *r, struct fr_recode_job *j)
{
	atomic_fetch_add_explicit(&j->refs, 1, memory_order_relaxed);
	for (size_t i = 0; i < FR_RECODER_JOBS_MOST; i++) {
		struct fr_recode_job *none = NULL;

		if (!atomic_compare_exchange_strong_explicit(
			    &r->slots[i], &none, j, memory_order_release, memory_order_relaxed))
			continue;
		(void)sem_post(&r->news);
		return true;
	}
	atomic_fetch_sub_explicit(&j->refs, 1, memory_order_relaxed);
	return false;
}

/* --- the thread --- */

static void unref(struct fr_recoder *r)
{
	struct fr_recode_job *j;

	if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	while ((j = take(r)))
		fr_recode_job_unref(&j);
	(void)sem_destroy(&r->news);
	free(r);
}

static bool is_ending(const struct fr_recoder *r)
{
	return atomic_load_explicit(&r->is_ending, memory_order_relaxed);
}

/* A time of this clock, in ns. */
static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Or until it is ending. Jobs that are offered meanwhile are found afterwards. */
static void rest(struct fr_recoder *r, int64_t ns)
{
	int64_t until = clock_ns(CLOCK_MONOTONIC) + ns;
	const struct timespec at = {.tv_sec = (time_t)(until / NS_PER_S),
	                            .tv_nsec = (long)(until % NS_PER_S)};

	while (!is_ending(r))
		if (sem_clockwait(&r->news, CLOCK_MONOTONIC, &at) < 0 && errno == ETIMEDOUT)
			return;
}

/* Where a policy may not be chosen, the last place in line is next best. */
static void stand_back(void)
{
	const struct sched_param none = {.sched_priority = 0};

	if (sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		(void)setpriority(PRIO_PROCESS, 0, 19);
}

static void *run(void *user)
{
	struct fr_recoder *r = user;
	struct fr_recode_job *j;

	(void)pthread_setname_np(pthread_self(), "fr-recoder");
	stand_back();
	while (!is_ending(r)) {
		int64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);

		j = take(r);
		if (!j) {
			(void)sem_wait(&r->news);
			continue;
		}
		work(r, j);
		fr_recode_job_unref(&j);
		rest(r, (clock_ns(CLOCK_THREAD_CPUTIME_ID) - before) * FR_RECODER_REST);
	}
	unref(r);
	return NULL;
}

struct fr_recoder *fr_recoder_new(void)
{
	struct fr_recoder *r = fr_calloc(1, sizeof *r);

	atomic_init(&r->refs, 1);
	(void)sem_init(&r->news, 0, 0);
	return r;
}

int fr_recoder_start(struct fr_recoder *r)
{
	pthread_t thread;

	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	if (pthread_create(&thread, NULL, run, r) != 0) {
		atomic_fetch_sub_explicit(&r->refs, 1, memory_order_relaxed);
		return FR_ERR_IO;
	}
	(void)pthread_detach(thread);
	return 0;
}

void fr_recoder_free(struct fr_recoder **rp)
{
	struct fr_recoder *r = *rp;

	*rp = NULL;
	if (!r)
		return;
	atomic_store_explicit(&r->is_ending, true, memory_order_relaxed);
	(void)sem_post(&r->news);
	unref(r);
}
