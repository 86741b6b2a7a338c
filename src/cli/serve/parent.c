/* The parent: starts the serving process, passes on signals, restarts it after a crash. */
#include "cli/serve/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/serve/crash_report.h"
#include "cli/serve/handover.h"
#include "cli/serve/listening.h"
#include "cli/serve/privileges.h"
#include "cli/serve/setup.h"
#include "cli/warnings.h"
#include "command/command.h"
#include "config/files.h"
#include "server/local_tls.h"
#include "server/server.h"

/* What one message to a serving process may wait for room: it reads them all the time. */
#define SEND_TIMEOUT_S 5

/* As parent.h draws them; RELOADING: a set was sent, and is not in use yet. */
enum state { DOWN, STARTING, SERVING, RELOADING };

static const uint8_t allowed[] = {
	[DOWN] = FR_BIT(STARTING),
	[STARTING] = FR_BIT(SERVING) | FR_BIT(DOWN),
	[SERVING] = FR_BIT(RELOADING) | FR_BIT(DOWN),
	[RELOADING] = FR_BIT(SERVING) | FR_BIT(DOWN),
};

/* A configuration with all that belongs to it. */
struct set {
	struct fr_config *config;       /* reference */
	struct fr_files *files;         /* reference */
	struct fr_listening *listening; /* owned */
};

struct parent {
	const struct fr_serve_options *o; /* borrowed */
	char **argv;                      /* owned; its strings are borrowed */
	const sigset_t *old_mask;         /* borrowed */
	int program;                      /* what is running here, whatever is at its path now */
	enum state state;
	pid_t pid;                /* of the serving process, unless DOWN */
	int handover;             /* our end; -1 while DOWN */
	bool is_mute;             /* its end is closed */
	struct set current, next; /* next: while RELOADING */
	size_t workers;           /* of the first configuration, for good */
	struct fr_identity identity;
	uint32_t number;            /* of the set sent last */
	struct fr_crash_page *page; /* owned */
	int page_fd;
	uint64_t started_ms, restart_ms; /* monotonic */
	uint64_t refilled_ms;
	unsigned burst;         /* restarts at once that are left */
	unsigned failed_starts; /* in a row */
	unsigned crashes;
	bool has_served, is_stopping, wants_reload;
	bool is_buggy; /* it crashed by a fault of its own */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void set_state(struct parent *p, enum state to)
{
	FR_ASSERT(allowed[p->state] & FR_BIT(to));
	p->state = to;
}

/* --- sets --- */

static void set_fini(struct set *s)
{
	fr_listening_close(&s->listening);
	fr_config_unref(&s->config);
	fr_files_unref(&s->files);
}

/* explain: the local authority, once. */
static int set_load(struct parent *p, struct set *s, bool explain, struct fr_config_problem *why)
{
	struct fr_local_ca ca;
	int rc;

	*s = (struct set){.files = fr_files_new()};
	rc = fr_serve_load(p->o, s->files, &s->config, &ca, why);
	if (rc == 0 && !p->workers) { /* read at the start only, as workers is */
		rc = fr_identity_find(s->config, &p->identity, why);
		fr_privileges_harden(s->config);
	}
	if (rc == 0)
		fr_identity_prepare(&p->identity, s->config);
	if (rc == 0 && explain)
		fr_local_tls_explain(&ca);
	if (rc == 0 && !p->workers)
		p->workers = fr_server_count_workers(s->config);
	if (rc == 0)
		rc = fr_listening_open(s->config, p->workers, p->current.listening, &s->listening,
		                       why);
	if (rc < 0)
		set_fini(s);
	return rc;
}

static int give_sockets(void *user, size_t index, const int *fds, size_t n)
{
	const struct parent *p = user;
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < n; at += FR_HANDOVER_MAX_FDS)
		rc = fr_handover_send(p->handover, FR_HANDOVER_SOCKETS, (uint32_t)index, 0,
		                      fds + at,
		                      n - at < FR_HANDOVER_MAX_FDS ? n - at : FR_HANDOVER_MAX_FDS);
	return rc;
}

