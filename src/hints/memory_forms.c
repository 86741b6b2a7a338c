/* The forms of a path in the hint memory: which pages it stands for, and what
 * its responses vary by. The rules are in memory.h. */
#include <stdlib.h>
#include <string.h>

#include "hints/memory_priv.h"

#define FIRST_CAP 4u
/* A form that several clients used stays for so long after its last load. */
#define USED_S 86400

static struct fr_memory_forms *forms_of(struct fr_memory_entry *e)
{
	if (!e->forms) {
		e->forms = fr_try_malloc(sizeof *e->forms);
		if (e->forms)
			memset(e->forms, 0, sizeof *e->forms);
	}
	return e->forms;
}

static struct fr_memory_form *find(struct fr_memory_forms *f, uint64_t form)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i].form == form)
			return &f->v[i];
	return NULL;
}

/* The one that makes room: this client's own, else one that was long not used. */
static struct fr_memory_form *least(struct fr_memory_forms *f, const struct fr_hint_form *by)
{
	struct fr_memory_form *own = NULL, *oldest = &f->v[0];

	for (uint32_t i = 0; i < f->n; i++) {
		struct fr_memory_form *x = &f->v[i];

		if (x->client == by->client && (!own || x->seen_s < own->seen_s))
			own = x;
		if (x->seen_s < oldest->seen_s)
			oldest = x;
	}
	if (own)
		return own;
	return by->now_s - oldest->seen_s >= USED_S ? oldest : NULL;
}

static struct fr_memory_form *add(struct fr_memory_forms *f, const struct fr_hint_form *by)
{
	if (f->n == FR_MEMORY_MAX_FORMS)
		return least(f, by);
	if (f->n == f->cap) {
		uint32_t cap = f->cap ? f->cap * 2 : FIRST_CAP;
		void *grown = fr_try_realloc(f->v, cap * sizeof *f->v);

		if (!grown)
			return NULL;
		f->v = grown;
		f->cap = cap;
	}
	return &f->v[f->n++];
}

static bool note(struct fr_memory_entry *e, const struct fr_hint_form *by)
{
	struct fr_memory_forms *f = forms_of(e);
	struct fr_memory_form *x;

	e->vary |= by->vary;
	if (!f)
		return false;
	x = find(f, by->form);
	if (x && x->client != by->client)
		x->client = 0;
	if (!x) {
		x = add(f, by);
		if (!x)
			return false;
		*x = (struct fr_memory_form){.form = by->form, .client = by->client};
	}
	x->seen_s = by->now_s;
	return true;
}

bool fr_hint_memory_note_form(struct fr_hint_memory *m, struct fr_str key,
                              const struct fr_hint_form *form)
{
	struct fr_memory_turn t;
	bool is_kept = false;

	if (key.len > FR_MEMORY_KEY_MAX_BYTES ||
	    atomic_load_explicit(&m->bytes, memory_order_relaxed) == 0)
		return false;
	fr_memory_turn_begin(&t, m, key, form->now_s);
	if (fr_memory_turn_entry(&t)) {
		uint32_t vary = t.entry->vary;

		is_kept = note(t.entry, form);
		t.entry->seen_s = form->now_s;
		/* a page that was known before it varied tells so when it is read again */
		t.tell = t.entry->page && t.entry->vary != vary;
		fr_memory_turn_settle(&t);
	}
	fr_memory_turn_end(&t);
	return is_kept;
}
