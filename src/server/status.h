/* How a server is: its counters as a log line, and all its figures for the admin
 * interface. */
#ifndef FR_SERVER_STATUS_H
#define FR_SERVER_STATUS_H

#include "base/log.h"
#include "server/server.h"

struct fr_admin_ops;

/* What the admin interface may ask of a struct fr_server. */
extern const struct fr_admin_ops fr_server_admin;

/* Writes one log line, module "counters", with all counters as one JSON object:
 * {"connections":..,"requests":..}. Thread-safe. */
void fr_server_log_counters(struct fr_server *s, enum fr_log_level level);

/* The wall clock: microseconds since 1970. */
int64_t fr_wall_us(void);

#endif
