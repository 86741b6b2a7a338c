/* Collects loads by variant, and computes spreads and differences. */
#include "lab/measurement/series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *name, *title;
} variants[] = {
#define X(id, name, title) {name, title},
	FR_VARIANT_TABLE(X)
#undef X
};

const char *fr_variant_name(enum fr_variant v)
{
	return variants[v].name;
}

const char *fr_variant_title(enum fr_variant v)
{
	return variants[v].title;
}

int fr_variant_parse(struct fr_str name, enum fr_variant *out)
{
	for (unsigned i = 0; i < FR_VARIANT_COUNT; i++)
		if (fr_str_is(name, variants[i].name)) {
			*out = (enum fr_variant)i;
			return 0;
		}
	return FR_ERR_INVALID;
}

void fr_profile_init(struct fr_profile *p, const char *url)
{
	*p = (struct fr_profile){.url = fr_str_dup(fr_str_from(url))};
}

void fr_profile_fini(struct fr_profile *p)
{
	for (size_t i = 0; i < p->n_series; i++) {
		for (size_t k = 0; k < p->series[i].n; k++)
			fr_measurement_fini(&p->series[i].loads[k]);
		free(p->series[i].loads);
	}
	free(p->url);
	free(p->origin);
	*p = (struct fr_profile){0};
}

struct fr_series *fr_profile_add(struct fr_profile *p, enum fr_variant v)
{
	struct fr_series *s = &p->series[p->n_series++];

	FR_ASSERT(p->n_series <= FR_VARIANT_COUNT);
	*s = (struct fr_series){.variant = v};
	return s;
}

void fr_series_take(struct fr_series *s, struct fr_measurement *load)
{
	if (load->failed || s->n == FR_PROFILE_MAX_RUNS) {
		s->failed++;
		(void)snprintf(s->problem, sizeof s->problem, "%s", load->problem);
		fr_measurement_fini(load);
		return;
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->loads = fr_try_realloc(s->loads, s->cap * sizeof *s->loads);
		FR_ASSERT(s->loads); /* at most FR_PROFILE_MAX_RUNS of them */
	}
	fr_measurement_pack(load);
	s->loads[s->n++] = *load;
	*load = (struct fr_measurement){0};
}

size_t fr_series_values(const struct fr_series *s, enum fr_metric m, double *out)
{
	for (size_t i = 0; i < s->n; i++)
		out[i] = fr_measurement_metric(&s->loads[i], m);
	return s->n;
}

struct fr_spread fr_series_spread(const struct fr_series *s, enum fr_metric m)
{
	double values[FR_STATS_MAX];

	return fr_stats_spread(values, fr_series_values(s, m, values));
}

struct fr_shift fr_series_shift(const struct fr_series *a, const struct fr_series *b,
                                enum fr_metric m)
{
	double va[FR_STATS_MAX], vb[FR_STATS_MAX];
	size_t na = fr_series_values(a, m, va), nb = fr_series_values(b, m, vb);

	return fr_stats_shift(va, na, vb, nb);
}

struct fr_measurement *fr_series_typical(const struct fr_series *s)
{
	double median = fr_series_spread(s, FR_METRIC_COMPLETE).median;
	struct fr_measurement *best = NULL;

	for (size_t i = 0; i < s->n; i++) {
		struct fr_measurement *l = &s->loads[i];

		if (!best || fabs((double)l->complete_us - median) <
		                     fabs((double)best->complete_us - median))
			best = l;
	}
	return best;
}

void fr_series_film(struct fr_series *s, struct fr_measurement *load)
{
	struct fr_measurement *to = fr_series_typical(s);

	if (to && !to->n_frames) {
		memcpy(to->frames, load->frames, sizeof to->frames);
		to->n_frames = load->n_frames;
		load->n_frames = 0;
	}
	fr_measurement_fini(load);
}

bool fr_profile_has(const struct fr_profile *p, enum fr_metric m)
{
	for (size_t i = 0; i < p->n_series; i++)
		for (size_t k = 0; k < p->series[i].n; k++)
			if (fr_measurement_metric(&p->series[i].loads[k], m) != 0)
				return true;
	return false;
}

/* Rounded, and never "-0". */
static double whole(double v)
{
	return round(v) + 0.0;
}

void fr_shift_describe(const struct fr_shift *s, double base, char *out, size_t cap)
{
	double ms = whole(s->estimate / 1000), percent = base > 0 ? 100 * s->estimate / base : 0;

	if (!s->is_certain)
		(void)snprintf(out, cap, "%+.0f ms (too few runs to be certain)", ms);
	else if (!s->is_different)
		(void)snprintf(out, cap, "no difference seen (%+.0f to %+.0f ms)",
		               whole(s->low / 1000), whole(s->high / 1000));
	else
		(void)snprintf(out, cap, "%+.0f ms (%+.0f to %+.0f), %.0f %% %s", ms,
		               whole(s->low / 1000), whole(s->high / 1000), fabs(percent),
		               ms < 0 ? "sooner" : "later");
}
