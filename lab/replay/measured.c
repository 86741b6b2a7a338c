/* What measured differences say of advice. */
#include "lab/replay/measured.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_BYTES 512u
/* Times that a verdict is made of. */
static const enum fr_metric times[] = {FR_METRIC_RENDER, FR_METRIC_LARGEST, FR_METRIC_COMPLETE,
                                       FR_METRIC_EVENT};

void fr_measured_take(const struct fr_profile *p, size_t i, struct fr_measured *out)
{
	*out = (struct fr_measured){.variant = p->series[i].variant,
	                            .typical = fr_series_typical(&p->series[i])};
	for (unsigned m = 0; m < FR_METRIC_COUNT; m++) {
		out->has[m] = p->series[i].n && fr_profile_has(p, (enum fr_metric)m);
		if (out->has[m])
			out->shifts[m] =
				fr_series_shift(&p->series[0], &p->series[i], (enum fr_metric)m);
	}
}

/* How many times became sooner, or later, for certain. */
static size_t count(const struct fr_measured *m, bool sooner)
{
	size_t n = 0;

	for (size_t i = 0; i < FR_ARRAY_LEN(times); i++) {
		const struct fr_shift *s = &m->shifts[times[i]];

		n += m->has[times[i]] && s->is_different && (s->estimate < 0) == sooner;
	}
	return n;
}

static bool is_certain(const struct fr_measured *m)
{
	for (size_t i = 0; i < FR_ARRAY_LEN(times); i++)
		if (m->has[times[i]])
			return m->shifts[times[i]].is_certain;
	return false;
}

/* "first render 120 ms sooner, page complete 30 ms later" */
static void describe(const struct fr_measured *m, char *out, size_t cap)
{
	size_t at = 0;

	*out = '\0';
	for (size_t i = 0; i < FR_ARRAY_LEN(times); i++) {
		const struct fr_shift *s = &m->shifts[times[i]];
		int k;

		if (!m->has[times[i]] || !s->is_different)
			continue;
		k = snprintf(out + at, cap - at, "%s%s %.0f ms %s", at ? ", " : "",
		             fr_metric_title(times[i]), fabs(s->estimate) / 1000,
		             s->estimate < 0 ? "sooner" : "later");
		at += k > 0 && (size_t)k < cap - at ? (size_t)k : 0;
	}
	if (!at)
		(void)snprintf(out, cap, "no difference seen");
}

/* Came an asset early in that load? */
static bool was_early(const struct fr_measurement *l, const char *link)
{
	for (size_t i = 1; l && i < l->n; i++) {
		const struct fr_measurement_entry *e = &l->entries[i];
		struct fr_str target = fr_advice_target(l->url, e->url);
		struct fr_str named = fr_str_sub(fr_str_from(link), 1, SIZE_MAX);

		if ((e->flags & (FR_ENTRY_PUSHED | FR_ENTRY_EARLY)) &&
		    fr_str_eq(fr_str_sub(named, 0, fr_str_find(named, '>')), target))
			return true;
	}
	return false;
}

static bool covers(const struct fr_measured *m, const struct fr_advice *a)
{
	for (size_t i = 0; i < a->n_links; i++)
		if (!was_early(m->typical, a->links[i]))
			return false;
	return a->n_links > 0;
}

static void drop_items(struct fr_advice *a, enum fr_advice_kind kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (a->items[i].kind != kind) {
			a->items[kept++] = a->items[i];
			continue;
		}
		free(a->items[i].text);
		free(a->items[i].link);
	}
	a->n = kept;
}

static void take_back(struct fr_advice *a)
{
	drop_items(a, FR_ADVICE_ADD);
	for (size_t i = 0; i < a->n_links; i++)
		free(a->links[i]);
	a->n_links = 0;
	a->has_gain = false;
}

/* What makes a page only later is switched off for it. */
static const char *how_to_stop(enum fr_variant v)
{
	switch (v) {
	case FR_VARIANT_PUSH:
		return " Switch it off for this page: hints: {push: false} of its path.";
	case FR_VARIANT_EARLY_HINTS:
		return " Switch it off for this page: hints: {early_hints: off} of its path.";
	case FR_VARIANT_OFF:
	case FR_VARIANT_COUNT:
		break;
	}
	return "";
}

static void say(struct fr_advice *a, const struct fr_measured *m)
{
	size_t later = count(m, false), sooner = count(m, true);
	char text[TEXT_BYTES];

	describe(m, text, sizeof text);
	fr_advice_add(a, FR_ADVICE_MEASURED, NULL, "Measured with %s: %s.%s",
	              fr_variant_title(m->variant), text,
	              later && !sooner ? how_to_stop(m->variant) : "");
}

/* Pushed as they are, nothing became later: what should be nopush was reckoned, not seen. */
static void take_back_refuted(struct fr_advice *a, const struct fr_measured *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].variant == FR_VARIANT_PUSH && is_certain(&list[i]) &&
		    count(&list[i], false) == 0)
			drop_items(a, FR_ADVICE_NOPUSH);
}

/* Sooner, or as far as so few loads show, and nothing later. */
static bool holds(const struct fr_measured *m)
{
	bool may = false;

	for (size_t i = 0; i < FR_ARRAY_LEN(times); i++)
		may |= m->has[times[i]] &&
		       m->shifts[times[i]].estimate <= -(double)FR_ADVICE_LEAST_US;
	return may && count(m, false) == 0;
}

void fr_measured_judge(struct fr_advice *a, const struct fr_measured *list, size_t n, bool verified)
{
	bool helps = false, judged = false, had_links = a->n_links > 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_certain(&list[i]))
			continue;
		if (verified || covers(&list[i], a)) {
			judged = true;
			helps |= holds(&list[i]);
		}
	}
	if (had_links && judged && !helps) {
		take_back(a);
		fr_advice_add(a, FR_ADVICE_MEASURED, NULL,
		              "Hints were tried and are not advised: no way of sending them made "
		              "this page sooner without making something later.");
	}
	take_back_refuted(a, list, n);
	for (size_t i = 0; i < n; i++)
		if (is_certain(&list[i]))
			say(a, &list[i]);
}

static const struct fr_series *series_of(const struct fr_profile *p, enum fr_variant v)
{
	for (size_t i = 0; i < p->n_series; i++)
		if (p->series[i].variant == v && p->series[i].n)
			return &p->series[i];
	return NULL;
}

bool fr_measured_advise(const struct fr_profile *p, struct fr_advice *out)
{
	const struct fr_series *off = series_of(p, FR_VARIANT_OFF);
	const struct fr_series *hinted = series_of(p, FR_VARIANT_PUSH);
	struct fr_measured list[FR_VARIANT_COUNT];
	size_t n = 0;

	if (!off)
		return false;
	hinted = hinted ? hinted : series_of(p, FR_VARIANT_EARLY_HINTS);
	fr_advice_make(fr_series_typical(off), hinted ? fr_series_typical(hinted) : NULL,
	               &p->network, out);
	for (size_t i = 1; off == &p->series[0] && i < p->n_series; i++)
		if (p->series[i].n)
			fr_measured_take(p, i, &list[n++]);
	fr_measured_judge(out, list, n, false);
	return true;
}
