/* Has a twin that is asked for often made again, as small as its coding can make it, and puts the
 * new one in its place. Likewise a twin of a body that its origin encoded, where a client takes a
 * better coding; until it is there, clients get the body as it is stored. Readers of the old one keep it: the two are never mixed, and mean the
 * same, as their weak ETag says. A worker owns what it asked for; the encoding itself is
 * stages/compression/recoder's. */
#ifndef FR_STAGES_COMPRESSION_RECODE_H
#define FR_STAGES_COMPRESSION_RECODE_H

#include "cache/body.h"
#include "exchange/exchange.h"
#include "http/codings.h"

/* A twin that this many have asked for is made again. */
#define FR_RECODE_ASKS 4u
/* How often a worker looks whether a job is over. */
#define FR_RECODE_LOOK_MS 250u

/* What is asked for. */
struct fr_recode_wish {
	struct fr_body *body; /* borrowed: of the object, in the coding `from` */
	enum fr_coding from;  /* IDENTITY: plain */
	struct fr_body *twin; /* borrowed: what is there of `to`; NULL: nothing */
	enum fr_coding to;
	unsigned place; /* of twins in `to` */
};

/* ex asked for it, and gets what is there. That is complete, or nothing happens. */
void fr_recode_asked(struct fr_exchange *ex, const struct fr_recode_wish *wish);
/* The worker stops: what was asked for is not wanted any more. */
void fr_recodes_cut(struct fr_worker *w);

#endif
