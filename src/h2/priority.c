/* The order of sending: where a page and its pushes stand. A page is placed
 * anew, with all of its pushes, whenever one of them comes, goes or changes:
 * that is simpler than moving single ones, and they are few. Requests of the client's
 * own that block the page's rendering stand where such pushes do.
 *
 * What is BLOCKING goes before the rest of the page only if it is not more than that rest:
 * of two things that somebody waits for, the shorter one costs the other less. A client
 * without hints gets the page first, always, so a page that goes first is never later. A
 * page whose length is not known is taken to have as much left as it has shown.
 *
 *     lead:   the page's first bytes are due, or its rest is the shorter one
 *     later:  what is BLOCKING is the shorter one
 *
 * Clients that send SETTINGS_NO_RFC7540_PRIORITIES=1 are served by RFC 9218.
 * With U for the page's urgency:
 *
 *                    lead   later
 *     page           U-2    U          where U leaves no room above, page and
 *     BLOCKING       U-1    U-1        pushes change places on 0 and 1
 *     NORMAL         U      U
 *     LATE           U+3, after the default urgency
 *
 * For all others nghttp2 keeps the tree of RFC 7540, where a stream sends only
 * while its parent has nothing to send. The page's own parent stays on top:
 *
 *     lead:  parent -> page -> blocking 1 -> blocking 2 -> late 1 -> late 2
 *                                                       -> normal ones
 *     later: parent -> blocking 1 -> blocking 2 -> page -> late 1 -> late 2
 *                                               -> normal ones
 */
#include "h2/session_priv.h"

#define LATE_STEPS 3u
#define LATE_WEIGHT NGHTTP2_MIN_WEIGHT

/* A page and what was found of its assets. */
struct family {
	struct fr_h2_session *s;
	struct fr_h2_stream *page;
	bool has_blocking, has_normal, has_assets;
	bool is_leading;         /* the page goes before what is BLOCKING */
	uint64_t blocking_bytes; /* not framed yet */
};

/* Streams that we place by rank: those that are on the wire and of which the
 * client said nothing. */
static bool is_ours(const struct fr_h2_stream *st)
{
	return st->is_ranked && !st->is_pinned && st->state != FR_H2_ST_RESERVED &&
	       st->state != FR_H2_ST_CLOSED;
}

static bool is_child(const struct fr_h2_stream *st, const struct fr_h2_stream *page)
{
	return is_ours(st) && st->page_id == page->id;
}

bool fr_h2_is_by_urgency(const struct fr_h2_session *s)
{
	return nghttp2_session_get_remote_settings(s->ng, NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES) ==
	       1;
}

/* --- by urgency --- */

static void set_urgency(const struct fr_h2_stream *st, uint32_t urgency, bool incremental)
{
	nghttp2_extpri p = {.urgency = urgency, .inc = incremental};

	(void)nghttp2_session_change_extpri_stream_priority(st->session->ng, st->id, &p, 0);
}

static uint32_t late_urgency(uint32_t page)
{
	uint32_t urgency = page + LATE_STEPS;

	if (urgency <= FR_URGENCY_DEFAULT)
		return FR_URGENCY_DEFAULT + 1;
	return urgency < FR_URGENCY_LOWEST ? urgency : FR_URGENCY_LOWEST;
}

static void order_by_urgency(const struct family *f)
{
	uint32_t rest = f->page->priority.urgency, blocking, page;

	/* room for LATE below */
	if (f->has_assets && rest == FR_URGENCY_LOWEST)
		rest--;
	if (f->has_blocking && rest == 0)
		rest = 1;
	blocking = rest ? rest - 1 : 0;
	page = rest;
	if (f->has_blocking && f->is_leading) {
		page = blocking ? blocking - 1 : 0;
		blocking = page + 1;
	}
	/* a stream that is not incremental lets no other of its urgency beside it */
	set_urgency(f->page, page, f->page->priority.incremental || f->has_normal);
	for (const struct fr_h2_stream *st = f->s->streams; st; st = st->next) {
		if (!is_child(st, f->page))
			continue;
		if (st->rank == FR_H2_RANK_BLOCKING)
			set_urgency(st, blocking, false);
		else if (st->rank == FR_H2_RANK_NORMAL)
			set_urgency(st, rest, true);
		else
			set_urgency(st, late_urgency(rest), false);
	}
}

/* --- in the tree --- */

