/* Media queries and srcset: which of several assets a screen takes. */
#include <stdlib.h>

#include "tools/page/markup.h"

/* A number with a unit that browsers take for lengths; the default em. */
#define EM_PIXELS 16.0
/* Candidates of a srcset that are looked at. */
#define MAX_CANDIDATES 64u

static bool number_at(struct fr_str s, double *out, struct fr_str *unit)
{
	char text[32];
	char *end;
	double v;
	size_t n = s.len < sizeof text - 1 ? s.len : sizeof text - 1;

	memcpy(text, s.p ? s.p : "", n);
	text[n] = '\0';
	v = strtod(text, &end);
	if (end == text)
		return false;
	*out = v;
	*unit = fr_str_trim(fr_str_sub(s, (size_t)(end - text), s.len));
	return true;
}

/* A length in pixels; false: none, or a unit that is not known. */
static bool length(struct fr_str s, double *pixels)
{
	struct fr_str unit;
	double v;

	if (!number_at(fr_str_trim(s), &v, &unit))
		return false;
	if (fr_str_iis(unit, "px") || unit.len == 0)
		*pixels = v;
	else if (fr_str_iis(unit, "em") || fr_str_iis(unit, "rem"))
		*pixels = v * EM_PIXELS;
	else if (fr_str_iis(unit, "vw"))
		*pixels = v * FR_MARKUP_WIDTH / 100;
	else
		return false;
	return true;
}

static bool feature_applies(struct fr_str f)
{
	size_t colon = fr_str_find(f, ':');
	struct fr_str name = fr_str_trim(fr_str_sub(f, 0, colon));
	struct fr_str value = fr_str_trim(fr_str_sub(f, colon + 1, f.len));
	double v = 0;

	if (fr_str_iis(name, "min-width"))
		return length(value, &v) && FR_MARKUP_WIDTH >= v;
	if (fr_str_iis(name, "max-width"))
		return length(value, &v) && FR_MARKUP_WIDTH <= v;
	if (fr_str_iis(name, "min-height"))
		return length(value, &v) && FR_MARKUP_HEIGHT >= v;
	if (fr_str_iis(name, "max-height"))
		return length(value, &v) && FR_MARKUP_HEIGHT <= v;
	if (fr_str_iis(name, "orientation"))
		return fr_str_iis(value, "landscape");
	if (fr_str_iis(name, "prefers-color-scheme"))
		return fr_str_iis(value, "light");
	if (fr_str_iis(name, "prefers-reduced-motion"))
		return fr_str_iis(value, "no-preference");
	return fr_str_iis(name, "hover") || fr_str_iis(name, "color");
}

/* "screen and (min-width: 40em)": every word and feature must hold. */
static bool query_applies(struct fr_str q)
{
	bool negated = false, applies = true;

	while (q.len) {
		size_t n;

		if (q.p[0] == '(') {
			n = fr_str_find(q, ')');
			applies &= feature_applies(fr_str_sub(q, 1, n));
			q = fr_str_trim(fr_str_sub(q, n + 1, q.len));
			continue;
		}
		for (n = 0; n < q.len && q.p[n] != ' ' && q.p[n] != '(' && q.p[n] != '\t' &&
		            q.p[n] != '\n';)
			n++;
		if (fr_str_iis(fr_str_sub(q, 0, n), "not"))
			negated = true;
		else if (!fr_str_iis(fr_str_sub(q, 0, n), "and") &&
		         !fr_str_iis(fr_str_sub(q, 0, n), "only") &&
		         !fr_str_iis(fr_str_sub(q, 0, n), "screen") &&
		         !fr_str_iis(fr_str_sub(q, 0, n), "all"))
			applies = false;
		q = fr_str_trim(fr_str_sub(q, n ? n : 1, q.len));
	}
	return applies != negated;
}

bool fr_media_applies(struct fr_str media)
{
	struct fr_str item;

	media = fr_str_trim(media);
	if (!media.len)
		return true;
	while (fr_str_next_item(&media, &item))
		if (query_applies(item))
			return true;
	return false;
}

/* The width in pixels that the image will have: of the first entry of sizes
 * whose condition holds. */
static double wanted_width(struct fr_str sizes)
{
	struct fr_str item;
	double v;

	while (fr_str_next_item(&sizes, &item)) {
		size_t n = item.len && item.p[0] == '(' ? fr_str_find(item, ')') + 1 : 0;

		if (n && !fr_media_applies(fr_str_sub(item, 0, n)))
			continue;
		if (length(fr_str_sub(item, n, item.len), &v))
			return v;
	}
	return FR_MARKUP_WIDTH;
}

/* Takes the next "url descriptor" off a srcset. */
static bool next_candidate(struct fr_str *rest, struct fr_str *url, struct fr_str *descriptor)
{
	size_t n = 0, end;

	while (rest->len &&
	       (rest->p[0] == ',' || rest->p[0] == ' ' || rest->p[0] == '\n' || rest->p[0] == '\t'))
		*rest = fr_str_sub(*rest, 1, rest->len);
	if (!rest->len)
		return false;
	while (n < rest->len && rest->p[n] != ' ' && rest->p[n] != '\n' && rest->p[n] != '\t')
		n++;
	*url = fr_str_sub(*rest, 0, n);
	*descriptor = FR_STR("");
	if (url->p[url->len - 1] == ',') { /* no descriptor */
		*url = fr_str_sub(*url, 0, url->len - 1);
		end = n;
	} else {
		end = n + fr_str_find(fr_str_sub(*rest, n, rest->len), ',');
		*descriptor = fr_str_trim(fr_str_sub(*rest, n, end));
	}
	*rest = fr_str_sub(*rest, end, rest->len);
	return true;
}

struct fr_str fr_srcset_choose(struct fr_str srcset, struct fr_str sizes)
{
	struct fr_str url, descriptor, unit, best = {NULL, 0};
	double width = wanted_width(sizes), best_density = 0;

	for (unsigned i = 0; i < MAX_CANDIDATES && next_candidate(&srcset, &url, &descriptor);
	     i++) {
		double v = 1, density;

		if (!number_at(descriptor, &v, &unit))
			unit = FR_STR("x");
		density = fr_str_iis(unit, "w") ? v / (width > 0 ? width : 1) : v;
		/* the smallest that is large enough, else the largest */
		if (!best.len || (best_density < 1 ? density > best_density
		                                   : density >= 1 && density < best_density)) {
			best = url;
			best_density = density;
		}
	}
	return best;
}
