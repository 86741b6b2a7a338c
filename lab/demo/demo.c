/* The command demo: starts origin and edge, compares two loads, says what to try. */
#include "lab/demo/demo.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "command/options.h"
#include "config/config.h"
#include "lab/demo/origin.h"
#include "lab/measurement/measurement.h"
#include "lab/measurement/series.h"
#include "lab/network/network.h"
#include "lab/network/relay_paths.h"
#include "lab/profile/network_options.h"
#include "lab/profile/run.h"
#include "lab/profile/target.h"
#include "lab/report/summary.h"
#include "lab/report/timeline.h"
#include "net/loop.h"
#include "net/tls.h"
#include "server/local_tls.h"
#include "server/server.h"

#define DEFAULT_LISTEN "127.0.0.1:8443"
#define ANY_PORT "127.0.0.1:0"
/* Of each variant: the fewest that a difference can be certain with. */
#define LOADS 4u

/* The variants in the order in which they are measured and shown. */
enum { PLAIN, EARLY, PUSHED, N_SERIES };

static const char help[] =
	"usage: forerun demo [OPTION...]\n"
	"\n"
	"Starts a small site with an edge in front of it. Loads its page over an emulated\n"
	"mobile link: without hints, with 103 Early Hints (which today's browsers take),\n"
	"and with server push. Shows time bars and the gains. Then it runs until\n"
	"interrupted, for your browser and curl.\n"
	"\n"
	"  --once             end after the comparison\n"
	"  --network NAME     4g (default), lte, cable, dsl, 3g, 3g-fast, slow-3g\n"
	"                     or none\n"
	"  --rtt MS --down KBIT --up KBIT\n"
	"                     the link as numbers instead of a name\n"
	"  --listen ADDR:PORT where the edge listens; default 127.0.0.1:8443, or a\n"
	"                     free port if that is taken\n"
	"  --help             this text\n"
	"\n"
	"exit codes: 0 done; 1 could not start, or an asset failed, was not hinted or not\n"
	"pushed; 2 wrong usage; 3 a bug\n"
	"\n"
	"example: forerun demo --once --network 3g\n";

struct demo {
	struct fr_profile_options options;
	const char *listen; /* NULL: the default */
	bool once;
	struct fr_loop *loop;          /* owned */
	struct fr_demo_origin *origin; /* owned */
	struct fr_server *server;      /* owned */
	struct fr_relay_paths *paths;  /* owned */
	struct fr_target *target;      /* owned */
	struct fr_run *run;            /* under way; NULL before and after */
	struct fr_profile profile;
	struct fr_local_ca ca;
	uint16_t port;       /* of the edge */
	uint16_t admin_port; /* of the dashboard */
	char token[33];
	uv_signal_t sigint, sigterm;
	uv_poll_t done;
	bool signals_open, done_open, is_interrupted;
	int exit;
};

/* --- options --- */

#define AT(member) offsetof(struct demo, member)

static const struct fr_option known[] = {
	FR_FLAG_OPTION("once", AT(once)),
	FR_NETWORK_OPTIONS(AT(options.network)),
	FR_TEXT_OPTION("listen", AT(listen)),
};

static const struct fr_command_line line = {
	.command = "demo", .help = help, .options = known, .n_options = FR_ARRAY_LEN(known)};

/* As fr_options_read. */
static int read_options(struct demo *d, int argc, char **argv)
{
	int first;

	d->options = (struct fr_profile_options){
		.runs = LOADS,
		.cpu_percent = 100,
		.is_looked_up = true,
		.variants = {FR_VARIANT_OFF, FR_VARIANT_EARLY_HINTS, FR_VARIANT_PUSH},
		.n_variants = N_SERIES,
		.network = *fr_network_find("4g")};
	return fr_options_read(&line, argc, argv, d, &first);
}

/* --- the edge --- */

/* For the dashboard: nobody else on this machine is to read it. */
static void make_token(struct demo *d)
{
	uint64_t random[2];

	fr_random_bytes(random, sizeof random);
	(void)snprintf(d->token, sizeof d->token, "%016llx%016llx", (unsigned long long)random[0],
	               (unsigned long long)random[1]);
}