static void place(const struct fr_h2_stream *st, int32_t on, int32_t weight, bool is_exclusive)
{
	nghttp2_priority_spec spec;

	nghttp2_priority_spec_init(&spec, on, weight, is_exclusive);
	(void)nghttp2_session_change_stream_priority(st->session->ng, st->id, &spec);
}

static void depend(const struct fr_h2_stream *st, int32_t on, int32_t weight)
{
	place(st, on, weight, false);
}

/* Above the page, beyond the pushes that we put between, whatever their rank is now. */
static int32_t parent_of(const struct family *f, nghttp2_stream *page)
{
	const struct fr_h2_stream *st;
	nghttp2_stream *at = page;
	int32_t id;

	do {
		at = nghttp2_stream_get_parent(at);
		id = at ? nghttp2_stream_get_stream_id(at) : 0;
		st = id ? fr_h2_find(f->s, id) : NULL;
	} while (st && is_child(st, f->page));
	return id;
}

/* One after the other in the order of their promises, below `top`. From the
 * last push of that rank to the first, which is how the list has them: each is
 * put on top, and the one before it below it. tail: what follows the last, and goes
 * before all else that hung on it (a client's request may have others below it); NULL:
 * nothing. Returns the last one. */
static const struct fr_h2_stream *chain(const struct family *f, enum fr_h2_rank rank, int32_t top,
                                        const struct fr_h2_stream *tail, int32_t weight)
{
	const struct fr_h2_stream *below = NULL, *last = NULL;

	for (const struct fr_h2_stream *st = f->s->streams; st; st = st->next) {
		if (!is_child(st, f->page) || st->rank != rank)
			continue;
		depend(st, top, weight);
		if (below)
			depend(below, st->id, weight);
		else if (tail)
			place(tail, st->id, weight, true);
		if (!last)
			last = st;
		below = st;
	}
	return last;
}

static void order_in_tree(const struct family *f)
{
	nghttp2_stream *ng = nghttp2_session_find_stream(f->s->ng, f->page->id);
	const struct fr_h2_stream *last;
	int32_t top, weight, normal, late;

	if (!ng || !f->has_assets)
		return;
	top = parent_of(f, ng);
	weight = nghttp2_stream_get_weight(ng);
	normal = top;
	late = f->page->id;
	if (f->is_leading) {
		depend(f->page, top, weight);
		last = chain(f, FR_H2_RANK_BLOCKING, f->page->id, NULL, weight);
		if (last)
			normal = late = last->id;
	} else {
		last = chain(f, FR_H2_RANK_BLOCKING, top, f->page, weight);
		if (last)
			normal = last->id;
	}
	for (const struct fr_h2_stream *st = f->s->streams; st; st = st->next)
		if (is_child(st, f->page) && st->rank == FR_H2_RANK_NORMAL)
			depend(st, normal, weight);
	(void)chain(f, FR_H2_RANK_LATE, late, NULL, LATE_WEIGHT);
}

/* The page is gone, and what hung on it inherited its place and weight: a LATE
 * push would share with the client's own requests. */
static void order_orphan(const struct fr_h2_stream *st)
{
	nghttp2_stream *ng = nghttp2_session_find_stream(st->session->ng, st->id), *parent;

	if (!ng || st->rank != FR_H2_RANK_LATE)
		return;
	if (fr_h2_is_by_urgency(st->session)) {
		set_urgency(st, late_urgency(FR_URGENCY_DEFAULT), false);
		return;
	}
	parent = nghttp2_stream_get_parent(ng);
	depend(st, parent ? nghttp2_stream_get_stream_id(parent) : 0, LATE_WEIGHT);
}

/* --- which is shorter --- */

/* A body of unknown length counts as one that does not end. */
static uint64_t bytes_left(const struct fr_h2_stream *st)
{
	if (!st->answer.is_there)
		return 0; /* it has nothing to send */
	if (st->answer.bytes < 0)
		return UINT32_MAX;
	return (uint64_t)st->answer.bytes > st->body_sent_bytes
	               ? (uint64_t)st->answer.bytes - st->body_sent_bytes
	               : 0;
}

/* The page's rest. One of unknown length is looked at again when it has shown twice as much. */
static uint64_t rest_of(struct fr_h2_stream *page)
{
	uint64_t rest;

	if (page->answer.bytes >= 0)
		return bytes_left(page);
	rest = page->body_sent_bytes > FR_H2_PAGE_REST_BYTES ? page->body_sent_bytes
	                                                     : FR_H2_PAGE_REST_BYTES;
	page->answer.look_again_at = page->body_sent_bytes + rest;
	return rest;
}

