/* Whether a response is encoded or decoded on its way to a client, and how its fields change.
 * Pure: facts in, verdict out. Used by the stage for responses, and for objects of the store. */
#ifndef FR_STAGES_COMPRESSION_DECIDE_H
#define FR_STAGES_COMPRESSION_DECIDE_H

#include "config/config.h"
#include "http/codings.h"
#include "http/message.h"

struct fr_coding_question {
	const struct fr_request *req; /* the client's, canonical */
	/* What the client says of codings; NULL: as the canonical field does. It is read only
	 * where it matters: most responses are no text. */
	const struct fr_coding_weights *weights;
	const struct fr_config_compression *rules;
	int status;
	const struct fr_fields *fields; /* of the response */
	int64_t length;                 /* of its body; -1: not known */
	bool is_stored;                 /* the same for everybody who asks */
};

enum fr_coding_act {
	FR_CODING_KEEP,   /* the body stays as it is */
	FR_CODING_ENCODE, /* into `coding` */
	FR_CODING_DECODE, /* out of `coding` */
	FR_CODING_RECODE /* stored encoded: a form in `coding` is sent if there is one, else KEEP */
};

struct fr_coding_verdict {
	enum fr_coding_act act;
	enum fr_coding coding; /* ENCODE, DECODE, RECODE */
	bool varies;           /* another Accept-Encoding could get another body */
	bool is_bare;          /* no field speaks of the bytes, as far as that was looked at */
};

/* A response is encoded if its type and length are worth it and nothing forbids it; decoded if
 * its client does not take its coding and takes none. What is stored encoded may have a shorter
 * form in the coding that the client likes best. None of it without a body to come, in part
 * (206), nor with no-transform from either side. */
void fr_coding_decide(const struct fr_coding_question *q, struct fr_coding_verdict *out);

/* What is decided on a stored response of known length for each usual Accept-Encoding
 * (fr_codings_usual) of requests without Cache-Control: one word to remember, never 0. Of the
 * question, request and weights do not count. */
uint64_t fr_coding_decide_usual(const struct fr_coding_question *q);
/* What that word says of one. */
void fr_coding_verdict_of(uint64_t word, unsigned usual, struct fr_coding_verdict *out);

/* Gives the response the fields of its new form: Content-Encoding, Vary, a weak ETag; without
 * those that speak of the bytes as they were. KEEP: Vary only, if it varies. 0 or FR_ERR_NOMEM. */
int fr_coding_apply(const struct fr_coding_verdict *v, struct fr_arena *a,
                    struct fr_response *resp) FR_MUST_USE;

/* Out of a list of fields, such as trailers, with those that speak of the bytes as they were. */
void fr_coding_drop_of_bytes(struct fr_fields *f);

/* A 304 that stands for a response of which the verdict is: its Vary, and its weak ETag where the
 * body would not be the stored one. 0 or FR_ERR_NOMEM. */
int fr_coding_apply_validated(const struct fr_coding_verdict *v, struct fr_arena *a,
                              struct fr_response *resp) FR_MUST_USE;

/* A 304 to a client whose validator is the weak form of its ETag: that is the one that the
 * client got (RFC 9110 §15.4.5). 0 or FR_ERR_NOMEM. */
int fr_coding_apply_not_modified(const struct fr_request *req, struct fr_arena *a,
                                 struct fr_response *resp) FR_MUST_USE;

#endif
