/* The admin interface's routes, and the checks before each. */
#include "stages/admin/admin.h"

#include <arpa/inet.h>

#include "base/embed.h"
#include "base/log.h"
#include "http/url.h"
#include "stages/admin/admin_priv.h"

#define TEXT "text/plain; charset=utf-8"
/* The version is part of the format. */
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"

static int add_fields(struct fr_exchange *ex, void **slot)
{
	static const struct {
		struct fr_str name, value;
	} fields[] = {
		{FR_STR("content-security-policy"),
	         FR_STR("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	                "connect-src 'self'; base-uri 'none'; form-action 'none'; "
	                "frame-ancestors 'none'")},
		{FR_STR("x-content-type-options"), FR_STR("nosniff")},
		{FR_STR("x-frame-options"), FR_STR("DENY")},
		{FR_STR("referrer-policy"), FR_STR("no-referrer")},
		{FR_STR("cross-origin-resource-policy"), FR_STR("same-origin")},
	};
	int rc = 0;

	(void)slot;
	for (size_t i = 0; rc == 0 && i < FR_ARRAY_LEN(fields); i++)
		rc = fr_fields_add(&ex->resp.fields, fields[i].name, fields[i].value);
	/* RFC 9110 §11.6.1; RFC 6750 §3: an error only where a token was given */
	if (rc == 0 && ex->resp.status == 401)
		rc = fr_fields_add(
			&ex->resp.fields, FR_STR("www-authenticate"),
			fr_str_istarts(fr_fields_value(&ex->req.fields, FR_FIELD_AUTHORIZATION),
		                       FR_STR("bearer "))
				? FR_STR("Bearer realm=\"forerun\", "
		                         "error=\"invalid_token\"")
				: FR_STR("Bearer realm=\"forerun\""));
	return rc;
}

/* --- who asks --- */

/* Takes as long whatever the token is, and how much of it is right. */
static bool is_equal(struct fr_str given, const char *token)
{
	size_t len = strlen(token);
	volatile unsigned char differs = given.len != len;

	for (size_t i = 0; i < given.len; i++)
		differs |= (unsigned char)(given.p[i] ^ token[i % len]);
	return !differs;
}

static bool has_token(const struct fr_exchange *ex)
{
	const char *token = ex->gen->config->admin.token;
	struct fr_str given = fr_fields_value(&ex->req.fields, FR_FIELD_AUTHORIZATION);

	if (!token)
		return true;
	return fr_str_istarts(given, FR_STR("bearer ")) &&
	       is_equal(fr_str_trim(fr_str_sub(given, 7, given.len)), token);
}

/* A name without dots, or of this machine, or an address: nothing that another
 * site's owner could have made to lead here. */
static bool is_local_name(struct fr_str authority)
{
	struct fr_str host;
	unsigned char address[16];
	char text[64];
	uint16_t port;

	if (fr_authority_parse(authority, &host, &port) < 0)
		return authority.len == 0;
	if (fr_str_find(host, '.') == host.len || fr_str_ends(host, FR_STR(".localhost")))
		return true;
	if (host.len >= sizeof text)
		return false;
	memcpy(text, host.p, host.len);
	text[host.len] = '\0';
	return inet_pton(AF_INET, text, address) == 1;
}

static struct fr_str value_of(const struct fr_exchange *ex, struct fr_str name)
{
	const struct fr_field *f = fr_fields_find(&ex->req.fields, name);

	return f ? f->value : (struct fr_str){0};
}

/* Does a page of another site ask? */
static bool is_foreign(struct fr_exchange *ex)
{
	struct fr_str origin = value_of(ex, FR_STR("origin"));
	struct fr_str site = value_of(ex, FR_STR("sec-fetch-site"));

	if (!ex->gen->config->admin.token && !is_local_name(ex->req.authority))
		return true;
	if (site.p && !fr_str_is(site, "same-origin") && !fr_str_is(site, "none"))
		return true;
	if (!origin.p)
		return false;
	return !fr_str_starts(origin, FR_STR("http")) ||
	       !fr_str_ieq(fr_str_sub(origin, fr_str_find(origin, ':') + 3, origin.len),
	                   ex->req.authority);
}

/* --- answers --- */

static void get_live(struct fr_exchange *ex, struct fr_str query)
{
	(void)query;
	fr_exchange_answer(ex, 200, TEXT, FR_STR("live\n"));
}

static bool is_draining(const struct fr_exchange *ex)
{
	const struct fr_shared *shared = ex->gen->shared;

	return shared->admin->is_draining(shared->server);
}