/* --- when --- */

static void order_page(struct fr_h2_stream *page)
{
	struct family f = {.s = page->session, .page = page};

	for (const struct fr_h2_stream *st = f.s->streams; st; st = st->next) {
		if (!is_child(st, page))
			continue;
		f.has_assets = true;
		f.has_blocking |= st->rank == FR_H2_RANK_BLOCKING;
		f.has_normal |= st->rank == FR_H2_RANK_NORMAL;
		f.blocking_bytes += st->rank == FR_H2_RANK_BLOCKING ? bytes_left(st) : 0;
	}
	f.is_leading = page->body_sent_bytes < page->lead_bytes ||
	               (f.has_blocking && f.blocking_bytes > rest_of(page));
	if (fr_h2_is_by_urgency(f.s))
		order_by_urgency(&f);
	else
		order_in_tree(&f);
}

/* --- what is held --- */

/* Behind all that the client asks for otherwise. In the tree what hangs on it goes on without
 * it, in its place; the client puts more there as long as it thinks that it leads. */
static void order_held(struct fr_h2_stream *st)
{
	nghttp2_stream *ng = nghttp2_session_find_stream(st->session->ng, st->id), *parent, *child;
	int32_t on;

	if (!ng)
		return;
	if (fr_h2_is_by_urgency(st->session)) {
		set_urgency(st, late_urgency(st->priority.urgency), false);
		return;
	}
	parent = nghttp2_stream_get_parent(ng);
	on = parent ? nghttp2_stream_get_stream_id(parent) : 0;
	while ((child = nghttp2_stream_get_first_child(ng)) != NULL) {
		nghttp2_priority_spec spec;

		nghttp2_priority_spec_init(&spec, on, nghttp2_stream_get_weight(child), false);
		if (nghttp2_session_change_stream_priority(
			    st->session->ng, nghttp2_stream_get_stream_id(child), &spec) < 0)
			break;
	}
	depend(st, on, LATE_WEIGHT);
}

/* It is held no more: as the client put it. */
static void release(struct fr_h2_stream *st)
{
	nghttp2_stream *ng = nghttp2_session_find_stream(st->session->ng, st->id), *parent;

	if (!ng || fr_h2_is_by_urgency(st->session))
		return; /* its urgency is set with the others */
	parent = nghttp2_stream_get_parent(ng);
	if (nghttp2_stream_get_weight(ng) == LATE_WEIGHT)
		depend(st, parent ? nghttp2_stream_get_stream_id(parent) : 0, st->hold.weight);
	st->hold.weight = 0;
}

static void order_request(struct fr_h2_stream *st)
{
	if (st->hold.is_on) {
		order_held(st);
		return;
	}
	if (st->hold.weight)
		release(st);
	if (!st->is_ranked || !fr_h2_find(st->session, st->page_id))
		order_page(st);
}

static void order_push(struct fr_h2_stream *st)
{
	if (st->is_pinned)
		set_urgency(st, st->priority.urgency, st->priority.incremental);
	else if (is_ours(st) && !fr_h2_find(st->session, st->page_id))
		order_orphan(st);
}

void fr_h2_apply_order(struct fr_h2_session *s)
{
	if (!s->order_pending)
		return;
	for (struct fr_h2_stream *st = s->streams; st; st = st->next) {
		if (!st->needs_order)
			continue;
		st->needs_order = false;
		if (st->is_push)
			order_push(st);
		else
			order_request(st);
	}
	s->order_pending = false;
}

static void end_hold(struct fr_h2_stream *st)
{
	if (!st->hold.is_on)
		return;
	st->hold.is_on = false;
	st->session->n_held--;
	st->needs_order = st->session->order_pending = true;
}

void fr_h2_needs_order(struct fr_h2_stream *st)
{
	struct fr_h2_stream *page = st->is_ranked ? fr_h2_find(st->session, st->page_id) : NULL;

	if (page && !page->is_push)
		page->needs_order = true;
	st->needs_order = true;
	st->session->order_pending = true;
}

void fr_h2_order_without(struct fr_h2_stream *st)
{
	struct fr_h2_session *s = st->session;

	end_hold(st);
	if (st->is_ranked)
		fr_h2_needs_order(st);
	for (struct fr_h2_stream *o = st->has_assets ? s->streams : NULL; o; o = o->next)
		if (o->is_ranked && o->page_id == st->id)
			o->needs_order = s->order_pending = true;
}

