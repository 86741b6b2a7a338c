/* Names of cache results, ends and protocols. */
#include "observe/record.h"

#include "base/err.h"

#define X(id, text) text,
static const char *const results[] = {FR_CACHE_RESULT_TABLE(X)};
static const char *const ends[] = {FR_END_TABLE(X)};
static const char *const protocols[] = {FR_PROTOCOL_TABLE(X)};
#undef X

const char *fr_cache_result_str(enum fr_cache_result r)
{
	return (size_t)r < FR_ARRAY_LEN(results) ? results[r] : "?";
}

const char *fr_end_str(enum fr_end e)
{
	return (size_t)e < FR_ARRAY_LEN(ends) ? ends[e] : "?";
}

const char *fr_protocol_str(enum fr_protocol p)
{
	return (size_t)p < FR_ARRAY_LEN(protocols) ? protocols[p] : "?";
}