static int start_edge_at(struct demo *d, const char *listen, struct fr_config_problem *why)
{
	struct fr_config_args args = {.listen = &listen, .n_listen = 1, .workers = 1};
	struct fr_config *config = NULL;
	char origin[48];
	int rc;

	(void)snprintf(origin, sizeof origin, "http://127.0.0.1:%u",
	               fr_demo_origin_port(d->origin));
	args.origin = origin;
	rc = fr_config_from_args(&args, &config, why);
	if (rc == 0)
		config->sites[0].hints.timing_percent = 100; /* its pages show the summary */
	if (rc == 0)
		config->sites[0].hints.witnesses = 1; /* there is only one client */
	if (rc == 0)
		fr_config_loopback_admin(config, d->token);
	if (rc == 0)
		config->path_source = fr_relay_paths_source(d->paths);
	if (rc == 0)
		rc = fr_local_tls_apply(config, false, &d->ca, why);
	if (rc == 0)
		rc = fr_server_start(config, NULL, &d->server, why);
	fr_config_unref(&config);
	return rc;
}

static int start_edge(struct demo *d, struct fr_config_problem *why)
{
	int rc;

	make_token(d);
	rc = start_edge_at(d, d->listen ? d->listen : DEFAULT_LISTEN, why);

	if (rc < 0 && !d->listen)
		rc = start_edge_at(d, ANY_PORT, why);
	if (rc < 0)
		return rc;
	d->port = fr_server_port(d->server, 0);
	d->admin_port = fr_server_port(d->server, 1);
	return 0;
}

static int start(struct demo *d, struct fr_config_problem *why)
{
	(void)snprintf(why->text, sizeof why->text, "cannot listen on loopback");
	d->paths = fr_relay_paths_new();
	if (fr_demo_origin_new(d->loop, &d->origin) < 0 || start_edge(d, why) < 0)
		return FR_ERR_IO;
	(void)snprintf(d->options.url, sizeof d->options.url, "https://localhost:%u/", d->port);
	d->options.ca = d->ca.ca_file;
	d->options.paths = d->paths;
	return fr_target_new(d->loop, &d->options, &d->target, why->text, sizeof why->text);
}

/* --- the end --- */

static void stop_edge(struct demo *d)
{
	if (d->server)
		fr_server_stop(d->server);
}

/* Everything of the loop; the edge has ended by then. */
static void close_all(struct demo *d)
{
	(void)fr_target_close(d->target);
	fr_demo_origin_close(&d->origin);
	if (d->done_open)
		uv_close((uv_handle_t *)&d->done, NULL);
	if (d->signals_open) {
		uv_close((uv_handle_t *)&d->sigint, NULL);
		uv_close((uv_handle_t *)&d->sigterm, NULL);
	}
	fr_loop_stop(d->loop);
}

static void on_edge_done(uv_poll_t *poll, int status, int events)
{
	struct demo *d = poll->data;

	(void)status;
	(void)events;
	(void)uv_poll_stop(poll);
	close_all(d);
}

static void on_signal(uv_signal_t *signal, int signo)
{
	struct demo *d = signal->data;

	(void)signo;
	fputs("\n", stdout);
	d->is_interrupted = true;
	if (d->run)
		fr_run_interrupt(d->run); /* its end stops the edge */
	else
		stop_edge(d);
}

/* --- showing --- */

static void say_what_to_try(const struct demo *d)
{
	printf("The demo stays up until you interrupt it (Ctrl-C):\n"
	       "\n"
	       "  https://localhost:%u/              the page, its assets pushed\n"
	       "  https://localhost:%u/nopush.html   the same with nopush\n"
	       "  https://localhost:%u/slow.html     with a slow resource\n"
	       "\n"
	       "What the edge does, as a dashboard:\n"
	       "\n"
	       "  http://127.0.0.1:%u/dashboard/#token=%s\n"
	       "\n"
	       "  nghttp -nv https://localhost:%u/ | less\n"
	       "  curl --cacert %s https://localhost:%u/\n"
	       "\n"
	       "For a browser import %s as an authority.\n",
	       d->port, d->port, d->port, d->admin_port, d->token, d->port, d->ca.ca_file, d->port,
	       d->ca.ca_file);
	fflush(stdout);
}

static bool all_pushed(const struct fr_measurement *r)
{
	for (size_t i = 1; i < r->n; i++)
		if (!(r->entries[i].flags & FR_ENTRY_PUSHED))
			return false;
	return r->n > 1;
}

static bool is_any_hinted(const struct fr_measurement *r)
{
	for (size_t i = 1; i < r->n; i++)
		if (r->entries[i].flags & FR_ENTRY_EARLY)
			return true;
	return false;
}

static const char *problem_of(const struct fr_series *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->loads[i].n; k++)
			if (s->loads[i].entries[k].flags & (FR_ENTRY_FAILED | FR_ENTRY_SKIPPED))
				return s->loads[i].entries[k].url;
	return s->failed || !s->n ? s->problem : NULL;
}

