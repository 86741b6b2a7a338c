/* The digest cookie: a Golomb-coded set of what a client was sent, read as hostile
 * input. */
#include "hints/digest.h"

#include "base/siphash.h"
#include "hints/golomb.h"

#define VERSION_BITS 8u
#define N_GROUPS_BITS 2u
#define EXPIRES_BITS 26u
#define N_ENTRIES_BITS 8u
#define MAX_OCTETS FR_BASE64URL_BYTES(FR_DIGEST_MAX_BYTES)
#define RANGE (1u << FR_DIGEST_RANGE_BITS)
/* Part of the format: another one makes all cookies out there worthless. */
#define HASH_SEED UINT64_C(0x66722d6469676573)

/* The last group takes all that is longer. */
static const int64_t group_limits_s[FR_DIGEST_GROUPS - 1] = {86400, 7 * 86400};

uint32_t fr_digest_key(struct fr_str authority, struct fr_str target, uint64_t validator)
{
	uint64_t h = fr_siphash(HASH_SEED, authority.p, authority.len);
	uint8_t octets[8];

	for (unsigned i = 0; i < sizeof octets; i++)
		octets[i] = (uint8_t)(validator >> (8 * i));
	h = fr_siphash(h, target.p, target.len);
	h = fr_siphash(h, octets, sizeof octets);
	return (uint32_t)(h >> (64 - FR_DIGEST_RANGE_BITS));
}

/* --- the set --- */

static uint32_t group_of(int64_t lifetime_s)
{
	uint32_t g = 0;

	while (g < FR_DIGEST_GROUPS - 1 && lifetime_s > group_limits_s[g])
		g++;
	return g;
}

