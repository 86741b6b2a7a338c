/* Reads Accept-Encoding as a set of codings and as weights, and writes the set in its one
 * form. */
#include "http/codings.h"

#include <string.h>

/* Codings that servers use, in the order of browsers; the rest of an Accept-Encoding
 * selects nothing. */
static const struct fr_str codings[] = {FR_STR("gzip"), FR_STR("deflate"),  FR_STR("br"),
                                        FR_STR("zstd"), FR_STR("compress"), FR_STR("dcb"),
                                        FR_STR("dcz")};
#define ALL (FR_BIT(FR_ARRAY_LEN(codings)) - 1)

_Static_assert(sizeof "gzip, deflate, br, zstd, compress, dcb, dcz" <= FR_CODINGS_BYTES,
               "all of them fit");

static bool has_weight_zero(struct fr_str parameters)
{
	size_t q = fr_str_find(parameters, '=');
	struct fr_str v = fr_str_trim(fr_str_sub(parameters, q + 1, parameters.len));

	if (v.len == 0 || v.p[0] != '0')
		return false;
	for (size_t i = 1; i < v.len; i++)
		if (v.p[i] != '.' && v.p[i] != '0')
			return false;
	return true;
}

static const struct fr_str usual[FR_CODINGS_USUAL] = {FR_STR("gzip, deflate, br, zstd"),
                                                      FR_STR("gzip, deflate, br"),
                                                      FR_STR("gzip, deflate"),
                                                      FR_STR("gzip"),
                                                      FR_STR("br"),
                                                      FR_STR("identity")};

unsigned fr_codings_usual(struct fr_str value)
{
	unsigned i = 0;

	while (i < FR_CODINGS_USUAL && !fr_str_eq(value, usual[i]))
		i++;
	return i;
}

struct fr_str fr_codings_usual_text(unsigned number)
{
	return usual[number];
}

unsigned fr_codings_accepted(const struct fr_fields *f)
{
	const struct fr_field *line = NULL;
	unsigned yes = 0, no = 0;
	struct fr_str item;
	bool any = false;

	while ((line = fr_fields_next(f, FR_FIELD_ACCEPT_ENCODING, line))) {
		struct fr_str rest = line->value;

		while (fr_str_next_item(&rest, &item)) {
			size_t semi = fr_str_find(item, ';');
			struct fr_str name = fr_str_trim(fr_str_sub(item, 0, semi));
			bool zero = semi < item.len &&
			            has_weight_zero(fr_str_sub(item, semi + 1, item.len));

			any |= fr_str_is(name, "*") && !zero;
			if (fr_str_iis(name, "x-gzip"))
				name = FR_STR("gzip");
			for (unsigned i = 0; i < FR_ARRAY_LEN(codings); i++)
				if (fr_str_ieq(name, codings[i])) {
					yes |= zero ? 0 : FR_BIT(i);
					no |= zero ? FR_BIT(i) : 0;
				}
		}
	}
	return any ? ~no & ALL : yes;
}

size_t fr_codings_format(unsigned set, char *out)
{
	size_t n = 0;

	if ((set & ALL) == 0) {
		memcpy(out, "identity", 8);
		return 8;
	}
	for (unsigned i = 0; i < FR_ARRAY_LEN(codings); i++) {
		if (!(set & FR_BIT(i)))
			continue;
		if (n) {
			memcpy(out + n, ", ", 2);
			n += 2;
		}
		memcpy(out + n, codings[i].p, codings[i].len);
		n += codings[i].len;
	}
	return n;
}

/* --- names --- */

static const struct fr_str names[] = {
	[FR_CODING_IDENTITY] = FR_STR("identity"),
#define X(id, name) [FR_CODING_##id] = FR_STR(name),
	FR_CODING_TABLE(X)
#undef X
		[FR_CODING_OTHER] = FR_STR("other"),
};

static enum fr_coding coding_named(struct fr_str name)
{
	for (unsigned i = 0; i < FR_CODINGS; i++)
		if (fr_str_ieq(name, names[i]))
			return (enum fr_coding)i;
	return fr_str_iis(name, "x-gzip") ? FR_CODING_GZIP : FR_CODING_OTHER;
}

