/* Bounds of what is encoded at a time, and of what is encoded again: stages/compression. */
#include <sched.h>

#include "base/buf.h"
#include "cache/store.h"
#include "fake_client.h"
#include "http/decode.h"
#include "http/encode.h"
#include "stages/compression/filter.h"
#include "stages/compression/recode.h"
#include "stages/compression/recoder.h"
#include "stages/compression/stage.h"
#include "stages/compression/twin.h"

#define CONFIG                                                                                     \
	"cache: {memory: 64MiB}\n"                                                                 \
	"sites:\n"                                                                                 \
	"  - hosts: [a.test]\n"                                                                    \
	"    origin: {url: 'http://127.0.0.1:80', max_connections: 100}\n"

static char css[4096]; /* filled before all tests */

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

/* An object began to answer, and could not: what the origin says instead is judged anew. */
static void what_was_decided_of_an_object_that_does_not_answer_is_void(void **state)
{
	struct fixture *f = *state;
	struct fr_store *store = worker_shared(f->worker)->store;
	struct fake_request *r = fake_get(f->client, "https://a.test/a.css", GZIP);
	struct fr_object *o;
	struct fr_body *twin;
	bool others;

	origin_answer(f->worker, "/a.css", "200 OK",
	              "Content-Type: text/css\r\nCache-Control: max-age=60\r\n", css);
	assert_true(is_coded(r));
	r = fake_get(f->client, "https://a.test/a.png", GZIP);
	o = fr_store_find(store, S("https://a.test/a.css"), &r->ex->req.fields, &r->ex->arena,
	                  &others);
	assert_non_null(o);
	r->ex->cache.is_stored = true;
	assert_true(fr_coded_forms.decide(r->ex, o));
	twin = fr_coded_forms.body(r->ex, o);
	assert_non_null(twin);
	fr_body_unref(&twin);
	fr_object_unref(&o);
	fr_coded_forms.forget(r->ex);
	r->ex->cache.is_stored = false;
	origin_answer(f->worker, "/a.png", "200 OK", "Content-Type: image/png\r\n", "a picture");
	assert_true(r->is_complete);
	assert_false(is_coded(r));
	assert_string_equal(r->body, "a picture");
}

/* --- again --- */

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

/* Many ask for what is new before all of it is there: that is not their last chance. */
static void what_was_no_time_for_is_encoded_again_later(void **state)
{
	struct fixture *f = *state;

	ask_often(f, 0, OFTEN - 1);
	worker_of(f->worker)->is_draining = true;
	ask_often(f, 0, 1);
	worker_of(f->worker)->is_draining = false;
	ask_often(f, 0, FR_RECODE_ASKS - 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_RECODES_OPEN), 0);
	ask_often(f, 0, 1);
	assert_int_equal(worker_count(f->worker, FR_COUNT_RECODES_OPEN), 1);
}

/* --- jobs --- */

static void a_job_has_its_bounds(void **state)
{
	struct fr_recode_job *job;

	(void)state;
	assert_null(
		fr_recode_job_new(FR_CODING_IDENTITY, FR_CODING_BR, FR_RECODE_BYTES_MOST + 1, 10));
	assert_null(fr_recode_job_new(FR_CODING_IDENTITY, FR_CODING_BR, 10, 0));
	job = fr_recode_job_new(FR_CODING_IDENTITY, FR_CODING_BR, FR_RECODE_BYTES_MOST, 10);
	assert_non_null(job);
	fr_recode_job_unref(&job);
	for (unsigned n = 1; n <= 3; n++) {
		fr_mem_fail_after(n);
		assert_null(fr_recode_job_new(FR_CODING_IDENTITY, FR_CODING_BR, 10, 10));
	}
	fr_mem_fail_after(0);
}

/* Waits for the thread: it has work at once, or never. The job is the caller's. */
static enum fr_recode_state run_job(struct fr_recode_job *job)
{
	struct fr_recoder *r = fr_recoder_new();
	enum fr_recode_state state;

	assert_true(fr_recoder_offer(r, job));
	assert_int_equal(fr_recoder_start(r), 0);
	while ((state = fr_recode_job_state(job)) == FR_RECODE_UNDER_WAY)
		(void)sched_yield();
	fr_recoder_free(&r);
	return state;
}

static enum fr_recode_state run(enum fr_coding coding, size_t shorter_than, bool is_dropped)
{
	struct fr_recode_job *job =
		fr_recode_job_new(FR_CODING_IDENTITY, coding, sizeof css, shorter_than);
	enum fr_recode_state state;

	assert_non_null(job);
	fr_recode_job_add(job, css, 1000);
	fr_recode_job_add(job, css + 1000, sizeof css - 1000);
	if (is_dropped)
		fr_recode_job_drop(job);
	state = run_job(job);
	fr_recode_job_unref(&job);
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

/* --- bodies that their origin encoded --- */

static int append(void *user, const uint8_t *p, size_t len)
{
	return fr_buf_append(user, p, len);
}

/* As an origin in a hurry encodes them. */
static void encode(enum fr_coding coding, const void *data, size_t len, struct fr_buf *out)
{
	struct fr_encoder *e = fr_encoder_new(
		&(struct fr_encode_how){.coding = coding, .level = 1, .length = (int64_t)len});

	assert_non_null(e);
	assert_int_equal(fr_encode(e, data, len, FR_ENCODE_END, append, out), 0);
	fr_encoder_free(&e);
}

static enum fr_recode_state recode(enum fr_coding from, enum fr_coding to, const struct fr_buf *in,
                                   struct fr_buf *out)
{
	struct fr_recode_job *job = fr_recode_job_new(from, to, fr_buf_len(in), fr_buf_len(in));
	enum fr_recode_state state;
	const uint8_t *data;
	size_t n;

