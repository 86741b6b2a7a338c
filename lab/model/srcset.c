/* srcset and sizes: which of several pictures a screen takes. */
#include "http/link.h"
#include "lab/model/media.h"

/* Candidates of a srcset that are looked at. */
#define MAX_CANDIDATES 64u

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
		if (fr_css_length(fr_str_sub(item, n, item.len), &v))
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
		*descriptor = fr_css_strip(fr_str_sub(*rest, n, end));
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

		if (!fr_css_number(descriptor, &v, &unit))
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

struct fr_str fr_link_choice(const struct fr_link *link)
{
	struct fr_str chosen = {NULL, 0};

	if (link->imagesrcset.len)
		chosen = fr_srcset_choose(link->imagesrcset, link->imagesizes);
	return chosen.len ? chosen : link->target;
}
