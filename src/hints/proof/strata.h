/* Which loads of a page are alike but for their hints: those of one device class and one
 * quartile of the clients' round trips. Quartiles are those of the loads so far, counted in
 * steps of a factor of 1.4. No I/O, no clock. */
#ifndef FR_HINTS_PROOF_STRATA_H
#define FR_HINTS_PROOF_STRATA_H

#include <stdbool.h>
#include <stdint.h>

#define FR_STRATA_QUARTILES 4u
#define FR_STRATA (2u * FR_STRATA_QUARTILES) /* of one page template */
#define FR_STRATA_RTT_STEPS 26u              /* from 0.25 ms to 1.4 s */
#define FR_STRATA_RTT_MAX 4096u              /* loads that count: then all are halved */

/* {0}: nothing known. */
struct fr_rtt_steps {
	uint16_t n[FR_STRATA_RTT_STEPS];
};

/* The stratum of a load, below FR_STRATA, by the round trips of earlier loads; then adds its
 * own. rtt_us 0: unknown, taken for the shortest. */
unsigned fr_strata_of(struct fr_rtt_steps *s, bool is_mobile, uint64_t rtt_us);

#endif
