/* A whole server in one thread, for fuzzing: one worker with cache, hints and
 * admin interface under tight limits; up to FR_RIG_CLIENTS clients and
 * FR_RIG_ORIGINS connections to its origin whose other ends the caller has.
 * Used by server_script.c. Whatever is sent, at the end nothing may be alive,
 * and no client may have been given what was meant for another one. */
#ifndef FR_FUZZ_SERVER_RIG_H
#define FR_FUZZ_SERVER_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FR_RIG_CLIENTS 5u
/* Of those, the last one speaks to the admin interface. */
#define FR_RIG_ADMIN (FR_RIG_CLIENTS - 1u)
#define FR_RIG_ORIGINS 16u

struct fr_rig;

/* An origin that answers by itself is asked for each head that came whole. */
typedef void (*fr_rig_on_request)(void *user, unsigned origin, unsigned client);

struct fr_rig *fr_rig_new(uint64_t seed, fr_rig_on_request on_request, void *user);
/* Ends everything; aborts if anything is still alive then. */
void fr_rig_free(struct fr_rig *r);

/* Runs the loop, answers and reads until nothing moves, for at most a few turns. */
void fr_rig_settle(struct fr_rig *r);

/* The client's connection; one that is gone is made anew: true. buffer: of its
 * socket in bytes, 0: the system's choice. */
bool fr_rig_client_open(struct fr_rig *r, unsigned c, int buffer);
/* What does not fit is lost. */
void fr_rig_client_send(struct fr_rig *r, unsigned c, const void *data, size_t len);
enum fr_rig_end { FR_RIG_HALF, FR_RIG_CLOSE, FR_RIG_STALL, FR_RIG_RESUME };
void fr_rig_client_end(struct fr_rig *r, unsigned c, enum fr_rig_end how);
/* What an origin that was asked by this client may tell it, and nobody else. */
const char *fr_rig_secret(unsigned c);
/* Its output is searched for others' secrets (HTTP/1.1: fields are text). */
void fr_rig_client_watch(struct fr_rig *r, unsigned c);

/* The k-th of the open connections that wait for an answer (of all, if none does);
 * false: there is none. */
bool fr_rig_origin_pick(struct fr_rig *r, unsigned k, unsigned *origin, unsigned *client);
void fr_rig_origin_send(struct fr_rig *r, unsigned o, const void *data, size_t len);
/* What was sent is no whole response: no secret may follow on this connection. */
void fr_rig_origin_spoil(struct fr_rig *r, unsigned o);
/* Are the next bytes the response to one request, for certain? */
bool fr_rig_origin_may_tell(struct fr_rig *r, unsigned o);
void fr_rig_origin_end(struct fr_rig *r, unsigned o, enum fr_rig_end how);
/* One request of it has been answered. */
void fr_rig_origin_answered(struct fr_rig *r, unsigned o);

/* The other configuration, and back. */
void fr_rig_reload(struct fr_rig *r);
void fr_rig_drain(struct fr_rig *r);

#endif
