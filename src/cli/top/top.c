/* The command top: draws two statuses' difference, again and again. */
#include "cli/top/top.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/str.h"
#include "base/wrap.h"
#include "cli/figures.h"
#include "command/command.h"
#include "command/options.h"

#define DEFAULT_ROWS 24u
#define DEFAULT_COLUMNS 80u
#define PIPED_COLUMNS 100u
/* Lines above and between the two tables. */
#define FIXED_ROWS 11u
#define MAX_ROWS 50u

static const char help[] =
	"usage: forerun top [OPTION...]\n"
	"\n"
	"Shows a running edge live in the terminal, through its admin interface:\n"
	"requests, hits, pushes used and wasted, the slowest pages, the busiest assets.\n"
	"q quits.\n"
	"\n"
	"  --interval SECONDS  time between updates, 1 to 3600; default 1\n"
	"  --rounds N          end after this number of updates\n"
	"  --admin ADDRESS     unix:PATH, HOST:PORT or https://HOST:PORT; without it\n"
	"                      $XDG_RUNTIME_DIR/forerun.sock or /run/forerun.sock,\n"
	"                      where serve listens by default\n"
	"  --token-file FILE   the token, for an interface over TCP\n"
	"  --ca FILE           for https: trusted authorities (PEM) instead of the\n"
	"                      system's\n"
	"  --help              this text\n"
	"\n"
	"exit codes: 0 done; 1 failed; 2 wrong usage\n"
	"\n"
	"example: forerun top --interval 5\n";

struct top {
	struct fr_admin_client client;
	uint32_t interval_s, rounds; /* 0: without end */
	const json_t *now, *before;  /* borrowed; before is NULL the first time */
	double seconds;              /* between the two */
	unsigned rows, columns;
	bool is_terminal;
};

/* --- figures of the interval --- */

static double since(const struct top *t, const char *path)
{
	double d = fr_figure(t->now, path) - (t->before ? fr_figure(t->before, path) : 0);

	return d > 0 ? d : 0; /* the edge was started anew */
}

static double rate(const struct top *t, const char *path)
{
	return t->seconds > 0 ? since(t, path) / t->seconds : 0;
}

static const json_t *find_before(const struct top *t, const char *list, const char *name)
{
	size_t i;
	json_t *o;

	json_array_foreach(json_object_get(t->before, list), i, o)
	{
		const char *other = json_string_value(json_object_get(o, "name"));

		if (other && name && strcmp(other, name) == 0)
			return o;
	}
	return NULL;
}

struct row {
	const json_t *now;
	double key;   /* what it is ordered by */
	double count; /* in the interval */
	double pushes, taken;
};

static int by_key(const void *a, const void *b)
{
	double x = ((const struct row *)a)->key, y = ((const struct row *)b)->key;

	return x < y ? 1 : x > y ? -1 : 0;
}

static double delta(const json_t *now, const json_t *before, const char *key)
{
	double d = fr_figure(now, key) - (before ? fr_figure(before, key) : 0);

	return d > 0 ? d : 0;
}

static double all_pushes(const json_t *now, const json_t *before)
{
	return delta(now, before, "pushes.completed") + delta(now, before, "pushes.cancelled") +
	       delta(now, before, "pushes.refused") + delta(now, before, "pushes.failed");
}

/* Of the interval if something happened in it, else of all time. */
static size_t take_rows(const struct top *t, const char *list, bool pages, struct row *rows)
{
	const json_t *all = json_object_get(t->now, list);
	size_t n = 0, i;
	json_t *o;

	json_array_foreach((json_t *)all, i, o)
	{
		const json_t *before =
			find_before(t, list, json_string_value(json_object_get(o, "name")));
		struct row *r = &rows[n++];
		double count = fr_figure(o, pages ? "loads" : "requests");

		r->now = o;
		r->count = delta(o, before, pages ? "loads" : "requests");
		r->pushes = all_pushes(o, before);
		r->taken = delta(o, before, "pushes.completed");
		if (pages)
			r->key = count > 0 ? fr_figure(o, "duration_us") / count : 0;
		else
			r->key = (r->count + r->pushes) * 1e9 + count + all_pushes(o, NULL);
	}
	qsort(rows, n, sizeof *rows, by_key);
	return n;
}

/* --- drawing --- */

