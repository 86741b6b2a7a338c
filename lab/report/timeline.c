/* Prints two loads as text bars. */
#include "lab/report/timeline.h"

#include <string.h>

#define NAME_CELLS 17u
#define TIME_CELLS 8u
#define MIN_BAR_CELLS 20u
#define MAX_BAR_CELLS 60u
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static unsigned cell_of(uint64_t us, uint64_t total_us, unsigned cells)
{
	uint64_t at = total_us ? us * cells / total_us : 0;

	return at < cells ? (unsigned)at : cells - 1;
}

void fr_timeline_bar(char *out, unsigned cells, uint64_t total_us,
                     const struct fr_measurement_entry *entry)
{
	unsigned start = cell_of(entry->start_us, total_us, cells);
	unsigned first = cell_of(entry->first_us, total_us, cells);
	unsigned end = cell_of(entry->end_us, total_us, cells);

	for (unsigned i = 0; i < cells; i++)
		out[i] = i < start || i > end ? ' ' : (i < first ? '-' : '#');
	out[cells] = '\0';
}

static const char *how(const struct fr_measurement_entry *a, size_t i)
{
	if (i == 0)
		return "page";
	if (a->flags & FR_ENTRY_PUSHED)
		return "push";
	return a->flags & FR_ENTRY_EARLY ? "hint" : "request";
}

static void print_row(FILE *to, const struct fr_timeline *t, const struct fr_measurement *r,
                      size_t i, uint64_t total, unsigned cells)
{
	char bar[MAX_BAR_CELLS + 1], name[NAME_CELLS + 1];
	const struct fr_measurement_entry *a = &r->entries[i];
	struct fr_str path;
	const char *on = t->color && i < r->n && (a->flags & (FR_ENTRY_PUSHED | FR_ENTRY_EARLY))
	                         ? GREEN
	                         : "";

	if (i >= r->n) {
		fprintf(to, "%*s", (int)(NAME_CELLS + TIME_CELLS + cells + TIME_CELLS + 3), "");
		return;
	}
	path = fr_str_sub(fr_url_short(a->url), 0, NAME_CELLS);
	(void)snprintf(name, sizeof name, "%.*s", FR_STR_ARG(path));
	fr_timeline_bar(bar, cells, total, a);
	fprintf(to, "%-*s %s%-7s |%s|%s%6.0f ms", (int)NAME_CELLS, name, on, how(a, i), bar,
	        *on ? PLAIN : "", (double)a->end_us / 1000);
}

static void print_title(FILE *to, const struct fr_timeline *t, const char *title, unsigned width)
{
	fprintf(to, "%s%-*s%s", t->color ? BOLD : "", (int)width, title, t->color ? PLAIN : "");
}

static void print_beside(FILE *to, const struct fr_timeline *t, uint64_t total, unsigned cells)
{
	size_t rows = t->without->n > t->with->n ? t->without->n : t->with->n;

	print_title(to, t, "without hints", NAME_CELLS + TIME_CELLS + cells + TIME_CELLS + 6);
	print_title(to, t, t->title, 0);
	fputc('\n', to);
	for (size_t i = 0; i < rows; i++) {
		print_row(to, t, t->without, i, total, cells);
		fputs("   ", to);
		print_row(to, t, t->with, i, total, cells);
		fputc('\n', to);
	}
}

static void print_one(FILE *to, const struct fr_timeline *t, const char *title,
                      const struct fr_measurement *r, uint64_t total, unsigned cells)
{
	print_title(to, t, title, 0);
	fputc('\n', to);
	for (size_t i = 0; i < r->n; i++) {
		print_row(to, t, r, i, total, cells);
		fputc('\n', to);
	}
	fputc('\n', to);
}

void fr_timeline_print(FILE *to, const struct fr_timeline *t)
{
	uint64_t total = t->without->complete_us > t->with->complete_us ? t->without->complete_us
	                                                                : t->with->complete_us;
	unsigned fixed = NAME_CELLS + TIME_CELLS + TIME_CELLS + 4;
	unsigned cells = t->columns / 2 > fixed + MIN_BAR_CELLS ? t->columns / 2 - fixed - 2 : 0;

	if (cells) {
		print_beside(to, t, total, cells < MAX_BAR_CELLS ? cells : MAX_BAR_CELLS);
	} else {
		cells = t->columns > fixed + MIN_BAR_CELLS ? t->columns - fixed : MIN_BAR_CELLS;
		cells = cells < MAX_BAR_CELLS ? cells : MAX_BAR_CELLS;
		print_one(to, t, "without hints", t->without, total, cells);
		print_one(to, t, t->title, t->with, total, cells);
	}
	fputs("\n- waiting, # receiving; times are when each was complete\n\n", to);
}
