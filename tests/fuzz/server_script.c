#include "server_script.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "rig_world.h"
#include "script_client.h"
#include "script_origin.h"

/* Longer scripts are cut: each is a few milliseconds. */
#define MAX_OPERATIONS 96

/* --- operations --- */

static unsigned client_of(struct fr_script *s)
{
	unsigned c = fr_script_byte(s) % FR_RIG_CLIENTS;

	if (fr_rig_client_open(s->rig, c, s->options & 1 ? 4096 : 0))
		fr_script_client_opened(s, c);
	return c;
}

static void op_request(struct fr_script *s)
{
	fr_script_request(s, client_of(s));
}

static void op_body(struct fr_script *s)
{
	fr_script_body(s, client_of(s));
}

static void op_frame(struct fr_script *s)
{
	fr_script_frame(s, client_of(s));
}

static void op_control(struct fr_script *s)
{
	fr_script_control(s, client_of(s));
}

static void op_client_raw(struct fr_script *s)
{
	unsigned c = client_of(s);
	size_t len;
	const uint8_t *data = fr_script_bytes(s, &len);

	fr_rig_client_send(s->rig, c, data, len);
}

static void op_client_end(struct fr_script *s)
{
	unsigned c = fr_script_byte(s) % FR_RIG_CLIENTS;

	fr_rig_client_end(s->rig, c, (enum fr_rig_end)(fr_script_byte(s) % 4));
}

static void op_answer(struct fr_script *s)
{
	struct fr_script_answer a;
	unsigned origin, client;

	fr_script_answer_read(s, &a);
	if (fr_rig_origin_pick(s->rig, a.pick, &origin, &client))
		fr_script_answer_send(s, &a, origin, client);
}

static void op_own_answer(struct fr_script *s)
{
	fr_script_answer_read(s, &s->own_answer);
	s->answers_itself = s->own_answer.pick % 4 != 3;
}

static void op_origin_raw(struct fr_script *s)
{
	unsigned origin, client, k = fr_script_byte(s);
	size_t len;
	const uint8_t *data = fr_script_bytes(s, &len);

	if (!fr_rig_origin_pick(s->rig, k, &origin, &client))
		return;
	fr_rig_origin_spoil(s->rig, origin);
	fr_rig_origin_send(s->rig, origin, data, len);
}

static void op_origin_body(struct fr_script *s)
{
	fr_script_answer_more(s);
}

static void op_origin_end(struct fr_script *s)
{
	unsigned origin, client, k = fr_script_byte(s), how = fr_script_byte(s);

	if (fr_rig_origin_pick(s->rig, k, &origin, &client))
		fr_rig_origin_end(s->rig, origin, (enum fr_rig_end)(how % 4));
}

static void op_connect(struct fr_script *s)
{
	fr_world_set_connect((enum fr_world_connect)(fr_script_byte(s) % 3));
}

static void op_advance(struct fr_script *s)
{
	static const uint32_t ms[] = {1,    4,    50,   200,  500,   999,    1000,    1100,
	                              2000, 2500, 5000, 9999, 61000, 130000, 3600000, 700000000};

	fr_world_advance(ms[fr_script_byte(s) % FR_ARRAY_LEN(ms)]);
}

static void op_settle(struct fr_script *s)
{
	s->is_batching = false;
	fr_rig_settle(s->rig);
}

/* What follows reaches the server at once. */
static void op_batch(struct fr_script *s)
{
	s->is_batching = true;
}

static void op_reload(struct fr_script *s)
{
	fr_rig_reload(s->rig);
}

static void op_drain(struct fr_script *s)
{
	/* rarely: not much happens afterwards */
	if (fr_script_byte(s) % 8 == 7)
		fr_rig_drain(s->rig);
}

typedef void (*operation)(struct fr_script *s);

/* The frequent ones more than once. */
static const operation of_clients[] = {
	op_request, op_request,    op_request,     op_request,    op_body,   op_frame,
	op_control, op_client_raw, op_client_end,  op_answer,     op_answer, op_own_answer,
	op_advance, op_connect,    op_origin_body, op_origin_end, op_settle, op_batch,
	op_frame,   op_control,    op_client_raw,  op_reload,     op_drain,  op_request,
};
static const operation of_origin[] = {
	op_request,    op_request,    op_request,    op_answer,      op_answer,     op_answer,
	op_origin_raw, op_origin_raw, op_origin_raw, op_origin_body, op_origin_end, op_origin_end,
	op_own_answer, op_connect,    op_advance,    op_advance,     op_settle,     op_batch,
	op_client_end, op_body,       op_control,    op_reload,      op_drain,      op_origin_body,
};

/* --- the script --- */

uint8_t fr_script_byte(struct fr_script *s)
{
	return s->at < s->size ? s->data[s->at++] : 0;
}

const uint8_t *fr_script_bytes(struct fr_script *s, size_t *len)
{
	size_t want = fr_script_byte(s), left = s->size - s->at;
	const uint8_t *data = s->data + s->at;

	*len = want < left ? want : left;
	s->at += *len;
	return data;
}

void fr_text_add(struct fr_text *t, const char *fmt, ...)
{
	size_t room = sizeof t->p - t->n;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->p + t->n, room, fmt, args);
	va_end(args);
	FR_ASSERT(n >= 0 && (size_t)n < room);
	t->n += (size_t)n;
}

void fr_text_put(struct fr_text *t, const void *data, size_t len)
{
	FR_ASSERT(len <= sizeof t->p - t->n);
	memcpy(t->p + t->n, data, len);
	t->n += len;
}

static void on_request(void *user, unsigned origin, unsigned client)
{
	struct fr_script *s = user;

	if (s->answers_itself)
		fr_script_answer_send(s, &s->own_answer, origin, client);
}

void fr_script_run(enum fr_script_kind kind, const uint8_t *data, size_t size)
{
	const operation *ops = kind == FR_SCRIPT_ORIGIN ? of_origin : of_clients;
	struct fr_script s = {.kind = kind, .data = data, .size = size};

	s.options = fr_script_byte(&s);
	s.rig = fr_rig_new(s.options, on_request, &s);
	if (s.options & 2)
		fr_world_set_rtt(100000);
	op_own_answer(&s);
	for (int i = 0; i < MAX_OPERATIONS && s.at < s.size; i++) {
		ops[fr_script_byte(&s) % FR_ARRAY_LEN(of_clients)](&s);
		if (!s.is_batching)
			fr_rig_settle(s.rig);
	}
	fr_rig_settle(s.rig);
	fr_rig_free(s.rig);
}

_Static_assert(FR_ARRAY_LEN(of_clients) == FR_ARRAY_LEN(of_origin), "one count of operations");
