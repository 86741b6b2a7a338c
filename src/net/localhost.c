/* Which names are this machine's. */
#include "net/localhost.h"

#include <stddef.h>

#include "base/str.h"

bool fr_is_localhost(const char *host)
{
	struct fr_str name = fr_str_from(host), suffix = FR_STR("localhost"), last;

	if (fr_str_ends(name, FR_STR(".")))
		name.len--;
	if (name.len < suffix.len)
		return false;
	last = fr_str_sub(name, name.len - suffix.len, name.len);
	return fr_str_ieq(last, suffix) &&
	       (name.len == suffix.len || name.p[name.len - suffix.len - 1] == '.');
}

const char *fr_localhost_node(const char *host)
{
	return fr_is_localhost(host) ? NULL : host;
}
