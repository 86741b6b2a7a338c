/* One worker's queue of records: a ring of bytes with one writer and one reader, and no
 * lock. */
#include "observe/access_queue.h"

#include <stdlib.h>

#include "base/mem.h"

#define ALIGN 8u

/* What of it is copied without a look. */
#define PLAIN_BYTES offsetof(struct fr_record, tls_resumed)

struct side { /* the client side's fields; strings follow */
	const char *tls;
	uint16_t protocol, client_port, tls_resumed;
	uint16_t peer, client, scheme, host, user_agent; /* bytes */
};

_Static_assert(sizeof(struct side) == FR_ACCESS_SIDE_BYTES, "as the header says");

struct head {
	uint32_t size; /* of all of it, a multiple of ALIGN; 0: the next one is at the beginning */
	uint16_t n_links, n_cut;
	uint16_t method, target, referer, origin,
		error; /* bytes of strings after those of the side */
	uint8_t plain[PLAIN_BYTES];
	struct side side;
};

struct link {         /* its URL follows */
	uint16_t url; /* bytes */
	uint8_t as, source, delivery, reason;
};

/* One byte more than is shown, so that it is seen that some is missing. */
static inline uint16_t cut(struct fr_str s)
{
	return (uint16_t)(s.len <= FR_ACCESS_VALUE_MAX ? s.len : FR_ACCESS_VALUE_MAX + 1);
}

void fr_access_queue_init(struct fr_access_queue *q, size_t bytes)
{
	memset(q, 0, sizeof *q);
	q->cap = ALIGN;
	while (q->cap < bytes)
		q->cap *= 2;
	q->data = fr_calloc(1, q->cap);
}

void fr_access_queue_fini(struct fr_access_queue *q)
{
	free(q->data);
	q->data = NULL;
}

/* --- putting --- */

/* Bytes of the record without its links. What may be read beyond a string's end
 * belongs to the record, too: the next one may be in the making there. */
static inline size_t measure(const struct fr_record *r)
{
	return sizeof(struct head) + FR_ACCESS_QUEUE_SLACK + cut(r->client) + cut(r->peer) +
	       cut(r->scheme) + cut(r->host) + cut(r->user_agent) + cut(r->method) +
	       cut(r->target) + cut(r->referer) + cut(r->origin) + cut(r->error);
}

/* How many of the plan's links the record has room for; they are added to *size. */
static size_t measure_links(const struct fr_plan *plan, size_t *size)
{
	size_t n = 0;

	while (n < plan->n) {
		size_t more = sizeof(struct link) + cut(plan->v[n]->url);

		if (*size + more > FR_ACCESS_RECORD_MAX - ALIGN)
			break;
		*size += more;
		n++;
	}
	return n;
}

/* Most strings are short: those need no call. */
static inline uint8_t *append(uint8_t *at, const char *p, size_t n)
{
	if (n > 16) {
		memcpy(at, p, n);
	} else if (n >= 8) {
		memcpy(at, p, 8);
		memcpy(at + n - 8, p + n - 8, 8);
	} else if (n >= 4) {
		memcpy(at, p, 4);
		memcpy(at + n - 4, p + n - 4, 4);
	} else if (n) {
		at[0] = (uint8_t)p[0];
		at[n / 2] = (uint8_t)p[n / 2];
		at[n - 1] = (uint8_t)p[n - 1];
	}
	return at + n;
}

static void write_links(uint8_t *at, const struct fr_plan *plan, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct fr_hint *hint = plan->v[i];
		struct link l = {.url = cut(hint->url),
		                 .as = (uint8_t)hint->as,
		                 .source = (uint8_t)hint->source,
		                 .delivery = (uint8_t)hint->delivery,
		                 .reason = (uint8_t)hint->reason};

		memcpy(at, &l, sizeof l);
		at = append(at + sizeof l, hint->url.p, l.url);
	}
}

static inline void write_record(struct head *h, const struct fr_record *r, size_t size,
                                size_t n_links)
{
	uint8_t *at = (uint8_t *)(h + 1);

	h->size = (uint32_t)size;
	h->n_links = (uint16_t)n_links;
	h->n_cut = (uint16_t)(r->plan ? r->plan->n - n_links : 0);
	memcpy(h->plain, r, PLAIN_BYTES);
	h->side = (struct side){.tls = r->tls,
	                        .protocol = (uint16_t)r->protocol,
	                        .client_port = r->client_port,
	                        .tls_resumed = r->tls_resumed};
#define STRING(to, name) at = append(at, r->name.p, to->name = cut(r->name))
	STRING((&h->side), client);
	STRING((&h->side), peer);
	STRING((&h->side), scheme);
	STRING((&h->side), host);
	STRING((&h->side), user_agent);
	STRING(h, method);
	STRING(h, target);
	STRING(h, referer);
	STRING(h, origin);
	STRING(h, error);
#undef STRING
	if (n_links)
		write_links(at, r->plan, n_links);
}

/* On to the beginning of the memory. */
static inline uint64_t wrap(struct fr_access_queue *q, uint64_t put)
{
	size_t from = (size_t)put & (q->cap - 1);

	memset(q->data + from, 0, sizeof(uint32_t)); /* a size of 0 says so */
	return put + q->cap - from;
}

