/* Prints a profile's times as bars and its counts as a table. */
#include "lab/report/summary.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/wrap.h"
#include "lab/replay/advice.h"
#include "lab/replay/measured.h"

#define DEFAULT_COLUMNS 80u
#define NAME_CELLS 12u
#define VALUE_CELLS 9u
#define MIN_BAR_CELLS 12u
#define MAX_BAR_CELLS 40u
/* The text after a bar. */
#define NOTE_CELLS 44u
#define BOLD "\033[1m"
#define GREEN "\033[32m"
#define RED "\033[31m"
#define PLAIN "\033[0m"

struct fr_summary_style fr_summary_style_of(FILE *to)
{
	struct fr_summary_style s = {.columns = DEFAULT_COLUMNS};
	const char *text = getenv("COLUMNS");
	struct winsize size;
	uint64_t n = 0;

	s.color = isatty(fileno(to)) && !getenv("NO_COLOR");
	if (text && fr_str_to_u64(fr_str_from(text), &n) == 0 && n >= 40 && n <= 1000)
		s.columns = (unsigned)n;
	else if (ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		s.columns = size.ws_col;
	return s;
}

static const char *tint(const struct fr_summary_style *style, const char *code)
{
	return style->color ? code : "";
}

static void print_bar(FILE *to, double value, double most, unsigned cells)
{
	unsigned n = most > 0 ? (unsigned)(value / most * cells + 0.5) : 0;

	for (unsigned i = 0; i < cells; i++)
		fputc(i < n ? '#' : ' ', to);
}

static void print_note(FILE *to, const struct fr_profile *p, size_t i, enum fr_metric m,
                       const struct fr_summary_style *style)
{
	const struct fr_series *base = &p->series[0];
	struct fr_spread spread = fr_series_spread(&p->series[i], m);
	struct fr_shift shift;
	const char *color = "";
	char text[128];

	if (i == 0) {
		fprintf(to, "%.0f to %.0f ms", spread.low / 1000, spread.high / 1000);
		return;
	}
	shift = fr_series_shift(base, &p->series[i], m);
	fr_shift_describe(&shift, fr_series_spread(base, m).median, text, sizeof text);
	if (shift.is_different)
		color = tint(style, shift.estimate < 0 ? GREEN : RED);
	fprintf(to, "%s%s%s", color, text, *color ? PLAIN : "");
}

static void print_time(FILE *to, const struct fr_profile *p, enum fr_metric m,
                       const struct fr_summary_style *style)
{
	unsigned fixed = 2 + NAME_CELLS + VALUE_CELLS + 6 + NOTE_CELLS;
	unsigned cells =
		style->columns > fixed + MIN_BAR_CELLS ? style->columns - fixed : MIN_BAR_CELLS;
	double most = 0;

	cells = cells < MAX_BAR_CELLS ? cells : MAX_BAR_CELLS;
	for (size_t i = 0; i < p->n_series; i++)
		if (fr_series_spread(&p->series[i], m).median > most)
			most = fr_series_spread(&p->series[i], m).median;
	fprintf(to, "%s%s%s\n", tint(style, BOLD), fr_metric_title(m), tint(style, PLAIN));
	for (size_t i = 0; i < p->n_series; i++) {
		double median = fr_series_spread(&p->series[i], m).median;

		if (!p->series[i].n)
			continue;
		fprintf(to, "  %-*s%*.0f ms |", (int)NAME_CELLS,
		        fr_variant_name(p->series[i].variant), (int)VALUE_CELLS - 3, median / 1000);
		print_bar(to, median, most, cells);
		fputs("| ", to);
		print_note(to, p, i, m, style);
		fputc('\n', to);
	}
	fputc('\n', to);
}

static void print_counts(FILE *to, const struct fr_profile *p, const struct fr_summary_style *style)
{
	fprintf(to, "%s%-18s", tint(style, BOLD), "medians");
	for (size_t i = 0; i < p->n_series; i++)
		fprintf(to, "%14s", fr_variant_name(p->series[i].variant));
	fprintf(to, "%s\n", tint(style, PLAIN));
	for (unsigned m = 0; m < FR_METRIC_COUNT; m++) {
		if (fr_metric_is_time((enum fr_metric)m) || !fr_profile_has(p, (enum fr_metric)m))
			continue;
		fprintf(to, "  %-16s", fr_metric_title((enum fr_metric)m));
		for (size_t i = 0; i < p->n_series; i++)
			fprintf(to, "%14.0f",
			        fr_series_spread(&p->series[i], (enum fr_metric)m).median);
		fputc('\n', to);
	}
}

static void print_head(FILE *to, const struct fr_profile *p)
{
	char network[160];

	fr_network_describe(&p->network, network, sizeof network);
	fprintf(to, "%s", p->url);
	if (p->origin)
		fprintf(to, " (origin %s)", p->origin);
	fprintf(to, "\nNetwork %s", network);
	if (strcmp(p->emulation, "packet") == 0)
		fputs("; packets", to);
	if (p->n_series && p->series[0].n == 1)
		fprintf(to, ".\nEngine %s; one load each, nothing cached.", p->engine);
	else
		fprintf(to, ".\nEngine %s; medians of %zu loads each, nothing cached.", p->engine,
		        p->n_series ? p->series[0].n : 0);
	if (p->think_ms)
		fprintf(to, " The page is delayed by %u ms.", p->think_ms);
	fputs(p->was_interrupted ? "\nInterrupted: this is what there is so far.\n\n" : "\n\n", to);
}

static void print_failures(FILE *to, const struct fr_profile *p)
{
	for (size_t i = 0; i < p->n_series; i++)
		if (p->series[i].failed)
			fprintf(to, "\n%s: %zu loads failed: %s\n",
			        fr_variant_name(p->series[i].variant), p->series[i].failed,
			        p->series[i].problem);
}

void fr_summary_print_times(FILE *to, const struct fr_profile *p,
                            const struct fr_summary_style *style)
{
	for (unsigned m = 0; m < FR_METRIC_COUNT; m++)
		if (fr_metric_is_time((enum fr_metric)m) && fr_profile_has(p, (enum fr_metric)m))
			print_time(to, p, (enum fr_metric)m, style);
}

/* A text in lines of at most `columns`, with a mark before the first. */
static void print_wrapped(FILE *to, const char *text, unsigned columns)
{
	struct fr_str rest = fr_str_from(text), line;
	const char *mark = "  - ";

	while ((line = fr_wrap_next(&rest, columns - 4)).len) {
		fprintf(to, "%s%.*s\n", mark, FR_STR_ARG(line));
		mark = "    ";
	}
}

static bool is_first(enum fr_advice_kind k)
{
	return k == FR_ADVICE_TEXT || k == FR_ADVICE_CACHING || k == FR_ADVICE_PAGE ||
	       k == FR_ADVICE_REDIRECT;
}

/* What is measured is seen in the times. */
static void print_advice(FILE *to, const struct fr_advice *a, bool first,
                         const struct fr_summary_style *style)
{
	const char *title = first ? "first of all" : "hints";

	for (size_t i = 0; i < a->n; i++) {
		enum fr_advice_kind k = a->items[i].kind;

		if (is_first(k) != first || (k == FR_ADVICE_MEASURED && a->n_links))
			continue;
		if (title)
			fprintf(to, "%s%s%s%s\n", first ? "" : "\n", tint(style, BOLD), title,
			        tint(style, PLAIN));
		title = NULL;
		print_wrapped(to, a->items[i].text, style->columns);
		for (size_t n = 0; k == FR_ADVICE_ADD && n < a->n_links; n++)
			fprintf(to, "      Link: %s\n", a->links[n]);
	}
	if (first && !title)
		fputc('\n', to);
}

void fr_summary_print(FILE *to, const struct fr_profile *p, const struct fr_summary_style *style)
{
	struct fr_advice a = {0};

	(void)fr_measured_advise(p, &a);
	print_head(to, p);
	print_advice(to, &a, true, style);
	fr_summary_print_times(to, p, style);
	print_counts(to, p, style);
	print_advice(to, &a, false, style);
	print_failures(to, p);
	fr_advice_fini(&a);
}
