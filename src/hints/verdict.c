/* Decides about a hint from facts: for a push, for a 103, and when neither is possible. */
#include "hints/verdict.h"

#include "base/err.h"

/* Usual sizes of assets whose size is not known. */
#define USUAL_STYLE_BYTES 20000u
#define USUAL_SCRIPT_BYTES 30000u
#define USUAL_OTHER_BYTES 40000u

/* --- verdicts --- */

static struct fr_verdict ask_for(enum fr_fact fact)
{
	return (struct fr_verdict){.kind = FR_VERDICT_ASKS, .asks = fact};
}

static struct fr_verdict later(enum fr_reason earlier)
{
	return (struct fr_verdict){.kind = FR_VERDICT_LATER, .reason = earlier};
}

/* It does not leave by itself. The response's own links reach the client all the same. */
static struct fr_verdict withhold(const struct fr_hint *h, const struct fr_facts *f,
                                  enum fr_reason why)
{
	bool is_in_response = f->moment == FR_MOMENT_RESPONSE && h->message == f->message;

	return (struct fr_verdict){.kind = FR_VERDICT_NOW,
	                           .reason = why,
	                           .delivery =
	                                   is_in_response ? FR_DELIVERY_LINK : FR_DELIVERY_NONE};
}

/* --- facts --- */

/* Is the fact missing? Then the verdict asks for it. */
static bool lacks(const struct fr_facts *f, enum fr_fact fact, enum fr_fact *asks)
{
	if (f->hint.known & FR_BIT(fact))
		return false;
	*asks = fact;
	return true;
}

static bool is_gone(const struct fr_hint *h, const struct fr_facts *f)
{
	return h->is_remembered &&
	       f->hint.asset.is_gone[f->has_credentials ? FR_ASSET_KNOWN : FR_ASSET_BARE];
}

static uint64_t usual_bytes(enum fr_as as)
{
	if (as == FR_AS_STYLE)
		return USUAL_STYLE_BYTES;
	return as == FR_AS_SCRIPT ? USUAL_SCRIPT_BYTES : USUAL_OTHER_BYTES;
}

/* Does it leave before the page as far as it will be gone when the page comes? Until the
 * response comes the link is idle. takes: its bytes of what is left. */
static bool fits_idle(const struct fr_hint *h, const struct fr_facts *f, uint64_t *takes)
{
	uint64_t bytes = f->hint.asset.bytes ? f->hint.asset.bytes : usual_bytes(h->as);

	*takes = bytes < f->idle_bytes ? bytes : f->idle_bytes;
	return bytes <= f->idle_bytes;
}

/* What rendering waits for is pushed whatever its size: style sheets; scripts, unless the HTML
 * shows that nothing waits for them. */
static bool is_pushed_anyway(const struct fr_hint *h)
{
	return h->rank == FR_RANK_BLOCKING && (h->as == FR_AS_STYLE || h->as == FR_AS_SCRIPT);
}

/* What the page surely needs is named whatever its size: naming it costs a request, and its
 * body waits in the edge while the page, or what is more urgent, has bytes to send. */
static bool is_named_anyway(const struct fr_hint *h)
{
	if (h->as == FR_AS_IMAGE) /* the largest paint, as the site says; or as its visitors do */
		return fr_str_iis(h->link.fetchpriority, "high") || (h->flags & FR_HINT_SURE);
	return fr_as_rank(h->as) == FR_RANK_BLOCKING;
}

/* --- the comparison --- */

/* What would leave, but does not because loads with and without hints are compared; UNDECIDED:
 * it leaves. */
static enum fr_reason held_back(const struct fr_hint *h, const struct fr_facts *f)
{
	if (f->arm == FR_ARM_NONE || (f->arm == FR_ARM_BLOCKING && h->rank != FR_RANK_BLOCKING))
		return f->held;
	return f->hint.is_witness ? FR_REASON_WITNESS : FR_REASON_UNDECIDED;
}

/* --- push --- */

static enum fr_reason over_limit(const struct fr_facts *f, enum fr_fact *asks)
{
	const struct fr_verdict_limits *l = &f->limits;

	if (f->pushes_page >= l->pushes_page)
		return FR_REASON_LIMIT_PAGE;
	if (f->push_bytes + f->hint.asset.bytes > l->push_bytes_page)
		return FR_REASON_LIMIT_BYTES;
	if (f->pushes_connection >= l->pushes_connection)
		return FR_REASON_LIMIT_CONNECTION;
	if (f->origin_requests >= l->origin_requests)
		return FR_REASON_LIMIT_ORIGIN;
	if (lacks(f, FR_FACT_STREAM, asks) || !f->hint.has_stream)
		return FR_REASON_LIMIT_STREAMS;
	return FR_REASON_UNDECIDED;
}

/* Clients that save data get only what rendering waits for. */
static bool is_spared(const struct fr_hint *h, const struct fr_facts *f)
{
	return f->request.saves_data && h->rank != FR_RANK_BLOCKING;
}

