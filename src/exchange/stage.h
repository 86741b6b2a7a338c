/* Stages: the steps of an exchange between the client side and the origin side. A row of
 * stages is a constant table; server/stages.c has the rows, and is the only file that names
 * all stages. The exchange calls them in turn and knows none of them.
 *
 *   request       down the row, until a stage takes the request or refuses it
 *   everything    back up the row: stages nearer to the origin come first
 *   else
 *
 * A stage keeps its own state in its slot of the exchange: a pointer, NULL at first, that
 * usually points into the exchange's arena. Every function may be NULL. The functions may
 * call the exchange's (exchange/exchange.h); none of them may free it.
 *
 * To add a stage: define a `const struct fr_stage` in its folder under stages/, and put it
 * into a row of server/stages.c. */
#ifndef FR_EXCHANGE_STAGE_H
#define FR_EXCHANGE_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "observe/record.h"

struct fr_body;
struct fr_exchange;
struct fr_object;
struct fr_origin_watch;
struct fr_response;

/* Stages of one row. */
#define FR_STAGES_MAX 10u

enum fr_step {
	FR_STEP_NEXT,   /* the next stage's turn */
	FR_STEP_TAKEN,  /* the stage answers, now or later */
	FR_STEP_REFUSED /* answered with an error, or aborted: it goes no further */
};

struct fr_stage {
	const char *name;
	/* The request's head is complete. */
	enum fr_step (*request)(struct fr_exchange *ex, void **slot);
	/* The request was taken, and no final head came at once: somebody asks the origin. */
	void (*waiting)(struct fr_exchange *ex, void **slot);
	/* The origin's 103; what of it reaches the client is the stage's to decide. */
	void (*interim)(struct fr_exchange *ex, void **slot, const struct fr_response *resp);
	/* The origin's final head is in ex->resp, as the origin sent it. Not for a 101. */
	void (*origin_head)(struct fr_exchange *ex, void **slot);
	/* The final head is in ex->resp, from the origin or the store, and is sent next. Not for
	 * a 101, nor for a response of our own. */
	void (*response)(struct fr_exchange *ex, void **slot);
	/* The same for a response of our own: its fields may be added to. 0 or FR_ERR_NOMEM. */
	int (*own)(struct fr_exchange *ex, void **slot);
	/* More of the body is there (fr_exchange_body_peek), before the client side sees it.
	 * Returns whether it wants to be called for the next piece. */
	bool (*body)(struct fr_exchange *ex, void **slot);
	/* A push does not bring its asset and is aborted next; ex->resp.status: what came
	 * instead, 0: nothing. */
	void (*taken_back)(struct fr_exchange *ex, void **slot);
	/* The client side is through with it: nothing more is told to the stage but release. */
	void (*end)(struct fr_exchange *ex, void **slot, enum fr_end how);
	/* It is freed: gives up what the slot holds outside of the arena. */
	void (*release)(struct fr_exchange *ex, void **slot);
};

/* The forms in which a stored response is sent: who decides on content codings. */
struct fr_stored_forms {
	/* The object answers ex: decides on its form. True: it has more than one. */
	bool (*decide)(struct fr_exchange *ex, struct fr_object *o);
	/* Its body in the form that was decided on: a new reference; NULL: as it is stored. May
	 * have it made, if ex asks for a body. */
	struct fr_body *(*body)(struct fr_exchange *ex, struct fr_object *o);
	/* The object does not answer after all: what was decided is void. */
	void (*forget)(struct fr_exchange *ex);
};

struct fr_stage_row {
	const struct fr_stage *const *v;     /* from the client side on */
	size_t n;                            /* at most FR_STAGES_MAX */
	const struct fr_origin_watch *watch; /* who looks at what origins answer; NULL */
	const struct fr_stored_forms *forms; /* NULL: as stored */
	/* Fetches what ex asks for into the shared store, after everything else, unless it
	 * is there or on its way. ex was not begun: only its request and site are used. NULL:
	 * there is no store. */
	void (*warm)(struct fr_exchange *ex);
};

/* One row for the requests of sites, one for those of the admin listener. */
struct fr_stage_rows {
	struct fr_stage_row sites, admin;
};

/* The slot of a stage of ex's row. A stage that is not in the row is our bug. */
void **fr_stage_slot(struct fr_exchange *ex, const struct fr_stage *stage);

/* The walks, for exchange/exchange.c. */
enum fr_step fr_stages_request(struct fr_exchange *ex);
void fr_stages_waiting(struct fr_exchange *ex);
void fr_stages_interim(struct fr_exchange *ex, const struct fr_response *resp);
void fr_stages_origin_head(struct fr_exchange *ex);
void fr_stages_response(struct fr_exchange *ex);
int fr_stages_own(struct fr_exchange *ex);
void fr_stages_body(struct fr_exchange *ex);
void fr_stages_taken_back(struct fr_exchange *ex);
void fr_stages_end(struct fr_exchange *ex, enum fr_end how);
void fr_stages_release(struct fr_exchange *ex);

#endif
