/* Configuration files: a configuration or one line that says what is wrong. */
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fr_config_problem why = {""};
	struct fr_config *c = NULL;

	if (fr_config_parse("fuzz.yaml", (const char *)data, size, &c, &why) == 0) {
		FR_ASSERT(c->n_sites && c->n_listeners);
		(void)fr_config_find_site(c, FR_STR("a.test"));
		(void)fr_config_find_hints(&c->sites[0],
		                           &(struct fr_url_path){.text = FR_STR("/a/b")});
	} else {
		FR_ASSERT(why.text[0] && !c);
	}
	fr_config_unref(&c);
	return 0;
}