/* What speaks against a push; UNDECIDED: nothing. Means nothing if it asks. */
static enum fr_reason against_push(const struct fr_hint *h, const struct fr_facts *f,
                                   enum fr_fact *asks)
{
	if (h->against.push != FR_REASON_UNDECIDED)
		return h->against.push;
	if (h->against.earlier != FR_REASON_UNDECIDED)
		return h->against.earlier;
	if (!f->request.push_is_on)
		return FR_REASON_SITE_OFF;
	if (f->is_draining)
		return FR_REASON_DRAINING;
	if (!f->request.takes_push)
		return FR_REASON_PUSH_DISABLED;
	if (is_spared(h, f))
		return FR_REASON_SAVE_DATA;
	if (lacks(f, FR_FACT_SENT, asks) || f->hint.is_sent)
		return FR_REASON_ALREADY_SENT;
	if (lacks(f, FR_FACT_FAILED, asks) || f->hint.has_failed)
		return FR_REASON_RECENT_FAILURE;
	if (lacks(f, FR_FACT_ASSET, asks) || is_gone(h, f))
		return FR_REASON_GONE;
	if (lacks(f, FR_FACT_CACHED, asks) || f->hint.is_cached)
		return FR_REASON_CACHED;
	return over_limit(f, asks);
}

/* Before the response most objections may still pass. The one that does not is kept, so that
 * its opportunity counts once per page. */
static struct fr_verdict no_push(const struct fr_hint *h, const struct fr_facts *f,
                                 enum fr_reason why)
{
	if (f->moment == FR_MOMENT_RESPONSE)
		return withhold(h, f, why);
	return later(why == FR_REASON_OFTEN_CANCELLED ? why : FR_REASON_UNDECIDED);
}

static struct fr_verdict judge_push(const struct fr_hint *h, const struct fr_facts *f)
{
	enum fr_fact asks = FR_FACT_NONE;
	enum fr_reason why = f->hint.promise_failed ? FR_REASON_FAILED : against_push(h, f, &asks);
	uint64_t takes = 0;

	if (asks != FR_FACT_NONE)
		return ask_for(asks);
	if (why != FR_REASON_UNDECIDED)
		return no_push(h, f, why);
	if (f->moment == FR_MOMENT_BEFORE && !fits_idle(h, f, &takes) && !is_pushed_anyway(h))
		return later(FR_REASON_UNDECIDED); /* with the response */
	why = held_back(h, f);
	if (why != FR_REASON_UNDECIDED)
		return f->moment == FR_MOMENT_RESPONSE ? withhold(h, f, why) : later(why);
	if (lacks(f, FR_FACT_ADVICE, &asks))
		return ask_for(asks);
	if (f->hint.advice == FR_PUSH_ADVICE_NO)
		return no_push(h, f, FR_REASON_OFTEN_CANCELLED);
	return (struct fr_verdict){
		.kind = FR_VERDICT_NOW,
		.reason = FR_REASON_PUSHED,
		.delivery = FR_DELIVERY_PUSH,
		.rank = f->hint.advice == FR_PUSH_ADVICE_YES ? h->rank : FR_RANK_LATE,
		.idle_bytes = takes,
	};
}

/* --- 103 --- */

/* What speaks against an asset of ours in a 103, beside the hint's own link. */
static enum fr_reason against_early(const struct fr_hint *h, const struct fr_facts *f,
                                    enum fr_fact *asks, uint64_t *takes)
{
	if (h->against.earlier != FR_REASON_UNDECIDED)
		return h->against.earlier;
	if (is_spared(h, f))
		return FR_REASON_SAVE_DATA;
	if (lacks(f, FR_FACT_ASSET, asks) || is_gone(h, f))
		return FR_REASON_GONE;
	if (f->hint.asset.is_known && !f->hint.asset.is_reusable)
		return FR_REASON_NOT_REUSABLE;
	if (!fits_idle(h, f, takes) && !is_named_anyway(h))
		return FR_REASON_BUDGET;
	return FR_REASON_UNDECIDED;
}

static bool fits_103(const struct fr_facts *f)
{
	size_t separator = f->link_bytes ? 2 : 0; /* ", " */

	return f->hint.link.p && f->hint.link.len + separator <= FR_EARLY_MAX_BYTES - f->link_bytes;
}

static struct fr_verdict judge_early(const struct fr_hint *h, const struct fr_facts *f)
{
	enum fr_reason why = h->against.early;
	enum fr_fact asks = FR_FACT_NONE;
	uint64_t takes = 0;

