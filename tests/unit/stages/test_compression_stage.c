/* Bounds of what is encoded at a time, and of what is encoded again: stages/compression. */
#include <sched.h>

#include "cache/store.h"
#include "fake_client.h"
#include "stages/compression/filter.h"
#include "stages/compression/recode.h"
#include "stages/compression/recoder.h"
#include "stages/compression/twin.h"

#define CONFIG                                                                                     \
	"cache: {memory: 64MiB}\n"                                                                 \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80', max_connections: 100}\n"

#define GZIP "accept-encoding: gzip\n"

/* A head, and a first chunk of a body that goes on. */
#define BEGUN(cache_control)                                                                       \
	"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nCache-Control: " cache_control               \
	"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na{}\n\r\n"

static struct fake_request *begin_body(struct fixture *f, struct fake_client *c, unsigned i,
                                       const char *head)
{
	char url[64];
	struct fake_request *r;

	(void)snprintf(url, sizeof url, "https://a.test/%u", i);
	r = fake_get(c, url, GZIP);
	origin_send(f->worker, strrchr(url, '/'), head);
	worker_turn(f->worker);
	assert_int_equal(r->status, 200);
	return r;
}

static bool is_coded(const struct fake_request *r)
{
	return fake_field(r, "content-encoding").p != NULL;
}

static void one_connection_has_so_many_filters(void **state)
{
	struct fixture *f = *state;
	struct fake_request *first = NULL, *r;

	for (unsigned i = 0; i < FR_CODING_FILTERS_MOST; i++) {
		r = begin_body(f, f->client, i, BEGUN("no-store"));
		assert_true(is_coded(r));
		first = i == 0 ? r : first;
	}
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_CODERS), 0);
	r = begin_body(f, f->client, FR_CODING_FILTERS_MOST, BEGUN("no-store"));
	assert_false(is_coded(r));
	assert_string_equal(r->body, "a{}\n");
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_CODERS), 1);
	/* others are not affected, and who leaves makes room */
	r = begin_body(f, fake_client_new(f->worker, FAKE_H2, 2), 100, BEGUN("no-store"));
	assert_true(is_coded(r));
	fake_cancel(first, false);
	assert_true(is_coded(begin_body(f, f->client, 101, BEGUN("no-store"))));
	assert_int_equal(worker_count(f->worker, FR_COUNT_CODERS_OPEN), FR_CODING_FILTERS_MOST + 1);
}

static void a_worker_makes_so_many_twins(void **state)
{
	struct fixture *f = *state;
	struct fake_client *c = NULL;
	struct fake_request *r;

	for (unsigned i = 0; i < FR_TWIN_JOBS_MOST; i++) {
		if (i % 8 == 0)
			c = fake_client_new(f->worker, FAKE_H2, 2 + i / 8);
		assert_true(is_coded(begin_body(f, c, i, BEGUN("max-age=60"))));
	}
	assert_int_equal(worker_of(f->worker)->twin_jobs.n, FR_TWIN_JOBS_MOST);
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_TWINS), 0);
	/* the next is encoded for its client alone */
	r = begin_body(f, f->client, FR_TWIN_JOBS_MOST, BEGUN("max-age=60"));
	assert_true(is_coded(r));
	assert_int_equal(worker_of(f->worker)->twin_jobs.n, FR_TWIN_JOBS_MOST);
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_TWINS), 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_CODERS_OPEN), FR_TWIN_JOBS_MOST + 1);
}

/* --- again --- */

static char css[4096];

static void ask_often(struct fixture *f, unsigned i, unsigned times)
{
	char url[64];

	(void)snprintf(url, sizeof url, "https://a.test/%u", i);
	for (unsigned n = 0; n < times; n++) {
		struct fake_request *r = fake_get(f->client, url, GZIP);

		if (r->status == 0)
			origin_answer(f->worker, strrchr(url, '/'), "200 OK",
			              "Content-Type: text/css\r\nCache-Control: max-age=60\r\n",
			              css);
		assert_true(r->is_complete);
		assert_true(is_coded(r));
	}
}

/* One for the plain body, with whom the twin is made. */
#define OFTEN (1 + FR_RECODE_ASKS)

static int begin_again(void **state)
{
	int rc = fixture_begin(state, CONFIG, FAKE_H2);
	struct fixture *f = *state;

	/* without its thread: nothing is ever done */
	worker_shared(f->worker)->recoder = fr_recoder_new();
	for (size_t i = 0; i + 1 < sizeof css; i++)
		css[i] = (char)('a' + i * i % 23 % 17);
	return rc;
}

static int end_again(void **state)
{
	struct fr_recoder *r = worker_shared(((struct fixture *)*state)->worker)->recoder;
	int rc = fixture_end(state);

	fr_recoder_free(&r);
	return rc;
}