static void line(const struct top *t, const char *text)
{
	printf("%.*s%s\n", (int)t->columns, text, t->is_terminal ? "\033[K" : "");
}

static void draw_head(const struct top *t)
{
	char text[512], up[FR_FIGURE_BYTES], a[FR_FIGURE_BYTES], b[FR_FIGURE_BYTES];
	double hits = since(t, "responses.cache.hit") + since(t, "responses.cache.stale");
	double requests = since(t, "counters.requests");
	double bytes = since(t, "counters.pushed_bytes"), lost = since(t, "counters.wasted_bytes");

	(void)snprintf(
		text, sizeof text, "forerun up %s, %s, %.0f connections, %s, cpu %.0f %%",
		fr_print_age((fr_figure(t->now, "now_us") - fr_figure(t->now, "start_us")) / 1e6,
	                     up),
		json_is_true(json_object_get(t->now, "is_draining")) ? "draining" : "ready",
		fr_figure(t->now, "counters.connections_open"),
		fr_print_bytes(fr_figure(t->now, "process.memory_bytes"), a),
		rate(t, "process.cpu_us") / 1e4);
	line(t, text);
	(void)snprintf(text, sizeof text,
	               "requests %8.0f/s   hit ratio %.0f %%   %s/s sent   origin %.0f/s   "
	               "open %.0f",
	               rate(t, "counters.requests"), fr_percent(hits, requests),
	               fr_print_bytes(rate(t, "sent_bytes"), a),
	               rate(t, "times.origin_first_byte.count"),
	               fr_figure(t->now, "counters.exchanges_open") - 1);
	line(t, text);
	(void)snprintf(
		text, sizeof text,
		"pushes   %8.0f/s   %.0f completed, %.0f wasted   %s pushed, %s (%.0f %%) wasted",
		rate(t, "counters.pushes_promised"), since(t, "counters.pushes_completed"),
		since(t, "counters.pushes_cancelled") + since(t, "counters.pushes_refused"),
		fr_print_bytes(bytes, a), fr_print_bytes(lost, b), fr_percent(lost, bytes));
	line(t, text);
	(void)snprintf(text, sizeof text,
	               "hints    %8.0f/s   early-hints %.0f   HPACK saved: in %.0f %%, out %.0f %%",
	               rate(t, "counters.hints"), since(t, "hints.delivery.early-hints"),
	               fr_percent(since(t, "counters.head_bytes_in_plain") -
	                                  since(t, "counters.head_bytes_in"),
	                          since(t, "counters.head_bytes_in_plain")),
	               fr_percent(since(t, "counters.head_bytes_out_plain") -
	                                  since(t, "counters.head_bytes_out"),
	                          since(t, "counters.head_bytes_out_plain")));
	line(t, text);
}

static int name_width(const struct top *t)
{
	return t->columns > 60 ? (int)t->columns - 46 : 20;
}

static void draw_pages(const struct top *t, struct row *rows, unsigned max)
{
	size_t n = take_rows(t, "pages", true, rows);
	char text[512], name[208], mean[FR_FIGURE_BYTES], most[FR_FIGURE_BYTES];

	line(t, "");
	(void)snprintf(text, sizeof text, "%-*s %8s %10s %10s %8s", name_width(t), "SLOWEST PAGES",
	               "loads", "mean", "longest", "links");
	line(t, text);
	for (size_t i = 0; i < n && i < max; i++) {
		fr_figure_text(rows[i].now, "name", name, sizeof name);
		fr_wrap_shorten(name, (size_t)name_width(t));
		(void)snprintf(text, sizeof text, "%-*s %8.0f %10s %10s %8zu", name_width(t), name,
		               fr_figure(rows[i].now, "loads"), fr_print_us(rows[i].key, mean),
		               fr_print_us(fr_figure(rows[i].now, "max_us"), most),
		               json_array_size(json_object_get(rows[i].now, "plan")));
		line(t, text);
	}
}

