/* Names of cache results, ends and protocols. */
#include "observe/record.h"

#include "base/enum.h"

FR_ENUM_STR(fr_cache_result_str, fr_cache_result, FR_CACHE_RESULT_TABLE)
FR_ENUM_STR(fr_end_str, fr_end, FR_END_TABLE)
FR_ENUM_STR(fr_protocol_str, fr_protocol, FR_PROTOCOL_TABLE)
