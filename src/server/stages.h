/* The rows of stages that every exchange goes through, for sites and for the admin
 * interface: the only place that names all stages. */
#ifndef FR_SERVER_STAGES_H
#define FR_SERVER_STAGES_H

#include "exchange/stage.h"

extern const struct fr_stage_rows fr_server_rows;

#endif