static void draw_assets(const struct top *t, struct row *rows, unsigned max)
{
	size_t n = take_rows(t, "assets", false, rows);
	char text[512], name[208], wasted[FR_FIGURE_BYTES];

	line(t, "");
	(void)snprintf(text, sizeof text, "%-*s %8s %8s %8s %8s %8s", name_width(t),
	               "BUSIEST ASSETS", "req/s", "hits", "pushed", "used", "wasted");
	line(t, text);
	for (size_t i = 0; i < n && i < max; i++) {
		const json_t *o = rows[i].now;

		fr_figure_text(o, "name", name, sizeof name);
		fr_wrap_shorten(name, (size_t)name_width(t));
		(void)snprintf(text, sizeof text, "%-*s %8.0f %7.0f%% %8.0f %8.0f %8s",
		               name_width(t), name, t->seconds > 0 ? rows[i].count / t->seconds : 0,
		               fr_percent(fr_figure(o, "hits"),
		                          fr_figure(o, "requests") + all_pushes(o, NULL)),
		               all_pushes(o, NULL), fr_figure(o, "pushes.completed"),
		               fr_print_bytes(fr_figure(o, "wasted_bytes"), wasted));
		line(t, text);
	}
}

static void draw(const struct top *t)
{
	unsigned left = t->rows > FIXED_ROWS ? t->rows - FIXED_ROWS : 4;
	struct row rows[256];

	if (left > MAX_ROWS)
		left = MAX_ROWS;
	if (t->is_terminal)
		printf("\033[H");
	draw_head(t);
	draw_pages(t, rows, left / 2);
	draw_assets(t, rows, left - left / 2);
	if (t->is_terminal)
		printf("\033[J");
	fflush(stdout);
}

/* --- the loop --- */

static void measure_terminal(struct top *t)
{
	struct winsize size;

	t->rows = DEFAULT_ROWS;
	t->columns = t->is_terminal ? DEFAULT_COLUMNS : PIPED_COLUMNS;
	if (t->is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row &&
	    size.ws_col) {
		t->rows = size.ws_row;
		t->columns = size.ws_col;
	}
}

/* True: q was pressed. */
static bool wait_or_quit(const struct top *t)
{
	struct pollfd p = {.fd = isatty(STDIN_FILENO) ? STDIN_FILENO : -1, .events = POLLIN};
	char c = 0;

	if (poll(&p, 1, (int)t->interval_s * 1000) <= 0 || !(p.revents & POLLIN))
		return false;
	return read(STDIN_FILENO, &c, 1) != 1 || c == 'q' || c == 'Q';
}

static int loop(struct top *t)
{
	json_t *before = NULL, *now;
	int code = FR_EXIT_OK;

	for (uint64_t round = 0;; round++) {
		now = fr_status_ask(&t->client, &code);
		if (!now)
			break;
		t->now = now;
		t->before = before;
		t->seconds = (fr_figure(now, "now_us") -
		              (before ? fr_figure(before, "now_us") : fr_figure(now, "start_us"))) /
		             1e6;
		measure_terminal(t);
		draw(t);
		json_decref(before);
		before = now;
		if (round + 1 == t->rounds || wait_or_quit(t))
			break;
	}
	json_decref(before);
	return code;
}

/* Keys come one by one and are not shown. */
static int run(struct top *t)
{
	struct termios old, raw;
	bool has_keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0;
	int code;

	t->is_terminal = isatty(STDOUT_FILENO);
	if (has_keys) {
		raw = old;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	if (t->is_terminal)
		printf("\033[H\033[2J");
	code = loop(t);
	if (has_keys)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &old);
	return code;
}

static const struct fr_option known[] = {
	FR_NUMBER_OPTION("interval", offsetof(struct top, interval_s), 1, 3600),
	FR_NUMBER_OPTION("rounds", offsetof(struct top, rounds), 1, UINT32_MAX),
	FR_TEXT_OPTION("admin", offsetof(struct top, client.address)),
	FR_TEXT_OPTION("token-file", offsetof(struct top, client.token_file)),
	FR_TEXT_OPTION("ca", offsetof(struct top, client.ca_file)),
};

static const struct fr_command_line command_line = {
	.command = "top", .help = help, .options = known, .n_options = FR_ARRAY_LEN(known)};

int fr_tool_top(int argc, char **argv)
{
	struct top t = {.client = {.command = "forerun top"}, .interval_s = 1};
	int first, rc = fr_options_read(&command_line, argc, argv, &t, &first);

	if (rc)
		return rc < 0 ? -rc : FR_EXIT_OK;
	return run(&t);
}
