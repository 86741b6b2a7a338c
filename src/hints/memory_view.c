/* What one client may see of a page in the hint memory: the confirmed hints
 * that are not kept from it, and its own news. The rules are in memory.h. */
#include <string.h>

#include "hints/memory_priv.h"

static bool is_told(const struct fr_remembered *r, const struct fr_hint_asker *who)
{
	return (r->needs & ~who->kinds) == 0;
}

/* News that this client brought with its last load. */
static bool is_own(const struct fr_memory_candidate *c, const struct fr_hint_asker *who)
{
	for (uint32_t i = 0; who->self && i < c->n; i++)
		if (c->by[i].self == who->self && (!who->is_sharing || c->by[i].is_repeated))
			return true;
	return false;
}

static bool has_own(const struct fr_memory_entry *e, const struct fr_hint_asker *who)
{
	for (uint32_t i = 0; i < e->n_candidates; i++)
		if (is_own(&e->candidates[i], who))
			return true;
	return false;
}

static bool is_all_told(const struct fr_remembered_page *p, const struct fr_hint_asker *who)
{
	for (size_t i = 0; i < p->n; i++)
		if (!is_told(&p->v[i], who))
			return false;
	return true;
}

/* Its own news of that hint, the latest; NULL: none. */
static const struct fr_memory_candidate *own_news(const struct fr_memory_entry *e, uint64_t id,
                                                  const struct fr_hint_asker *who)
{
	const struct fr_memory_candidate *found = NULL;

	for (uint32_t i = 0; i < e->n_candidates; i++) {
		const struct fr_memory_candidate *c = &e->candidates[i];

		if (c->id == id && (!found || c->seen_s >= found->seen_s) && is_own(c, who))
			found = c;
	}
	return found;
}

static void add_news(const struct fr_hint_memory *m, struct fr_memory_draft *d,
                     const struct fr_memory_candidate *c)
{
	struct fr_remembered r = {.link = fr_str_make(c->link, c->link_len),
	                          .source = (enum fr_hint_source)c->source,
	                          .flags = c->flags,
	                          .needs = c->kinds};

	for (size_t i = 0; i < d->n; i++)
		if (d->ids[i] == c->id)
			return;
	if (c->link)
		(void)fr_memory_draft_add(m, d, &r, c->id);
}

/* Those of links first, as in every page. */
static void add_source(const struct fr_hint_memory *m, const struct fr_memory_entry *e,
                       const struct fr_hint_asker *who, unsigned source, struct fr_memory_draft *d)
{
	for (size_t i = 0; e->page && i < e->page->n; i++) {
		const struct fr_remembered *r = &e->page->v[i];
		const struct fr_memory_candidate *news;

		if ((unsigned)r->source != source || !is_told(r, who))
			continue;
		news = own_news(e, e->page->ids[i], who);
		if (!news)
			(void)fr_memory_draft_add(m, d, r, e->page->ids[i]);
		else if (!news->is_absence)
			add_news(m, d, news);
	}
	for (uint32_t i = 0; i < e->n_candidates; i++) {
		const struct fr_memory_candidate *c = &e->candidates[i];

		if (c->source == source && !c->is_absence && is_own(c, who))
			add_news(m, d, own_news(e, c->id, who));
	}
}

struct fr_remembered_page *fr_memory_view(const struct fr_hint_memory *m,
                                          const struct fr_memory_entry *e,
                                          const struct fr_hint_asker *who)
{
	struct fr_memory_draft d;
	struct fr_remembered_page *p;

	if (!has_own(e, who) && (!e->page || is_all_told(e->page, who))) {
		if (e->page)
			atomic_fetch_add_explicit(&e->page->refs, 1, memory_order_relaxed);
		return e->page;
	}
	d.n = 0;
	for (unsigned s = 0; s < FR_MEMORY_SOURCES; s++)
		add_source(m, e, who, s, &d);
	if (d.n == 0)
		return NULL;
	p = fr_memory_page_new(&d);
	if (!p)
		return NULL;
	atomic_init(&p->think_ms, e->think_ms);
	fr_memory_keep_bytes(p, e->page);
	return p;
}

void fr_memory_waiting(const struct fr_memory_entry *e, struct fr_hint_found *out)
{
	out->vary = e->vary;
	for (uint32_t i = 0; i < e->n_candidates; i++) {
		const struct fr_memory_candidate *c = &e->candidates[i];

		if (c->is_absence)
			continue;
		out->waiting++;
		if (c->n > out->seen_by)
			out->seen_by = c->n;
	}
}
