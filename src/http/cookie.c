/* Takes Cookie fields apart. */
#include "http/cookie.h"

bool fr_cookie_next(struct fr_str *rest, struct fr_str *one)
{
	while (rest->len) {
		size_t end = fr_str_find(*rest, ';');

		*one = fr_str_trim(fr_str_sub(*rest, 0, end));
		*rest = fr_str_sub(*rest, end + 1, rest->len);
		if (one->len)
			return true;
	}
	return false;
}