static void set_rank(struct fr_h2_stream *st, int32_t page_id, enum fr_h2_rank rank)
{
	struct fr_h2_stream *page = fr_h2_find(st->session, page_id);

	if (page)
		page->has_assets = true;
	st->is_ranked = true;
	st->rank = rank;
	st->page_id = page_id;
	if (st->state != FR_H2_ST_RESERVED)
		fr_h2_needs_order(st);
}

void fr_h2_rank_push(struct fr_h2_session *s, int32_t push_id, int32_t page_id,
                     enum fr_h2_rank rank)
{
	struct fr_h2_stream *st = fr_h2_find(s, push_id);

	if (st && st->is_push)
		set_rank(st, page_id, rank);
}

void fr_h2_rank_request(struct fr_h2_session *s, int32_t stream_id, int32_t page_id)
{
	struct fr_h2_stream *st = fr_h2_find(s, stream_id), *page = fr_h2_find(s, page_id);

	if (!st || !page || st == page || st->is_push || page->is_push || page->is_ranked)
		return;
	if (st->priority.urgency < FR_URGENCY_DEFAULT ||
	    st->priority.urgency <= page->priority.urgency)
		set_rank(st, page_id, FR_H2_RANK_BLOCKING);
}

void fr_h2_hold_request(struct fr_h2_session *s, int32_t stream_id)
{
	struct fr_h2_stream *st = fr_h2_find(s, stream_id);
	nghttp2_stream *ng = st ? nghttp2_session_find_stream(s->ng, stream_id) : NULL;

	if (!ng || st->is_push || st->is_ranked || st->has_assets || st->hold.is_on)
		return;
	st->hold = (struct fr_h2_hold){.is_on = true,
	                               .until_bytes = s->own_bytes + FR_H2_HOLD_BYTES,
	                               .weight = nghttp2_stream_get_weight(ng)};
	s->n_held++;
	fr_h2_needs_order(st);
}

void fr_h2_order_arrived(struct fr_h2_session *s)
{
	for (struct fr_h2_stream *st = s->n_held ? s->streams : NULL; st; st = st->next)
		if (st->hold.is_on)
			fr_h2_needs_order(st);
}

/* What the client asked for otherwise has had its share. */
static void count_own(struct fr_h2_session *s, size_t len)
{
	s->own_bytes += len;
	for (struct fr_h2_stream *st = s->streams; st && s->n_held; st = st->next)
		if (st->hold.is_on && s->own_bytes >= st->hold.until_bytes)
			end_hold(st);
}

void fr_h2_unrank(struct fr_h2_stream *st)
{
	end_hold(st);
	if (!st->is_ranked)
		return;
	fr_h2_needs_order(st);
	st->is_ranked = false;
}

/* --- the lead --- */

void fr_h2_lead(struct fr_h2_session *s, int32_t page_id, size_t lead_bytes)
{
	struct fr_h2_stream *st = fr_h2_find(s, page_id);

	if (!st || st->is_push)
		return;
	st->lead_bytes = lead_bytes;
	fr_h2_needs_order(st);
}

size_t fr_h2_lead_left(const struct fr_h2_stream *st)
{
	return st->body_sent_bytes < st->lead_bytes ? st->lead_bytes - st->body_sent_bytes
	                                            : SIZE_MAX;
}

void fr_h2_order_answered(struct fr_h2_stream *st, const struct fr_response *resp)
{
	st->answer.is_there = true;
	st->answer.bytes = resp->content_length;
	if (st->is_ranked || st->has_assets)
		fr_h2_needs_order(st);
}

void fr_h2_body_framed(struct fr_h2_stream *st, size_t len)
{
	struct fr_h2_answer *a = &st->answer;
	bool was_leading = st->body_sent_bytes < st->lead_bytes;

	st->body_sent_bytes += len;
	if (was_leading && st->body_sent_bytes >= st->lead_bytes)
		fr_h2_needs_order(st);
	if (a->look_again_at && st->body_sent_bytes >= a->look_again_at) {
		a->look_again_at = 0;
		fr_h2_needs_order(st);
	}
	if (st->session->n_held && !st->hold.is_on && !st->is_push && !st->is_ranked &&
	    !st->has_assets)
		count_own(st->session, len);
}