static void so_many_wait_to_be_encoded_again(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < FR_RECODER_JOBS_MOST; i++) {
		ask_often(f, i, OFTEN - 1);
		assert_int_equal(worker_count(f->worker, FR_COUNT_RECODES_OPEN), i);
		ask_often(f, i, 1);
		assert_int_equal(worker_count(f->worker, FR_COUNT_RECODES_OPEN), i + 1);
	}
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_RECODES), 0);
	ask_often(f, FR_RECODER_JOBS_MOST, OFTEN);
	assert_int_equal(worker_count(f->worker, FR_COUNT_RECODES_OPEN), FR_RECODER_JOBS_MOST);
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_RECODES), 1);
	/* as many askers later it is tried again */
	ask_often(f, FR_RECODER_JOBS_MOST, FR_RECODE_ASKS - 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_RECODES), 1);
	ask_often(f, FR_RECODER_JOBS_MOST, 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_LIMIT_RECODES), 2);
}

static void what_is_gone_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct fr_store *store = worker_shared(f->worker)->store;

	ask_often(f, 0, OFTEN);
	ask_often(f, 1, OFTEN);
	worker_advance(f->worker, FR_RECODE_LOOK_MS);
	assert_int_equal(worker_count(f->worker, FR_COUNT_RECODES_OPEN), 2);
	assert_int_equal(fr_store_purge(store, &(struct fr_purge){.key = S("https://a.test/0")}),
	                 1);
	worker_advance(f->worker, FR_RECODE_LOOK_MS);
	assert_int_equal(worker_count(f->worker, FR_COUNT_RECODES_OPEN), 1);
}

static void nothing_is_encoded_again_for_a_worker_that_drains(void **state)
{
	struct fixture *f = *state;

	ask_often(f, 0, OFTEN - 1);
	worker_of(f->worker)->is_draining = true;
	ask_often(f, 0, 1);
	worker_of(f->worker)->is_draining = false;
	assert_int_equal(worker_count(f->worker, FR_COUNT_RECODES_OPEN), 0);
}

/* --- jobs --- */

static void a_job_has_its_bounds(void **state)
{
	struct fr_recode_job *job;

	(void)state;
	assert_null(fr_recode_job_new(FR_CODING_BR, FR_RECODE_BYTES_MOST + 1, 10));
	assert_null(fr_recode_job_new(FR_CODING_BR, 10, 0));
	job = fr_recode_job_new(FR_CODING_BR, FR_RECODE_BYTES_MOST, 10);
	assert_non_null(job);
	fr_recode_job_unref(&job);
	for (unsigned n = 1; n <= 3; n++) {
		fr_mem_fail_after(n);
		assert_null(fr_recode_job_new(FR_CODING_BR, 10, 10));
	}
	fr_mem_fail_after(0);
}

/* Waits for the thread: it has work at once, or never. */
static enum fr_recode_state run(enum fr_coding coding, size_t shorter_than, bool is_dropped)
{
	struct fr_recoder *r = fr_recoder_new();
	struct fr_recode_job *job = fr_recode_job_new(coding, sizeof css, shorter_than);
	enum fr_recode_state state;

	assert_non_null(job);
	fr_recode_job_add(job, css, 1000);
	fr_recode_job_add(job, css + 1000, sizeof css - 1000);
	if (is_dropped)
		fr_recode_job_drop(job);
	assert_true(fr_recoder_offer(r, job));
	assert_int_equal(fr_recoder_start(r), 0);
	while ((state = fr_recode_job_state(job)) == FR_RECODE_UNDER_WAY)
		(void)sched_yield();
	fr_recode_job_unref(&job);
	fr_recoder_free(&r);
	return state;
}

static void a_job_is_done_or_in_vain(void **state)
{
	static const enum fr_coding codings[] = {FR_CODING_GZIP, FR_CODING_BR, FR_CODING_ZSTD};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(codings); i++) {
		assert_int_equal(run(codings[i], sizeof css, false), FR_RECODE_DONE);
		assert_int_equal(run(codings[i], 20, false), FR_RECODE_IN_VAIN);
		assert_int_equal(run(codings[i], sizeof css, true), FR_RECODE_IN_VAIN);
	}
}

FIXTURE(CONFIG, FAKE_H2)

#define AGAIN(name) cmocka_unit_test_setup_teardown(name, begin_again, end_again)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_connection_has_so_many_filters),
		TEST(a_worker_makes_so_many_twins),
		AGAIN(so_many_wait_to_be_encoded_again),
		AGAIN(what_is_gone_is_not_waited_for),
		AGAIN(nothing_is_encoded_again_for_a_worker_that_drains),
		cmocka_unit_test(a_job_has_its_bounds),
		cmocka_unit_test(a_job_is_done_or_in_vain),
	};
	RUN(tests);
}
