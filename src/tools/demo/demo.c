#include "tools/demo/demo.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "edge/server.h"
#include "tools/command.h"
#include "tools/demo/origin.h"
#include "tools/emulate/relay.h"
#include "tools/local_tls.h"
#include "tools/page/loader.h"
#include "tools/page/timeline.h"

#define DEFAULT_LISTEN "127.0.0.1:8443"
#define ANY_PORT "127.0.0.1:0"
#define DEFAULT_COLUMNS 80u

static const char help[] =
	"usage: forerun demo [OPTION...]\n"
	"\n"
	"Starts a small site with an edge in front of it, loads its page without and\n"
	"with server push over an emulated mobile link, shows both as time bars, and\n"
	"stays up for your browser and curl until interrupted.\n"
	"\n"
	"  --once             end after the comparison\n"
	"  --network NAME     4g (default), lte, cable, dsl, 3g, 3g-fast, slow-3g\n"
	"                     or none\n"
	"  --rtt MS --down KBIT --up KBIT\n"
	"                     the link by numbers instead of by name\n"
	"  --listen ADDR:PORT where the edge listens; default 127.0.0.1:8443, or a\n"
	"                     free port if that is taken\n"
	"  --help             this text\n"
	"\n"
	"exit codes: 0 done; 1 could not start, or an asset failed or was not pushed;\n"
	"2 wrong usage; 3 a bug\n"
	"\n"
	"example: forerun demo --once --network 3g\n";

struct demo {
	struct fr_network network;
	struct fr_relay_lines lines;
	const char *listen; /* NULL: the default */
	bool once, wants_help;
	struct fr_loop *loop;          /* owned */
	struct fr_demo_origin *origin; /* owned */
	struct fr_server *server;      /* owned */
	struct fr_relay *relay;        /* owned */
	struct fr_tls_client *client;  /* reference */
	struct fr_local_ca ca;
	uint16_t port;       /* of the edge */
	uint16_t admin_port; /* of the dashboard */
	char token[33];
	char authority[32];
	struct fr_load without, with;
	struct fr_loader_spec spec;
	char url[64];
	uv_signal_t sigint, sigterm;
	uv_poll_t done;
	bool signals_open, done_open;
	int exit;
};

/* --- options --- */

static int usage(const char *what, const char *detail)
{
	fprintf(stderr, "forerun demo: %s%s; see 'forerun demo --help'\n", what, detail);
	return FR_EXIT_USAGE;
}

static int take_network(struct demo *d, const char *name)
{
	const struct fr_network *n = fr_network_find(name);

	if (!n)
		return usage("unknown network ", name);
	d->network = *n;
	return 0;
}

static int take_number(const char *option, uint32_t most, uint32_t *out)
{
	uint64_t n = 0;

	if (fr_str_to_u64(fr_str_from(optarg), &n) < 0 || n > most) {
		fprintf(stderr, "forerun demo: --%s takes a number up to %u, not '%s'\n", option,
		        most, optarg);
		return FR_EXIT_USAGE;
	}
	*out = (uint32_t)n;
	return 0;
}

enum { ONCE = 256, NETWORK, RTT, DOWN, UP, LISTEN, HELP };

static int take_option(struct demo *d, int c)
{
	switch (c) {
	case ONCE:
		d->once = true;
		return 0;
	case NETWORK:
		return take_network(d, optarg);
	case RTT:
		d->network.name = "as given";
		return take_number("rtt", 10000, &d->network.rtt_ms);
	case DOWN:
		d->network.name = "as given";
		return take_number("down", 10000000, &d->network.down_kbit);
	case UP:
		d->network.name = "as given";
		return take_number("up", 10000000, &d->network.up_kbit);
	case LISTEN:
		d->listen = optarg;
		return 0;
	case HELP:
		d->wants_help = true;
		return 0;
	default:
		return usage("unknown option or missing value", "");
	}
}

static int read_options(struct demo *d, int argc, char **argv)
{
	static const struct option known[] = {{"once", no_argument, NULL, ONCE},
	                                      {"network", required_argument, NULL, NETWORK},
	                                      {"rtt", required_argument, NULL, RTT},
	                                      {"down", required_argument, NULL, DOWN},
	                                      {"up", required_argument, NULL, UP},
	                                      {"listen", required_argument, NULL, LISTEN},
	                                      {"help", no_argument, NULL, HELP},
	                                      {NULL, 0, NULL, 0}};
	int c, rc = 0;

	d->network = *fr_network_find("4g");
	opterr = 0;
	optind = 1;
	while (rc == 0 && (c = getopt_long(argc, argv, "", known, NULL)) != -1)
		rc = c == '?' ? usage("unknown option or missing value: ", argv[optind - 1])
		              : take_option(d, c);
	if (rc == 0 && optind < argc)
		rc = usage("unexpected argument ", argv[optind]);
	return rc;
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
		fr_config_loopback_admin(config, d->token);
	if (rc == 0)
		rc = fr_local_tls_apply(config, &d->ca, why);
	if (rc == 0)
		rc = fr_server_start(config, &d->server, why);
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
	(void)snprintf(d->authority, sizeof d->authority, "localhost:%u", d->port);
	return 0;
}

