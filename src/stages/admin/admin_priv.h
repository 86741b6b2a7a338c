/* What the parts of the admin interface share: admin.c (access and routes), purge.c,
 * experiment.c, events.c (the status as a stream). Nobody else includes this. */
#ifndef FR_STAGES_ADMIN_ADMIN_PRIV_H
#define FR_STAGES_ADMIN_ADMIN_PRIV_H

#include "stages/admin/admin.h"

#define FR_ADMIN_JSON "application/json"

/* {"error":"..."}; error: without quotes. */
void fr_admin_error(struct fr_exchange *ex, int status, const char *error);
/* Calls take for each parameter of a query, with its value percent-decoded into the arena. False:
 * one is malformed, or take does not want it. */
bool fr_admin_parameters(struct fr_arena *a, struct fr_str query,
                         bool (*take)(void *user, struct fr_str name, struct fr_str value),
                         void *user);

/* All figures of now, for the exchange; config: what they are of. Free with fr_status_fini. */
void fr_admin_snapshot(const struct fr_exchange *ex, const struct fr_shared *config,
                       bool with_traffic, struct fr_status *out);

void fr_admin_purge(struct fr_exchange *ex, struct fr_str query);
void fr_admin_experiment(struct fr_exchange *ex, struct fr_str query);
void fr_admin_events(struct fr_exchange *ex, struct fr_str query);
/* The exchange ends, and its stream of events if it is one. */
void fr_admin_end_events(struct fr_exchange *ex, void **slot);

#endif
