/* One stored response: its head in the form that both writers send (names in lower case,
 * one piece of memory), when it is fresh, which requests select it, and its body.
 * Immutable once made, except for the mark that it is stale. Reference-counted: the store,
 * and every exchange that sends it. No I/O. */
#ifndef FR_CACHE_OBJECT_H
#define FR_CACHE_OBJECT_H

#include "cache/body.h"
#include "cache/gate.h"

struct fr_object {
	_Atomic uint32_t refs;
	_Atomic bool is_stale;  /* invalidated or purged softly: not without validation */
	_Atomic bool is_purged; /* taken out, by a purge or as the origin took it back: of no use */
	bool is_admitted;       /* the gate let it into the store; false: for one client */
	enum fr_audience audience; /* whom it may answer */
	int status;
	struct fr_field *fields; /* without Content-Length */
	size_t n_fields;
	uint64_t seen;          /* as in struct fr_fields */
	int64_t content_length; /* -1: not known before the body is complete */
	struct fr_freshness fresh;
	struct fr_str vary, vary_values; /* see cache/key.h; empty: any request */
	struct fr_str tags;              /* Cache-Tag and Surrogate-Key, as one list */
	struct fr_body *body;            /* reference */
	/* a word that whoever decides on forms remembers, and under which rules */
	_Atomic uint64_t forms, forms_of;
	size_t bytes;         /* of this, without the body */
	_Atomic size_t *held; /* borrowed */
};

/* From a final response to this request, as judged: fields that the verdict
 * keeps out are left out. body: a reference is taken. req: as the origin got
 * it. NULL without memory, and where the verdict is not to store. */
struct fr_object *fr_object_new(const struct fr_request *req, const struct fr_response *resp,
                                const struct fr_gate_verdict *verdict, struct fr_body *body,
                                _Atomic size_t *held);
/* The same response with all its fields, for the client that caused it: never
 * to be stored. NULL without memory. */
struct fr_object *fr_object_whole(const struct fr_request *req, const struct fr_response *resp,
                                  const struct fr_gate_verdict *verdict, struct fr_body *body,
                                  _Atomic size_t *held);
/* The stored response as a 304 or a HEAD updates it (RFC 9111 §3.2, §4.3.5),
 * for the gate to judge: the update's fields replace what is stored, but for
 * those that describe a body. Strings are borrowed from both, the list is in
 * the arena. 0 or FR_ERR_NOMEM. */
int fr_object_merge(const struct fr_object *old, const struct fr_response *update,
                    struct fr_arena *a, struct fr_response *out) FR_MUST_USE;
struct fr_object *fr_object_ref(struct fr_object *o);
void fr_object_unref(struct fr_object **o);

/* The length of the body; -1 while it is not known. */
int64_t fr_object_length(const struct fr_object *o);
/* What was remembered under these rules (not 0); 0: nothing. */
uint64_t fr_object_forms(const struct fr_object *o, uint64_t of);
/* Remembers a word (not 0), unless something was remembered under other rules: those may still be
 * in use. */
void fr_object_set_forms(struct fr_object *o, uint64_t of, uint64_t word);
/* Is `tag` one of its tags? */
bool fr_object_has_tag(const struct fr_object *o, struct fr_str tag);
/* Fields as a list that borrows from the object; arena for the list itself. */
int fr_object_fields(const struct fr_object *o, struct fr_arena *a,
                     struct fr_fields *out) FR_MUST_USE;

#endif
