#include "cli/serve/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "command/command.h"

static const char help[] =
	"usage: forerun serve --listen ADDRESS:PORT --origin URL [OPTION...]\n"
	"       forerun serve --config FILE\n"
	"\n"
	"Runs the edge: serves HTTP/2 and HTTP/1.1 clients from the cache and the origin,\n"
	"and sends them what a page needs, by server push or 103 Early Hints.\n"
	"\n"
	"  --listen ADDRESS:PORT        listen with TLS; may be repeated. [::1]:443,\n"
	"                               *:443 for all addresses; port 0: any free port\n"
	"  --listen-plain ADDRESS:PORT  the same without TLS; also unix:PATH\n"
	"  --origin URL                 the site: http://HOST[:PORT] or https://...\n"
	"  --cert FILE --key FILE       certificate chain and key (PEM); without them a\n"
	"                               certificate for localhost is made\n"
	"  --no-cache                   ask the site for everything and store nothing\n"
	"  --access-log FILE            one JSON object per request; - is standard output\n"
	"  --workers N                  number of threads; default: one per core\n"
	"  --config FILE                read everything from a YAML file instead\n"
	"  --foreground                 run one process, without the parent that restarts it\n"
	"                               after a crash\n"
	"  --log-level LEVEL            error, warn, info (default), debug, trace\n"
	"  --help                       this text\n"
	"\n"
	"signals: SIGTERM, SIGINT: drain, then stop (twice: stop at once); SIGHUP: read the\n"
	"configuration again; SIGUSR1: reopen the access log; SIGUSR2: log all counters\n"
	"\n"
	"The process that you start keeps the listening sockets. It starts a second one that\n"
	"serves, and restarts it after a crash. Send signals to the first one.\n"
	"\n"
	"exit codes: 0 stopped as requested; 1 could not start; 2 wrong usage; 3 a bug:\n"
	"objects were left over, or the serving process crashed and was restarted\n"
	"\n"
	"example: forerun serve --listen 127.0.0.1:8443 --origin http://127.0.0.1:8080\n";

static int usage(const char *what, const char *detail)
{
	fprintf(stderr, "forerun serve: %s%s; see 'forerun serve --help'\n", what, detail);
	return -FR_EXIT_USAGE;
}

static int add_listener(const char **list, size_t *n, const char *value)
{
	if (*n == FR_SERVE_MAX_LISTEN)
		return usage("too many listeners", "");
	list[(*n)++] = value;
	return 0;
}

static int take_workers(struct fr_serve_options *o, const char *value)
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
	FOREGROUND,
	HELP
};

static int take_option(struct fr_serve_options *o, int c)
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
	case FOREGROUND:
		o->is_foreground = true;
		return 0;
	case HELP:
		fputs(help, stdout);
		return 1;
	default:
		return usage("unknown option or missing value", "");
	}
}

static int check_options(const struct fr_serve_options *o)
{
	const struct fr_config_args *a = &o->args;
	enum fr_log_level level;

	if (o->log_level && fr_log_level_parse(o->log_level, &level) < 0)
		return usage("unknown log level ", o->log_level);
	if (o->config_file) {
		if (a->origin || a->n_listen || a->n_listen_plain || a->cert_file || a->key_file ||
		    a->workers || a->no_cache || a->access_log)
			return usage("--config goes with --log-level and --foreground only", "");
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

int fr_serve_options_read(int argc, char **argv, struct fr_serve_options *o)
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
		{"foreground", no_argument, NULL, FOREGROUND},
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
