/* Tells the kind of a client from its User-Agent. */
#include "hints/client_class.h"

#include "base/enum.h"
#include "base/err.h"

FR_ENUM_STR(fr_client_class_str, fr_client_class, FR_CLIENT_CLASS_TABLE)

/* The first that occurs counts: Chromium also says Safari, on iOS all
 * are Safari underneath, and a library may carry a browser's name after its own. */
static const struct {
	const char *product;
	enum fr_client_class class;
} products[] = {
	{"nghttp2/", FR_CLIENT_CLASS_NGHTTP},        {"curl/", FR_CLIENT_CLASS_CURL},
	{"Java-http-client/", FR_CLIENT_CLASS_JAVA}, {"Java/", FR_CLIENT_CLASS_JAVA},
	{"CriOS/", FR_CLIENT_CLASS_SAFARI},          {"FxiOS/", FR_CLIENT_CLASS_SAFARI},
	{"EdgiOS/", FR_CLIENT_CLASS_SAFARI},         {"Chrome/", FR_CLIENT_CLASS_CHROMIUM},
	{"Chromium/", FR_CLIENT_CLASS_CHROMIUM},     {"Firefox/", FR_CLIENT_CLASS_FIREFOX},
	{"AppleWebKit/", FR_CLIENT_CLASS_SAFARI},    {"Safari/", FR_CLIENT_CLASS_SAFARI},
};

enum fr_client_class fr_client_class_of(struct fr_str user_agent)
{
	struct fr_str ua = fr_str_sub(user_agent, 0, FR_CLIENT_CLASS_MAX_BYTES);

	if (!ua.len)
		return FR_CLIENT_CLASS_OTHER;
	if (fr_str_istarts(ua, FR_STR("node")) || fr_str_istarts(ua, FR_STR("undici")))
		return FR_CLIENT_CLASS_NODE;
	for (size_t i = 0; i < FR_ARRAY_LEN(products); i++)
		if (memmem(ua.p, ua.len, products[i].product, strlen(products[i].product)))
			return products[i].class;
	return FR_CLIENT_CLASS_OTHER;
}
