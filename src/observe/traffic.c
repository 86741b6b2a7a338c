/* Tables of the most requested pages and assets, in bounded memory, and their sums over
 * workers. */
#include "observe/traffic.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/siphash.h"

/* What a place in a table is worth: more asked for, longer kept. */
#define CREDIT_MAX 255u

struct place {
	uint64_t hash; /* 0: free */
	uint32_t credit;
	void *entry; /* owned */
};

struct fr_traffic {
	pthread_mutex_t lock;
	uint64_t seed;
	struct place pages[FR_TRAFFIC_PAGES];
	struct place assets[FR_TRAFFIC_ASSETS];
};

struct fr_traffic *fr_traffic_new(uint64_t seed)
{
	struct fr_traffic *t = fr_calloc(1, sizeof *t);

	t->seed = seed;
	(void)pthread_mutex_init(&t->lock, NULL);
	return t;
}

void fr_traffic_free(struct fr_traffic **tp)
{
	struct fr_traffic *t = *tp;

	if (!t)
		return;
	for (size_t i = 0; i < FR_TRAFFIC_PAGES; i++)
		free(t->pages[i].entry);
	for (size_t i = 0; i < FR_TRAFFIC_ASSETS; i++)
		free(t->assets[i].entry);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
	*tp = NULL;
}

/* --- names --- */

struct name {
	char text[FR_TRAFFIC_NAME_BYTES];
	size_t len;
	uint64_t hash;
};

/* "host/path", without the query, cut. */
static void make_name(const struct fr_traffic *t, struct fr_str host, struct fr_str target,
                      struct name *out)
{
	size_t max = sizeof out->text - 1, n = host.len < max ? host.len : max;
	size_t path = fr_str_find(target, '?');

	if (n)
		memcpy(out->text, host.p, n);
	if (path > max - n)
		path = max - n;
	if (path)
		memcpy(out->text + n, target.p, path);
	out->len = n + path;
	out->text[out->len] = '\0';
	out->hash = fr_siphash(t->seed, out->text, out->len);
	out->hash += !out->hash;
}

/* --- places --- */

/* The entry of that name, new ones zeroed but for the name at their beginning.
 * NULL: it has to try again before somebody makes room. */
static void *find(struct place *places, size_t n, const struct name *name, size_t size)
{
	struct place *set = places + name->hash % (n / FR_TRAFFIC_WAYS) * FR_TRAFFIC_WAYS;
	struct place *least = set;

	for (size_t i = 0; i < FR_TRAFFIC_WAYS; i++) {
		struct place *p = &set[i];

		if (p->hash == name->hash) {
			p->credit += p->credit < CREDIT_MAX;
			return p->entry;
		}
		if (least->hash && (p->hash == 0 || p->credit < least->credit))
			least = p;
	}
	if (least->hash && least->credit) {
		least->credit--;
		return NULL;
	}
	if (!least->entry)
		least->entry = fr_malloc(size);
	memset(least->entry, 0, size);
	memcpy(least->entry, name->text, name->len + 1);
	least->hash = name->hash;
	least->credit = 1;
	return least->entry;
}

/* NULL: there is none of that name. */
static void *look_up(struct place *places, size_t n, const struct name *name)
{
	struct place *set = places + name->hash % (n / FR_TRAFFIC_WAYS) * FR_TRAFFIC_WAYS;

	for (size_t i = 0; i < FR_TRAFFIC_WAYS; i++)
		if (set[i].hash == name->hash)
			return set[i].entry;
	return NULL;
}

static struct fr_traffic_page *find_page(struct fr_traffic *t, const struct name *name)
{
	return find(t->pages, FR_TRAFFIC_PAGES, name, sizeof(struct fr_traffic_page));
}

static struct fr_traffic_asset *find_asset(struct fr_traffic *t, const struct name *name)
{
	return find(t->assets, FR_TRAFFIC_ASSETS, name, sizeof(struct fr_traffic_asset));
}

/* --- links of a page --- */

/* Assets of the page's own site by path, others as they were written. */
static struct fr_str link_name(struct fr_str target, struct fr_str url)
{
	struct fr_str s = target.len ? target : url;

	return fr_str_sub(s, 0, FR_TRAFFIC_LINK_BYTES - 1);
}

static struct fr_traffic_link *find_link(struct fr_traffic_page *p, struct fr_str name, bool add)
{
	struct fr_traffic_link *l;

	for (size_t i = 0; i < p->n_links; i++)
		if (fr_str_is(name, p->links[i].url))
			return &p->links[i];
	if (!add || p->n_links == FR_TRAFFIC_LINKS)
		return NULL;
	l = &p->links[p->n_links++];
	memcpy(l->url, name.p, name.len);
	return l;
}

static void add_links(struct fr_traffic_page *p, const struct fr_plan *plan, int64_t time_us)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct fr_hint *h = plan->v[i];
		struct fr_traffic_link *l;

		/* named twice: the first one tells what was done */
		if (h->reason == FR_REASON_DUPLICATE)
			continue;
		l = find_link(p, link_name(h->target, h->url), true);
		if (!l)
			continue;
		l->last_us = time_us;
		l->as = h->as;
		l->source = h->source;
		l->delivery = h->delivery;
		l->reason = h->reason;
		l->loads++;
		l->delivered[h->delivery]++;
	}
}

