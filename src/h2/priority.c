/* The order of sending: where a push stands beside the page it belongs to.
 *
 * Clients that send SETTINGS_NO_RFC7540_PRIORITIES=1 are served by RFC 9218:
 * BLOCKING pushes get an urgency one step above the page (which is moved one
 * down if it is at the top already), NORMAL ones the page's, LATE ones three
 * steps below it. For all others nghttp2 keeps the tree of RFC 7540, where a
 * stream sends only while its parent has nothing to send:
 *
 *     parent of the page -> blocking 1 -> blocking 2 -> page -> late ones
 *                        -> normal ones
 */
#include "h2/session_priv.h"

#define LATE_STEPS 3u
#define LATE_WEIGHT NGHTTP2_MIN_WEIGHT

static void set_urgency(struct fr_h2_session *s, int32_t id, uint32_t urgency, bool incremental,
                        bool ours)
{
	nghttp2_extpri p = {.urgency = urgency, .inc = incremental};

	(void)nghttp2_session_change_extpri_stream_priority(s->ng, id, &p, ours);
}

static void rank_by_urgency(struct fr_h2_session *s, const struct fr_h2_stream *push,
                            struct fr_h2_stream *page)
{
	uint32_t urgency = page ? page->urgency : NGHTTP2_EXTPRI_DEFAULT_URGENCY;

	switch (push->rank) {
	case FR_H2_RANK_BLOCKING:
		if (urgency == NGHTTP2_EXTPRI_URGENCY_HIGH && page) {
			page->urgency = (uint8_t)++urgency;
			set_urgency(s, page->id, urgency, false, true);
		}
		set_urgency(s, push->id, urgency ? urgency - 1 : 0, false, false);
		break;
	case FR_H2_RANK_NORMAL:
		set_urgency(s, push->id, urgency, true, false);
		break;
	case FR_H2_RANK_LATE:
		urgency += LATE_STEPS;
		if (urgency > NGHTTP2_EXTPRI_URGENCY_LOW)
			urgency = NGHTTP2_EXTPRI_URGENCY_LOW;
		set_urgency(s, push->id, urgency, true, false);
		break;
	}
}

static void depend(struct fr_h2_session *s, int32_t id, int32_t on, int32_t weight)
{
	nghttp2_priority_spec spec;

	nghttp2_priority_spec_init(&spec, on, weight, 0);
	(void)nghttp2_session_change_stream_priority(s->ng, id, &spec);
}

static void rank_in_tree(struct fr_h2_session *s, const struct fr_h2_stream *push)
{
	nghttp2_stream *page = nghttp2_session_find_stream(s->ng, push->page_id), *parent;
	int32_t parent_id, weight;

	if (!page)
		return;
	parent = nghttp2_stream_get_parent(page);
	parent_id = parent ? nghttp2_stream_get_stream_id(parent) : 0;
	weight = nghttp2_stream_get_weight(page);
	switch (push->rank) {
	case FR_H2_RANK_BLOCKING:
		depend(s, push->id, parent_id, weight);
		depend(s, push->page_id, push->id, weight);
		break;
	case FR_H2_RANK_NORMAL:
		depend(s, push->id, parent_id, weight);
		break;
	case FR_H2_RANK_LATE:
		depend(s, push->id, push->page_id, LATE_WEIGHT);
		break;
	}
}

void fr_h2_rank_push(struct fr_h2_session *s, int32_t push_id, int32_t page_id,
                     enum fr_h2_rank rank)
{
	struct fr_h2_stream *st = fr_h2_find(s, push_id);

	if (!st || !st->is_push)
		return;
	st->has_rank = true;
	st->rank = rank;
	st->page_id = page_id;
	s->ranks_pending |= st->state != FR_H2_ST_RESERVED;
}

/* In the order of the promises, which is that of their ids: the list has the
 * newest first, so it is walked once to find the oldest that waits. */
static struct fr_h2_stream *oldest_waiting(struct fr_h2_session *s)
{
	struct fr_h2_stream *oldest = NULL;

	for (struct fr_h2_stream *st = s->streams; st; st = st->next)
		if (st->has_rank && st->state != FR_H2_ST_RESERVED &&
		    (!oldest || st->id < oldest->id))
			oldest = st;
	return oldest;
}

void fr_h2_apply_ranks(struct fr_h2_session *s)
{
	bool by_urgency = nghttp2_session_get_remote_settings(
				  s->ng, NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES) == 1;
	struct fr_h2_stream *st;

	while ((st = oldest_waiting(s))) {
		st->has_rank = false;
		if (by_urgency)
			rank_by_urgency(s, st, fr_h2_find(s, st->page_id));
		else
			rank_in_tree(s, st);
	}
	s->ranks_pending = false;
}
