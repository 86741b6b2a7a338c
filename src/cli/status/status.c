/* The command status: prints the status as text or JSON. */
#include "cli/status/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/wrap.h"
#include "cli/admin_client.h"
#include "cli/figures.h"
#include "command/command.h"
#include "command/options.h"
#include "hints/proof/proof.h"

#define SHOWN_PAGES 10u
#define SHOWN_ASSETS 10u

static const char help[] =
	"usage: forerun status [OPTION...]\n"
	"\n"
	"Shows the state of a running edge, through its admin interface: requests, the\n"
	"cache, hints and pushes with their outcomes, the most requested pages and\n"
	"assets, the origins.\n"
	"\n"
	"  --json             print the figures as JSON\n"
	"  --admin ADDRESS    unix:PATH, HOST:PORT or https://HOST:PORT; without it\n"
	"                     $XDG_RUNTIME_DIR/forerun.sock or /run/forerun.sock,\n"
	"                     where serve listens by default\n"
	"  --token-file FILE  the token, for an interface over TCP\n"
	"  --ca FILE          for https: trusted authorities (PEM) instead of the\n"
	"                     system's\n"
	"  --help             this text\n"
	"\n"
	"exit codes: 0 done; 1 failed; 2 wrong usage\n"
	"\n"
	"example: forerun status --admin 127.0.0.1:8444 --token-file token\n";

/* --- lines --- */

#define LABEL_COLUMNS 12
/* Of a line, before it is broken. */
#define TEXT_BYTES 1024u
/* What stands beside a name in its line. */
#define ASSET_COLUMNS 48u
#define LINK_COLUMNS 44u
#define PAGE_COLUMNS 2u

/* A label, and words beside it in as many lines as they need. */
static FR_PRINTF(2, 3) void say(const char *label, const char *format, ...)
{
	char text[TEXT_BYTES];
	struct fr_str rest, line;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	rest = fr_str_from(text);
	while ((line = fr_wrap_next(&rest, fr_columns() - LABEL_COLUMNS)).len) {
		printf("%-*s%.*s\n", LABEL_COLUMNS, label, FR_STR_ARG(line));
		label = "";
	}
}

static void print_head(const json_t *s)
{
	char version[32], up[FR_FIGURE_BYTES], memory[FR_FIGURE_BYTES];

	fr_figure_text(s, "forerun", version, sizeof version);
	printf("forerun %s, process %.0f, up %s, %.0f workers, %s, %s of memory\n", version,
	       fr_figure(s, "process.pid"),
	       fr_print_age((fr_figure(s, "now_us") - fr_figure(s, "start_us")) / 1e6, up),
	       fr_figure(s, "process.workers"),
	       json_is_true(json_object_get(s, "is_draining")) ? "draining" : "ready",
	       fr_print_bytes(fr_figure(s, "process.memory_bytes"), memory));
}

/* "label   a 1, b 2": the keys of an object that are not 0. */
static void print_parts(const char *label, const json_t *parts)
{
	char text[TEXT_BYTES];
	const char *key;
	size_t n = 0;
	json_t *v;

	json_object_foreach((json_t *)parts, key, v)
	{
		if (json_number_value(v) > 0 && n < sizeof text)
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %.0f", n ? ", " : "",
			                      key, json_number_value(v));
	}
	say(label, "%s", n ? text : "none");
}

static void print_requests(const json_t *s)
{
	char sent[FR_FIGURE_BYTES];

	say("requests", "%.0f, %.0f in progress, %.0f refused, %.0f aborted; %s sent",
	    fr_figure(s, "counters.requests"),
	    /* this question is not one of them */
	    fr_figure(s, "counters.exchanges_open") - 1, fr_figure(s, "counters.requests_refused"),
	    fr_figure(s, "counters.requests_aborted"),
	    fr_print_bytes(fr_figure(s, "sent_bytes"), sent));
	print_parts("statuses", json_object_get(json_object_get(s, "responses"), "status"));
	say("page loads", "%.0f; prefetches, counted apart: %.0f", fr_figure(s, "pages_total"),
	    fr_figure(s, "prefetches_total"));
	say("connections", "%.0f, %.0f open; HTTP/2 on %.0f; TLS handshakes %.0f, resumed %.0f",
	    fr_figure(s, "counters.connections"), fr_figure(s, "counters.connections_open"),
	    fr_figure(s, "counters.connections_h2"), fr_figure(s, "counters.tls_handshakes"),
	    fr_figure(s, "counters.tls_resumed"));
}