static int start(struct demo *d, struct fr_config_problem *why)
{
	struct fr_tls_problem tls;
	struct sockaddr_storage edge;

	(void)snprintf(why->text, sizeof why->text, "cannot listen on loopback");
	if (fr_demo_origin_new(d->loop, &d->origin) < 0 || start_edge(d, why) < 0)
		return FR_ERR_IO;
	if (fr_tls_client_new(d->ca.ca_file, true, "h2", &d->client, &tls) < 0) {
		(void)snprintf(why->text, sizeof why->text, "%s", tls.text);
		return FR_ERR_TLS;
	}
	fr_relay_lines_init(&d->lines, &d->network, 1);
	fr_loopback_address(d->port, &edge);
	return fr_relay_new(d->loop, -1, &edge, &d->lines, &d->relay);
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
	fr_relay_close(&d->relay);
	fr_demo_origin_close(&d->origin);
	fr_tls_client_unref(&d->client);
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
	(void)signo;
	fputs("\n", stdout);
	stop_edge(signal->data);
}

/* --- showing --- */

static unsigned terminal_columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	uint64_t n = 0;

	if (text && fr_str_to_u64(fr_str_from(text), &n) == 0 && n >= 40 && n <= 1000)
		return (unsigned)n;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		return size.ws_col;
	return DEFAULT_COLUMNS;
}

static void say_what_to_try(const struct demo *d)
{
	printf("\nThe demo stays up until you interrupt it (Ctrl-C):\n"
	       "\n"
	       "  https://localhost:%u/              the page, its assets pushed\n"
	       "  https://localhost:%u/nopush.html   the same with nopush\n"
	       "  https://localhost:%u/slow.html     with a slow resource\n"
	       "\n"
	       "What was pushed to whom, what was used, what the cache and HPACK save:\n"
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

static bool all_pushed(const struct fr_load *r)
{
	for (size_t i = 1; i < r->n; i++)
		if (!(r->entries[i].flags & FR_ENTRY_PUSHED))
			return false;
	return r->n > 1;
}

static bool all_came(struct fr_load *r)
{
	for (size_t i = 0; !r->failed && i < r->n; i++)
		if (r->entries[i].flags & (FR_ENTRY_FAILED | FR_ENTRY_SKIPPED))
			fr_load_fail(r, "an asset failed", r->entries[i].url);
	return !r->failed;
}

static void judge(struct demo *d)
{
	if (!all_came(&d->without) || !all_came(&d->with)) {
		fprintf(stderr, "forerun demo: the page could not be loaded: %s\n",
		        d->without.failed ? d->without.problem : d->with.problem);
		d->exit = FR_EXIT_FAILED;
	} else if (!all_pushed(&d->with)) {
		fprintf(stderr, "forerun demo: not every asset was pushed\n");
		d->exit = FR_EXIT_FAILED;
	}
}

static void print_link(const struct demo *d)
{
	char text[160];

	fr_network_describe(&d->network, text, sizeof text);
	printf("Network %s.\n", text);
}

static int route(void *user, const char *host, uint16_t port, struct sockaddr_storage *to)
{
	const struct demo *d = user;

	(void)host;
	fr_loopback_address(fr_relay_port(d->relay), to);
	return port == d->port ? 0 : FR_ERR_NOTFOUND;
}

static void load(struct demo *d, bool push, struct fr_load *to, void (*on_done)(void *user))
{
	(void)snprintf(d->url, sizeof d->url, "https://%s/", d->authority);
	d->spec = (struct fr_loader_spec){.url = d->url,
	                                  .accept_push = push,
	                                  .tls = d->client,
	                                  .connect_us = (uint64_t)d->network.rtt_ms * 1000,
	                                  .route = route,
	                                  .user = d};
	fr_relay_lines_reset(&d->lines, 1);
	(void)fr_loader_start(d->loop, &d->spec, to, on_done, d);
}

static void on_second_load(void *user)
{
	struct demo *d = user;
	struct fr_timeline t = {.without = &d->without,
	                        .with = &d->with,
	                        .columns = terminal_columns(),
	                        .color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR")};

	printf(" done.\n\n");
	judge(d);
	if (d->exit == FR_EXIT_OK)
		fr_timeline_print(stdout, &t);
	if (d->once || d->exit != FR_EXIT_OK)
		stop_edge(d);
	else
		say_what_to_try(d);
}

static void on_first_load(void *user)
{
	struct demo *d = user;

	printf(" done.\nLoading it with push ...");
	fflush(stdout);
	load(d, true, &d->with, on_second_load);
}

static void compare(struct demo *d)
{
	printf("A site whose origin takes 200 ms to make a page, and an edge in front of it.\n");
	print_link(d);
	printf("\nLoading the page without push ...");
	fflush(stdout);
	load(d, false, &d->without, on_first_load);
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

	if (rc == 0 && d->wants_help) {
		fputs(help, stdout);
	} else if (rc == 0) {
		fr_log_set_level(FR_LOG_WARN);
		rc = run(d);
	}
	fr_load_fini(&d->without);
	fr_load_fini(&d->with);
	free(d);
	return rc;
}