enum fr_coding fr_coding_of(struct fr_str content_encoding)
{
	enum fr_coding found = FR_CODING_IDENTITY;
	struct fr_str item;

	while (fr_str_next_item(&content_encoding, &item)) {
		enum fr_coding c = coding_named(item);

		if (c == FR_CODING_IDENTITY)
			continue;
		found = found == FR_CODING_IDENTITY ? c : FR_CODING_OTHER;
	}
	return found;
}

struct fr_str fr_coding_name(enum fr_coding c)
{
	return names[c];
}

/* --- weights --- */

/* "0.25" as 250, "1" as 1000 (RFC 9110 §12.4.2); 0: malformed. */
static unsigned read_weight(struct fr_str v)
{
	unsigned n, digit = 100;

	if (v.len == 0 || v.len > 5 || (v.p[0] != '0' && v.p[0] != '1') ||
	    (v.len > 1 && v.p[1] != '.'))
		return 0;
	n = v.p[0] == '1' ? FR_CODING_WEIGHT_MOST : 0;
	for (size_t i = 2; i < v.len; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return 0;
		n += (unsigned)(v.p[i] - '0') * digit;
		digit /= 10;
	}
	return n > FR_CODING_WEIGHT_MOST ? 0 : n;
}

/* Of one member; parameters but q mean nothing, and the first q counts. */
static unsigned weight_of(struct fr_str parameters)
{
	while (parameters.len) {
		size_t end = fr_str_find(parameters, ';');
		struct fr_str p = fr_str_trim(fr_str_sub(parameters, 0, end));
		size_t eq = fr_str_find(p, '=');

		if (eq < p.len && fr_str_iis(fr_str_trim(fr_str_sub(p, 0, eq)), "q"))
			return read_weight(fr_str_trim(fr_str_sub(p, eq + 1, p.len)));
		parameters = fr_str_sub(parameters, end + 1, parameters.len);
	}
	return FR_CODING_WEIGHT_MOST;
}

struct weighing {
	struct fr_coding_weights w;
	unsigned named; /* bits by enum fr_coding */
	unsigned star;  /* weight of "*" */
	bool has_star;
};

static void take_member(struct weighing *g, struct fr_str item)
{
	size_t semi = fr_str_find(item, ';');
	struct fr_str name = fr_str_trim(fr_str_sub(item, 0, semi));
	unsigned weight = weight_of(fr_str_sub(item, semi + 1, item.len));
	enum fr_coding c = coding_named(name);

	if (fr_str_is(name, "*")) {
		g->star = g->has_star && g->star < weight ? g->star : weight;
		g->has_star = true;
	} else if (c != FR_CODING_OTHER) {
		if (!(g->named & FR_BIT(c)) || weight < g->w.of[c])
			g->w.of[c] = (uint16_t)weight;
		g->named |= FR_BIT(c);
	}
}

void fr_codings_weigh(const struct fr_fields *f, struct fr_coding_weights *out)
{
	const struct fr_field *line = NULL;
	struct weighing g = {.named = 0};

	while ((line = fr_fields_next(f, FR_FIELD_ACCEPT_ENCODING, line))) {
		struct fr_str rest = line->value, item;

		while (fr_str_next_item(&rest, &item))
			take_member(&g, item);
	}
	for (unsigned i = 0; i < FR_CODINGS; i++)
		if (g.has_star && !(g.named & FR_BIT(i)))
			g.w.of[i] = (uint16_t)g.star;
	if (!(g.named & FR_BIT(FR_CODING_IDENTITY)) && !g.has_star)
		g.w.of[FR_CODING_IDENTITY] = 1;
	*out = g.w;
}

enum fr_coding fr_coding_choose(const struct fr_coding_weights *w, const enum fr_coding *order,
                                size_t n)
{
	enum fr_coding best = FR_CODING_IDENTITY;

	for (size_t i = 0; i < n; i++) {
		unsigned mine = w->of[order[i]], most = w->of[best];

		if (mine && (best == FR_CODING_IDENTITY ? mine >= most : mine > most))
			best = order[i];
	}
	return best;
}
