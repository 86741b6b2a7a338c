/* The arms of the comparison: what hints a visitor's page loads get. No I/O, no clock. */
#ifndef FR_HINTS_PROOF_ARM_H
#define FR_HINTS_PROOF_ARM_H

#include <stdint.h>

#define FR_ARM_TABLE(X)                                                                            \
	X(ALL, "all")           /* every hint of the plan */                                       \
	X(BLOCKING, "blocking") /* only what rendering waits for */                                \
	X(NONE, "none")         /* neither pushes nor a 103 */
enum fr_arm {
#define X(id, text) FR_ARM_##id,
	FR_ARM_TABLE(X)
#undef X
};

const char *fr_arm_str(enum fr_arm a);

#define FR_ARM_SHARES 1000u /* shares are given in thousandths */

/* The arm of a visitor (fr_visitor_of): NONE for `held_out` thousandths of them, else what
 * the others get. A larger share holds out the same visitors and more. */
enum fr_arm fr_arm_choose(uint64_t visitor, uint32_t held_out, enum fr_arm others);

#endif
