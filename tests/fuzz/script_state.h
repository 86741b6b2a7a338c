/* A script that runs: shared by server_script.c and the two sides of it. */
#ifndef FR_FUZZ_SCRIPT_STATE_H
#define FR_FUZZ_SCRIPT_STATE_H

#include "server_rig.h"
#include "server_script.h"

struct fr_text { /* what is sent at once */
	size_t n;
	char p[65536];
};
void fr_text_add(struct fr_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fr_text_put(struct fr_text *t, const void *data, size_t len);

struct fr_script_answer {
	uint8_t pick;    /* of the connections that wait */
	uint8_t status;  /* of a table */
	uint32_t traits; /* bits: see script_origin.c */
	uint8_t body;    /* its length, of a table */
};

struct fr_script {
	enum fr_script_kind kind;
	const uint8_t *data; /* borrowed */
	size_t size, at;
	struct fr_rig *rig; /* owned */
	uint8_t options;
	bool is_batching;
	bool answers_itself;
	struct fr_script_answer own_answer;
	uint32_t next_stream[FR_RIG_CLIENTS];
	struct fr_text text; /* scratch */
};

uint8_t fr_script_byte(struct fr_script *s);
/* A length and so many bytes: borrowed. */
const uint8_t *fr_script_bytes(struct fr_script *s, size_t *len);

#endif
