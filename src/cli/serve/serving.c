/* The serving process: starts the server from what the parent hands it, and follows its
 * messages. */
#include "cli/serve/serving.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/log.h"
#include "cli/serve/handover.h"
#include "cli/serve/privileges.h"
#include "cli/serve/seccomp.h"
#include "cli/serve/setup.h"
#include "cli/warnings.h"
#include "client/sockets.h"
#include "command/command.h"
#include "server/local_tls.h"
#include "server/server.h"
#include "server/status.h"

/* Descriptors beside connections: listeners, loops, files, libraries. */
#define SPARE_DESCRIPTORS 128u
/* Larger blocks are mapped by themselves, and unmapped when freed. */
#define MMAP_BYTES (1 << 20)

struct serving {
	const struct fr_serve_options *o; /* borrowed */
	struct fr_server *server;         /* owned */
	int handover;                     /* -1: alone */
	struct fr_handed handed;
};

/* glibc gives the top of the heap back to the kernel once 128 KiB are free there, and
 * raises that bound only when a large block was freed. Buffers that come and go with each
 * turn would make it a system call and page faults each time: three times the CPU of a hit. */
static void keep_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, 2 * MMAP_BYTES);
}

static void set_log_modules(const struct fr_config *c)
{
	fr_log_reset_module(NULL);
	for (size_t i = 0; i < c->n_log_modules; i++) {
		struct fr_str all = fr_str_from(c->log_modules[i]);
		size_t eq = fr_str_find(all, '=');
		enum fr_log_level level;
		char name[FR_LOG_MODULE_BYTES];

		(void)snprintf(name, sizeof name, "%.*s", (int)eq, all.p);
		if (fr_log_level_parse(all.p + eq + 1, &level) < 0 ||
		    fr_log_set_module(name, level) < 0)
			FR_LOG(WARN, "serve", "log.modules: '%s' is not a module", name);
	}
}

static void warn(const char *text)
{
	FR_LOG(WARN, "serve", "%s", text);
}

static void say_where(const struct fr_server *s, const struct fr_config *config)
{
	for (size_t i = 0; i < config->n_listeners; i++) {
		const struct fr_config_listener *l = &config->listeners[i];
		const char *scheme = l->is_admin ? "admin" : (l->tls ? "https" : "http");

		if (l->is_optional)
			continue;

		if (l->kind == FR_ADDRESS_UNIX)
			FR_LOG(INFO, "serve", "listening on %s (%s)", l->text, scheme);
		else if (strchr(l->host, ':'))
			FR_LOG(INFO, "serve", "listening on %s://[%s]:%u", scheme, l->host,
			       fr_server_port(s, i));
		else
			FR_LOG(INFO, "serve", "listening on %s://%s:%u", scheme, l->host,
			       fr_server_port(s, i));
	}
}

static void warn_of_few_descriptors(const struct fr_config *config)
{
	uint64_t want = 2ull * config->limits.connections + SPARE_DESCRIPTORS;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur != RLIM_INFINITY && r.rlim_cur < want)
		FR_LOG(WARN, "serve",
		       "at most %llu file descriptors: too few for limits.connections (%u); raise "
		       "the limit (ulimit -Hn) or lower the setting",
		       (unsigned long long)r.rlim_cur, config->limits.connections);
}

/* --- starting and reloading --- */

static bool has_parent(const struct serving *s)
{
	return s->handover >= 0;
}

static struct fr_sockets *sockets_of(struct serving *s)
{
	return has_parent(s) ? &s->handed.sockets : NULL;
}

/* What the parent says is said by it alone. */
static int load(struct serving *s, struct fr_config **out, struct fr_config_problem *why)
{
	struct fr_local_ca ca;
	int rc = fr_serve_load(s->o, s->handed.files, out, &ca, why);

	if (rc < 0)
		return rc;
	set_log_modules(*out);
	if (has_parent(s))
		(*out)->workers = s->handed.n_workers;
	else if (!s->server)
		fr_local_tls_explain(&ca);
	return 0;
}

/* From here on it can do no more than serve: nothing came from the network yet, and no thread
 * runs. */
static int lock_in(struct serving *s, const struct fr_config *config, struct fr_config_problem *why)
{
	struct fr_identity id;
	int rc = fr_identity_find(config, &id, why);

	if (rc == 0 && id.is_other && !has_parent(s)) {
		(void)snprintf(why->text, sizeof why->text,
		               "%s: user: not with --foreground: start it as that user",
		               config->source);
		rc = FR_ERR_INVALID;
	}
	if (rc == 0)
		rc = fr_privileges_drop(&id, why);
	if (rc < 0)
		return rc;
	fr_privileges_harden(config);
	if (config->security.seccomp && fr_seccomp_filter() < 0)
		FR_LOG(WARN, "serve",
		       "system calls are not filtered: this kernel does not support it");
	return 0;
}

static int start(struct serving *s)
{
	struct fr_config_problem why;
	struct fr_config *config = NULL;
	int rc = load(s, &config, &why);

	if (rc == 0)
		rc = lock_in(s, config, &why);
	if (rc == 0)
		rc = fr_server_start(config, sockets_of(s), &s->server, &why);
	if (rc < 0) {
		fprintf(stderr, "forerun serve: %s\n", why.text);
		fr_config_unref(&config);
		return rc;
	}
	warn_of_few_descriptors(config);
	if (!has_parent(s))
		fr_config_warn(config, warn);
	say_where(s->server, config);
	fr_config_unref(&config);
	return 0;
}