static int send_set(struct parent *p, const struct set *s)
{
	int files = fr_files_pack(s->files), rc;

	if (files < 0)
		return files;
	rc = fr_handover_send(p->handover, FR_HANDOVER_BEGIN,
	                      (uint32_t)fr_listening_count(s->listening), (uint32_t)p->workers,
	                      NULL, 0);
	if (rc == 0)
		rc = fr_handover_send(p->handover, FR_HANDOVER_FILES, 0, 0, &files, 1);
	if (rc == 0)
		rc = fr_listening_each(s->listening, give_sockets, p);
	if (rc == 0)
		rc = fr_handover_send(p->handover, FR_HANDOVER_APPLY, ++p->number, p->crashes, NULL,
		                      0);
	close(files);
	return rc;
}

/* --- starting --- */

/* In the new process: becomes the program anew, so that a crash teaches nothing about where the
 * next one's memory is. */
static _Noreturn void become_serving(struct parent *p, pid_t parent, int fd)
{
	char number[16];

	/* the parent may have ended before this was asked for */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(FR_EXIT_FAILED);
	(void)snprintf(number, sizeof number, "%d", fd);
	(void)setenv(FR_HANDOVER_ENV, number, 1);
	(void)pthread_sigmask(SIG_SETMASK, p->old_mask, NULL);
	(void)fcntl(fd, F_SETFD, 0);
	(void)fexecve(p->program, p->argv, environ);
	fprintf(stderr, "forerun serve: cannot start the serving process: %s\n", strerror(errno));
	_exit(FR_EXIT_FAILED);
}

static int give_first(struct parent *p)
{
	int rc = 0;

	if (p->page) {
		fr_crash_page_reset(p->page, p->workers);
		rc = fr_handover_send(p->handover, FR_HANDOVER_PAGE, (uint32_t)p->workers, 0,
		                      &p->page_fd, 1);
	}
	return rc == 0 ? send_set(p, &p->current) : rc;
}

static int start(struct parent *p)
{
	struct timeval limit = {.tv_sec = SEND_TIMEOUT_S};
	pid_t mine = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return FR_ERR_IO;
	p->pid = fork();
	if (p->pid == 0)
		become_serving(p, mine, pair[1]);
	close(pair[1]);
	if (p->pid < 0) {
		close(pair[0]);
		return FR_ERR_IO;
	}
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	p->handover = pair[0];
	p->is_mute = false;
	set_state(p, STARTING);
	p->started_ms = now_ms();
	/* what ended before it had all is noticed by its end */
	if (give_first(p) < 0)
		(void)kill(p->pid, SIGKILL);
	return 0;
}

/* When to start it again. */
static uint64_t delay_ms(struct parent *p, bool served)
{
	uint64_t now = now_ms(), back = (now - p->refilled_ms) / FR_PARENT_REFILL_MS, wait;

	p->refilled_ms += back * FR_PARENT_REFILL_MS;
	p->burst = back >= FR_PARENT_BURST - p->burst ? FR_PARENT_BURST : p->burst + (unsigned)back;
	if (!served) {
		wait = FR_PARENT_RETRY_MS << (p->failed_starts < 8 ? p->failed_starts : 8);
		p->failed_starts++;
		return wait < FR_PARENT_RETRY_MAX_MS ? wait : FR_PARENT_RETRY_MAX_MS;
	}
	if (p->burst == 0)
		return FR_PARENT_REFILL_MS;
	p->burst--;
	return 0;
}

static void restart(struct parent *p)
{
	if (start(p) == 0)
		return;
	FR_LOG(ERROR, "parent", "cannot start the serving process: %s", strerror(errno));
	p->restart_ms = now_ms() + delay_ms(p, false);
}

/* --- its end --- */

static void report(struct parent *p, int status, bool served)
{
	struct fr_crash_page *page = p->page ? fr_crash_read(p->page, p->workers) : NULL;
	struct fr_crash crash = {.pid = p->pid,
	                         .status = status,
	                         .uptime_ms = now_ms() - p->started_ms,
	                         .before = p->crashes++,
	                         .served = served,
	                         .page = page};

	p->is_buggy |= !fr_crash_is_from_outside(&crash);
	fr_crash_report(&crash);
	free(page);
}