	assert_non_null(job);
	fr_recode_job_add(job, fr_buf_data(in), fr_buf_len(in));
	state = run_job(job);
	if (state == FR_RECODE_DONE) {
		n = fr_recode_job_result(job, &data);
		assert_int_equal(fr_buf_append(out, data, n), 0);
	}
	fr_recode_job_unref(&job);
	return state;
}

static void take_decoded(void *user, const char *p, size_t len)
{
	assert_int_equal(fr_buf_append(user, p, len), 0);
}

static void what_an_origin_encoded_is_the_same_text_in_another_coding(void **state)
{
	static const enum fr_coding codings[] = {FR_CODING_GZIP, FR_CODING_BR, FR_CODING_ZSTD};
	const struct fr_decode_limits limits = {
		.bytes = 1u << 20, .decoder_bytes = 17u << 20, .ratio = 1000};

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(codings) * FR_ARRAY_LEN(codings); i++) {
		enum fr_coding from = codings[i / FR_ARRAY_LEN(codings)];
		enum fr_coding to = codings[i % FR_ARRAY_LEN(codings)];
		struct fr_buf in, out, plain;
		struct fr_decoder *d;

		fr_buf_init(&in, 1u << 20);
		fr_buf_init(&out, 1u << 20);
		fr_buf_init(&plain, 1u << 20);
		encode(from, css, sizeof css, &in);
		if (recode(from, to, &in, &out) == FR_RECODE_DONE) {
			assert_true(fr_buf_len(&out) < fr_buf_len(&in));
			d = fr_decoder_new(fr_coding_name(to), &limits, take_decoded, &plain);
			fr_decoder_feed(d, fr_buf_data(&out), fr_buf_len(&out));
			assert_true(fr_decoder_is_whole(d));
			fr_decoder_free(&d);
			assert_int_equal(fr_buf_len(&plain), sizeof css);
			assert_memory_equal(fr_buf_data(&plain), css, sizeof css);
		} else {
			/* from the shortest to a longer one */
			assert_int_not_equal(to, FR_CODING_BR);
			assert_int_not_equal(from, FR_CODING_GZIP);
		}
		fr_buf_fini(&in);
		fr_buf_fini(&out);
		fr_buf_fini(&plain);
	}
}

static void what_is_damaged_or_grows_too_much_is_in_vain(void **state)
{
	static uint8_t zeros[2 * FR_RECODE_BYTES_MOST];
	struct fr_buf in, out;

	(void)state;
	fr_buf_init(&in, 1u << 20);
	fr_buf_init(&out, 1u << 20);
	/* cut short */
	encode(FR_CODING_GZIP, css, sizeof css, &in);
	{
		struct fr_buf cut;

		fr_buf_init(&cut, 1u << 20);
		assert_int_equal(fr_buf_append(&cut, fr_buf_data(&in), fr_buf_len(&in) - 9), 0);
		assert_int_equal(recode(FR_CODING_GZIP, FR_CODING_BR, &cut, &out),
		                 FR_RECODE_IN_VAIN);
		fr_buf_fini(&cut);
	}
	/* another coding than is said */
	assert_int_equal(recode(FR_CODING_BR, FR_CODING_ZSTD, &in, &out), FR_RECODE_IN_VAIN);
	/* more than FR_RECODE_BYTES_MOST when it is plain */
	fr_buf_clear(&in);
	encode(FR_CODING_BR, zeros, sizeof zeros, &in);
	assert_int_equal(recode(FR_CODING_BR, FR_CODING_GZIP, &in, &out), FR_RECODE_IN_VAIN);
	fr_buf_fini(&in);
	fr_buf_fini(&out);
}

FIXTURE(CONFIG, FAKE_H2)

#define AGAIN(name) cmocka_unit_test_setup_teardown(name, begin_again, end_again)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_connection_has_so_many_filters),
		TEST(a_worker_makes_so_many_twins),
		TEST(what_was_decided_of_an_object_that_does_not_answer_is_void),
		AGAIN(so_many_wait_to_be_encoded_again),
		AGAIN(what_is_gone_is_not_waited_for),
		AGAIN(nothing_is_encoded_again_for_a_worker_that_drains),
		AGAIN(what_was_no_time_for_is_encoded_again_later),
		cmocka_unit_test(a_job_has_its_bounds),
		cmocka_unit_test(a_job_is_done_or_in_vain),
		cmocka_unit_test(what_an_origin_encoded_is_the_same_text_in_another_coding),
		cmocka_unit_test(what_is_damaged_or_grows_too_much_is_in_vain),
	};
	for (size_t i = 0; i + 1 < sizeof css; i++)
		css[i] = (char)('a' + i * i % 23 % 17);
	RUN(tests);
}
