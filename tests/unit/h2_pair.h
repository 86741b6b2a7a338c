/* The server session connected to nghttp2's own client session, for tests:
 * what either sends reaches the other at exchange(). */
#ifndef FR_UNIT_H2_PAIR_H
#define FR_UNIT_H2_PAIR_H

#include "h2/session.h"

#include <nghttp2/nghttp2.h>

#include "unit.h"

#define H2_PAIR_STREAMS 64

struct stream { /* of the server */
	struct fr_arena arena;
	struct fr_request req;
	int32_t id;
	size_t body;        /* to be sent, now */
	size_t more;        /* and later: see more_comes() */
	bool has_no_length; /* its answer does not say how long it is */
	bool is_open, is_complete, is_oversized, was_reset;
	uint32_t code;
};

struct pair {
	struct fr_h2_session *server;
	struct fr_pool pool;
	nghttp2_session *client;
	struct fr_buf to_client;
	struct stream streams[H2_PAIR_STREAMS];
	size_t n, opened, faults;
	enum fr_h2_fault fault;
	int server_rc;
	uint64_t now_ms;
	/* what the client saw */
	char order[4096]; /* one letter a DATA frame or promise: see seen() */
	size_t n_order;
	struct {
		int32_t id;
		size_t len;
	} data[1024]; /* every DATA frame */
	size_t n_data;
	uint32_t reset_code[H2_PAIR_STREAMS * 2], goaway_code;
	bool got_goaway;
	int status[H2_PAIR_STREAMS * 2];
	int32_t promised[H2_PAIR_STREAMS];
	size_t n_promised, ended;
};

extern struct pair *pair; /* of the running test */

#define NV(n, v)                                                                                   \
	{                                                                                          \
		(uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), strlen(n), strlen(v), 0      \
	}

/* cmocka's fixture with the default limits. */
int pair_set_up(void **state);
/* Every stream must have been closed. */
int pair_tear_down(void **state);
void pair_new(const struct fr_h2_limits *limits);
/* The client's first frame. */
void settings(const nghttp2_settings_entry *iv, size_t n);
/* One step; false: nothing to send. */
bool client_to_server(void);
bool server_to_client(void);
/* Until neither has anything to send. */
void exchange(void);
/* A frame by hand, after the client's preface went out. */
void raw_frame(uint8_t type, uint8_t flags, uint32_t id, const void *payload, size_t len);
/* What the server sends, not shown to the client, which would find fault with
 * answers to frames that it never sent. */
void look_for_goaway(void);
/* A GET; returns its stream. */
int32_t ask(const char *path);
/* The same with a Priority field. */
int32_t ask_with(const char *path, const char *priority);
struct stream *stream_of(int32_t id);
/* 200 with that many bytes. */
void answer(struct stream *st, size_t body);
int try_answer(struct stream *st, size_t body);
/* What answer() was to send later is there. */
void more_comes(struct stream *st);
/* The server frames about that many bytes, and the client takes them. */
void step(size_t bytes);
/* Body bytes that the client got of `st` in all, and before the first of `other`. */
size_t got(const struct stream *st);
size_t got_before(const struct stream *st, const struct stream *other);
/* NULL: refused. */
struct stream *push(struct stream *page, const char *path, enum fr_h2_rank rank);

/* --- for the order of sending --- */

/* Small, so that the server has to choose often. */
#define STEP_BYTES 2048u
/* Settings: the client orders by urgency, or by the tree. */
void begin(bool urgency);
/* A request that the server has got. priority: NULL for none. */
struct stream *ask_page(const char *path, const char *priority);
/* As Chromium asks: each stream below the one before, exclusively; NULL: below none. The
 * first returns its id, which the server has not seen. */
int32_t submit_below(const char *path, const struct stream *on);
struct stream *ask_below(const char *path, const struct stream *on);
/* 200 with `body` bytes now, `more` later. */
void respond(struct stream *st, size_t body, size_t more);
/* All that is left, in small steps. */
void finish(void);
/* All of a came before all of b. */
void assert_order(const struct stream *a, const struct stream *b);

void to_server(const uint8_t *data, size_t len);

#endif
