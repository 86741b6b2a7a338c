/* Drives a Chromium through one load: context, navigation, waiting until the network is
 * quiet, film. */
#include "lab/browser/browser.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/url.h"
#include "lab/browser/cdp.h"
#include "lab/browser/netlog.h"
#include "lab/measurement/json_text.h"
#include "net/local_ca.h"

#define MAX_ARGS 40u
#define FILM_WIDTH 320
#define FILM_QUALITY 50

/* What is done for a load, one after the other. */
#define STEP_TABLE(X)                                                                              \
	X(START)   /* the variant's process */                                                     \
	X(CONTEXT) /* a browser context: cache, connections, cookies of its own */                 \
	X(TARGET)  /* a tab in it */                                                               \
	X(ATTACH)                                                                                  \
	X(NETWORK) /* its network events */                                                        \
	X(PAGE)                                                                                    \
	X(FILM)                                                                                    \
	X(NAVIGATE)                                                                                \
	X(WAIT) /* for the load event, and then for quiet */                                       \
	X(ASK)  /* the page's own figures */                                                       \
	X(DISPOSE)                                                                                 \
	X(DONE)
enum step {
#define X(id) STEP_##id,
	STEP_TABLE(X)
#undef X
};

struct process {                    /* of one variant */
	struct fr_browser *browser; /* borrowed */
	struct fr_cdp *cdp;         /* owned; NULL: not started, or gone */
};

struct fr_browser {
	struct fr_loop *loop; /* borrowed */
	struct fr_browser_setup setup;
	struct process processes[FR_VARIANT_COUNT];
	char name[128];
	/* getting ready */
	void (*on_ready)(void *user, const char *problem);
	void *ready_user;
	/* the load under way; NULL: none */
	struct fr_measurement *load;
	struct fr_netlog *log; /* owned */
	enum fr_variant variant;
	enum step step;
	bool film, is_loaded;
	char url[2048], context[64], target_id[64], session[64];
	json_t *seen; /* owned */
	struct fr_timer limit, quiet;
	struct fr_task finish, ready;
	void (*on_done)(void *user);
	void *user; /* borrowed */
};

static struct fr_cdp *cdp_of(struct fr_browser *b)
{
	return b->processes[b->variant].cdp;
}

static void advance(struct fr_browser *b);

/* --- the process --- */

