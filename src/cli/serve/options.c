/* Reads the command line of forerun serve. */
#include "cli/serve/options.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "command/options.h"

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
	"  --foreground                 run one process, without the parent that\n"
	"                               restarts it after a crash\n"
	"  --log-level LEVEL            error, warn, info (default), debug, trace\n"
	"  --help                       this text\n"
	"\n"
	"signals: SIGTERM, SIGINT: drain, then stop (twice: stop at once); SIGHUP: read\n"
	"the configuration again; SIGUSR1: reopen the access log; SIGUSR2: log all\n"
	"counters\n"
	"\n"
	"The process that you start keeps the listening sockets. It starts a second one\n"
	"that serves, and restarts it after a crash. Send signals to the first one.\n"
	"\n"
	"exit codes: 0 stopped as requested; 1 could not start; 2 wrong usage; 3 a bug:\n"
	"objects were left over, or the serving process crashed and was restarted\n"
	"\n"
	"example: forerun serve --listen 127.0.0.1:8443 --origin http://127.0.0.1:8080\n";

#define AT(member) offsetof(struct fr_serve_options, member)

static int usage(const char *what, const char *detail)
{
	return fr_usage("serve", what, detail);
}

static int add(const char **list, size_t *n, const char *value)
{
	if (*n == FR_SERVE_MAX_LISTEN)
		return usage("too many listeners", "");
	list[(*n)++] = value;
	return 0;
}

static int add_listener(const char *command, const struct fr_option *option, const char *value,
                        void *into)
{
	struct fr_serve_options *o = into;

	(void)command;
	(void)option;
	return add(o->listen, &o->args.n_listen, value);
}

static int add_plain_listener(const char *command, const struct fr_option *option,
                              const char *value, void *into)
{
	struct fr_serve_options *o = into;

	(void)command;
	(void)option;
	return add(o->listen_plain, &o->args.n_listen_plain, value);
}

static const struct fr_option known[] = {
	FR_CALL_OPTION("listen", 0, add_listener),
	FR_CALL_OPTION("listen-plain", 0, add_plain_listener),
	FR_TEXT_OPTION("origin", AT(args.origin)),
	FR_TEXT_OPTION("cert", AT(args.cert_file)),
	FR_TEXT_OPTION("key", AT(args.key_file)),
	FR_TEXT_OPTION("access-log", AT(args.access_log)),
	FR_NUMBER_OPTION("workers", AT(args.workers), 0, 1024),
	FR_FLAG_OPTION("no-cache", AT(args.no_cache)),
	FR_TEXT_OPTION("config", AT(config_file)),
	FR_TEXT_OPTION("log-level", AT(log_level)),
	FR_FLAG_OPTION("foreground", AT(is_foreground)),
};

static const struct fr_command_line line = {
	.command = "serve", .help = help, .options = known, .n_options = FR_ARRAY_LEN(known)};

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
	int first, rc;

	o->args.listen = o->listen;
	o->args.listen_plain = o->listen_plain;
	rc = fr_options_read(&line, argc, argv, o, &first);
	return rc == 0 ? check_options(o) : rc;
}
