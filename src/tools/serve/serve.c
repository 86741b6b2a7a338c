#include "tools/serve/serve.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "edge/server.h"
#include "tools/admin_path.h"
#include "tools/command.h"
#include "tools/local_tls.h"
#include "tools/state_path.h"

#define MAX_LISTEN 64u
/* Descriptors beside connections: listeners, loops, files, libraries. */
#define SPARE_DESCRIPTORS 128u
/* Larger blocks are mapped by themselves, and unmapped when freed. */
#define MMAP_BYTES (1 << 20)

static const char help[] =
	"usage: forerun serve --listen ADDRESS:PORT --origin URL [OPTION...]\n"
	"       forerun serve --config FILE\n"
	"\n"
	"Runs the edge: takes HTTP/2 and HTTP/1.1 from clients, asks the origin, and\n"
	"pushes what the origin's Link fields name.\n"
	"\n"
	"  --listen ADDRESS:PORT        listen with TLS; as often as wanted. [::1]:443,\n"
	"                               *:443 for all addresses; port 0: any free one\n"
	"  --listen-plain ADDRESS:PORT  the same without TLS; also unix:PATH\n"
	"  --origin URL                 the site: http://HOST[:PORT] or https://...\n"
	"  --cert FILE --key FILE       certificate chain and key (PEM); without them a\n"
	"                               certificate for localhost is made\n"
	"  --no-cache                   ask the site for everything, store nothing\n"
	"  --access-log FILE            one JSON object a request; - is standard output\n"
	"  --workers N                  threads; default: one a core\n"
	"  --config FILE                everything from a file instead of the above\n"
	"  --log-level LEVEL            error, warn, info (default), debug, trace\n"
	"  --help                       this text\n"
	"\n"
	"signals: SIGTERM, SIGINT drain, then stop (twice: stop now); SIGHUP reads the\n"
	"configuration again; SIGUSR1 opens the access log again; SIGUSR2 logs all\n"
	"counters\n"
	"\n"
	"exit codes: 0 stopped as told; 1 could not start; 2 wrong usage; 3 a bug\n"
	"\n"
	"example: forerun serve --listen 127.0.0.1:8443 --origin http://127.0.0.1:8080\n";

struct options {
	struct fr_config_args args;
	const char *listen[MAX_LISTEN], *listen_plain[MAX_LISTEN];
	const char *config_file;
	const char *log_level;
};

static int usage(const char *what, const char *detail)
{
	fprintf(stderr, "forerun serve: %s%s; see 'forerun serve --help'\n", what, detail);
	return -FR_EXIT_USAGE;
}

static int add_listener(const char **list, size_t *n, const char *value)
{
	if (*n == MAX_LISTEN)
		return usage("too many listeners", "");
	list[(*n)++] = value;
	return 0;
}

static int take_workers(struct options *o, const char *value)
{
	uint64_t n = 0;

	if (fr_str_to_u64(fr_str_from(value), &n) < 0 || n > 1024)
		return usage("--workers takes a number from 0 to 1024, not ", value);
	o->args.workers = (uint32_t)n;
	return 0;
}

enum {
	LISTEN = 256,
	LISTEN_PLAIN,
	ORIGIN,
	CERT,
	KEY,
	WORKERS,
	NO_CACHE,
	ACCESS_LOG,
	CONFIG,
	LOG_LEVEL,
	HELP
};

static int take_option(struct options *o, int c)
{
	switch (c) {
	case LISTEN:
		return add_listener(o->listen, &o->args.n_listen, optarg);
	case LISTEN_PLAIN:
		return add_listener(o->listen_plain, &o->args.n_listen_plain, optarg);
	case ORIGIN:
		o->args.origin = optarg;
		return 0;
	case CERT:
		o->args.cert_file = optarg;
		return 0;
	case KEY:
		o->args.key_file = optarg;
		return 0;
	case NO_CACHE:
		o->args.no_cache = true;
		return 0;
	case ACCESS_LOG:
		o->args.access_log = optarg;
		return 0;
	case WORKERS:
		return take_workers(o, optarg);
	case CONFIG:
		o->config_file = optarg;
		return 0;
	case LOG_LEVEL:
		o->log_level = optarg;
		return 0;
	case HELP:
		fputs(help, stdout);
		return 1;
	default:
		return usage("unknown option or missing value", "");
	}
}

static int check_options(const struct options *o)
{
	const struct fr_config_args *a = &o->args;
	enum fr_log_level level;

	if (o->log_level && fr_log_level_parse(o->log_level, &level) < 0)
		return usage("unknown log level ", o->log_level);
	if (o->config_file) {
		if (a->origin || a->n_listen || a->n_listen_plain || a->cert_file || a->key_file ||
		    a->workers || a->no_cache || a->access_log)
			return usage("--config goes with --log-level only", "");
		return 0;
	}
	if (!a->origin)
		return usage("--origin URL or --config FILE is needed", "");
	if (a->n_listen + a->n_listen_plain == 0)
		return usage("--listen or --listen-plain is needed", "");
	if (!a->cert_file != !a->key_file)
		return usage("--cert and --key belong together", "");
	return 0;
}

