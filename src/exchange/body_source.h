/* A body source: where a response's bytes come from. It is the queue of the origin's bytes
 * (exchange/response_body.c) or an object of the store (stages/cache/deliver.c). An exchange
 * has one source at a time, and may have a filter on top of it, which is a source, too
 * (stages/compression/filter.c). The client side reads through it, with a few calls per
 * frame. */
#ifndef FR_EXCHANGE_BODY_SOURCE_H
#define FR_EXCHANGE_BODY_SOURCE_H

#include <stddef.h>
#include <stdint.h>

enum fr_source_state {
	FR_SOURCE_MORE,  /* bytes may follow those that len counts */
	FR_SOURCE_DONE,  /* none follow */
	FR_SOURCE_FAILED /* the rest cannot be had */
};

struct fr_body_source_ops {
	/* A filter: makes of what is below it as much as the client side may take at once; to be
	 * called before a client reads. NULL: there is nothing to do. */
	void (*fill)(void *of);
	/* What is there. Of a filter that was not filled, more than 0 means that something is. */
	size_t (*len)(const void *of);
	/* A piece of it in *data, borrowed until bytes are taken; 0: nothing is there. */
	size_t (*peek)(void *of, const uint8_t **data);
	/* Off with len bytes, which were peeked at. */
	void (*take)(void *of, size_t len);
	enum fr_source_state (*done)(const void *of);
};

struct fr_body_source {
	const struct fr_body_source_ops *ops;
	void *of; /* borrowed: what the operations work on */
};

#endif
