/* One fetch for many. Declared in cache/store.h. */
#include "base/list.h"
#include "cache/store_priv.h"

#include <stdlib.h>

static struct fr_flight *flight_new(struct fr_store *s, struct fr_store_shard *sh,
                                    struct fr_store_entry *e)
{
	struct fr_flight *f = fr_calloc(1, sizeof *f);

	atomic_init(&f->refs, 1);
	f->store = s;
	f->shard = sh;
	f->entry = e;
	(void)pthread_mutex_init(&f->lock, NULL);
	return f;
}

enum fr_fly fr_store_fly(struct fr_store *s, struct fr_str key, bool is_known, uint64_t now_ms,
                         struct fr_flight **out)
{
	unsigned hash = fr_store_hash(s, key);
	struct fr_store_shard *sh = fr_store_shard_of(s, hash);
	enum fr_fly how = FR_FLY_LEAD;
	struct fr_store_entry *e;

	(void)pthread_mutex_lock(&sh->lock);
	e = fr_store_lookup(sh, key, hash);
	if (!e)
		e = fr_store_add_entry(s, sh, key, hash);
	if (!e || e->pass_until_ms > now_ms || (is_known && e->personal_until_ms > now_ms)) {
		how = FR_FLY_ALONE;
	} else if (e->flight) {
		how = FR_FLY_JOIN;
		e->flight->was_joined = true;
		atomic_fetch_add_explicit(&e->flight->refs, 1, memory_order_relaxed);
		*out = e->flight;
	} else {
		e->pass_until_ms = 0;
		if (e->personal_until_ms <= now_ms)
			e->personal_until_ms = 0;
		*out = e->flight = flight_new(s, sh, e);
	}
	(void)pthread_mutex_unlock(&sh->lock);
	return how;
}

void fr_flight_detach(struct fr_flight *f)
{
	if (!f->entry)
		return;
	f->entry->flight = NULL;
	f->entry = NULL;
}

void fr_flight_land(struct fr_flight *f, enum fr_flight_state how, struct fr_object *object,
                    int error, uint64_t now_ms)
{
	struct fr_store_entry *e;

	(void)pthread_mutex_lock(&f->shard->lock);
	e = f->entry;
	fr_flight_detach(f);
	if (e) {
		if (how == FR_FLIGHT_NOTHING && f->was_joined)
			e->pass_until_ms = now_ms + FR_STORE_PASS_MS;
		if (how == FR_FLIGHT_PERSONAL && f->was_joined)
			e->personal_until_ms = now_ms + FR_STORE_PERSONAL_MS;
		fr_store_remove_if_empty(f->store, f->shard, e);
	}
	(void)pthread_mutex_unlock(&f->shard->lock);
	(void)pthread_mutex_lock(&f->lock);
	if (f->state == FR_FLIGHT_UNDER_WAY) {
		f->object = object ? fr_object_ref(object) : NULL;
		f->error = error;
		f->state = how;
		for (struct fr_watcher *w = f->watchers; w; w = w->next)
			w->wake(w);
	}
	(void)pthread_mutex_unlock(&f->lock);
}

void fr_flight_unref(struct fr_flight **fp)
{
	struct fr_flight *f = *fp;
	struct fr_store_entry *e;

	*fp = NULL;
	if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
		return;
	/* each watcher holds a reference; an entry may still name one that
	 * never landed */
	(void)pthread_mutex_lock(&f->shard->lock);
	e = f->entry;
	fr_flight_detach(f);
	if (e)
		fr_store_remove_if_empty(f->store, f->shard, e);
	(void)pthread_mutex_unlock(&f->shard->lock);
	fr_object_unref(&f->object);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

bool fr_flight_is_void(const struct fr_flight *f)
{
	return atomic_load_explicit(&f->is_void, memory_order_relaxed);
}

enum fr_flight_state fr_flight_state(struct fr_flight *f)
{
	enum fr_flight_state state;

	(void)pthread_mutex_lock(&f->lock);
	state = f->state;
	(void)pthread_mutex_unlock(&f->lock);
	return state;
}

bool fr_flight_was_joined(struct fr_flight *f)
{
	bool joined;

	(void)pthread_mutex_lock(&f->shard->lock);
	joined = f->was_joined;
	(void)pthread_mutex_unlock(&f->shard->lock);
	return joined;
}

int fr_flight_error(const struct fr_flight *f)
{
	return f->error;
}

struct fr_object *fr_flight_object(struct fr_flight *f)
{
	/* set before the state, never changed after it */
	return f->object ? fr_object_ref(f->object) : NULL;
}

void fr_flight_watch(struct fr_flight *f, struct fr_watcher *w)
{
	atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
	(void)pthread_mutex_lock(&f->lock);
	FR_LIST_PUSH(f->watchers, w);
	if (f->state != FR_FLIGHT_UNDER_WAY)
		w->wake(w);
	(void)pthread_mutex_unlock(&f->lock);
}

void fr_flight_unwatch(struct fr_flight *f, struct fr_watcher *w)
{
	bool was_registered;

	(void)pthread_mutex_lock(&f->lock);
	was_registered = w->pprev != NULL;
	if (was_registered) {
		FR_LIST_REMOVE(w);
	}
	(void)pthread_mutex_unlock(&f->lock);
	if (was_registered)
		fr_flight_unref(&f);
}