static void print_times(const json_t *s, const char *label, const char *from)
{
	char path[64], a[FR_FIGURE_BYTES], b[FR_FIGURE_BYTES], c[FR_FIGURE_BYTES];
	double v[3];
	static const char *const which[] = {"p50_us", "p90_us", "p99_us"};

	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof path, "times.first_byte.%s.%s", from, which[i]);
		v[i] = fr_figure(s, path);
	}
	(void)snprintf(path, sizeof path, "times.first_byte.%s.count", from);
	if (fr_figure(s, path) > 0)
		say(label, "first byte: p50 %s, p90 %s, p99 %s", fr_print_us(v[0], a),
		    fr_print_us(v[1], b), fr_print_us(v[2], c));
	else
		say(label, "nothing yet");
}

static void print_cache(const json_t *s)
{
	const json_t *parts = json_object_get(json_object_get(s, "responses"), "cache");
	char held[FR_FIGURE_BYTES], limit[FR_FIGURE_BYTES];
	double hits = fr_figure(parts, "hit") + fr_figure(parts, "stale"), all = 0;
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)parts, key, v) all += json_number_value(v);
	say("cache", "hit ratio %.0f %%; %s of %s, %.0f responses, %.0f evicted",
	    fr_percent(hits, all), fr_print_bytes(fr_figure(s, "cache.bytes"), held),
	    fr_print_bytes(fr_figure(s, "cache.limit_bytes"), limit), fr_figure(s, "cache.objects"),
	    fr_figure(s, "cache.evictions"));
	print_parts("", parts);
	parts = json_object_get(json_object_get(s, "responses"), "not_stored");
	if (json_object_size(parts))
		print_parts("not stored", parts);
}

/* Of the bodies that the edge encoded. */
static void print_compression(const json_t *s)
{
	static const char *const codings[] = {"br", "zstd", "gzip"};
	char shares[96] = "", path[64], a[FR_FIGURE_BYTES], b[FR_FIGURE_BYTES];
	double n[3], all = 0, from = 0, to = 0;
	size_t at = 0;

	for (size_t i = 0; i < FR_ARRAY_LEN(codings); i++) {
		(void)snprintf(path, sizeof path, "counters.encoded_%s", codings[i]);
		n[i] = fr_figure(s, path);
		all += n[i];
		(void)snprintf(path, sizeof path, "counters.encoded_%s_in", codings[i]);
		from += fr_figure(s, path);
		(void)snprintf(path, sizeof path, "counters.encoded_%s_out", codings[i]);
		to += fr_figure(s, path);
	}
	if (all <= 0)
		return;
	for (size_t i = 0; i < FR_ARRAY_LEN(codings); i++)
		if (n[i] > 0)
			at += (size_t)snprintf(shares + at, sizeof shares - at, "%s%s %.0f %%",
			                       at ? ", " : "", codings[i], fr_percent(n[i], all));
	say("compression", "saved %.0f %%: %s to %s; %s", fr_percent(from - to, from),
	    fr_print_bytes(from, a), fr_print_bytes(to, b), shares);
}

static void print_sites(const json_t *s)
{
	const json_t *sites = json_object_get(s, "sites");
	json_t *o;
	size_t i;

	/* of one alone everything is said already */
	if (json_array_size(sites) < 2)
		return;
	json_array_foreach((json_t *)sites, i, o)
	{
		char name[264], sent[FR_FIGURE_BYTES];

		fr_figure_text(o, "name", name, sizeof name);
		say(i ? "" : "sites",
		    "%s: %.0f requests, hit ratio %.0f %%, %.0f with 5xx, %s sent", name,
		    fr_figure(o, "requests"),
		    fr_percent(fr_figure(o, "hits"), fr_figure(o, "requests")),
		    fr_figure(o, "errors"), fr_print_bytes(fr_figure(o, "sent_bytes"), sent));
	}
}

