/* Starts a browser and exchanges DevTools messages with it over pipes. */
#include "lab/browser/cdp.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lab/measurement/json_text.h"

/* Descriptors open at once while a folder is removed. */
#define REMOVE_DESCRIPTORS 16
/* Processes of a browser outlive the first one by a moment, and write. */
#define REMOVE_ATTEMPTS 5u
#define REMOVE_PAUSE_US 50000u
/* A browser that was asked to end is killed then. */
#define END_MS 3000u

struct pending {
	json_int_t id; /* 0: free */
	fr_cdp_result *on_result;
	void *user; /* borrowed */
};

struct fr_cdp {
	uv_process_t process;
	uv_pipe_t to, from;
	uv_timer_t patience; /* for its end */
	struct fr_cdp_events events;
	void *user; /* borrowed */
	struct fr_buf in;
	struct pending pending[FR_CDP_MAX_PENDING];
	json_int_t next_id;
	unsigned handles; /* not closed yet */
	bool is_closing, has_ended;
	char folder[512];
};

struct message {
	uv_write_t write;
	char *text; /* owned */
};

/* --- the end --- */

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	(void)remove(path);
	return 0;
}

static void remove_folder(const char *folder)
{
	for (unsigned i = 0; i < REMOVE_ATTEMPTS; i++) {
		(void)nftw(folder, remove_one, REMOVE_DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
		if (access(folder, F_OK) < 0)
			return;
		(void)usleep(REMOVE_PAUSE_US);
	}
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct fr_cdp *c = handle->data;

	if (--c->handles)
		return;
	remove_folder(c->folder);
	fr_buf_fini(&c->in);
	free(c);
}

static void close_handles(struct fr_cdp *c)
{
	uv_close((uv_handle_t *)&c->to, on_handle_closed);
	uv_close((uv_handle_t *)&c->from, on_handle_closed);
	uv_close((uv_handle_t *)&c->patience, on_handle_closed);
	uv_close((uv_handle_t *)&c->process, on_handle_closed);
}

static void gone(struct fr_cdp *c)
{
	if (!c->is_closing && c->events.on_gone)
		c->events.on_gone(c->user);
	c->events.on_gone = NULL;
}

static void on_process_exit(uv_process_t *process, int64_t status, int signo)
{
	struct fr_cdp *c = process->data;

	(void)status;
	(void)signo;
	c->has_ended = true;
	gone(c);
	if (c->is_closing)
		close_handles(c);
}

static void out_of_patience(uv_timer_t *timer)
{
	struct fr_cdp *c = timer->data;

	(void)uv_process_kill(&c->process, SIGKILL);
}

void fr_cdp_close(struct fr_cdp **cp)
{
	struct fr_cdp *c = *cp;

	if (!c)
		return;
	*cp = NULL;
	if (!c->has_ended)
		fr_cdp_send(c, "Browser.close", NULL, "", NULL, NULL);
	c->is_closing = true;
	(void)uv_read_stop((uv_stream_t *)&c->from);
	if (c->has_ended)
		close_handles(c);
	else
		(void)uv_timer_start(&c->patience, out_of_patience, END_MS, 0);
}

/* --- receiving --- */

static void take_result(struct fr_cdp *c, json_int_t id, const json_t *message)
{
	for (size_t i = 0; i < FR_CDP_MAX_PENDING; i++) {
		struct pending p = c->pending[i];

		if (p.id != id)
			continue;
		c->pending[i].id = 0;
		if (p.on_result)
			p.on_result(p.user, json_object_get(message, "error")
			                            ? NULL
			                            : json_object_get(message, "result"));
		return;
	}
}

static void take_message(struct fr_cdp *c, const char *text, size_t len)
{
	json_t *j = json_loadb(text, len, 0, NULL), *id;

	if (!j)
		return;
	id = json_object_get(j, "id");
	if (json_is_integer(id))
		take_result(c, json_integer_value(id), j);
	else if (*fr_json_text(j, "method"))
		c->events.on_event(c->user, fr_json_text(j, "method"), fr_json_text(j, "sessionId"),
		                   json_object_get(j, "params"));
	json_decref(j);
}

static void take_all(struct fr_cdp *c)
{
	const uint8_t *end;

	while (!c->is_closing && fr_buf_len(&c->in) &&
	       (end = memchr(fr_buf_data(&c->in), 0, fr_buf_len(&c->in)))) {
		size_t n = (size_t)(end - fr_buf_data(&c->in));

		take_message(c, (const char *)fr_buf_data(&c->in), n);
		fr_buf_consume(&c->in, n + 1);
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct fr_cdp *c = handle->data;
	uint8_t *p = fr_buf_reserve(&c->in, suggested);

	*out = uv_buf_init((char *)p, p ? (unsigned)suggested : 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct fr_cdp *c = stream->data;

	(void)buffer;
	if (n > 0) {
		fr_buf_commit(&c->in, (size_t)n);
		take_all(c);
	} else if (n < 0) {
		(void)uv_read_stop(stream);
		gone(c);
	}
}

/* --- sending --- */

static void on_written(uv_write_t *write, int status)
{
	struct message *m = write->data;

	(void)status; /* a pipe that broke is a process that went */
	free(m->text);
	free(m);
}

static json_int_t expect(struct fr_cdp *c, fr_cdp_result *on_result, void *user)
{
	for (size_t i = 0; i < FR_CDP_MAX_PENDING; i++)
		if (!c->pending[i].id) {
			c->pending[i] = (struct pending){++c->next_id, on_result, user};
			return c->next_id;
		}
	return ++c->next_id; /* nobody hears of its result */
}

void fr_cdp_send(struct fr_cdp *c, const char *method, json_t *params, const char *session,
                 fr_cdp_result *on_result, void *user)
{
	json_t *j = json_object();
	struct message *m = fr_calloc(1, sizeof *m);
	uv_buf_t buffer;

	(void)json_object_set_new(j, "id", json_integer(expect(c, on_result, user)));
	(void)json_object_set_new(j, "method", json_string(method));
	(void)json_object_set_new(j, "params", params ? params : json_object());
	if (*session)
		(void)json_object_set_new(j, "sessionId", json_string(session));
	m->text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	FR_ASSERT(m->text);
	m->write.data = m;
	buffer = uv_buf_init(m->text, (unsigned)strlen(m->text) + 1);
	if (c->is_closing ||
	    uv_write(&m->write, (uv_stream_t *)&c->to, &buffer, 1, on_written) < 0) {
		free(m->text);
		free(m);
	}
}

/* --- the beginning --- */

int fr_cdp_start(struct fr_loop *l, char **args, char **env, const char *folder,
                 const struct fr_cdp_events *events, void *user, struct fr_cdp **out)
{
	struct fr_cdp *c = fr_calloc(1, sizeof *c);
	uv_stdio_container_t stdio[5] = {{.flags = UV_IGNORE},
	                                 {.flags = UV_IGNORE},
	                                 {.flags = UV_IGNORE},
	                                 {.flags = UV_IGNORE},
	                                 {.flags = UV_IGNORE}};
	uv_process_options_t o = {
		.file = args[0], .args = args, .env = env, .stdio_count = 5, .stdio = stdio};
	uv_loop_t *uv = fr_loop_uv(l);

	o.exit_cb = on_process_exit;
	c->events = *events;
	c->user = user;
	(void)snprintf(c->folder, sizeof c->folder, "%s", folder);
	fr_buf_init(&c->in, 2 * FR_CDP_MESSAGE_BYTES);
	(void)uv_pipe_init(uv, &c->to, 0);
	(void)uv_pipe_init(uv, &c->from, 0);
	(void)uv_timer_init(uv, &c->patience);
	c->to.data = c->from.data = c->process.data = c->patience.data = c;
	c->handles = 4;
	stdio[3].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
	stdio[3].data.stream = (uv_stream_t *)&c->to;
	stdio[4].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
	stdio[4].data.stream = (uv_stream_t *)&c->from;
	if (uv_spawn(uv, &c->process, &o) < 0) {
		c->is_closing = true;
		close_handles(c);
		return FR_ERR_IO;
	}
	(void)uv_read_start((uv_stream_t *)&c->from, on_alloc, on_read);
	*out = c;
	return 0;
}
