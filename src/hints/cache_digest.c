/* Reads the Cache-Digest field and looks URLs up in its sets. */
#include "hints/cache_digest.h"

#include "hints/golomb.h"

void fr_cache_digest_init(struct fr_cache_digest *d, struct fr_arena *arena)
{
	*d = (struct fr_cache_digest){.arena = arena};
}

/* The next part before `separator`, trimmed; false at the end. */
static bool next_part(struct fr_str *rest, char separator, struct fr_str *part)
{
	size_t end = fr_str_find(*rest, separator);

	if (!rest->len)
		return false;
	*part = fr_str_trim(fr_str_sub(*rest, 0, end));
	*rest = fr_str_sub(*rest, end + 1, rest->len);
	return true;
}

/* False: an unknown flag. */
static bool read_flags(struct fr_str text, struct fr_cache_digest_set *set, bool *reset)
{
	struct fr_str flag;

	while (next_part(&text, ';', &flag)) {
		if (fr_str_iis(flag, "reset"))
			*reset = true;
		else if (fr_str_iis(flag, "complete"))
			set->is_complete = true;
		else if (fr_str_iis(flag, "validators"))
			set->has_validators = true;
		else if (fr_str_iis(flag, "stale"))
			set->is_stale = true;
		else if (!fr_str_iis(flag, "fresh"))
			return false;
	}
	return true;
}

/* Decodes to at most `max` values. */
static int read_values(struct fr_bits *bits, unsigned rice, unsigned hash_bits, uint64_t *v,
                       size_t max, size_t *n)
{
	uint64_t value = 0, delta;
	uint32_t padding;
	int rc;

	for (*n = 0; (rc = fr_golomb_read(bits, rice, &delta)) == 1; value++) {
		value += delta;
		if (value >> hash_bits || *n == max)
			return FR_ERR_SYNTAX;
		v[(*n)++] = value;
	}
	if (rc < 0 || bits->n_bits - bits->at >= 8)
		return FR_ERR_SYNTAX;
	return fr_bits_read(bits, (unsigned)(bits->n_bits - bits->at), &padding);
}

static int read_set(struct fr_cache_digest *d, struct fr_str text, struct fr_cache_digest_set *set)
{
	uint8_t octets[FR_BASE64URL_BYTES(FR_CACHE_DIGEST_MAX_BYTES)];
	size_t max = FR_CACHE_DIGEST_MAX_ENTRIES - d->n_entries, possible;
	int64_t len = fr_base64url_decode(text, octets);
	struct fr_bits bits = {octets, len < 0 ? 0 : (size_t)len * 8, 0};
	uint32_t log2_n, log2_p;
	uint64_t *v;

	if (fr_bits_read(&bits, 5, &log2_n) < 0 || fr_bits_read(&bits, 5, &log2_p) < 0 ||
	    log2_n + log2_p == 0)
		return FR_ERR_SYNTAX;
	possible = (bits.n_bits - bits.at) / (log2_p + 1);
	v = fr_arena_calloc(d->arena, possible < max ? possible : max, sizeof *v);
	if (!v)
		return FR_ERR_NOMEM;
	set->v = v;
	set->hash_bits = log2_n + log2_p;
	return read_values(&bits, log2_p, set->hash_bits, v, max, &set->n);
}

void fr_cache_digest_add(struct fr_cache_digest *d, struct fr_str value)
{
	struct fr_str item, text;

	if (value.len > FR_CACHE_DIGEST_MAX_BYTES) {
		d->skipped++;
		return;
	}
	while (next_part(&value, ',', &item)) {
		struct fr_cache_digest_set set = {0};
		bool reset = false, ok;

		if (!next_part(&item, ';', &text))
			continue;
		ok = read_flags(item, &set, &reset);
		if (reset)
			d->n = d->n_entries = 0;
		if (!ok || d->n == FR_CACHE_DIGEST_MAX_SETS || read_set(d, text, &set) < 0) {
			d->skipped++;
			continue;
		}
		d->sets[d->n++] = set;
		d->n_entries += set.n;
	}
}

/* --- asking --- */

static uint64_t hash_of(fr_sha256_fn *sha256, struct fr_str url, struct fr_str etag)
{
	struct fr_str parts[] = {url, etag};
	uint8_t digest[32];
	uint64_t h = 0;

	sha256(parts, FR_ARRAY_LEN(parts), digest);
	for (unsigned i = 0; i < 8; i++)
		h = h << 8 | digest[i];
	return h;
}

static bool set_has(const struct fr_cache_digest_set *set, uint64_t hash)
{
	size_t low = 0, high = set->n;

	hash >>= 64 - set->hash_bits;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (set->v[mid] < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return low < set->n && set->v[low] == hash;
}

enum fr_cache_holding fr_cache_digest_find(const struct fr_cache_digest *d, fr_sha256_fn *sha256,
                                           struct fr_str url, struct fr_str etag)
{
	uint64_t of_url, of_both;
	bool is_stale = false, is_complete = false;

	if (!d->n)
		return FR_CACHE_HOLDING_UNKNOWN;
	of_url = hash_of(sha256, url, fr_str_make(NULL, 0));
	of_both = etag.len ? hash_of(sha256, url, etag) : of_url;
	for (size_t i = 0; i < d->n; i++) {
		const struct fr_cache_digest_set *set = &d->sets[i];

		if (set->has_validators && !etag.len)
			continue;
		if (set_has(set, set->has_validators ? of_both : of_url)) {
			if (!set->is_stale)
				return FR_CACHE_HOLDING_FRESH;
			is_stale = true;
		}
		is_complete |= set->is_complete && !set->is_stale;
	}
	if (is_stale)
		return FR_CACHE_HOLDING_STALE;
	return is_complete ? FR_CACHE_HOLDING_ABSENT : FR_CACHE_HOLDING_UNKNOWN;
}