	if (f->has_103)
		return later(FR_REASON_UNDECIDED);
	if (f->links_named >= f->limits.early_links)
		return later(FR_REASON_LIMIT_PAGE);
	if (why == FR_REASON_UNDECIDED && h->target.len)
		why = against_early(h, f, &asks, &takes);
	if (asks == FR_FACT_NONE && why == FR_REASON_UNDECIDED &&
	    (lacks(f, FR_FACT_LINK, &asks) || !fits_103(f)))
		why = FR_REASON_LIMIT_BYTES;
	if (asks != FR_FACT_NONE)
		return ask_for(asks);
	if (why != FR_REASON_UNDECIDED)
		return later(why);
	why = held_back(h, f);
	if (why != FR_REASON_UNDECIDED)
		return later(why);
	return (struct fr_verdict){.kind = FR_VERDICT_NOW,
	                           .reason = FR_REASON_HINTED,
	                           .delivery = FR_DELIVERY_EARLY_HINTS,
	                           .rank = h->rank,
	                           .idle_bytes = takes};
}

/* --- nothing leaves any more --- */

/* Why a page with a 103, or that might have had one, does not deliver it. */
static enum fr_reason without_103(const struct fr_hint *h, const struct fr_facts *f)
{
	if (h->against.early != FR_REASON_UNDECIDED)
		return h->against.early;
	if (h->against.earlier != FR_REASON_UNDECIDED)
		return h->against.earlier;
	return f->has_103 ? FR_REASON_AFTER_103 : FR_REASON_WITH_RESPONSE;
}

/* Why a client without push gets no more than the response's own links. */
static enum fr_reason header_only(const struct fr_way_facts *r)
{
	if (r->early_is_off && r->version == FR_HTTP_2 && r->is_navigation)
		return FR_REASON_EARLY_OFF;
	if (r->is_ahead && r->push_is_on && r->takes_push)
		return FR_REASON_PREFETCH;
	return r->push_is_on ? FR_REASON_PUSH_DISABLED : FR_REASON_SITE_OFF;
}

/* What the hint's own link says comes first. */
static struct fr_verdict close_hint(const struct fr_hint *h, const struct fr_facts *f,
                                    enum fr_reason why)
{
	return withhold(h, f, h->against.push != FR_REASON_UNDECIDED ? h->against.push : why);
}

struct fr_verdict fr_verdict_of(const struct fr_hint *h, const struct fr_facts *f)
{
	bool is_before = f->moment == FR_MOMENT_BEFORE;

	if (f->moment == FR_MOMENT_GONE)
		return close_hint(h, f, FR_REASON_PAGE_GONE);
	if (!is_before && !f->is_page)
		return close_hint(h, f, FR_REASON_NOT_PAGE);
	switch (f->way) {
	case FR_WAY_PUSH:
		return judge_push(h, f);
	case FR_WAY_EARLY:
		return is_before ? judge_early(h, f) : withhold(h, f, without_103(h, f));
	case FR_WAY_HEADER:
		break;
	}
	return is_before ? later(FR_REASON_UNDECIDED) : close_hint(h, f, header_only(&f->request));
}

/* --- afterwards --- */

bool fr_reason_means_client_has(enum fr_reason r)
{
	switch (r) {
	case FR_REASON_PUSHED:
	case FR_REASON_ALREADY_SENT:
	case FR_REASON_CACHED:
	case FR_REASON_NOPUSH:
	case FR_REASON_LIMIT_PAGE:
	case FR_REASON_LIMIT_BYTES:
	case FR_REASON_LIMIT_CONNECTION:
	case FR_REASON_LIMIT_STREAMS:
	case FR_REASON_LIMIT_ORIGIN:
		return true;
	case FR_REASON_UNDECIDED:
	case FR_REASON_HINTED:
	case FR_REASON_CROSS_ORIGIN:
	case FR_REASON_ABSOLUTE:
	case FR_REASON_NOT_PRELOAD:
	case FR_REASON_BAD_URL:
	case FR_REASON_SELF:
	case FR_REASON_ANCHOR:
	case FR_REASON_MEDIA:
	case FR_REASON_SRCSET:
	case FR_REASON_TYPE:
	case FR_REASON_NO_AS:
	case FR_REASON_DUPLICATE:
	case FR_REASON_PUSH_DISABLED:
	case FR_REASON_SITE_OFF:
	case FR_REASON_EARLY_OFF:
	case FR_REASON_AFTER_103:
	case FR_REASON_WITH_RESPONSE:
	case FR_REASON_NO_CORS:
	case FR_REASON_NOT_REUSABLE:
	case FR_REASON_BUDGET:
	case FR_REASON_SAVE_DATA:
	case FR_REASON_PREFETCH:
	case FR_REASON_OFTEN_CANCELLED:
	case FR_REASON_GONE:
	case FR_REASON_HELD_OUT:
	case FR_REASON_HARMFUL:
	case FR_REASON_WITNESS:
	case FR_REASON_RECENT_FAILURE:
	case FR_REASON_NOT_PAGE:
	case FR_REASON_DRAINING:
	case FR_REASON_FAILED:
	case FR_REASON_PAGE_GONE:
	case FR_REASON_NOT_NEEDED:
	case FR_REASON_UNPROVEN:
	case FR_REASON_REPLACED:
	case FR_REASON_IN_DOUBT:
	case FR_REASON_NOT_FOR_CLIENT:
	case FR_REASON_LEFT_OUT:
	case FR_REASON_COUNT:
		break;
	}
	return false;
}
