/* Enums whose values and texts stand in one table, TABLE(X) with rows X(id, text). */
#ifndef FR_BASE_ENUM_H
#define FR_BASE_ENUM_H

#include <stddef.h>

#include "base/err.h"

#define FR_ENUM_TEXT(id, text) text,

/* Defines const char *function(enum type value): the text of a value; "?" for a number that
 * is none. Static. */
#define FR_ENUM_STR(function, type, TABLE)                                                         \
	const char *function(enum type value)                                                      \
	{                                                                                          \
		static const char *const texts[] = {TABLE(FR_ENUM_TEXT)};                          \
                                                                                                   \
		return (size_t)value < FR_ARRAY_LEN(texts) ? texts[value] : "?";                   \
	}

#endif
