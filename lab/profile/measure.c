/* Sets up a whole measurement, runs it on a loop, and ends it on a signal. */
#include "lab/profile/measure.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "command/command.h"
#include "lab/browser/browser.h"
#include "lab/profile/probe.h"
#include "lab/profile/run.h"
#include "lab/profile/target.h"
#include "net/loop.h"

struct tool {
	const struct fr_profile_options *options; /* borrowed */
	const char *name;                         /* borrowed; of the command */
	struct fr_profile *profile;               /* borrowed */
	struct fr_loop *loop;                     /* owned */
	struct fr_target *target;                 /* owned */
	struct fr_browser *browser;               /* owned; NULL: the model */
	struct fr_run *run;                       /* under way; NULL before and after */
	uv_signal_t sigint, sigterm;
	size_t left; /* objects left over by edges */
	bool is_interrupted;
	int exit;
};

static void complain(struct tool *t, const char *what)
{
	fprintf(stderr, "forerun %s: %s\n", t->name, what);
	t->exit = FR_EXIT_FAILED;
}

/* --- the end --- */

static void close_all(struct tool *t)
{
	fr_browser_close(&t->browser);
	t->left = fr_target_close(t->target);
	uv_close((uv_handle_t *)&t->sigint, NULL);
	uv_close((uv_handle_t *)&t->sigterm, NULL);
	fr_loop_stop(t->loop);
}

static bool has_results(const struct fr_profile *p)
{
	for (size_t i = 0; i < p->n_series; i++)
		if (p->series[i].n)
			return true;
	return false;
}

static void on_measured(void *user)
{
	struct tool *t = user;

	t->run = NULL;
	close_all(t);
}

static void on_signal(uv_signal_t *signal, int signo)
{
	struct tool *t = signal->data;

	(void)signo;
	t->is_interrupted = true;
	if (t->run)
		fr_run_interrupt(t->run);
}

/* --- the beginning --- */

static void start_run(struct tool *t)
{
	t->run = fr_run_start(t->loop, t->options, t->target, t->browser, t->profile, on_measured,
	                      t);
	if (t->is_interrupted)
		fr_run_interrupt(t->run);
}

static void on_browser(void *user, const char *problem)
{
	struct tool *t = user;

	if (problem) {
		complain(t, problem);
		close_all(t);
		return;
	}
	(void)snprintf(t->profile->engine, sizeof t->profile->engine, "%s",
	               fr_browser_name(t->browser));
	start_run(t);
}

static void describe(struct tool *t)
{
	const struct fr_profile_options *o = t->options;
	const struct fr_network *n = &o->network;
	bool none = !n->rtt_ms && !n->down_kbit && !n->up_kbit && !n->loss;

	fr_profile_init(t->profile, o->url);
	if (*o->origin)
		t->profile->origin = fr_str_dup(fr_str_from(o->origin));
	t->profile->network = *n;
	t->profile->think_ms = o->think_ms;
	t->profile->runs = o->runs;
	(void)snprintf(t->profile->engine, sizeof t->profile->engine, "model");
	(void)snprintf(t->profile->emulation, sizeof t->profile->emulation, "%s",
	               o->packet ? "packet" : (none ? "none" : "relay"));
}

static void watch_signals(struct tool *t)
{
	uv_loop_t *uv = fr_loop_uv(t->loop);

	(void)signal(SIGPIPE, SIG_IGN);
	(void)uv_signal_init(uv, &t->sigint);
	(void)uv_signal_init(uv, &t->sigterm);
	t->sigint.data = t->sigterm.data = t;
	(void)uv_signal_start(&t->sigint, on_signal, SIGINT);
	(void)uv_signal_start(&t->sigterm, on_signal, SIGTERM);
}

/* --- the browser's way to the target --- */

static int route(void *user, enum fr_variant v, const char *host, uint16_t port,
                 struct sockaddr_storage *to)
{
	struct tool *t = user;

	return fr_target_route(t->target, v, host, port, false, to);
}

static void enter(void *user)
{
	fr_target_enter(((struct tool *)user)->target);
}

static void leave(void *user)
{
	fr_target_leave(((struct tool *)user)->target);
}

static void start_browser(struct tool *t)
{
	const struct fr_profile_options *o = t->options;
	const struct fr_browser_setup setup = {.program = o->browser,
	                                       .url = o->url,
	                                       .certificate = fr_target_certificate(t->target),
	                                       .insecure = o->insecure,
	                                       .first = o->variants[0],
	                                       .route = route,
	                                       .enter = enter,
	                                       .leave = leave,
	                                       .user = t};

	t->browser = fr_browser_start(t->loop, &setup, on_browser, t);
}

static void begin(struct tool *t)
{
	char why[1024] = "";

	watch_signals(t);
	if (*t->options->origin && fr_probe_origin(t->options->origin, why, sizeof why) < 0) {
		complain(t, why);
		close_all(t);
	} else if (fr_target_new(t->loop, t->options, &t->target, why, sizeof why) < 0) {
		complain(t, why);
		close_all(t);
	} else if (t->options->browser) {
		start_browser(t);
	} else {
		start_run(t);
	}
}

static void no_wake(void *user)
{
	(void)user;
}

static int report(struct tool *t)
{
	if (t->left) {
		fprintf(stderr, "forerun %s: bug: %zu objects were left over\n", t->name, t->left);
		return FR_EXIT_BUG;
	}
	if (t->exit != FR_EXIT_OK)
		return t->exit;
	if (!has_results(t->profile)) {
		const struct fr_series *s = &t->profile->series[0];

		fprintf(stderr, "forerun %s: nothing was measured%s%s\n", t->name,
		        t->profile->n_series && *s->problem ? ": " : "",
		        t->profile->n_series ? s->problem : "");
		return FR_EXIT_FAILED;
	}
	return FR_EXIT_OK;
}

int fr_measure(const struct fr_profile_options *o, const char *name, struct fr_profile *out)
{
	struct tool *t = fr_calloc(1, sizeof *t);
	int rc;

	fr_log_set_level(FR_LOG_ERROR);
	/* why the origin fails is what the user wants to know */
	(void)!fr_log_set_module("origin", FR_LOG_WARN);
	t->options = o;
	t->name = name;
	t->profile = out;
	describe(t);
	if (fr_loop_new(no_wake, t, &t->loop) < 0) {
		complain(t, "cannot make an event loop");
	} else {
		begin(t);
		fr_loop_run(t->loop);
		fr_loop_free(&t->loop);
		fr_target_free(&t->target);
	}
	rc = report(t);
	free(t);
	return rc;
}
