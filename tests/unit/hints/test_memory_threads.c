/* The hint memory, used by many threads at once on few pages; ThreadSanitizer
 * sees this test, too. */
#include "memory_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 4
#define STEPS 20000
#define PAGES 40

static _Atomic unsigned heard;

static void on_heard(void *user, struct fr_str key)
{
	(void)user;
	assert_true(key.len > 0);
	atomic_fetch_add(&heard, 1);
}

/* A page has each generation's three hints, or none of them: a snapshot is never
 * of the middle of a change. */
static bool is_whole(const struct fr_remembered_page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		unsigned n = 0;

		for (size_t k = 0; k < page->n; k++)
			n += fr_str_eq(fr_str_sub(page->v[i].link, 3, 99),
			               fr_str_sub(page->v[k].link, 3, 99));
		if (n != 3)
			return false;
	}
	return page->n > 0;
}

struct worker {
	pthread_t thread;
	unsigned seed;
	unsigned found, torn;
};

static unsigned dice(struct worker *w, unsigned n)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return (w->seed >> 16) % n;
}

static void see_one(struct worker *w, struct fr_str key)
{
	char text[3][32];
	struct fr_remembered v[3];
	struct fr_hint_load load = {.v = v,
	                            .n = 3,
	                            .is_personal = dice(w, 4) == 0,
	                            .client = dice(w, 8),
	                            .witnesses = 2,
	                            .think_ms = dice(w, 500),
	                            .now_s = NOW + dice(w, 10000)};
	unsigned generation = dice(w, 3);

	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(text[i], sizeof text[i], "</%c%u.css>", 'a' + (char)i, generation);
		v[i] = (struct fr_remembered){.link = S(text[i])};
	}
	/* personal ones would mix generations, which is right */
	if (load.is_personal)
		load.n = 0;
	(void)fr_hint_memory_see(memory, key, &load, NULL);
}

static void save_and_load(struct fr_str key)
{
	struct fr_buf buf;
	int64_t at = 0;

	fr_buf_init(&buf, FR_MEMORY_BLOB_MAX_BYTES);
	if (fr_hint_memory_save(memory, key, &buf, &at) == 0)
		(void)!fr_hint_memory_load(memory, key, fr_buf_data(&buf), fr_buf_len(&buf), NOW);
	fr_buf_fini(&buf);
}

static void on_visited(void *user, struct fr_str key)
{
	(void)user;
	save_and_load(key);
}

static void look(struct worker *w, struct fr_str key)
{
	struct fr_remembered_page *page = fr_hint_memory_find(memory, key, NULL, NOW, NULL);

	if (!page)
		return;
	w->found++;
	w->torn += !is_whole(page);
	(void)atomic_load(&page->think_ms);
	fr_remembered_page_unref(&page);
}

static void *work(void *user)
{
	struct worker *w = user;
	char key[32];

	for (unsigned i = 0; i < STEPS; i++) {
		unsigned what = dice(w, 100);

		(void)snprintf(key, sizeof key, "page %u", dice(w, PAGES));
		if (what < 50)
			look(w, S(key));
		else if (what < 90)
			see_one(w, S(key));
		else if (what < 95)
			save_and_load(S(key));
		else if (what < 96)
			(void)fr_hint_memory_purge(memory, S("page 1"));
		else if (what < 97)
			fr_hint_memory_walk(memory, on_visited, NULL);
		else
			(void)stats();
	}
	return NULL;
}

static void many_threads_see_whole_pages(void **state)
{
	struct fr_hint_journal journal = {.changed = on_heard};
	struct worker workers[THREADS];

	(void)state;
	begin_with(1u << 20, 10);
	fr_hint_memory_set_journal(memory, &journal);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.seed = i + 1};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].torn, 0);
		assert_true(workers[i].found > STEPS / 10);
	}
	assert_true(atomic_load(&heard) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(many_threads_see_whole_pages, tear_down),
	};

	RUN(tests);
}