static void get_ready(struct fr_exchange *ex, struct fr_str query)
{
	bool draining = is_draining(ex);

	(void)query;
	fr_exchange_answer(ex, draining ? 503 : 200, TEXT,
	                   draining ? FR_STR("draining\n") : FR_STR("ready\n"));
}

void fr_admin_snapshot(const struct fr_exchange *ex, const struct fr_shared *config,
                       bool with_traffic, struct fr_status *out)
{
	const struct fr_shared *shared = ex->gen->shared;

	shared->admin->snapshot(shared->server, config, with_traffic, out);
}

static void answer_snapshot(struct fr_exchange *ex, bool with_traffic, const char *type,
                            int (*write)(const struct fr_status *s, struct fr_buf *out))
{
	struct fr_status snapshot;
	struct fr_buf text;

	fr_buf_init(&text, FR_ANSWERED_BY_MAX_BYTES);
	fr_admin_snapshot(ex, ex->gen->shared, with_traffic, &snapshot);
	if (write(&snapshot, &text) < 0)
		fr_admin_error(ex, 503, "out of memory");
	else
		fr_exchange_answer(
			ex, 200, type,
			fr_str_make((const char *)fr_buf_data(&text), fr_buf_len(&text)));
	fr_status_fini(&snapshot);
	fr_buf_fini(&text);
}

static void get_metrics(struct fr_exchange *ex, struct fr_str query)
{
	(void)query;
	answer_snapshot(ex, false, PROMETHEUS, fr_prometheus_write);
}

static void get_status(struct fr_exchange *ex, struct fr_str query)
{
	(void)query;
	answer_snapshot(ex, true, FR_ADMIN_JSON, fr_status_json_write);
}

/* "range=hour" (default) or "range=day" */
static void get_history(struct fr_exchange *ex, struct fr_str query)
{
	const struct fr_shared *shared = ex->gen->shared;
	struct fr_str name = FR_STR("range=");
	int range = FR_HISTORY_HOUR;
	struct fr_buf text;

	if (query.len)
		range = fr_str_starts(query, name)
		                ? fr_history_range_find(fr_str_sub(query, name.len, query.len))
		                : -1;
	if (range < 0) {
		fr_admin_error(ex, 400, "there are range=hour and range=day");
		return;
	}
	fr_buf_init(&text, FR_ANSWERED_BY_MAX_BYTES);
	if (shared->admin->history(shared->server, (enum fr_history_range)range, &text) < 0)
		fr_admin_error(ex, 503, "there is no history");
	else
		fr_exchange_answer(
			ex, 200, FR_ADMIN_JSON,
			fr_str_make((const char *)fr_buf_data(&text), fr_buf_len(&text)));
	fr_buf_fini(&text);
}

struct log_wish {
	char level[16], module[FR_LOG_MODULE_BYTES]; /* "": not given */
};

static bool take_log_parameter(void *user, struct fr_str name, struct fr_str value)
{
	struct log_wish *w = user;
	bool is_level = fr_str_is(name, "level");
	char *to = is_level ? w->level : w->module;

	if ((!is_level && !fr_str_is(name, "module")) ||
	    value.len >= (is_level ? sizeof w->level : sizeof w->module))
		return false;
	memcpy(to, value.p, value.len);
	to[value.len] = '\0';
	return true;
}

static void set_log_level(struct fr_exchange *ex, struct fr_str query)
{
	struct log_wish w = {.level = ""};
	const char *level = w.level, *module = w.module;
	enum fr_log_level parsed = FR_LOG_INFO;

	if (!fr_admin_parameters(&ex->arena, query, take_log_parameter, &w) ||
	    (fr_log_level_parse(level, &parsed) < 0 &&
	     !(strcmp(level, "default") == 0 && *module))) {
		fr_admin_error(ex, 400,
		               "level=error, warn, info, debug or trace is needed; "
		               "module=NAME is allowed, with level=default, too");
		return;
	}
	if (!*module)
		fr_log_set_level(parsed);
	else if (strcmp(level, "default") == 0)
		fr_log_reset_module(module);
	else if (fr_log_set_module(module, parsed) < 0) {
		fr_admin_error(ex, 400, "not a module, or too many have levels of their own");
		return;
	}
	FR_LOG(INFO, "admin", "%s: log level of %s: %s", ex->client->peer.text,
	       *module ? module : "everything", level);
	fr_exchange_answer(ex, 200, FR_ADMIN_JSON, FR_STR("{}\n"));
}

