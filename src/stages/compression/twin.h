/* Encodes a stored body into a twin (cache/body.h), once for everybody who asks: while the plain
 * body fills, or at once. It belongs to a worker, not to a client. Readers follow the twin as they
 * would the body.
 *
 *   plain body --cursor--> encoder --> twin body --> any number of readers
 *
 * A twin whose plain body is still on its way is given up when nobody reads it; what outgrows the
 * store is cut loose with its plain body, and goes on at the pace of its slowest reader. */
#ifndef FR_STAGES_COMPRESSION_TWIN_H
#define FR_STAGES_COMPRESSION_TWIN_H

#include "cache/object.h"
#include "exchange/exchange.h"
#include "http/codings.h"

/* Twins that one worker makes at a time; beyond, responses are encoded each for itself. */
#define FR_TWIN_JOBS_MOST 32u
/* Plain bytes that are encoded in one turn of the loop, for one twin. */
#define FR_TWIN_TURN_BYTES (128u << 10)

/* The object's body in this coding: a new reference; it may still fill. NULL: there is none, and
 * none can be made now. One that is asked for often is made again, if the rules say so. */
struct fr_body *fr_twin_for(struct fr_exchange *ex, struct fr_object *o, enum fr_coding coding,
                            const struct fr_config_compression *rules);
/* The same if it is there already. */
struct fr_body *fr_twin_of(struct fr_object *o, enum fr_coding coding);
/* The object is stored in the coding `stored`, and goes out so; its client would like another one
 * better. If that happens often, there will be a twin. */
void fr_twin_wanted(struct fr_exchange *ex, struct fr_object *o, enum fr_coding coding,
                    enum fr_coding stored);
/* The worker stops: what is being made is given up. */
void fr_twin_jobs_cut(struct fr_worker *w);

#endif
