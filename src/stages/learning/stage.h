/* Learning as a stage: ties what a connection's client asks for to its page loads, and hands
 * each load's record over to what learns and what measures (hints/learning). It never changes
 * an exchange.
 *
 * A request costs a look at a few fields and at the loads of its connection; records are made
 * when a load's window ends. Connections of HTTP/1.1 and of proxies have no loads: what
 * belongs to one page comes on several of the former, and many clients on one of the latter. */
#ifndef FR_STAGES_LEARNING_STAGE_H
#define FR_STAGES_LEARNING_STAGE_H

#include "exchange/stage.h"

extern const struct fr_stage fr_learning_stage;

#endif