/* --- adding --- */

static bool is_error(const struct fr_record *r)
{
	return r->status == 0 || r->status >= 400 || r->end != FR_END_COMPLETED;
}

static bool is_hit(const struct fr_record *r)
{
	return r->cache == FR_CACHE_RESULT_HIT || r->cache == FR_CACHE_RESULT_STALE;
}

static void add_page(struct fr_traffic *t, const struct fr_record *r, const struct name *name)
{
	struct fr_traffic_page *p = find_page(t, name);
	uint64_t us = r->duration_us > 0 ? (uint64_t)r->duration_us : 0;

	if (!p)
		return;
	p->loads++;
	p->errors += is_error(r);
	p->hits += is_hit(r);
	p->duration_us += us;
	p->first_byte_us += r->first_byte_us > 0 ? (uint64_t)r->first_byte_us : 0;
	if (r->first_byte_us >= 0)
		fr_histogram_sum_add(&p->first_bytes, (uint64_t)r->first_byte_us);
	if (us > p->max_us)
		p->max_us = us;
	p->last_us = r->time_us;
	p->last_status = r->status;
	p->learning = r->learning;
	if (r->plan)
		add_links(p, r->plan, r->time_us);
}

/* The page is what the Referer says; promises are made so. */
static void name_of_referer(const struct fr_traffic *t, struct fr_str referer, struct name *out)
{
	size_t scheme = fr_str_find(referer, ':');
	struct fr_str rest = fr_str_sub(referer, scheme + 3, referer.len);

	make_name(t, fr_str_sub(rest, 0, fr_str_find(rest, '/')),
	          fr_str_sub(rest, fr_str_find(rest, '/'), rest.len), out);
}

static void add_push_to_page(struct fr_traffic *t, const struct fr_record *r)
{
	struct fr_traffic_page *p;
	struct fr_traffic_link *l;
	struct name name;

	name_of_referer(t, r->referer, &name);
	/* which may end after its pushes, or before */
	p = find_page(t, &name);
	l = p ? find_link(p, link_name(r->target, r->target), true) : NULL;
	if (!l)
		return;
	l->ends[r->end]++;
	l->pushed_bytes += r->sent_bytes;
	if (r->end == FR_END_CANCELLED || r->end == FR_END_REFUSED)
		l->wasted_bytes += r->sent_bytes;
}

/* What a page links, and a client asked for: did it heed a 103, or the Link field?
 * Pages and links that are not known already are none. */
static void add_request_to_page(struct fr_traffic *t, const struct fr_record *r)
{
	struct fr_traffic_page *p;
	struct fr_traffic_link *l;
	struct name name;

	name_of_referer(t, r->referer, &name);
	p = look_up(t->pages, FR_TRAFFIC_PAGES, &name);
	l = p ? find_link(p, link_name(r->target, r->target), false) : NULL;
	if (l)
		l->requests++;
}

static void add_asset(struct fr_traffic *t, const struct fr_record *r, const struct name *name)
{
	struct fr_traffic_asset *a = find_asset(t, name);

	if (!a)
		return;
	a->hits += is_hit(r);
	a->sent_bytes += r->sent_bytes;
	a->duration_us += r->duration_us > 0 ? (uint64_t)r->duration_us : 0;
	if (!r->is_push) {
		a->requests++;
		a->errors += is_error(r);
		return;
	}
	a->ends[r->end]++;
	a->pushed_bytes += r->sent_bytes;
	if (r->end == FR_END_CANCELLED || r->end == FR_END_REFUSED)
		a->wasted_bytes += r->sent_bytes;
}

static void add_one(struct fr_traffic *t, const struct fr_record *r)
{
	struct name name;

	if (!r->target.len)
		return; /* refused before it had a name */
	if (r->purpose)
		return; /* nobody has looked at it: see its counter */
	make_name(t, r->host, r->target, &name);
	if (r->is_page)
		add_page(t, r, &name);
	else
		add_asset(t, r, &name);
	if (r->is_push)
		add_push_to_page(t, r);
	else if (!r->is_page && r->referer.len)
		add_request_to_page(t, r);
}

void fr_traffic_add(struct fr_traffic *t, const struct fr_record *records, size_t n)
{
	(void)pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < n; i++)
		add_one(t, &records[i]);
	(void)pthread_mutex_unlock(&t->lock);
}

/* --- collecting --- */

static uint64_t uses(const struct fr_traffic_asset *a)
{
	uint64_t n = a->requests;

	for (size_t i = 0; i < FR_END_COUNT; i++)
		n += a->ends[i];
	return n;
}

static uint64_t weight(const void *entry, bool page)
{
	return page ? ((const struct fr_traffic_page *)entry)->loads : uses(entry);
}