/* Moves `put` to where `size` bytes fit in one piece; false: nowhere. */
static inline bool find_room(struct fr_access_queue *q, uint64_t *put, size_t size)
{
	size_t left = q->cap - ((size_t)*put & (q->cap - 1));
	size_t need = left < size ? left + size : size;

	if (q->cap - (*put - q->taken_seen) < need) {
		q->taken_seen = atomic_load_explicit(&q->taken, memory_order_acquire);
		if (q->cap - (*put - q->taken_seen) < need)
			return false;
	}
	if (left < size)
		*put = wrap(q, *put);
	return true;
}

/* Where nothing waits it begins anew, so that little memory is used over and over,
 * which is in the processor's cache then. */
static inline uint64_t begin(struct fr_access_queue *q)
{
	uint64_t put = atomic_load_explicit(&q->put, memory_order_relaxed);

	if (((size_t)put & (q->cap - 1)) < q->cap / 8)
		return put;
	q->taken_seen = atomic_load_explicit(&q->taken, memory_order_acquire);
	return put == q->taken_seen ? wrap(q, put) : put;
}

static void add(_Atomic uint64_t *v, uint64_t n)
{
	atomic_store_explicit(v, atomic_load_explicit(v, memory_order_relaxed) + n,
	                      memory_order_relaxed);
}

bool fr_access_queue_put(struct fr_access_queue *q, const struct fr_record *records, size_t n)
{
	uint64_t put = begin(q);
	size_t lost = 0;

	for (size_t i = 0; i < n; i++) {
		const struct fr_record *r = &records[i];
		size_t size = measure(r), n_links = r->plan ? measure_links(r->plan, &size) : 0;

		size = (size + ALIGN - 1) / ALIGN * ALIGN;
		if (!find_room(q, &put, size)) {
			lost++;
			continue;
		}
		write_record((void *)(q->data + ((size_t)put & (q->cap - 1))), r, size, n_links);
		put += size;
	}
	add(&q->lines, n - lost);
	if (lost)
		add(&q->dropped, lost);
	/* ordered with what the writer's thread says of itself: see access_log.c */
	atomic_store(&q->put, put);
	if (put - q->taken_seen > q->cap / 4)
		q->taken_seen = atomic_load_explicit(&q->taken, memory_order_acquire);
	return put - q->taken_seen > q->cap / 4;
}

/* --- taking --- */

static struct fr_str take(const uint8_t **at, uint16_t n)
{
	struct fr_str s = fr_str_make((const char *)*at, n);

	*at += n;
	return s;
}

static void read_plan(struct fr_access_item *item, const struct head *h, const uint8_t *at)
{
	for (size_t i = 0; i < h->n_links; i++) {
		struct link l;

		memcpy(&l, at, sizeof l);
		at += sizeof l;
		item->hints[i] = (struct fr_hint){.url = take(&at, l.url),
		                                  .as = l.as,
		                                  .source = l.source,
		                                  .delivery = l.delivery,
		                                  .reason = l.reason};
		item->v[i] = &item->hints[i];
	}
	item->plan = (struct fr_plan){.v = item->v, .n = h->n_links};
	item->record.plan = &item->plan;
}

static void read_record(struct fr_access_item *item, const struct head *h)
{
	struct fr_record *r = &item->record;
	const uint8_t *at = (const uint8_t *)(h + 1);

	memcpy(r, h->plain, PLAIN_BYTES);
	r->tls = h->side.tls;
	r->protocol = h->side.protocol;
	r->client_port = h->side.client_port;
	r->tls_resumed = h->side.tls_resumed;
	r->client = take(&at, h->side.client);
	r->peer = take(&at, h->side.peer);
	r->scheme = take(&at, h->side.scheme);
	r->host = take(&at, h->side.host);
	r->user_agent = take(&at, h->side.user_agent);
	item->client_side =
		fr_str_make((const char *)&h->side, (size_t)(at - (const uint8_t *)&h->side));
	r->method = take(&at, h->method);
	r->target = take(&at, h->target);
	r->referer = take(&at, h->referer);
	r->origin = take(&at, h->origin);
	r->error = take(&at, h->error);
	r->plan = NULL;
	item->plan_cut = h->n_cut;
	if (h->n_links || h->n_cut)
		read_plan(item, h, at);
}

/* NULL: none. */
static inline const struct head *next_head(struct fr_access_queue *q)
{
	const struct head *h;

	if (q->next == q->until) {
		q->until = atomic_load(&q->put);
		if (q->next == q->until)
			return NULL;
	}
	h = (const void *)(q->data + ((size_t)q->next & (q->cap - 1)));
	if (h->size == 0) {
		q->next += q->cap - ((size_t)q->next & (q->cap - 1));
		h = (const void *)q->data;
		if (q->next == q->until) /* what was to come there was dropped */
			return NULL;
	}
	q->next += h->size;
	return h;
}

bool fr_access_queue_next(struct fr_access_queue *q, struct fr_access_item *item)
{
	const struct head *h = next_head(q);

	if (h)
		read_record(item, h);
	return h != NULL;
}

void fr_access_queue_mark(struct fr_access_queue *q)
{
	q->mark = atomic_load(&q->put);
}

bool fr_access_queue_is_before_mark(const struct fr_access_queue *q)
{
	return q->next < q->mark;
}

void fr_access_queue_give_back(struct fr_access_queue *q)
{
	atomic_store_explicit(&q->taken, q->next, memory_order_release);
}

size_t fr_access_queue_clear(struct fr_access_queue *q)
{
	size_t n = 0;

	while (next_head(q))
		n++;
	fr_access_queue_give_back(q);
	return n;
}

bool fr_access_queue_is_empty(struct fr_access_queue *q)
{
	return atomic_load(&q->put) == q->next;
}