static void judge(struct demo *d)
{
	const struct fr_profile *p = &d->profile;
	const char *problem = NULL;

	for (size_t i = 0; i < N_SERIES && !problem; i++)
		problem = problem_of(&p->series[i]);
	if (problem) {
		fprintf(stderr, "forerun demo: the page could not be loaded: %s\n", problem);
		d->exit = FR_EXIT_FAILED;
	} else if (!is_any_hinted(fr_series_typical(&p->series[EARLY]))) {
		fprintf(stderr, "forerun demo: no asset was named in a 103\n");
		d->exit = FR_EXIT_FAILED;
	} else if (!all_pushed(fr_series_typical(&p->series[PUSHED]))) {
		fprintf(stderr, "forerun demo: not every asset was pushed\n");
		d->exit = FR_EXIT_FAILED;
	}
}

static void show(const struct demo *d)
{
	const struct fr_profile *p = &d->profile;
	struct fr_summary_style style = fr_summary_style_of(stdout);
	struct fr_timeline t = {.without = fr_series_typical(&p->series[PLAIN]),
	                        .with = fr_series_typical(&p->series[EARLY]),
	                        .title = "with 103 Early Hints",
	                        .columns = style.columns,
	                        .color = style.color};

	fr_timeline_print(stdout, &t);
	fr_summary_print_times(stdout, p, &style);
}

static void on_measured(void *user)
{
	struct demo *d = user;

	d->run = NULL;
	if (d->is_interrupted) {
		stop_edge(d);
		return;
	}
	fputc('\n', stdout);
	judge(d);
	if (d->exit == FR_EXIT_OK)
		show(d);
	if (d->once || d->exit != FR_EXIT_OK)
		stop_edge(d);
	else
		say_what_to_try(d);
}

static void compare(struct demo *d)
{
	char text[160];

	fr_network_describe(&d->options.network, text, sizeof text);
	printf("A site whose origin takes 200 ms to make a page, and an edge in front of it.\n"
	       "Network %s.\n"
	       "\nLoading the page without hints, with 103 and with push, in turn, %u times\n"
	       "each ...\n",
	       text, LOADS);
	fflush(stdout);
	fr_profile_init(&d->profile, d->options.url);
	d->run = fr_run_start(d->loop, &d->options, d->target, NULL, &d->profile, on_measured, d);
}

/* --- running --- */

static void watch_end(struct demo *d)
{
	uv_loop_t *uv = fr_loop_uv(d->loop);

	(void)uv_signal_init(uv, &d->sigint);
	(void)uv_signal_init(uv, &d->sigterm);
	d->sigint.data = d->sigterm.data = d->done.data = d;
	(void)uv_signal_start(&d->sigint, on_signal, SIGINT);
	(void)uv_signal_start(&d->sigterm, on_signal, SIGTERM);
	d->signals_open = true;
	FR_ASSERT(uv_poll_init(uv, &d->done, fr_server_done_fd(d->server)) == 0);
	(void)uv_poll_start(&d->done, UV_READABLE, on_edge_done);
	d->done_open = true;
}

static void no_wake(void *user)
{
	(void)user;
}

/* Workers must not take the signals that the main thread waits for. */
static int start_unsignalled(struct demo *d, struct fr_config_problem *why)
{
	sigset_t all, old;
	int rc;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = start(d, why);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static int run(struct demo *d)
{
	struct fr_config_problem why;
	size_t left = 0;

	if (fr_loop_new(no_wake, d, &d->loop) < 0) {
		fprintf(stderr, "forerun demo: cannot make an event loop\n");
		return FR_EXIT_FAILED;
	}
	if (start_unsignalled(d, &why) < 0) {
		fprintf(stderr, "forerun demo: %s\n", why.text);
		d->exit = FR_EXIT_FAILED;
		stop_edge(d);
		close_all(d);
	} else {
		watch_end(d);
		compare(d);
	}
	fr_loop_run(d->loop);
	if (d->server)
		left = fr_server_join(&d->server);
	fr_loop_free(&d->loop);
	fr_target_free(&d->target);
	fr_relay_paths_free(&d->paths);
	if (left) {
		fprintf(stderr, "forerun demo: bug: %zu objects were left over\n", left);
		return FR_EXIT_BUG;
	}
	return d->exit;
}

int fr_tool_demo(int argc, char **argv)
{
	struct demo *d = fr_calloc(1, sizeof *d);
	int rc = read_options(d, argc, argv);

	if (rc == 0) {
		fr_log_set_level(FR_LOG_WARN);
		rc = -run(d);
	}
	fr_profile_fini(&d->profile);
	free(d);
	return rc < 0 ? -rc : FR_EXIT_OK;
}
