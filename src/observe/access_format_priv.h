/* Shared by access_format.c (JSON, and what formats have in common) and
 * access_format_text.c (combined, and formats of the operator's). */
#ifndef FR_OBSERVE_ACCESS_FORMAT_PRIV_H
#define FR_OBSERVE_ACCESS_FORMAT_PRIV_H

#include <stddef.h>

#include "observe/access_format.h"
#include "observe/text.h"

#define US 1000000

/* How many client sides are kept as text, and how long one may be. */
#define SIDES 64u
#define SIDE_BYTES 320u
#define SIDE_TEXT_BYTES 696u

struct side {
	uint16_t key_len, text_len; /* key_len 0: free */
	char key[SIDE_BYTES];       /* item->client_side */
	char text[SIDE_TEXT_BYTES]; /* its fields, each with a comma before it */
};

struct fr_access_format {
	const struct fr_config_access_log *config; /* borrowed */
	int64_t second;                            /* that iso and common are of */
	char iso[20];    /* "2026-11-24T23:39:27"; valid if second was set */
	char common[28]; /* "24/Nov/2026:23:39:27 +0000" */
	/* JSON: the first row of fields that are all of the client side */
	size_t side_begin, side_end;
	bool has_all; /* fields, in their own order */
	struct side sides[SIDES];
};

/* --- what a field is, whatever the format --- */

enum fr_access_kind {
	TIME,    /* int64_t, since 1970 */
	ID,      /* uint64_t; 0: absent */
	NUMBER,  /* uint64_t */
	AMOUNT,  /* uint64_t; 0: absent from JSON */
	SPAN,    /* int64_t; below 0: absent */
	STATUS,  /* int; 0: absent */
	PORT,    /* uint16_t; 0: absent */
	STRING,  /* struct fr_str, chosen by others; empty: absent */
	STATIC,  /* const char *, ours; NULL: absent */
	RESUMED, /* bool; absent without TLS */
	PROTOCOL,
	CACHE,
	NOT_STORED, /* enum fr_cache_store; absent if nothing is to be said */
	END,
	OUTCOME, /* END; only of pushes */
	PLAN,
	LEARNING, /* struct fr_plan_learning; absent if nothing waits */
};

struct fr_access_field {
	enum fr_access_kind kind;
	size_t offset; /* in struct fr_record */
};
extern const struct fr_access_field fr_access_fields[FR_LOG_FIELD_COUNT];

/* Brings f->iso and f->common to this second, Unix time. */
void fr_access_set_second(struct fr_access_format *f, int64_t second);
/* Puts links as far as they fit with the rest of the line. Returns how many did not. */
size_t fr_access_put_links(struct fr_text *t, const struct fr_access_item *item,
                           const char *between,
                           void (*put)(struct fr_text *t, const struct fr_hint *h));

/* One line, without its end. */
void fr_access_format_combined(struct fr_text *t, struct fr_access_format *f,
                               const struct fr_access_item *item);
void fr_access_format_custom(struct fr_text *t, struct fr_access_format *f,
                             const struct fr_access_item *item);

#endif