static void on_message(struct parent *p);

/* Returns the exit code, or -1 to go on. */
static int on_end(struct parent *p, int status)
{
	bool served;
	uint64_t wait;

	/* what it said before */
	while (!p->is_mute)
		on_message(p);
	served = p->state != STARTING;
	close(p->handover);
	p->handover = -1;
	set_state(p, DOWN);
	set_fini(&p->next);
	if (WIFEXITED(status) && (p->is_stopping || !p->has_served))
		return p->is_buggy && WEXITSTATUS(status) == 0 ? FR_EXIT_BUG : WEXITSTATUS(status);
	report(p, status, served);
	if (p->is_stopping)
		return FR_EXIT_BUG;
	if (!p->has_served)
		return FR_EXIT_FAILED;
	wait = delay_ms(p, served);
	p->restart_ms = now_ms() + wait;
	if (wait)
		FR_LOG(ERROR, "parent", "starting it again in %llu ms", (unsigned long long)wait);
	else
		FR_LOG(ERROR, "parent", "starting it again");
	return -1;
}

static int reap(struct parent *p)
{
	int status;

	if (p->state == DOWN || waitpid(p->pid, &status, WNOHANG) != p->pid)
		return -1;
	return on_end(p, status);
}

/* --- reloading --- */

static void reload(struct parent *p)
{
	struct fr_config_problem why;

	if (!p->o->config_file) {
		FR_LOG(WARN, "serve", "SIGHUP: started without --config, nothing to read again");
		return;
	}
	if (p->state != SERVING) {
		p->wants_reload = true;
		return;
	}
	p->wants_reload = false;
	if (set_load(p, &p->next, false, &why) < 0) {
		FR_LOG(ERROR, "serve", "configuration not reloaded, the old one stays: %s",
		       why.text);
		return;
	}
	set_state(p, RELOADING);
	if (send_set(p, &p->next) < 0)
		(void)kill(p->pid, SIGKILL); /* it hangs, or is gone already */
}

static void warn(const char *text)
{
	FR_LOG(WARN, "serve", "%s", text);
}

/* The serving process uses the set that was sent last. */
static void on_ready(struct parent *p)
{
	bool reloaded = p->state == RELOADING, is_news = reloaded || !p->has_served;

	if (reloaded) {
		set_fini(&p->current);
		p->current = p->next;
		p->next = (struct set){0};
		FR_LOG(INFO, "serve", "configuration reloaded");
	}
	if (is_news)
		fr_config_warn(p->current.config, warn);
	set_state(p, SERVING);
	p->has_served = true;
	p->failed_starts = 0;
	if (p->wants_reload && !p->is_stopping)
		reload(p);
}

static void on_message(struct parent *p)
{
	struct fr_handover_message m;
	int rc = fr_handover_receive(p->handover, &m);

	if (rc == FR_ERR_CLOSED) {
		/* its end is told by SIGCHLD; until then there is nothing to read */
		p->is_mute = true;
		return;
	}
	if (rc < 0 || m.a != p->number || (p->state != STARTING && p->state != RELOADING))
		return;
	if (m.kind == FR_HANDOVER_READY) {
		on_ready(p);
	} else if (m.kind == FR_HANDOVER_REFUSED && p->state == RELOADING) {
		set_fini(&p->next);
		set_state(p, SERVING);
		if (p->wants_reload && !p->is_stopping)
			reload(p);
	}
}

/* --- signals --- */

static void tell(struct parent *p, enum fr_handover_kind kind)
{
	if (p->state != DOWN && fr_handover_send(p->handover, kind, 0, 0, NULL, 0) < 0)
		FR_LOG(WARN, "parent", "the serving process takes no messages: %s",
		       strerror(errno));
}