static void host_rule(struct fr_browser *b, char *out, size_t cap)
{
	struct sockaddr_storage to;
	char address[64] = "", port[8] = "";
	struct fr_arena arena;
	struct fr_url url;

	*out = '\0';
	fr_arena_init(&arena, 65536);
	if (fr_url_parse(&arena, fr_str_from(b->setup.url), &url) == 0) {
		char host[256];

		(void)snprintf(host, sizeof host, "%.*s", FR_STR_ARG(url.host));
		if (b->setup.route(b->setup.user, b->variant, host, url.port, &to) == 0 &&
		    getnameinfo((struct sockaddr *)&to, sizeof to, address, sizeof address, port,
		                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
			(void)snprintf(out, cap, "--host-resolver-rules=MAP %s:%u %s:%s", host,
			               url.port, address, port);
	}
	fr_arena_fini(&arena);
}

static void trust_rule(struct fr_browser *b, char *out, size_t cap)
{
	const char *file = b->setup.certificate;
	char hash[FR_KEY_HASH_BYTES];

	*out = '\0';
	if (*file && fr_certificate_key_hash(file, hash) == 0)
		(void)snprintf(out, cap, "--ignore-certificate-errors-spki-list=%s", hash);
	else if (b->setup.insecure)
		(void)snprintf(out, cap, "--ignore-certificate-errors");
}

static void on_event(void *user, const char *method, const char *session, const json_t *params);
static void on_gone(void *user);

static int spawn(struct fr_browser *b, char *folder)
{
	static const char *const always[] = {"--headless",
	                                     "--disable-gpu",
	                                     "--disable-quic",
	                                     "--no-first-run",
	                                     "--disable-background-networking",
	                                     "--disable-component-update",
	                                     "--disable-sync",
	                                     "--disable-dev-shm-usage",
	                                     "--hide-scrollbars",
	                                     "--mute-audio",
	                                     "--window-size=1280,800",
	                                     "--remote-debugging-pipe"};
	const struct fr_cdp_events events = {.on_event = on_event, .on_gone = on_gone};
	char host[512], trust[128], profile[600], home[600], path[4096], *args[MAX_ARGS];
	char *env[] = {home, path, NULL};
	size_t n = 0;
	int rc;

	host_rule(b, host, sizeof host);
	trust_rule(b, trust, sizeof trust);
	(void)snprintf(profile, sizeof profile, "--user-data-dir=%s/profile", folder);
	(void)snprintf(home, sizeof home, "HOME=%s", folder);
	(void)snprintf(path, sizeof path, "PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/bin");
	args[n++] = (char *)(uintptr_t)b->setup.program;
	for (size_t i = 0; i < FR_ARRAY_LEN(always); i++)
		args[n++] = (char *)(uintptr_t)always[i];
	args[n++] = profile;
	if (geteuid() == 0) /* for root there is none */
		args[n++] = (char *)(uintptr_t) "--no-sandbox";
	if (*host)
		args[n++] = host;
	if (*trust)
		args[n++] = trust;
	/* another server cannot be told not to send them */
	if (b->variant == FR_VARIANT_OFF)
		args[n++] = (char *)(uintptr_t) "--disable-features=EarlyHintsPreloadForNavigation";
	args[n++] = (char *)(uintptr_t) "about:blank";
	args[n] = NULL;
	b->setup.enter(b->setup.user);
	rc = fr_cdp_start(b->loop, args, env, folder, &events, &b->processes[b->variant],
	                  &b->processes[b->variant].cdp);
	b->setup.leave(b->setup.user);
	return rc;
}

static int start_process(struct fr_browser *b)
{
	const char *tmp = getenv("TMPDIR");
	char folder[400];

	(void)snprintf(folder, sizeof folder, "%s/forerun-profile-XXXXXX",
	               tmp && strlen(tmp) < 300 ? tmp : "/tmp");
	if (!mkdtemp(folder))
		return FR_ERR_IO;
	return spawn(b, folder);
}

/* --- the steps of a load --- */

static void fail(struct fr_browser *b, const char *what)
{
	if (!b->load || b->step == STEP_DONE)
		return;
	fr_measurement_fail(b->load, what, "");
	b->step = STEP_DONE;
	fr_loop_release_later(b->loop, &b->finish);
}

static void keep(const json_t *result, const char *key, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s", fr_json_text(result, key));
}

static void on_result(void *user, const json_t *result)
{
	struct fr_browser *b = user;

	if (!b->load || b->step == STEP_DONE)
		return;
	if (!result) {
		fail(b, "the browser refused a command");
		return;
	}
	if (b->step == STEP_CONTEXT)
		keep(result, "browserContextId", b->context, sizeof b->context);
	else if (b->step == STEP_TARGET)
		keep(result, "targetId", b->target_id, sizeof b->target_id);
	else if (b->step == STEP_ATTACH)
		keep(result, "sessionId", b->session, sizeof b->session);
	else if (b->step == STEP_ASK)
		b->seen = json_incref(json_object_get(json_object_get(result, "result"), "value"));
	if (b->step == STEP_NAVIGATE && *fr_json_text(result, "errorText"))
		fail(b, fr_json_text(result, "errorText"));
	else
		advance(b);
}

static void command(struct fr_browser *b, const char *method, json_t *params, bool to_page)
{
	fr_cdp_send(cdp_of(b), method, params, to_page ? b->session : "", on_result, b);
}

static void maybe_quiet(struct fr_browser *b)
{
	if (b->step != STEP_WAIT || !b->is_loaded)
		return;
	if (fr_netlog_open(b->log))
		fr_loop_timer_stop(b->loop, &b->quiet);
	else
		fr_loop_timer_set(b->loop, &b->quiet, FR_BROWSER_QUIET_MS);
}

static void on_quiet(struct fr_timer *t, void *user)
{
	struct fr_browser *b = user;

	(void)t;
	if (b->step == STEP_WAIT)
		advance(b);
}

static void begin_step(struct fr_browser *b)
{
	switch (b->step) {
	case STEP_START:
		if (!cdp_of(b) && start_process(b) < 0)
			fail(b, "the browser cannot be started");
		else
			command(b, "Browser.getVersion", NULL, false);
		return;
	case STEP_CONTEXT:
		command(b, "Target.createBrowserContext", NULL, false);
		return;
	case STEP_TARGET:
		command(b, "Target.createTarget",
		        json_pack("{s:s, s:s}", "url", "about:blank", "browserContextId",
		                  b->context),
		        false);
		return;
	case STEP_ATTACH:
		command(b, "Target.attachToTarget",
		        json_pack("{s:s, s:b}", "targetId", b->target_id, "flatten", 1), false);
		return;
	case STEP_NETWORK:
		command(b, "Network.enable", NULL, true);
		return;
	case STEP_PAGE:
		command(b, "Page.enable", NULL, true);
		return;
	case STEP_FILM:
		if (!b->film)
			advance(b);
		else
			command(b, "Page.startScreencast",
			        json_pack("{s:s, s:i, s:i, s:i}", "format", "jpeg", "quality",
			                  FILM_QUALITY, "maxWidth", FILM_WIDTH, "everyNthFrame", 1),
			        true);
		return;
	case STEP_NAVIGATE:
		command(b, "Page.navigate", json_pack("{s:s}", "url", b->url), true);
		return;
	case STEP_WAIT:
		maybe_quiet(b);
		return;
	case STEP_ASK:
		command(b, "Runtime.evaluate",
		        json_pack("{s:s, s:b, s:b}", "expression", FR_NETLOG_QUESTION,
		                  "awaitPromise", 1, "returnByValue", 1),
		        true);
		return;
	case STEP_DISPOSE:
		command(b, "Target.disposeBrowserContext",
		        json_pack("{s:s}", "browserContextId", b->context), false);
		return;
	case STEP_DONE:
		fr_loop_release_later(b->loop, &b->finish);
		return;
	}
}

static void advance(struct fr_browser *b)
{
	b->step++;
	begin_step(b);
}

static void on_event(void *user, const char *method, const char *session, const json_t *params)
{
	struct process *p = user;
	struct fr_browser *b = p->browser;

	if (p->cdp != cdp_of(b) || !b->load || b->step == STEP_DONE ||
	    strcmp(session, b->session) != 0 || !*session)
		return;
	fr_netlog_event(b->log, method, params);
	if (strcmp(method, "Page.loadEventFired") == 0 && b->step >= STEP_NAVIGATE) {
		b->is_loaded = true;
	} else if (strcmp(method, "Page.screencastFrame") == 0) {
		fr_netlog_frame(b->log, params);
		fr_cdp_send(cdp_of(b), "Page.screencastFrameAck",
		            json_pack("{s:O}", "sessionId", json_object_get(params, "sessionId")),
		            b->session, NULL, NULL);
	}
	maybe_quiet(b);
}

static void on_gone(void *user)
{
	struct process *p = user;
	struct fr_browser *b = p->browser;
	bool is_current = p == &b->processes[b->variant];

	fr_cdp_close(&p->cdp);
	if (is_current && b->on_ready)
		fr_loop_release_later(b->loop, &b->ready);
	else if (is_current)
		fail(b, "the browser ended");
}

static void on_limit(struct fr_timer *t, void *user)
{
	(void)t;
	fail(user, "the page was not complete in time");
}

static void finish(void *user)
{
	struct fr_browser *b = user;
	void (*on_done)(void *) = b->on_done;

	fr_loop_timer_stop(b->loop, &b->limit);
	fr_loop_timer_stop(b->loop, &b->quiet);
	if (!b->load->failed)
		fr_netlog_finish(b->log, b->seen);
	else
		fr_cdp_close(&b->processes[b->variant].cdp); /* its state is unknown */
	fr_netlog_free(&b->log);
	json_decref(b->seen);
	b->seen = NULL;
	b->load = NULL;
	on_done(b->user);
}

void fr_browser_load(struct fr_browser *b, const char *url, enum fr_variant v, bool film,
                     struct fr_measurement *load, void (*on_done)(void *user), void *user)
{
	fr_measurement_init(load, url);
	b->load = load;
	b->log = fr_netlog_new(load);
	b->variant = v;
	b->film = film;
	b->is_loaded = false;
	b->on_done = on_done;
	b->user = user;
	*b->context = *b->target_id = *b->session = '\0';
	(void)snprintf(b->url, sizeof b->url, "%s", url);
	fr_loop_timer_set(b->loop, &b->limit, FR_BROWSER_LIMIT_MS);
	b->step = STEP_START;
	begin_step(b);
}

void fr_browser_cancel(struct fr_browser *b)
{
	fail(b, "cancelled");
}

/* --- begin and end --- */

static void on_version(void *user, const json_t *result)
{
	struct fr_browser *b = user;

	(void)snprintf(b->name, sizeof b->name, "%s", fr_json_text(result, "product"));
	fr_loop_release_later(b->loop, &b->ready);
}

static void ready(void *user)
{
	struct fr_browser *b = user;
	void (*on_ready)(void *, const char *) = b->on_ready;

	b->on_ready = NULL;
	if (on_ready)
		on_ready(b->ready_user, *b->name ? NULL
		                                 : "the browser cannot be started: it ended at "
		                                   "once, or does not speak as "
		                                   "Chromium does");
}

struct fr_browser *fr_browser_start(struct fr_loop *l, const struct fr_browser_setup *setup,
                                    void (*on_ready)(void *user, const char *problem), void *user)
{
	struct fr_browser *b = fr_calloc(1, sizeof *b);

	for (size_t i = 0; i < FR_VARIANT_COUNT; i++)
		b->processes[i].browser = b;
	b->loop = l;
	b->setup = *setup;
	b->on_ready = on_ready;
	b->ready_user = user;
	b->variant = setup->first;
	b->finish = (struct fr_task){.run = finish, .user = b};
	b->ready = (struct fr_task){.run = ready, .user = b};
	fr_timer_init(&b->limit, on_limit, b);
	fr_timer_init(&b->quiet, on_quiet, b);
	if (start_process(b) < 0)
		fr_loop_release_later(l, &b->ready);
	else
		fr_cdp_send(cdp_of(b), "Browser.getVersion", NULL, "", on_version, b);
	return b;
}

const char *fr_browser_name(const struct fr_browser *b)
{
	return b->name;
}

void fr_browser_close(struct fr_browser **bp)
{
	struct fr_browser *b = *bp;

	if (!b)
		return;
	for (size_t i = 0; i < FR_VARIANT_COUNT; i++)
		fr_cdp_close(&b->processes[i].cdp);
	fr_loop_timer_stop(b->loop, &b->limit);
	fr_loop_timer_stop(b->loop, &b->quiet);
	fr_netlog_free(&b->log);
	json_decref(b->seen);
	free(b);
	*bp = NULL;
}
