/* The layout witness of a page template: an asset that only a laid-out page requests, so that
 * its request tells the edge when the page was first painted, without a script in the page. A
 * picture or font that a style sheet names is one; it must be
 *
 *   - requested in nine of ten cold loads,
 *   - with a style sheet as referer,
 *   - after everything that blocks rendering was requested,
 *   - and hinted in neither arm, since a hinted asset is requested at once.
 *
 * The first asset's time or the last blocking asset's time would be known for every page, but
 * they mislead: hints move both, whether the page is painted sooner or not. So a template without
 * a witness has none, and says so. No I/O, no clock. */
#ifndef FR_HINTS_PROOF_LAYOUT_H
#define FR_HINTS_PROOF_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FR_LAYOUT_CANDIDATES 12u
#define FR_LAYOUT_MIN_LOADS 12u  /* before a witness is chosen */
#define FR_LAYOUT_MAX_LOADS 256u /* that count: then all counts are halved */

/* One asset of one cold load. */
struct fr_layout_asset {
	uint64_t asset;    /* hash of its family; the same in all loads */
	uint32_t asked_us; /* from the page's request */
	bool is_blocking;  /* rendering waits for it */
	bool is_of_style;  /* its referer is a style sheet */
	bool is_image;     /* else, of a style sheet: a font */
	bool is_hinted;    /* in this load */
};

/* Counts of loads in which it was not hinted. */
struct fr_layout_candidate {
	uint64_t asset;
	uint16_t loads; /* since it was seen first */
	uint16_t asked; /* that requested it as a witness would be */
	uint16_t early; /* that requested it before something that blocks */
	bool is_image;
};

/* {0}: nothing known. */
struct fr_layout {
	uint16_t n;
	struct fr_layout_candidate v[FR_LAYOUT_CANDIDATES];
	uint64_t witness; /* 0: none */
};

/* Adds a cold load. The witness changes only when it is none any more. */
void fr_layout_add(struct fr_layout *l, const struct fr_layout_asset *v, size_t n);
/* When the load requested the witness, in microseconds from the page's request; 0: it did
 * not, or there is none. */
uint32_t fr_layout_time(const struct fr_layout *l, const struct fr_layout_asset *v, size_t n);
/* Could loads have given this? For what was read from elsewhere. */
bool fr_layout_is_valid(const struct fr_layout *l);

#endif