static void print_hints(const json_t *s)
{
	char pushed[FR_FIGURE_BYTES], wasted[FR_FIGURE_BYTES];
	double bytes = fr_figure(s, "counters.pushed_bytes");
	double lost = fr_figure(s, "counters.wasted_bytes");

	print_parts("hints", json_object_get(json_object_get(s, "hints"), "delivery"));
	print_parts("  reasons", json_object_get(json_object_get(s, "hints"), "reason"));
	say("pushes",
	    "%.0f promised: %.0f completed, %.0f cancelled, %.0f refused, %.0f failed; %s pushed, "
	    "%s (%.0f %%) wasted",
	    fr_figure(s, "counters.pushes_promised"), fr_figure(s, "counters.pushes_completed"),
	    fr_figure(s, "counters.pushes_cancelled"), fr_figure(s, "counters.pushes_refused"),
	    fr_figure(s, "counters.pushes_failed"), fr_print_bytes(bytes, pushed),
	    fr_print_bytes(lost, wasted), fr_percent(lost, bytes));
}

static void print_fields(const json_t *s, const char *label, const char *wire, const char *plain)
{
	char w[FR_FIGURE_BYTES], p[FR_FIGURE_BYTES];
	double a = fr_figure(s, wire), b = fr_figure(s, plain);

	say(label, "%s sent for %s: HPACK saved %.0f %%", fr_print_bytes(a, w),
	    fr_print_bytes(b, p), fr_percent(b - a, b));
}

static void print_failure(const json_t *s, const json_t *o)
{
	const char *why = json_string_value(json_object_get(o, "last_failure"));
	char age[FR_FIGURE_BYTES];

	if (why)
		say("", "last failure %s ago: %s",
		    fr_print_age(fr_figure(s, "now_us") / 1e6 - fr_figure(o, "last_failure_s"),
		                 age),
		    why);
}

static void print_origins(const json_t *s)
{
	size_t i;
	json_t *o;

	json_array_foreach(json_object_get(s, "origins"), i, o)
	{
		char name[264], mean[FR_FIGURE_BYTES];
		double answers = fr_figure(o, "answers");

		fr_figure_text(o, "name", name, sizeof name);
		say(i ? "" : "origins",
		    "%s: %s, %.0f connections, %.0f idle, %.0f requests waiting", name,
		    json_is_true(json_object_get(o, "is_failing")) ? "failing"
		    : answers > 0                                  ? "up"
		                                                   : "not asked",
		    fr_figure(o, "connections"), fr_figure(o, "idle"), fr_figure(o, "waiting"));
		say("", "%.0f requests, %.0f failed, %.0f with 5xx, mean first byte %s",
		    fr_figure(o, "requests"), fr_figure(o, "failed"), fr_figure(o, "responses_5xx"),
		    fr_print_us(answers > 0 ? fr_figure(o, "first_byte_us") / answers : 0, mean));
		print_failure(s, o);
	}
}

/* A proxy in front that is not set up: docs/proxies.md. */
static void print_front(const json_t *s)
{
	static const struct {
		const char *key, *before, *after;
	} rows[] = {
		{"one_address", "all page loads come from ",
	         ", with different browsers: if it is a load balancer or CDN, list it in "
	         "trusted_proxies"},
		{"silent_proxy", "all page loads come from ",
	         ", a trusted proxy: it must send X-Forwarded-For"},
		{"untrusted_proxy", "", " sends X-Forwarded-For and is not in trusted_proxies"},
	};
	const json_t *front = json_object_get(s, "front");

	for (size_t i = 0; i < FR_ARRAY_LEN(rows); i++) {
		const char *address = json_string_value(json_object_get(front, rows[i].key));

		if (address)
			say("clients", "%s%s%s", rows[i].before, address, rows[i].after);
	}
}