/* Returns the exit code, or -1 to go on. */
static int on_signal(struct parent *p, uint32_t signo)
{
	switch (signo) {
	case SIGCHLD:
		return reap(p);
	case SIGHUP:
		if (!p->is_stopping)
			reload(p);
		return -1;
	case SIGUSR1:
		if (p->current.config)
			fr_identity_prepare(&p->identity, p->current.config);
		tell(p, FR_HANDOVER_REOPEN);
		return -1;
	case SIGUSR2:
		tell(p, FR_HANDOVER_COUNTERS);
		return -1;
	default: /* SIGTERM, SIGINT */
		p->is_stopping = true;
		/* the serving process takes what waits in them, and closes them last */
		fr_listening_close(&p->current.listening);
		fr_listening_close(&p->next.listening);
		tell(p, FR_HANDOVER_STOP);
		return p->state == DOWN ? (p->is_buggy ? FR_EXIT_BUG : FR_EXIT_OK) : -1;
	}
}

/* --- life --- */

static int timeout_ms(const struct parent *p)
{
	uint64_t now = now_ms();

	if (p->state != DOWN)
		return -1;
	return p->restart_ms > now ? (int)(p->restart_ms - now) : 0;
}

static int run(struct parent *p, int signals)
{
	struct signalfd_siginfo info;
	int code = -1;

	while (code < 0) {
		struct pollfd fds[2] = {{.fd = signals, .events = POLLIN}, {.events = POLLIN}};

		if (p->state == DOWN && timeout_ms(p) == 0)
			restart(p);
		fds[1].fd = p->is_mute ? -1 : p->handover;
		if (poll(fds, 2, timeout_ms(p)) < 0 && errno != EINTR)
			return FR_EXIT_FAILED;
		/* what it said before its end first */
		if (fds[1].revents)
			on_message(p);
		if (fds[0].revents & POLLIN && read(signals, &info, sizeof info) == sizeof info)
			code = on_signal(p, info.ssi_signo);
	}
	return code;
}

/* The program that runs here, and how it is started: as this one was. */
static int prepare(struct parent *p, int argc, char **argv)
{
	static char name[] = "forerun";

	p->argv = fr_calloc((size_t)argc + 2, sizeof(char *));
	p->argv[0] = name;
	for (int i = 0; i < argc; i++)
		p->argv[i + 1] = argv[i];
	p->program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (p->program < 0)
		fprintf(stderr,
		        "forerun serve: cannot read /proc/self/exe: %s; without /proc "
		        "there is --foreground\n",
		        strerror(errno));
	return p->program < 0 ? FR_ERR_IO : 0;
}

static int begin(struct parent *p)
{
	struct fr_config_problem why;

	if (set_load(p, &p->current, true, &why) < 0) {
		fprintf(stderr, "forerun serve: %s\n", why.text);
		return FR_ERR_INVALID;
	}
	/* without one the reports say less */
	(void)!fr_crash_page_new(p->workers, &p->page, &p->page_fd);
	if (start(p) == 0)
		return 0;
	fprintf(stderr, "forerun serve: cannot start the serving process: %s\n", strerror(errno));
	return FR_ERR_IO;
}

int fr_parent_run(const struct fr_serve_options *o, int argc, char **argv, const sigset_t *signals,
                  const sigset_t *old)
{
	struct parent p = {.o = o,
	                   .old_mask = old,
	                   .handover = -1,
	                   .program = -1,
	                   .page_fd = -1,
	                   .burst = FR_PARENT_BURST,
	                   .refilled_ms = now_ms()};
	sigset_t all = *signals;
	int fd, code = FR_EXIT_FAILED;

	(void)sigaddset(&all, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &all, NULL);
	fd = signalfd(-1, &all, SFD_CLOEXEC);
	fr_serve_raise_descriptors();
	if (prepare(&p, argc, argv) == 0 && begin(&p) == 0)
		code = run(&p, fd);
	set_fini(&p.current);
	set_fini(&p.next);
	fr_crash_page_free(&p.page, p.workers);
	if (p.page_fd >= 0)
		close(p.page_fd);
	if (p.program >= 0)
		close(p.program);
	close(fd);
	free(p.argv);
	return code;
}