/* The entries of one table that weigh most, heaviest first; returns how many. */
static size_t pick(struct place *places, size_t n, bool page, const void **out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = count;

		if (!places[i].hash)
			continue;
		while (at && weight(out[at - 1], page) < weight(places[i].entry, page))
			at--;
		if (at == max)
			continue;
		count += count < max;
		memmove(out + at + 1, out + at, (count - at - 1) * sizeof *out);
		out[at] = places[i].entry;
	}
	return count;
}

static void merge_link(struct fr_traffic_page *to, const struct fr_traffic_link *from)
{
	struct fr_traffic_link *l = find_link(to, fr_str_from(from->url), true);

	if (!l)
		return;
	if (from->last_us >= l->last_us) {
		l->last_us = from->last_us;
		l->as = from->as;
		l->source = from->source;
		l->delivery = from->delivery;
		l->reason = from->reason;
	}
	l->loads += from->loads;
	for (size_t i = 0; i < FR_DELIVERY_SLOTS; i++)
		l->delivered[i] += from->delivered[i];
	for (size_t i = 0; i < FR_END_COUNT; i++)
		l->ends[i] += from->ends[i];
	l->pushed_bytes += from->pushed_bytes;
	l->wasted_bytes += from->wasted_bytes;
	l->requests += from->requests;
}

static void merge_page(struct fr_traffic_top *top, const struct fr_traffic_page *from)
{
	struct fr_traffic_page *p = NULL;

	for (size_t i = 0; i < top->n_pages && !p; i++)
		if (strcmp(top->pages[i].name, from->name) == 0)
			p = &top->pages[i];
	if (!p) {
		top->pages[top->n_pages++] = *from;
		return;
	}
	p->loads += from->loads;
	p->errors += from->errors;
	p->hits += from->hits;
	p->duration_us += from->duration_us;
	p->first_byte_us += from->first_byte_us;
	fr_histogram_sum_merge(&p->first_bytes, &from->first_bytes);
	if (from->max_us > p->max_us)
		p->max_us = from->max_us;
	if (from->last_us >= p->last_us) {
		p->last_us = from->last_us;
		p->last_status = from->last_status;
		p->learning = from->learning;
	}
	for (size_t i = 0; i < from->n_links; i++)
		merge_link(p, &from->links[i]);
}

static void merge_asset(struct fr_traffic_top *top, const struct fr_traffic_asset *from)
{
	struct fr_traffic_asset *a = NULL;

	for (size_t i = 0; i < top->n_assets && !a; i++)
		if (strcmp(top->assets[i].name, from->name) == 0)
			a = &top->assets[i];
	if (!a) {
		top->assets[top->n_assets++] = *from;
		return;
	}
	a->requests += from->requests;
	a->errors += from->errors;
	a->hits += from->hits;
	for (size_t i = 0; i < FR_END_COUNT; i++)
		a->ends[i] += from->ends[i];
	a->sent_bytes += from->sent_bytes;
	a->pushed_bytes += from->pushed_bytes;
	a->wasted_bytes += from->wasted_bytes;
	a->duration_us += from->duration_us;
}

static int more_loads(const void *a, const void *b)
{
	uint64_t x = weight(a, true), y = weight(b, true);

	return x < y ? 1 : x > y ? -1 : 0;
}

static int more_uses(const void *a, const void *b)
{
	uint64_t x = weight(a, false), y = weight(b, false);

	return x < y ? 1 : x > y ? -1 : 0;
}

void fr_traffic_collect(struct fr_traffic *const *tables, size_t n, struct fr_traffic_top *out)
{
	const void *picked[FR_TRAFFIC_TOP_ASSETS + 1];

	*out = (struct fr_traffic_top){0};
	out->pages = fr_calloc(n * FR_TRAFFIC_TOP_PAGES, sizeof *out->pages);
	out->assets = fr_calloc(n * FR_TRAFFIC_TOP_ASSETS, sizeof *out->assets);
	for (size_t i = 0; i < n; i++) {
		struct fr_traffic *t = tables[i];
		size_t count;

		(void)pthread_mutex_lock(&t->lock);
		count = pick(t->pages, FR_TRAFFIC_PAGES, true, picked, FR_TRAFFIC_TOP_PAGES);
		for (size_t k = 0; k < count; k++)
			merge_page(out, picked[k]);
		count = pick(t->assets, FR_TRAFFIC_ASSETS, false, picked, FR_TRAFFIC_TOP_ASSETS);
		for (size_t k = 0; k < count; k++)
			merge_asset(out, picked[k]);
		(void)pthread_mutex_unlock(&t->lock);
	}
	qsort(out->pages, out->n_pages, sizeof *out->pages, more_loads);
	qsort(out->assets, out->n_assets, sizeof *out->assets, more_uses);
	if (out->n_pages > FR_TRAFFIC_TOP_PAGES)
		out->n_pages = FR_TRAFFIC_TOP_PAGES;
	if (out->n_assets > FR_TRAFFIC_TOP_ASSETS)
		out->n_assets = FR_TRAFFIC_TOP_ASSETS;
}

void fr_traffic_top_fini(struct fr_traffic_top *top)
{
	free(top->pages);
	free(top->assets);
	*top = (struct fr_traffic_top){0};
}