/* --- the dashboard's files --- */

static const char *type_of(struct fr_str name)
{
	if (fr_str_ends(name, FR_STR(".html")))
		return "text/html; charset=utf-8";
	if (fr_str_ends(name, FR_STR(".css")))
		return "text/css; charset=utf-8";
	if (fr_str_ends(name, FR_STR(".js")))
		return "text/javascript; charset=utf-8";
	if (fr_str_ends(name, FR_STR(".md")))
		return "text/plain; charset=utf-8";
	return "image/svg+xml";
}

static void get_file(struct fr_exchange *ex, struct fr_str path)
{
	struct fr_str name = fr_str_sub(path, 1, path.len);

	if (fr_str_is(name, "dashboard/"))
		name = FR_STR("dashboard/index.html");
	for (size_t i = 0; i < fr_embedded_count; i++) {
		const struct fr_embedded *file = &fr_embedded_files[i];

		if (fr_str_is(name, file->name)) {
			fr_exchange_answer(ex, 200, type_of(name),
			                   fr_str_make((const char *)file->data, file->len));
			return;
		}
	}
	fr_admin_error(ex, 404, "no such file");
}

/* --- the table --- */

static const struct route {
	const char *path;
	enum fr_method method; /* GET: HEAD, too */
	bool is_open;          /* without a token */
	void (*run)(struct fr_exchange *ex, struct fr_str query);
} routes[] = {
	{"/live", FR_METHOD_GET, true, get_live},
	{"/ready", FR_METHOD_GET, true, get_ready},
	{"/metrics", FR_METHOD_GET, false, get_metrics},
	{"/status", FR_METHOD_GET, false, get_status},
	{"/history", FR_METHOD_GET, false, get_history},
	{"/events", FR_METHOD_GET, false, fr_admin_events},
	{"/purge", FR_METHOD_POST, false, fr_admin_purge},
	{"/experiment", FR_METHOD_POST, false, fr_admin_experiment},
	{"/log-level", FR_METHOD_POST, false, set_log_level},
};

static void run_route(struct fr_exchange *ex, const struct route *r, struct fr_str query)
{
	bool right = ex->req.method == r->method ||
	             (r->method == FR_METHOD_GET && ex->req.method == FR_METHOD_HEAD);

	if (!r->is_open && !has_token(ex))
		fr_admin_error(ex, 401, "a bearer token is needed");
	else if (!right)
		fr_admin_error(ex, 405,
		               r->method == FR_METHOD_GET ? "GET is needed" : "POST is needed");
	else
		r->run(ex, query);
}

static void begin(struct fr_exchange *ex)
{
	struct fr_str target = ex->req.target;
	size_t end = fr_str_find(target, '?');
	struct fr_str path = fr_str_sub(target, 0, end);
	struct fr_str query = fr_str_sub(target, end + 1, target.len);
	bool reads = ex->req.method == FR_METHOD_GET || ex->req.method == FR_METHOD_HEAD;

	ex->to_origin.discards = true;
	ex->to_client.body.max_bytes = FR_ANSWERED_BY_MAX_BYTES;
	if (ex->worker->is_draining)
		ex->req.keep_alive = false;
	if (reads && (fr_str_is(path, "/") || fr_str_starts(path, FR_STR("/dashboard/")))) {
		get_file(ex, fr_str_is(path, "/") ? FR_STR("/dashboard/") : path);
		return;
	}
	if (is_foreign(ex)) {
		fr_admin_error(ex, 403, "not for pages of other sites");
		return;
	}
	for (size_t i = 0; i < FR_ARRAY_LEN(routes); i++)
		if (fr_str_is(path, routes[i].path)) {
			run_route(ex, &routes[i], query);
			return;
		}
	if (has_token(ex))
		fr_admin_error(
			ex, 404,
			"there are /dashboard/, /events, /experiment, /history, /live, /log-level, "
			"/metrics, /purge, /ready, /status");
	else
		fr_admin_error(ex, 401, "a bearer token is needed");
}

/* --- the stage --- */

static enum fr_step take_request(struct fr_exchange *ex, void **slot)
{
	(void)slot;
	begin(ex);
	return FR_STEP_TAKEN;
}

static void end(struct fr_exchange *ex, void **slot, enum fr_end how)
{
	(void)how;
	fr_admin_end_events(ex, slot);
}

const struct fr_stage fr_admin_stage = {
	.name = "admin",
	.request = take_request,
	.own = add_fields,
	.end = end,
};
