/* Reads a load's record: times, what was hinted and needed, what could be a witness. */
#include "hints/proof/measure.h"

#include "base/siphash.h"
#include "hints/plan.h"
#include "hints/proof/arm.h"
#include "hints/proof/subject.h"

#define US_PER_MS 1000u
/* Hashes of assets are kept in the file: the key is the same everywhere. */
#define ASSET_KEY 0x7769746e657373u
/* So many letters and digits, with a digit among them, are a hash in a name. */
#define HASH_CHARS 6u

/* --- families --- */

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

/* The length of the hash that begins here; 0: none does. */
static size_t hash_len(struct fr_str s)
{
	bool has_digit = false;
	size_t n = 0;

	for (; n < s.len && is_name_char(s.p[n]); n++)
		has_digit |= s.p[n] >= '0' && s.p[n] <= '9';
	return n >= HASH_CHARS && has_digit ? n : 0;
}

uint64_t fr_measure_asset(struct fr_str target)
{
	struct fr_str path = fr_str_sub(target, 0, fr_str_find(target, '?'));
	uint64_t h = ASSET_KEY;
	size_t from = 0;

	while (from < path.len) {
		struct fr_str rest = fr_str_sub(path, from, path.len);
		size_t n = hash_len(rest), part = 0;

		while (!n && part < rest.len && is_name_char(rest.p[part]))
			part++;
		if (!n)
			h = fr_siphash(h, rest.p, part < rest.len ? part + 1 : part);
		from += n ? n : part + 1;
	}
	return h ? h : 1;
}

/* --- assets --- */

static bool is_asked(const struct fr_load_asset *a)
{
	return (a->flags & FR_LOAD_ASKED) && a->asked_ms != FR_LOAD_NEVER;
}

static bool is_blocking(const struct fr_load_asset *a)
{
	return a->as < FR_AS_UNKNOWN && fr_as_rank((enum fr_as)a->as) == FR_RANK_BLOCKING;
}

static struct fr_layout_asset describe(const struct fr_load_asset *a)
{
	return (struct fr_layout_asset){
		.asset = fr_measure_asset(a->target),
		/* never 0, which is no time */
		.asked_us = is_asked(a) ? a->asked_ms * US_PER_MS + 1 : 1,
		.is_blocking = a->as == FR_AS_STYLE,
		.is_of_style = (a->flags & FR_LOAD_BY_STYLE) != 0,
		.is_image = a->as == FR_AS_IMAGE,
		.is_hinted = (a->flags & (FR_LOAD_HINTED | FR_LOAD_PUSHED)) != 0,
	};
}

/* --- the load --- */

static void count_asset(const struct fr_load_asset *a, enum fr_arm arm,
                        struct fr_compared_load *out)
{
	bool is_omitted = (a->flags & FR_LOAD_OMITTED) != 0;

	out->offered += (a->flags & (FR_LOAD_HINTED | FR_LOAD_PUSHED | FR_LOAD_OMITTED)) != 0;
	if (a->flags & FR_LOAD_PUSHED) {
		out->pushes++;
		out->pushed_bytes += a->bytes;
	}
	if ((a->flags & FR_LOAD_PUSHED) && (a->flags & FR_LOAD_CANCELLED)) {
		out->cancelled++;
		out->wasted_bytes += a->bytes;
	}
	if (!out->is_cold)
		return;
	out->left_out += is_omitted;
	out->left_out_hit += is_omitted && is_asked(a);
	if (arm == FR_ARM_NONE && is_asked(a) && is_blocking(a) && (a->flags & FR_LOAD_OK)) {
		out->needed++;
		out->needed_hinted += is_omitted;
	}
}

/* It got its style sheets anew, all of them. */
static bool is_cold(const struct fr_load *load)
{
	bool has_style = false;

	if (load->is_reload || load->is_cut || load->client.has_digest)
		return false;
	for (size_t i = 0; i < load->n; i++) {
		const struct fr_load_asset *a = &load->v[i];

		if (a->as != FR_AS_STYLE)
			continue;
		if (a->flags & (FR_LOAD_CONDITIONAL | FR_LOAD_HAD))
			return false;
		has_style |= is_asked(a) || (a->flags & FR_LOAD_PUSHED);
	}
	return has_style;
}

/* What the page itself links to: the same whatever its hints are. */
static uint64_t skeleton_of(const struct fr_load *load)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < load->n; i++)
		if (load->v[i].as == FR_AS_STYLE)
			sum ^= fr_measure_asset(load->v[i].target);
	return sum;
}

/* The last byte was taken by the transport; a window's bytes are acknowledged within a round
 * trip. */
static uint32_t complete_us(const struct fr_load *load)
{
	if (load->is_cut || load->times.done_ms == 0 ||
	    load->times.done_ms >= FR_LOAD_NEVER / US_PER_MS)
		return 0;
	return load->times.done_ms * US_PER_MS + load->times.rtt_us;
}

static uint32_t first_byte_us(const struct fr_load *load)
{
	uint32_t ms = load->times.first_ms;

	return ms < FR_LOAD_NEVER / US_PER_MS ? ms * US_PER_MS + 1 : 0;
}

void fr_measure_load(const struct fr_load *load, struct fr_layout_asset assets[FR_LOAD_MAX_ASSETS],
                     struct fr_compared_load *out)
{
	struct fr_compared_load l = {
		.mark = fr_mark_unpack(load->arm),
		.visitor = load->visitor.id,
		.network = load->visitor.network,
		.is_mobile = load->client.device == FR_DEVICE_MOBILE,
		.is_cold = is_cold(load),
		.rtt_us = load->times.rtt_us,
		.complete_us = complete_us(load),
		.first_byte_us = first_byte_us(load),
		.assets = assets,
	};

	l.skeleton = l.is_cold ? skeleton_of(load) : 0;
	for (size_t i = 0; i < load->n; i++) {
		const struct fr_load_asset *a = &load->v[i];

		count_asset(a, l.mark.arm, &l);
		if (is_asked(a) || (a->flags & FR_LOAD_PUSHED))
			assets[l.n_assets++] = describe(a);
	}
	*out = l;
}