/* 0 to go on, 1 when help was given, negative exit code otherwise. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"listen", required_argument, NULL, LISTEN},
		{"listen-plain", required_argument, NULL, LISTEN_PLAIN},
		{"origin", required_argument, NULL, ORIGIN},
		{"cert", required_argument, NULL, CERT},
		{"key", required_argument, NULL, KEY},
		{"access-log", required_argument, NULL, ACCESS_LOG},
		{"workers", required_argument, NULL, WORKERS},
		{"no-cache", no_argument, NULL, NO_CACHE},
		{"config", required_argument, NULL, CONFIG},
		{"log-level", required_argument, NULL, LOG_LEVEL},
		{"help", no_argument, NULL, HELP},
		{NULL, 0, NULL, 0}};
	int c, rc = 0;

	o->args.listen = o->listen;
	o->args.listen_plain = o->listen_plain;
	opterr = 0;
	optind = 1;
	while (rc == 0 && (c = getopt_long(argc, argv, "", known, NULL)) != -1)
		rc = c == '?' ? usage("unknown option or missing value: ", argv[optind - 1])
		              : take_option(o, c);
	if (rc == 0 && optind < argc)
		rc = usage("unexpected argument ", argv[optind]);
	return rc == 0 ? check_options(o) : rc;
}

/* --- configuration --- */

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
			FR_LOG(WARN, "serve", "log.modules: '%s' is no module's name", name);
	}
}

static int load(const struct options *o, struct fr_config **out, struct fr_local_ca *ca,
                struct fr_config_problem *why)
{
	int rc = o->config_file ? fr_config_load(o->config_file, out, why)
	                        : fr_config_from_args(&o->args, out, why);
	enum fr_log_level level;
	char path[4096];

	if (rc < 0)
		return rc;
	fr_admin_default_path(path, sizeof path);
	fr_config_default_admin(*out, path);
	if (fr_state_default_path("hints.db", path, sizeof path))
		fr_config_default_hint_file(*out, path);
	rc = fr_local_tls_apply(*out, ca, why);
	if (rc < 0) {
		fr_config_unref(out);
		return rc;
	}
	set_log_modules(*out);
	if (fr_log_level_parse(o->log_level ? o->log_level : (*out)->log_level, &level) == 0)
		fr_log_set_level(level);
	return 0;
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

/* glibc gives the top of the heap back to the kernel once 128 KiB are free there, and
 * raises that bound only when a large block was freed. Buffers that come and go with each
 * turn would make it a system call and page faults each time: three times the CPU of a hit. */
static void keep_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, 2 * MMAP_BYTES);
}

/* Connections to clients and origins are descriptors: as many as allowed. */
static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
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

static void reload(struct fr_server *s, const struct options *o)
{
	struct fr_config_problem why;
	struct fr_config *config = NULL;
	struct fr_local_ca ca;
	int rc;

	if (!o->config_file) {
		FR_LOG(WARN, "serve", "SIGHUP: started without --config, nothing to read again");
		return;
	}
	rc = load(o, &config, &ca, &why);
	if (rc == 0)
		rc = fr_server_reload(s, config, &why);
	if (rc < 0) {
		FR_LOG(ERROR, "serve", "configuration not reloaded, the old one stays: %s",
		       why.text);
	} else {
		say_where(s, config);
		FR_LOG(INFO, "serve", "configuration reloaded");
	}
	fr_config_unref(&config);
}

/* --- running --- */

static int block_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, SIGUSR1);
	(void)sigaddset(set, SIGUSR2);
	(void)signal(SIGPIPE, SIG_IGN);
	/* before any thread starts, so that all inherit it */
	return pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void handle_signal(struct fr_server *s, const struct options *o, uint32_t signo)
{
	if (signo == SIGHUP) {
		reload(s, o);
	} else if (signo == SIGUSR1) {
		fr_server_reopen_logs(s);
	} else if (signo == SIGUSR2) {
		fr_server_log_counters(s);
	} else {
		FR_LOG(INFO, "serve", "stopping; once more to stop at once");
		fr_server_stop(s);
	}
}

static int run(struct fr_server *s, const struct options *o, const sigset_t *set)
{
	struct pollfd fds[2] = {{.fd = signalfd(-1, set, SFD_CLOEXEC), .events = POLLIN},
	                        {.fd = fr_server_done_fd(s), .events = POLLIN}};
	struct signalfd_siginfo info;
	size_t left;

	while (!(fds[1].revents & POLLIN)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents & POLLIN && read(fds[0].fd, &info, sizeof info) == sizeof info)
			handle_signal(s, o, info.ssi_signo);
	}
	fr_server_log_counters(s);
	left = fr_server_join(&s);
	close(fds[0].fd);
	if (left) {
		FR_LOG(ERROR, "serve", "bug: %zu objects were left over", left);
		return FR_EXIT_BUG;
	}
	FR_LOG(INFO, "serve", "stopped");
	return FR_EXIT_OK;
}

int fr_tool_serve(int argc, char **argv)
{
	struct options o = {0};
	struct fr_config_problem why;
	struct fr_config *config = NULL;
	struct fr_server *server = NULL;
	struct fr_local_ca ca;
	sigset_t set;
	int rc = read_options(argc, argv, &o);

	if (rc)
		return rc < 0 ? -rc : FR_EXIT_OK;
	keep_memory();
	(void)block_signals(&set);
	rc = load(&o, &config, &ca, &why);
	if (rc == 0) {
		fr_local_tls_explain(&ca);
		raise_descriptors();
		rc = fr_server_start(config, &server, &why);
	}
	if (rc < 0) {
		fprintf(stderr, "forerun serve: %s\n", why.text);
		fr_config_unref(&config);
		return FR_EXIT_FAILED;
	}
	warn_of_few_descriptors(config);
	say_where(server, config);
	fr_config_unref(&config);
	FR_LOG(INFO, "serve", "ready");
	return run(server, &o, &set);
}
