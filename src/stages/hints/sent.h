/* What is not to be pushed again: what the connection was sent, what its client asked for
 * itself, and what failed lately (hints/push_failures.h). */
#ifndef FR_STAGES_HINTS_SENT_H
#define FR_STAGES_HINTS_SENT_H

#include "exchange/exchange.h"

/* What URLs of its connection are remembered under: the authority; behind a proxy with the
 * client, since the connection carries others' requests as well. Borrowed, or in the arena. */
struct fr_str fr_sent_scope(struct fr_exchange *ex);
/* The client asked for this itself: it needs no push on this connection. */
void fr_sent_note_request(struct fr_exchange *ex);
/* The asset was promised on the page's connection. */
void fr_sent_add(struct fr_exchange *page, const struct fr_hint *hint);
/* Was the asset sent, or asked for, on the page's connection? */
bool fr_sent_has(struct fr_exchange *page, const struct fr_hint *hint);

/* A push did not bring its asset. status: what came instead; 0: nothing. */
void fr_sent_failed(struct fr_exchange *push, int status);
/* Did a push of it fail lately, for this client or for others like it? */
bool fr_sent_has_failed(const struct fr_exchange *page, const struct fr_hint *hint);

#endif