/* 0 or negative: logged. */
static int reload(struct serving *s)
{
	struct fr_config_problem why;
	struct fr_config *config = NULL;
	int rc = load(s, &config, &why);

	if (rc == 0)
		rc = fr_server_reload(s->server, config, sockets_of(s), &why);
	if (rc < 0)
		FR_LOG(ERROR, "serve", "configuration not reloaded, the old one stays: %s",
		       why.text);
	else
		say_where(s->server, config);
	if (rc == 0 && !has_parent(s))
		fr_config_warn(config, warn);
	fr_config_unref(&config);
	return rc;
}

static void stop(struct serving *s)
{
	FR_LOG(INFO, "serve", "stopping; once more to stop at once");
	fr_server_stop(s->server);
}

static int finish(struct serving *s)
{
	size_t left;

	fr_server_log_counters(s->server, FR_LOG_DEBUG);
	left = fr_server_join(&s->server);
	fr_handed_fini(&s->handed);
	if (left) {
		FR_LOG(ERROR, "serve", "bug: %zu objects were left over", left);
		return FR_EXIT_BUG;
	}
	FR_LOG(INFO, "serve", "stopped");
	return FR_EXIT_OK;
}

/* --- alone --- */

static void take_signal(struct serving *s, uint32_t signo)
{
	if (signo == SIGHUP && !s->o->config_file)
		FR_LOG(WARN, "serve", "SIGHUP: started without --config, nothing to read again");
	else if (signo == SIGHUP && reload(s) == 0)
		FR_LOG(INFO, "serve", "configuration reloaded");
	else if (signo == SIGUSR1)
		fr_server_reopen_logs(s->server);
	else if (signo == SIGUSR2)
		fr_server_log_counters(s->server, FR_LOG_INFO);
	else if (signo != SIGHUP)
		stop(s);
}

int fr_serve_alone(const struct fr_serve_options *o, const sigset_t *signals)
{
	struct serving s = {.o = o, .handover = -1};
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	struct signalfd_siginfo info;
	int rc;

	keep_memory();
	fr_serve_raise_descriptors();
	if (start(&s) < 0)
		return FR_EXIT_FAILED;
	FR_LOG(INFO, "serve", "ready");
	fds[0].fd = signalfd(-1, signals, SFD_CLOEXEC);
	fds[1].fd = fr_server_done_fd(s.server);
	while (!(fds[1].revents & POLLIN)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents & POLLIN && read(fds[0].fd, &info, sizeof info) == sizeof info)
			take_signal(&s, info.ssi_signo);
	}
	rc = finish(&s);
	close(fds[0].fd);
	return rc;
}

/* --- under a parent --- */

static void answer(const struct serving *s, int rc)
{
	/* a parent that is gone shows by the next message */
	(void)!fr_handover_send(s->handover, rc < 0 ? FR_HANDOVER_REFUSED : FR_HANDOVER_READY,
	                        s->handed.number, 0, NULL, 0);
}

/* Without its parent nobody could stop it: it ends at once. */
static void take_message(struct serving *s)
{
	struct fr_handover_message m = {0};
	int rc = fr_handover_take(s->handover, &s->handed, &m);

	if (rc < 0) {
		FR_LOG(ERROR, "serve", "the parent process is gone (%s)", fr_err_str(rc));
		_exit(FR_EXIT_FAILED);
	}
	if (s->handed.is_complete) {
		s->handed.is_complete = false;
		answer(s, reload(s));
		fr_sockets_fini(&s->handed.sockets);
	} else if (m.kind == FR_HANDOVER_STOP) {
		stop(s);
	} else if (m.kind == FR_HANDOVER_REOPEN) {
		fr_server_reopen_logs(s->server);
	} else if (m.kind == FR_HANDOVER_COUNTERS) {
		fr_server_log_counters(s->server, FR_LOG_INFO);
	}
}

static int take_first_set(struct serving *s)
{
	struct fr_handover_message m;
	int rc = 0;

	while (rc == 0 && !s->handed.is_complete)
		rc = fr_handover_take(s->handover, &s->handed, &m);
	s->handed.is_complete = false;
	return rc;
}

int fr_serve_under_parent(const struct fr_serve_options *o, int fd)
{
	struct serving s = {.o = o, .handover = fd};
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.events = POLLIN}};
	int rc;

	(void)prctl(PR_SET_NAME, "forerun");
	keep_memory();
	if (take_first_set(&s) < 0) {
		fprintf(stderr, "forerun serve: the parent process handed over nothing of use\n");
		return FR_EXIT_FAILED;
	}
	fr_crash_thread_begin("main", -1);
	rc = start(&s);
	fr_sockets_fini(&s.handed.sockets);
	if (rc < 0) {
		fr_handed_fini(&s.handed);
		fr_crash_thread_end();
		return FR_EXIT_FAILED;
	}
	fr_server_note_crashes(s.server, s.handed.crashes);
	answer(&s, 0);
	FR_LOG(INFO, "serve", "ready");
	fds[1].fd = fr_server_done_fd(s.server);
	while (!(fds[1].revents & POLLIN)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			take_message(&s);
	}
	rc = finish(&s);
	fr_crash_thread_end();
	close(fd);
	return rc;
}