static void print_log(const json_t *s)
{
	const json_t *log = json_object_get(s, "access_log");

	if (json_is_object(log))
		say("access log", "%.0f lines, %.0f dropped%s", fr_figure(log, "lines"),
		    fr_figure(log, "dropped"),
		    json_is_true(json_object_get(log, "is_failing")) ? "; it cannot be written"
		                                                     : "");
}

/* --- tables --- */

static void print_link(const json_t *l)
{
	char url[208], as[16], delivery[16], reason[32], wasted[FR_FIGURE_BYTES];

	fr_figure_text(l, "url", url, sizeof url);
	fr_wrap_shorten(url, fr_columns() - LINK_COLUMNS);
	fr_figure_text(l, "as", as, sizeof as);
	fr_figure_text(l, "delivery", delivery, sizeof delivery);
	fr_figure_text(l, "reason", reason, sizeof reason);
	printf("    %-8s %-11s %-18s %s\n", as, delivery, reason, url);
	if (fr_figure(l, "delivered.push") > 0)
		printf("      pushed %.0f times: %.0f completed, %.0f cancelled, %s wasted\n",
		       fr_figure(l, "delivered.push"), fr_figure(l, "pushes.completed"),
		       fr_figure(l, "pushes.cancelled"),
		       fr_print_bytes(fr_figure(l, "wasted_bytes"), wasted));
	if (fr_figure(l, "delivered.early-hints") > 0)
		printf("      in a 103 %.0f times, then requested %.0f times\n",
		       fr_figure(l, "delivered.early-hints"), fr_figure(l, "requests"));
}

static void print_page(const json_t *p)
{
	char name[208], mean[FR_FIGURE_BYTES], most[FR_FIGURE_BYTES];
	double loads = fr_figure(p, "loads");
	json_t *l;
	size_t k;

	fr_figure_text(p, "name", name, sizeof name);
	fr_wrap_shorten(name, fr_columns() - PAGE_COLUMNS);
	printf("  %s\n    %.0f loads, %.0f errors, %.0f cache hits; mean %s, longest %s\n", name,
	       loads, fr_figure(p, "errors"), fr_figure(p, "hits"),
	       fr_print_us(fr_figure(p, "duration_us") / (loads > 0 ? loads : 1), mean),
	       fr_print_us(fr_figure(p, "max_us"), most));
	json_array_foreach(json_object_get(p, "plan"), k, l) print_link(l);
	if (json_is_string(json_object_get(p, "learning")))
		printf("    not hinted to others yet: %s\n",
		       json_string_value(json_object_get(p, "learning")));
}

static void print_pages(const json_t *s)
{
	const json_t *pages = json_object_get(s, "pages");
	json_t *p;
	size_t i;

	if (json_array_size(pages))
		printf("\npages with most loads\n");
	json_array_foreach((json_t *)pages, i, p)
	{
		if (i == SHOWN_PAGES)
			break;
		print_page(p);
	}
}

static void print_assets(const json_t *s)
{
	const json_t *assets = json_object_get(s, "assets");
	json_t *a;
	size_t i;

	if (json_array_size(assets))
		printf("\nassets used most\n%9s%6s%7s%6s%9s%9s  %s\n", "requests", "hits", "pushed",
		       "used", "sent", "wasted", "asset");
	json_array_foreach((json_t *)assets, i, a)
	{
		char name[208], sent[FR_FIGURE_BYTES], wasted[FR_FIGURE_BYTES];
		double pushes = fr_figure(a, "pushes.completed") +
		                fr_figure(a, "pushes.cancelled") + fr_figure(a, "pushes.refused") +
		                fr_figure(a, "pushes.failed");

		if (i == SHOWN_ASSETS)
			break;
		fr_figure_text(a, "name", name, sizeof name);
		fr_wrap_shorten(name, fr_columns() - ASSET_COLUMNS);
		printf("%9.0f%6.0f%7.0f%6.0f%9s%9s  %s\n", fr_figure(a, "requests"),
		       fr_figure(a, "hits"), pushes, fr_figure(a, "pushes.completed"),
		       fr_print_bytes(fr_figure(a, "sent_bytes"), sent),
		       fr_print_bytes(fr_figure(a, "wasted_bytes"), wasted), name);
	}
}

