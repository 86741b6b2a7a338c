/* A server of one worker without a thread, for tests: the test turns its loop, owns its
 * clock (tests/fuzz/rig_world.h) and is its origin. No port is opened and nothing sleeps.
 *
 * This and fake_client.h are all that tests of exchanges and stages know of the server's
 * inside. A test that includes either is linked with the world's clock and sockets. */
#ifndef FR_UNIT_ONE_WORKER_H
#define FR_UNIT_ONE_WORKER_H

#include "exchange/worker.h"
#include "hints/plan.h"
#include "observe/counters.h"
#include "unit.h"

struct fr_client;
struct one_worker;

/* The site a.test with its origin, for the end of a configuration. */
#define ONE_SITE "sites: [{hosts: [a.test], origin: {url: 'http://127.0.0.1:80'}}]\n"

/* config: YAML without log, listen, admin and hint_memory. Never NULL. */
struct one_worker *worker_new(const char *config);
/* Ends everything. Fails the test if an object is left. */
void worker_free(struct one_worker **w);
/* Turns the loop until nothing moves any more. */
void worker_turn(struct one_worker *w);
/* Later by that much; what is due has happened then. */
void worker_advance(struct one_worker *w, unsigned ms);
/* Another configuration; the old one lasts as long as requests under it. */
void worker_reload(struct one_worker *w, const char *config);
/* The same; its admin interface demands this token. */
void worker_reload_with_token(struct one_worker *w, const char *config, const char *token);
/* Begins the drain. */
void worker_drain(struct one_worker *w);
/* The next connections to the origin are refused, or hang until that changes. */
void worker_refuse_origin(struct one_worker *w);
void worker_hang_origin(struct one_worker *w);

uint64_t worker_count(const struct one_worker *w, enum fr_counter id);
/* How many hints were decided with that reason. */
uint64_t worker_reasons(const struct one_worker *w, enum fr_reason reason);

/* For tests of what a worker is made of. Borrowed. */
struct fr_worker *worker_of(struct one_worker *w);
struct fr_clients *worker_clients(struct one_worker *w);
struct fr_shared *worker_shared(struct one_worker *w);

/* What takes part in the worker's turns. */
struct worker_part {
	bool (*turn)(void *user);  /* in each; true if something moved */
	void (*close)(void *user); /* the worker is going to end */
	void (*free)(void *user);  /* it has ended */
	void *user;
};
void worker_add(struct one_worker *w, const struct worker_part *part);
/* A connection from 192.0.2.NUMBER; *fd: the client's end, the caller's. */
struct fr_client *worker_accept(struct one_worker *w, unsigned number, bool is_admin, int *fd);

/* --- the origin --- */

/* The head of the latest request for `target` ("/a") that has no final response yet, in
 * text; NULL: there is none, or its connection is closed. */
const char *origin_request(struct one_worker *w, const char *target);
/* What came of its body, as it was framed. */
struct fr_str origin_request_body(struct one_worker *w, const char *target);
/* How many requests came, answered or not. */
size_t origin_requests(struct one_worker *w);
/* Sends these bytes as they are. */
void origin_send(struct one_worker *w, const char *target, const char *bytes);
/* Sends as many of these as the worker reads; returns how many. */
size_t origin_send_bytes(struct one_worker *w, const char *target, const void *bytes, size_t len);
/* Sends a whole response, as far as the worker reads it; fields: lines, each with its
 * "\r\n". The next request for this target is another one. */
void origin_answer(struct one_worker *w, const char *target, const char *status, const char *fields,
                   const char *body);
/* The origin reads nothing, or reads on. */
void origin_set_stalled(struct one_worker *w, bool is_stalled);
/* Closes its connection. */
void origin_close(struct one_worker *w, const char *target);

#endif
