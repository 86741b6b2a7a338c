/* Counts entries and writes their names into one text. */
#include "lab/replay/marked.h"

#include <stdio.h>

/* Names that one sentence has, and the length of one. */
#define MAX_NAMES 5u
#define NAME_BYTES 60u

static void add(struct fr_marked *m, const struct fr_measurement_entry *e)
{
	struct fr_str name = fr_str_sub(fr_url_short(e->url), 0, NAME_BYTES);
	size_t at = strlen(m->names);

	if (m->n < MAX_NAMES)
		(void)snprintf(m->names + at, sizeof m->names - at, "%s%.*s", m->n ? ", " : "",
		               FR_STR_ARG(name));
	m->n++;
	m->bytes += e->bytes;
}

static void finish(struct fr_marked *m)
{
	size_t at = strlen(m->names);

	if (m->n > MAX_NAMES)
		(void)snprintf(m->names + at, sizeof m->names - at, " and %zu more",
		               m->n - MAX_NAMES);
}

void fr_marked_by(const struct fr_measurement *l,
                  bool (*is)(const struct fr_measurement *l, size_t i), struct fr_marked *out)
{
	*out = (struct fr_marked){0};
	for (size_t i = 0; i < l->n; i++)
		if (is(l, i))
			add(out, &l->entries[i]);
	finish(out);
}

void fr_marked_flags(const struct fr_measurement *l, unsigned on, unsigned off,
                     struct fr_marked *out)
{
	*out = (struct fr_marked){0};
	for (size_t i = 1; i < l->n; i++)
		if ((l->entries[i].flags & on) == on && !(l->entries[i].flags & off))
			add(out, &l->entries[i]);
	finish(out);
}

void fr_marked_in(const struct fr_measurement *l, const bool *marked, struct fr_marked *out)
{
	*out = (struct fr_marked){0};
	for (size_t i = 0; i < l->n; i++)
		if (marked[i])
			add(out, &l->entries[i]);
	finish(out);
}