/* Where v is, or would be. */
static size_t position(const struct fr_digest *d, uint32_t v)
{
	size_t low = 0, high = d->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (d->v[mid] < v)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t packed(uint32_t group, uint32_t key)
{
	return group << FR_DIGEST_RANGE_BITS | (key & (RANGE - 1));
}

bool fr_digest_has(const struct fr_digest *d, uint32_t key)
{
	for (uint32_t g = 0; g < FR_DIGEST_GROUPS; g++) {
		size_t i = position(d, packed(g, key));

		if (i < d->n && d->v[i] == packed(g, key))
			return true;
	}
	return false;
}

/* Adds a key that is not there, to a group. */
static bool insert(struct fr_digest *d, uint32_t group, uint32_t key, uint32_t expires_min)
{
	size_t i = position(d, packed(group, key));

	if (d->n == FR_DIGEST_MAX_ENTRIES)
		return false;
	memmove(&d->v[i + 1], &d->v[i], (d->n - i) * sizeof d->v[0]);
	d->v[i] = packed(group, key);
	d->n++;
	if (!d->expires_min[group] || expires_min < d->expires_min[group])
		d->expires_min[group] = expires_min;
	return true;
}

void fr_digest_expire(struct fr_digest *d, int64_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if ((int64_t)d->expires_min[d->v[i] >> FR_DIGEST_RANGE_BITS] * 60 > now_s)
			d->v[n++] = d->v[i];
	for (size_t i = n; i < d->n; i++)
		d->v[i] = 0;
	d->n = n;
	for (size_t g = 0; g < FR_DIGEST_GROUPS; g++)
		if ((int64_t)d->expires_min[g] * 60 <= now_s)
			d->expires_min[g] = 0;
}

bool fr_digest_add(struct fr_digest *d, uint32_t key, int64_t fresh_until_s, int64_t now_s)
{
	int64_t lifetime_s = fresh_until_s > now_s ? fresh_until_s - now_s : 0, expires_min;

	if (now_s < 0 || lifetime_s < FR_DIGEST_MIN_LIFETIME_S)
		return false;
	fr_digest_expire(d, now_s);
	if (fr_digest_has(d, key))
		return true;
	if (lifetime_s > FR_DIGEST_MAX_LIFETIME_S)
		lifetime_s = FR_DIGEST_MAX_LIFETIME_S;
	expires_min = (now_s + lifetime_s) / 60;
	if (expires_min >> EXPIRES_BITS)
		return false;
	/* by what the cookie says, so that a reader sorts it into the same group */
	return insert(d, group_of(expires_min * 60 - now_s), key, (uint32_t)expires_min);
}

void fr_digest_merge(struct fr_digest *d, const struct fr_digest *old)
{
	for (size_t i = 0; i < old->n && d->n < FR_DIGEST_MAX_ENTRIES; i++) {
		uint32_t group = old->v[i] >> FR_DIGEST_RANGE_BITS;

		if (!fr_digest_has(d, old->v[i]))
			(void)insert(d, group, old->v[i], old->expires_min[group]);
	}
}

int64_t fr_digest_expires_s(const struct fr_digest *d)
{
	uint32_t last = 0;

	for (size_t g = 0; g < FR_DIGEST_GROUPS; g++)
		if (d->expires_min[g] > last)
			last = d->expires_min[g];
	return (int64_t)last * 60;
}

/* --- writing and reading --- */

static unsigned rice_of(uint32_t entries)
{
	unsigned log2 = 0;

	while (entries >>= 1)
		log2++;
	return FR_DIGEST_RANGE_BITS - log2;
}

static void write_group(struct fr_bit_writer *w, uint32_t expires_min, const uint32_t *v,
                        uint32_t entries)
{
	unsigned rice = rice_of(entries);
	uint32_t next = 0; /* the least that can follow */

	fr_bits_write(w, EXPIRES_BITS, expires_min);
	fr_bits_write(w, N_ENTRIES_BITS, entries - 1);
	for (uint32_t i = 0; i < entries; i++) {
		uint32_t hash = v[i] & (RANGE - 1);

		fr_golomb_write(w, rice, hash - next);
		next = hash + 1;
	}
}

/* The groups that have entries, by expiry: in a digest that was kept and added
 * to for days that may not be their own order. Returns how many. */
static uint32_t order_groups(const struct fr_digest *d, uint32_t order[FR_DIGEST_GROUPS])
{
	uint32_t n = 0;

	for (uint32_t g = 0; g < FR_DIGEST_GROUPS; g++) {
		uint32_t i = n;

		if (!d->expires_min[g])
			continue;
		for (; i && d->expires_min[order[i - 1]] > d->expires_min[g]; i--)
			order[i] = order[i - 1];
		order[i] = g;
		n++;
	}
	return n;
}

size_t fr_digest_format(const struct fr_digest *d, char out[FR_DIGEST_MAX_BYTES + 1])
{
	uint8_t octets[MAX_OCTETS] = {0};
	struct fr_bit_writer w = {octets, sizeof octets, 0};
	uint32_t order[FR_DIGEST_GROUPS], groups = order_groups(d, order);
	size_t len = 0;

	if (groups) {
		fr_bits_write(&w, VERSION_BITS, FR_DIGEST_VERSION);
		fr_bits_write(&w, N_GROUPS_BITS, groups - 1);
		for (uint32_t i = 0; i < groups; i++) {
			size_t from = position(d, packed(order[i], 0)),
			       to = position(d, packed(order[i] + 1, 0));

			write_group(&w, d->expires_min[order[i]], &d->v[from],
			            (uint32_t)(to - from));
		}
		len = fr_base64url_encode(octets, (w.at + 7) / 8, out);
	}
	out[len] = '\0';
	return len;
}

/* What parsing builds: all entries are checked, those not expired kept. */
struct reading {
	struct fr_bits bits;
	struct fr_digest all, kept;
	int64_t now_s;
};

static int read_group(struct reading *r, uint32_t group, uint32_t *expires_min)
{
	int64_t lifetime_s, latest_min = (r->now_s + FR_DIGEST_MAX_LIFETIME_S) / 60;
	uint32_t entries, expires;
	uint64_t hash = 0, delta;

	if (fr_bits_read(&r->bits, EXPIRES_BITS, &expires) < 0 || !expires ||
	    expires < *expires_min || fr_bits_read(&r->bits, N_ENTRIES_BITS, &entries) < 0)
		return FR_ERR_SYNTAX;
	*expires_min = expires;
	if (expires > latest_min)
		expires = (uint32_t)latest_min;
	lifetime_s = (int64_t)expires * 60 - r->now_s;
	entries++;
	for (uint32_t i = 0; i < entries; i++) {
		if (fr_golomb_read(&r->bits, rice_of(entries), &delta) != 1)
			return FR_ERR_SYNTAX;
		hash += delta;
		if (hash >= RANGE || fr_digest_has(&r->all, (uint32_t)hash) ||
		    !insert(&r->all, group, (uint32_t)hash, expires))
			return FR_ERR_SYNTAX;
		if (lifetime_s > 0)
			(void)insert(&r->kept, group_of(lifetime_s), (uint32_t)hash, expires);
		hash++;
	}
	return 0;
}

int fr_digest_parse(struct fr_str value, int64_t now_s, struct fr_digest *out)
{
	uint8_t octets[MAX_OCTETS];
	struct reading r = {.now_s = now_s < 0 ? 0 : now_s};
	uint32_t version, groups, expires_min = 0, padding;
	int64_t len;

	if (value.len > FR_DIGEST_MAX_BYTES)
		return FR_ERR_SYNTAX;
	len = fr_base64url_decode(value, octets);
	if (len < 0)
		return FR_ERR_SYNTAX;
	r.bits = (struct fr_bits){octets, (size_t)len * 8, 0};
	if (fr_bits_read(&r.bits, VERSION_BITS, &version) < 0 || version != FR_DIGEST_VERSION ||
	    fr_bits_read(&r.bits, N_GROUPS_BITS, &groups) < 0 || groups >= FR_DIGEST_GROUPS)
		return FR_ERR_SYNTAX;
	for (uint32_t g = 0; g <= groups; g++)
		if (read_group(&r, g, &expires_min) < 0)
			return FR_ERR_SYNTAX;
	if (r.bits.n_bits - r.bits.at >= 8 ||
	    fr_bits_read(&r.bits, (unsigned)(r.bits.n_bits - r.bits.at), &padding) < 0 || padding)
		return FR_ERR_SYNTAX;
	*out = r.kept;
	return 0;
}

/* --- the Cookie field --- */

/* The next crumb with the white space around it; empty ones are skipped. */
static bool next_crumb(struct fr_str *rest, struct fr_str *crumb)
{
	while (rest->len) {
		size_t end = fr_str_find(*rest, ';');

		*crumb = fr_str_sub(*rest, 0, end);
		*rest = fr_str_sub(*rest, end + 1, rest->len);
		if (fr_str_trim(*crumb).len)
			return true;
	}
	return false;
}

/* Is it a digest? Gives its value. */
static bool is_digest(struct fr_str crumb, struct fr_str *value)
{
	size_t equals = fr_str_find(crumb, '=');

	if (equals == crumb.len ||
	    !fr_str_is(fr_str_trim(fr_str_sub(crumb, 0, equals)), FR_DIGEST_COOKIE))
		return false;
	*value = fr_str_trim(fr_str_sub(crumb, equals + 1, crumb.len));
	return true;
}

int fr_digest_take(struct fr_arena *arena, struct fr_str cookie_field, struct fr_str *value,
                   struct fr_str *rest)
{
	struct fr_str left = cookie_field, crumb, found = {NULL, 0}, another;
	size_t len = 0;
	char *p;

	while (!found.p && next_crumb(&left, &crumb))
		(void)is_digest(crumb, &found);
	if (!found.p)
		return 0;
	p = fr_arena_alloc(arena, cookie_field.len); /* never longer than it was */
	if (!p)
		return FR_ERR_NOMEM;
	for (left = cookie_field; next_crumb(&left, &crumb);) {
		if (is_digest(crumb, &another))
			continue;
		if (len)
			p[len++] = ';';
		memcpy(p + len, crumb.p, crumb.len);
		len += crumb.len;
	}
	*value = found;
	*rest = fr_str_trim(fr_str_make(p, len));
	return 1;
}