/* ", 97 % of its hints needed, 91 % of what blocks hinted, 12 kB wasted" */
static void print_quality(const json_t *p)
{
	char wasted[FR_FIGURE_BYTES];

	if (json_is_number(json_object_get(p, "precision")))
		printf("; %.0f %% of the hints needed", 100 * fr_figure(p, "precision"));
	if (json_is_number(json_object_get(p, "recall")))
		printf("; %.0f %% of what blocks rendering hinted", 100 * fr_figure(p, "recall"));
	if (fr_figure(p, "wasted_bytes") > 0)
		printf("; %s wasted", fr_print_bytes(fr_figure(p, "wasted_bytes"), wasted));
}

static void print_proof(const json_t *s)
{
	const json_t *rows = json_object_get(s, "proof");
	char name[208], text[FR_PROOF_TEXT_BYTES], why[64];
	json_t *p;
	size_t i;

	if (json_array_size(rows))
		printf("\nwhat hints gain (docs: proof)\n");
	json_array_foreach((json_t *)rows, i, p)
	{
		if (i == SHOWN_PAGES)
			break;
		fr_figure_text(p, "name", name, sizeof name);
		fr_figure_text(p, "text", text, sizeof text);
		fr_figure_text(p, "why", why, sizeof why);
		printf("  %s: %s", name, text);
		print_quality(p);
		printf("\n");
		if (fr_figure(p, "switches") > 0)
			printf("    switched down %.0f time%s, the last time because of: %s\n",
			       fr_figure(p, "switches"), fr_figure(p, "switches") > 1 ? "s" : "",
			       why);
	}
}

static void print_status(const json_t *s)
{
	print_head(s);
	print_requests(s);
	print_times(s, "from cache", "cache");
	print_times(s, "from origin", "origin");
	print_cache(s);
	print_compression(s);
	print_hints(s);
	print_fields(s, "fields in", "counters.head_bytes_in", "counters.head_bytes_in_plain");
	print_fields(s, "fields out", "counters.head_bytes_out", "counters.head_bytes_out_plain");
	print_sites(s);
	print_origins(s);
	print_front(s);
	print_log(s);
	print_pages(s);
	print_proof(s);
	print_assets(s);
}

/* --- the command --- */

struct options {
	struct fr_admin_client client;
	bool json;
};

static const struct fr_option known[] = {
	FR_FLAG_OPTION("json", offsetof(struct options, json)),
	FR_TEXT_OPTION("admin", offsetof(struct options, client.address)),
	FR_TEXT_OPTION("token-file", offsetof(struct options, client.token_file)),
	FR_TEXT_OPTION("ca", offsetof(struct options, client.ca_file)),
};

static const struct fr_command_line line = {
	.command = "status", .help = help, .options = known, .n_options = FR_ARRAY_LEN(known)};

static int print_json(const struct fr_admin_client *client)
{
	struct fr_buf body;
	int rc;

	fr_buf_init(&body, FR_ADMIN_CLIENT_MAX_BYTES);
	rc = fr_admin_client_ask(client, "GET", "/status", &body);
	if (rc == 0)
		printf("%s", (const char *)fr_buf_data(&body));
	fr_buf_fini(&body);
	return -rc;
}

int fr_tool_status(int argc, char **argv)
{
	struct options o = {.client = {.command = "forerun status"}};
	int first, code = FR_EXIT_OK, rc = fr_options_read(&line, argc, argv, &o, &first);
	json_t *status;

	if (rc)
		return rc < 0 ? -rc : FR_EXIT_OK;
	if (o.json)
		return print_json(&o.client);
	status = fr_status_ask(&o.client, &code);
	if (status)
		print_status(status);
	json_decref(status);
	return code;
}
