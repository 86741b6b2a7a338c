/* Reads the Priority field (RFC 9218), and merges a client's with an origin's. */
#include "http/priority.h"

#include "http/structured.h"

struct reading {
	struct fr_priority before, now;
};

/* The last member of a key counts; one that says nothing leaves what was before. */
static void apply(void *ctx, const struct fr_sf_member *m)
{
	struct reading *r = ctx;

	if (fr_str_is(m->key, "u"))
		r->now.urgency =
			m->type == FR_SF_INTEGER && m->n >= 0 && m->n <= (int64_t)FR_URGENCY_LOWEST
				? (uint8_t)m->n
				: r->before.urgency;
	else if (fr_str_is(m->key, "i"))
		r->now.incremental = m->type == FR_SF_BOOLEAN ? m->n != 0 : r->before.incremental;
}

int fr_priority_parse(struct fr_str value, struct fr_priority *p)
{
	struct reading r = {*p, *p};
	struct fr_sf_dictionary d;
	struct fr_sf_member m;
	int rc;

	fr_sf_dictionary_init(&d, value);
	while ((rc = fr_sf_next(&d, &m)) > 0)
		apply(&r, &m);
	if (rc < 0)
		return rc;
	*p = r.now;
	return 0;
}

bool fr_priority_merge(const struct fr_fields *f, struct fr_priority *p)
{
	struct reading r = {*p, *p};

	if (!fr_fields_get(f, FR_FIELD_PRIORITY))
		return false;
	if (fr_sf_read(f, FR_FIELD_PRIORITY, apply, &r) >= 0)
		*p = r.now;
	return true;
}
