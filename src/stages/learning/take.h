/* What becomes of a page load's record: it goes to all that learn or measure. */
#ifndef FR_STAGES_LEARNING_TAKE_H
#define FR_STAGES_LEARNING_TAKE_H

#include "hints/learning/load.h"

/* connection: a struct fr_connection. Fills in what is known of the assets. Returns whether the
 * client's cache had nothing of it. */
bool fr_learning_take(void *connection, struct fr_load *load);

#endif
