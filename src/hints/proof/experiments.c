/* The list of experiments, and its bytes. */
#include "hints/proof/experiments.h"

#include <string.h>

#include "base/err.h"
#include "base/octets.h"
#include "base/siphash.h"

#define VERSION 1u
#define HEAD_BYTES 1u
#define ITEM_BYTES 11u /* before its pattern */

/* --- the list --- */

static bool is_printable(struct fr_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	return true;
}

/* A host, a path, and at most one star, at the end. */
static bool is_pattern(struct fr_str s)
{
	size_t slash = fr_str_find(s, '/'), star = fr_str_find(s, '*');

	return slash > 0 && slash < s.len && star + 1 >= s.len && star > slash &&
	       fr_str_find(s, '?') == s.len && fr_str_find(s, '#') == s.len && is_printable(s);
}

static struct fr_str pattern_of(const struct fr_experiment *x)
{
	return fr_str_from(x->pattern);
}

static struct fr_experiment *find(struct fr_experiments *e, struct fr_str pattern)
{
	for (size_t i = 0; i < e->n; i++)
		if (fr_str_eq(pattern_of(&e->v[i]), pattern))
			return &e->v[i];
	return NULL;
}

int fr_experiments_start(struct fr_experiments *e, struct fr_str pattern, uint32_t share,
                         int64_t now_s)
{
	struct fr_experiment *x;

	if (!is_pattern(pattern) || share == 0 || share > FR_EXPERIMENT_MAX_SHARE || now_s < 0)
		return FR_ERR_SYNTAX;
	if (pattern.len >= FR_EXPERIMENT_PATTERN_BYTES)
		return FR_ERR_LIMIT;
	x = find(e, pattern);
	if (!x && e->n == FR_EXPERIMENTS_MAX)
		return FR_ERR_LIMIT;
	if (!x)
		x = &e->v[e->n++];
	*x = (struct fr_experiment){.share = share, .since_s = now_s};
	memcpy(x->pattern, pattern.p, pattern.len);
	return 0;
}

bool fr_experiments_stop(struct fr_experiments *e, struct fr_str pattern)
{
	struct fr_experiment *x = find(e, pattern);

	if (!x)
		return false;
	*x = e->v[--e->n];
	return true;
}

static bool matches(struct fr_str pattern, struct fr_str authority, struct fr_str path)
{
	size_t slash = fr_str_find(pattern, '/');
	struct fr_str of_path = fr_str_sub(pattern, slash, pattern.len);

	if (!fr_str_eq(fr_str_sub(pattern, 0, slash), authority))
		return false;
	if (of_path.p[of_path.len - 1] == '*')
		return fr_str_starts(path, fr_str_sub(of_path, 0, of_path.len - 1));
	return fr_str_eq(of_path, path);
}

const struct fr_experiment *fr_experiments_find(const struct fr_experiments *e,
                                                struct fr_str authority, struct fr_str path)
{
	const struct fr_experiment *best = NULL;

	for (size_t i = 0; i < e->n; i++)
		if (matches(pattern_of(&e->v[i]), authority, path) &&
		    (!best || strlen(best->pattern) < strlen(e->v[i].pattern)))
			best = &e->v[i];
	return best;
}

/* --- bytes --- */

int fr_experiments_save(const struct fr_experiments *e, struct fr_buf *out)
{
	uint8_t bytes[HEAD_BYTES + FR_EXPERIMENTS_MAX * (ITEM_BYTES + FR_EXPERIMENT_PATTERN_BYTES) +
	              FR_EXPERIMENTS_CHECK_BYTES];
	size_t n = HEAD_BYTES;

	bytes[0] = VERSION;
	for (size_t i = 0; i < e->n; i++) {
		struct fr_str pattern = pattern_of(&e->v[i]);

		fr_octets_put(bytes + n, e->v[i].share, 2);
		fr_octets_put(bytes + n + 2, (uint64_t)e->v[i].since_s, 8);
		fr_octets_put(bytes + n + 10, pattern.len, 1);
		memcpy(bytes + n + ITEM_BYTES, pattern.p, pattern.len);
		n += ITEM_BYTES + pattern.len;
	}
	fr_octets_put(bytes + n, fr_siphash(FR_EXPERIMENTS_CHECK, bytes, n),
	              FR_EXPERIMENTS_CHECK_BYTES);
	return fr_buf_append(out, bytes, n + FR_EXPERIMENTS_CHECK_BYTES);
}

int fr_experiments_load(const void *bytes, size_t len, struct fr_experiments *out)
{
	const uint8_t *p = bytes;
	struct fr_experiments e = {.n = 0};
	size_t at = HEAD_BYTES, end = len - FR_EXPERIMENTS_CHECK_BYTES;

	if (len < HEAD_BYTES + FR_EXPERIMENTS_CHECK_BYTES || p[0] != VERSION ||
	    fr_octets_get(p + end, FR_EXPERIMENTS_CHECK_BYTES) !=
	            fr_siphash(FR_EXPERIMENTS_CHECK, p, end))
		return FR_ERR_SYNTAX;
	while (at < end) {
		uint32_t share;
		size_t pattern;

		if (end - at < ITEM_BYTES || end - at - ITEM_BYTES < p[at + 10])
			return FR_ERR_SYNTAX;
		share = (uint32_t)fr_octets_get(p + at, 2);
		pattern = at + ITEM_BYTES;
		if (fr_experiments_start(&e, fr_str_make((const char *)p + pattern, p[at + 10]),
		                         share,
		                         (int64_t)(fr_octets_get(p + at + 2, 8) & INT64_MAX)) < 0)
			return FR_ERR_SYNTAX;
		at = pattern + p[at + 10];
	}
	*out = e;
	return 0;
}
