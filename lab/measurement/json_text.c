/* Takes a text out of a JSON value. */
#include "lab/measurement/json_text.h"

const char *fr_json_text(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));

	return text ? text : "";
}
