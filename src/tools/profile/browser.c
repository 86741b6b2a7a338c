#include "tools/profile/browser.h"

struct fr_browser *fr_browser_start(struct fr_loop *l, const struct fr_profile_options *options,
                                    struct fr_target *target,
                                    void (*on_ready)(void *user, const char *problem), void *user)
{
	(void)l;
	(void)options;
	(void)target;
	on_ready(user, "not yet");
	return NULL;
}
const char *fr_browser_name(const struct fr_browser *b)
{
	(void)b;
	return "";
}
void fr_browser_load(struct fr_browser *b, const char *url, enum fr_variant v, struct fr_load *load,
                     void (*on_done)(void *user), void *user)
{
	(void)b;
	(void)url;
	(void)v;
	(void)load;
	(void)on_done;
	(void)user;
}
void fr_browser_cancel(struct fr_browser *b)
{
	(void)b;
}
void fr_browser_close(struct fr_browser **b)
{
	(void)b;
}
