/* What hints gain, as JSON: a part of the status (observe/status.h). */
#ifndef FR_OBSERVE_STATUS_PROOF_H
#define FR_OBSERVE_STATUS_PROOF_H

#include <jansson.h>

#include "observe/status.h"

/* An array, the most loaded template first. A new reference. */
json_t *fr_status_proof_json(const struct fr_status *s);

#endif
