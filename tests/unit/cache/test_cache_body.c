#include "cache/body.h"

#include <pthread.h>

#include "unit.h"

static _Atomic size_t held;

static void nothing_is_held(void)
{
	assert_int_equal(atomic_load(&held), 0);
}

static uint8_t byte_at(uint64_t pos)
{
	return (uint8_t)(pos * 31 + pos / 65536);
}

static void append(struct fr_body *b, size_t len)
{
	uint8_t data[20000];
	uint64_t at = fr_body_len(b);

	for (size_t i = 0; i < len; i++)
		data[i] = byte_at(at + i);
	assert_int_equal(fr_body_append(b, data, len), 0);
}

/* Reads and checks what there is; returns how much. */
static uint64_t read_on(struct fr_cursor *c)
{
	uint64_t from = c->pos;
	const uint8_t *data;
	size_t n;

	while ((n = fr_cursor_peek(c, &data)) > 0) {
		if (n > 7000)
			n = 7000;
		for (size_t i = 0; i < n; i++)
			assert_int_equal(data[i], byte_at(c->pos + i));
		fr_cursor_skip(c, n);
	}
	return c->pos - from;
}

static void readers_at_their_own_pace_read_the_same(void **state)
{
	static const uint64_t expected[] = {300000, FR_BODY_UNKNOWN};

	(void)state;
	for (size_t e = 0; e < 2; e++) {
		struct fr_body *b = fr_body_new(&held, expected[e]);
		struct fr_cursor early, late, middle;

		assert_int_equal(fr_cursor_init(&early, b, 0), 0);
		for (int i = 0; i < 15; i++) {
			append(b, 20000);
			assert_int_equal(read_on(&early), 20000);
		}
		assert_int_equal(fr_cursor_init(&late, b, 0), 0);
		fr_body_end(b, true);
		assert_int_equal(read_on(&late), 300000);
		assert_int_equal(fr_cursor_init(&middle, b, 123456), 0);
		assert_int_equal(read_on(&middle), 300000 - 123456);
		assert_int_equal(fr_body_bytes(b), atomic_load(&held));
		fr_body_unref(&b);
		fr_cursor_fini(&early);
		fr_cursor_fini(&late);
		fr_cursor_fini(&middle);
		nothing_is_held();
	}
}

static void a_small_body_takes_a_small_chunk(void **state)
{
	struct fr_body *b = fr_body_new(&held, 1024);

	(void)state;
	append(b, 1024);
	assert_true(atomic_load(&held) < 1024 + 400);
	fr_body_unref(&b);
	b = fr_body_new(&held, 0);
	fr_body_end(b, true);
	assert_true(atomic_load(&held) < 400);
	fr_body_unref(&b);
	nothing_is_held();
}

static unsigned woken;

static void wake(struct fr_watcher *w)
{
	(void)w;
	woken++;
}

static void watchers_hear_of_every_change(void **state)
{
	struct fr_watcher w = {.wake = wake};
	struct fr_body *b = fr_body_new(&held, FR_BODY_UNKNOWN);

	(void)state;
	woken = 0;
	fr_body_watch(b, &w);
	assert_int_equal(woken, 0);
	append(b, 10);
	assert_int_equal(woken, 1);
	fr_body_end(b, false);
	assert_int_equal(woken, 2);
	fr_body_unwatch(b, &w);
	fr_body_unwatch(b, &w);
	/* what was missed is told at once */
	fr_body_watch(b, &w);
	assert_int_equal(woken, 3);
	fr_body_unwatch(b, &w);
	assert_int_equal(fr_body_state(b), FR_BODY_FAILED);
	fr_body_unref(&b);
	nothing_is_held();
}

static void a_loose_body_holds_only_what_its_slowest_reader_needs(void **state)
{
	struct fr_watcher w = {.wake = wake}, filler = {.wake = wake};
	struct fr_body *b = fr_body_new(&held, FR_BODY_UNKNOWN);
	struct fr_cursor c, refused;

	(void)state;
	assert_int_equal(fr_cursor_init(&c, b, 0), 0);
	fr_body_watch(b, &w);
	fr_body_set_filler(b, &filler);
	for (int i = 0; i < 20; i++)
		append(b, 20000);
	fr_body_cut_loose(b);
	assert_int_equal(fr_cursor_init(&refused, b, 0), FR_ERR_REFUSED);
	assert_int_equal(fr_body_backlog(b), 400000);
	for (int i = 0; i < 200; i++) {
		append(b, 20000);
		(void)read_on(&c);
		woken = 0;
		fr_body_moved(b, &w, c.pos);
		assert_int_equal(woken, 1);
		assert_int_equal(fr_body_backlog(b), 0);
		if (i > 20)
			assert_true(atomic_load(&held) < 4 * FR_CHUNK_BYTES);
	}
	assert_int_equal(c.pos, 400000 + 200 * 20000);
	fr_body_end(b, true);
	fr_body_unwatch(b, &w);
	assert_false(fr_body_has_readers(b));
	fr_body_unref(&b);
	fr_cursor_fini(&c);
	nothing_is_held();
}

static void without_memory_nothing_is_appended(void **state)
{
	struct fr_body *b;

	(void)state;
	fr_mem_fail_after(1);
	assert_null(fr_body_new(&held, 10));
	nothing_is_held();
	b = fr_body_new(&held, FR_BODY_UNKNOWN);
	append(b, 8192);
	fr_mem_fail_after(1);
	assert_int_equal(fr_body_append(b, "x", 1), FR_ERR_NOMEM);
	fr_mem_fail_after(0);
	assert_int_equal(fr_body_len(b), 8192);
	fr_body_unref(&b);
	nothing_is_held();
}

#define TOTAL 20000000u

static void *reader(void *user)
{
	struct fr_cursor c;
	struct fr_body *b = user;

	assert_int_equal(fr_cursor_init(&c, b, 0), 0);
	while (c.pos < TOTAL)
		(void)read_on(&c);
	fr_cursor_fini(&c);
	return NULL;
}

/* ThreadSanitizer has the last word here. */
static void threads_read_while_one_fills(void **state)
{
	struct fr_body *b = fr_body_new(&held, FR_BODY_UNKNOWN);
	pthread_t t[3];

	(void)state;
	for (size_t i = 0; i < FR_ARRAY_LEN(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, reader, b), 0);
	for (unsigned i = 0; i < TOTAL / 20000; i++)
		append(b, 20000);
	fr_body_end(b, true);
	for (size_t i = 0; i < FR_ARRAY_LEN(t); i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	fr_body_unref(&b);
	nothing_is_held();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_at_their_own_pace_read_the_same),
		cmocka_unit_test(a_small_body_takes_a_small_chunk),
		cmocka_unit_test(watchers_hear_of_every_change),
		cmocka_unit_test(a_loose_body_holds_only_what_its_slowest_reader_needs),
		cmocka_unit_test(without_memory_nothing_is_appended),
		cmocka_unit_test(threads_read_while_one_fills),
	};

	RUN(tests);
}
