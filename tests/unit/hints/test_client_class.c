#include "hints/client_class.h"

#include "unit.h"

static void clients_are_told_by_their_user_agent(void **state)
{
	static const struct {
		const char *user_agent;
		enum fr_client_class class;
	} cases[] = {
		{"", FR_CLIENT_CLASS_OTHER},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
	         "HeadlessChrome/92.0.4512.0 Safari/537.36",
	         FR_CLIENT_CLASS_CHROMIUM},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
	         "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
	         FR_CLIENT_CLASS_CHROMIUM},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
	         FR_CLIENT_CLASS_FIREFOX},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
	         "(KHTML, like Gecko) Version/17.1 Safari/605.1.15",
	         FR_CLIENT_CLASS_SAFARI},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 "
	         "(KHTML, like Gecko) CriOS/119.0.6045.109 Mobile/15E148 Safari/604.1",
	         FR_CLIENT_CLASS_SAFARI},
		{"node", FR_CLIENT_CLASS_NODE},
		{"undici", FR_CLIENT_CLASS_NODE},
		{"Java-http-client/17.0.9", FR_CLIENT_CLASS_JAVA},
		{"curl/7.88.1", FR_CLIENT_CLASS_CURL},
		{"libcurl/7.88.1 OpenSSL/3.0.11", FR_CLIENT_CLASS_CURL},
		{"nghttp2/1.52.0", FR_CLIENT_CLASS_NGHTTP},
		{"Go-http-client/2.0", FR_CLIENT_CLASS_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(fr_client_class_of(S(cases[i].user_agent)), cases[i].class);
	assert_int_equal(fr_client_class_of(fr_str_make(NULL, 0)), FR_CLIENT_CLASS_OTHER);
	assert_string_equal(fr_client_class_str(FR_CLIENT_CLASS_NGHTTP), "nghttp");
	assert_string_equal(fr_client_class_str(FR_CLIENT_CLASS_COUNT), "?");
}

static void only_the_beginning_is_looked_at(void **state)
{
	char text[FR_CLIENT_CLASS_MAX_BYTES + 8];

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text + FR_CLIENT_CLASS_MAX_BYTES - 4, "curl/", 5);
	assert_int_equal(fr_client_class_of(fr_str_make(text, sizeof text)), FR_CLIENT_CLASS_OTHER);
	memcpy(text + FR_CLIENT_CLASS_MAX_BYTES - 5, "curl/", 5);
	assert_int_equal(fr_client_class_of(fr_str_make(text, sizeof text)), FR_CLIENT_CLASS_CURL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_are_told_by_their_user_agent),
		cmocka_unit_test(only_the_beginning_is_looked_at),
	};

	RUN(tests);
}
