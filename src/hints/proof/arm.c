/* Chooses arms by a visitor's hash. */
#include "hints/proof/arm.h"

#include "base/enum.h"

FR_ENUM_STR(fr_arm_str, fr_arm, FR_ARM_TABLE)

enum fr_arm fr_arm_choose(uint64_t visitor, uint32_t held_out, enum fr_arm others)
{
	/* the upper bits: the lower ones choose places in tables */
	uint64_t place = (visitor >> 32) * FR_ARM_SHARES >> 32;

	return place < held_out ? FR_ARM_NONE : others;
}
