/* A browser's process and the DevTools protocol with it, over its debugging
 * pipe: JSON messages that end with NUL, on descriptors 3 and 4. Commands get
 * their result in a callback; events go to the owner. */
#ifndef FR_LAB_BROWSER_CDP_H
#define FR_LAB_BROWSER_CDP_H

#include <jansson.h>

#include "net/loop.h"

/* One message; film strips are the largest. */
#define FR_CDP_MESSAGE_BYTES (32u << 20)
/* Commands without an answer yet. */
#define FR_CDP_MAX_PENDING 64u

struct fr_cdp;

struct fr_cdp_events { /* json: borrowed for the call */
	/* session: "" for the browser's own */
	void (*on_event)(void *user, const char *method, const char *session, const json_t *params);
	/* The process is gone, or does not speak; nothing follows. Not from within a call. */
	void (*on_gone)(void *user);
};
/* result: NULL if the command failed. */
typedef void fr_cdp_result(void *user, const json_t *result);

/* args, env: NULL-terminated, args[0] is the program; borrowed for the call.
 * folder: where the browser keeps its profile; removed when it has ended. 0, or FR_ERR_IO. */
int fr_cdp_start(struct fr_loop *l, char **args, char **env, const char *folder,
                 const struct fr_cdp_events *events, void *user, struct fr_cdp **out) FR_MUST_USE;
/* params: stolen; may be NULL. session: "" for the browser's own. on_result may be NULL. */
void fr_cdp_send(struct fr_cdp *c, const char *method, json_t *params, const char *session,
                 fr_cdp_result *on_result, void *user);
/* Ends the process; memory goes when it has ended. No callback follows. Clears the pointer. */
void fr_cdp_close(struct fr_cdp **c);

#endif
