/* Loads the variants in turn, and collects the loads that count. */
#include "lab/profile/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "lab/browser/browser.h"
#include "lab/model/loader.h"

/* A variant that fails so often in a row is given up, with the run. */
#define MAX_FAILURES 3u
#define BAR_CELLS 24u

struct fr_run {
	struct fr_loop *loop;                     /* borrowed */
	const struct fr_profile_options *options; /* borrowed */
	struct fr_target *target;                 /* borrowed */
	struct fr_browser *browser;               /* borrowed; NULL: the model */
	struct fr_profile *profile;               /* borrowed */
	struct fr_loader *loader;                 /* the load under way, of the model */
	struct fr_loader_spec spec;
	struct fr_measurement load;
	size_t round; /* warm-ups first */
	size_t nth;   /* of the variants of this round */
	size_t failures;
	bool is_interrupted, shows_progress;
	struct fr_task next;
	void (*on_done)(void *user);
	void *user; /* borrowed */
};

/* In each round another variant is first. */
static struct fr_series *current(struct fr_run *r)
{
	size_t n = r->profile->n_series;

	return &r->profile->series[(r->nth + r->round) % n];
}

static bool is_warming(const struct fr_run *r)
{
	return r->round < FR_RUN_WARM_UPS;
}

/* A last round whose loads do not count: pictures cost time. */
static bool is_filming(const struct fr_run *r)
{
	return r->round == FR_RUN_WARM_UPS + r->options->runs;
}

static size_t rounds(const struct fr_run *r)
{
	return FR_RUN_WARM_UPS + r->options->runs + (r->browser && r->options->html ? 1 : 0);
}

/* --- progress --- */

static void show_progress(struct fr_run *r)
{
	size_t total = r->options->runs * r->profile->n_series, done = 0;
	char bar[BAR_CELLS + 1];

	if (!r->shows_progress)
		return;
	for (size_t i = 0; i < r->profile->n_series; i++)
		done += r->profile->series[i].n;
	for (size_t i = 0; i < BAR_CELLS; i++)
		bar[i] = i < done * BAR_CELLS / total ? '#' : '.';
	bar[BAR_CELLS] = '\0';
	fprintf(stderr, "\r[%s] %zu of %zu loads, %-12s", bar, done, total,
	        is_warming(r) ? "warming up" : fr_variant_name(current(r)->variant));
}

static void clear_progress(const struct fr_run *r)
{
	if (r->shows_progress)
		fprintf(stderr, "\r%*s\r", (int)BAR_CELLS + 44, "");
}

/* --- one load --- */

static int route(void *user, const char *host, uint16_t port, struct sockaddr_storage *to)
{
	struct fr_run *r = user;

	return fr_target_route(r->target, current(r)->variant, host, port, is_warming(r), to);
}

/* Warming up is past the network, and so past its names. */
static bool is_name(void *user, const char *host, uint16_t port)
{
	const struct fr_run *r = user;

	(void)port;
	return !is_warming(r) && fr_target_is_name(r->target, host);
}

static void enter(void *user)
{
	fr_target_enter(((struct fr_run *)user)->target);
}

static void leave(void *user)
{
	fr_target_leave(((struct fr_run *)user)->target);
}

static void on_loaded(void *user)
{
	struct fr_run *r = user;

	r->loader = NULL;
	fr_loop_release_later(r->loop, &r->next);
}

static void start_load(struct fr_run *r)
{
	enum fr_variant v = current(r)->variant;

	show_progress(r);
	/* each round has losses of its own, the same for all variants */
	fr_target_reset(r->target, r->round + 1);
	if (r->browser && !is_warming(r)) {
		fr_browser_load(r->browser, r->options->url, v, is_filming(r), &r->load, on_loaded,
		                r);
		return;
	}
	r->spec = (struct fr_loader_spec){
		.url = r->options->url,
		.accept_push = v == FR_VARIANT_PUSH,
		.early_hints = v == FR_VARIANT_EARLY_HINTS,
		.tls = fr_target_tls(r->target),
		.cpu_percent = is_warming(r) ? 0 : r->options->cpu_percent,
		.connect_us = is_warming(r) ? 0 : fr_target_connect_us(r->target),
		.route = route,
		.is_name = is_name,
		.look_up_us = (uint64_t)r->options->network.rtt_ms * 1000,
		.enter = enter,
		.leave = leave,
		.user = r};
	r->loader = fr_loader_start(r->loop, &r->spec, &r->load, on_loaded, r);
}

/* --- one after the other --- */

static void finish(struct fr_run *r)
{
	clear_progress(r);
	r->profile->was_interrupted = r->is_interrupted;
	r->on_done(r->user);
	free(r);
}

static bool take(struct fr_run *r)
{
	bool failed = r->load.failed;

	if (is_warming(r) && !failed) {
		fr_measurement_fini(&r->load);
		return true;
	}
	if (r->is_interrupted) {
		fr_measurement_fini(&r->load);
		return false;
	}
	if (is_filming(r)) {
		fr_series_film(current(r), &r->load);
		return true;
	}
	r->failures = failed ? r->failures + 1 : 0;
	fr_series_take(current(r), &r->load);
	return r->failures < MAX_FAILURES;
}

static void next(void *user)
{
	struct fr_run *r = user;

	if (!take(r) || r->is_interrupted) {
		finish(r);
		return;
	}
	if (++r->nth == r->profile->n_series) {
		r->nth = 0;
		r->round++;
	}
	if (r->round == rounds(r))
		finish(r);
	else
		start_load(r);
}

struct fr_run *fr_run_start(struct fr_loop *l, const struct fr_profile_options *options,
                            struct fr_target *target, struct fr_browser *browser,
                            struct fr_profile *profile, void (*on_done)(void *user), void *user)
{
	struct fr_run *r = fr_calloc(1, sizeof *r);

	r->loop = l;
	r->options = options;
	r->target = target;
	r->browser = browser;
	r->profile = profile;
	r->on_done = on_done;
	r->user = user;
	r->next = (struct fr_task){.run = next, .user = r};
	r->shows_progress = !options->quiet && isatty(STDERR_FILENO);
	for (size_t i = 0; i < options->n_variants; i++)
		(void)fr_profile_add(profile, options->variants[i]);
	start_load(r);
	return r;
}

void fr_run_interrupt(struct fr_run *r)
{
	if (r->is_interrupted)
		return;
	r->is_interrupted = true;
	if (r->loader)
		fr_loader_cancel(r->loader);
	else if (r->browser)
		fr_browser_cancel(r->browser);
}
