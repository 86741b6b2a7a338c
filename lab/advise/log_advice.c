/* Judges what was counted of one page: which assets are worth a link. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lab/advise/log_priv.h"

/* Without a word of the origin's time: as for an ordinary site's page. */
#define THINK_US 200000u
/* What a link carries at least before a page comes: its first round trips. */
#define LEAST_ROOM_BYTES (64u << 10)
#define RATE_4G_KBIT 9000u

/* --- pages that are not for visitors --- */

bool fr_log_is_for_owners(struct fr_str target)
{
	static const char *const names[] = {"wp-admin",      "wp-login",        "wp-json",
	                                    "wp-cron",       "wp-signup",       "admin",
	                                    "admin-ajax",    "administrator",   "adminpanel",
	                                    "admin-panel",   "_admin",          "django-admin",
	                                    "backend",       "backoffice",      "dashboard",
	                                    "cpanel",        "manage",          "phpmyadmin",
	                                    "adminer",       "typo3",           "umbraco",
	                                    "sitecore",      "bitrix",          "ghost",
	                                    "strapi",        "login",           "log-in",
	                                    "signin",        "sign-in",         "sign_in",
	                                    "sign_up",       "signup",          "sign-up",
	                                    "register",      "logout",          "log-out",
	                                    "signout",       "sign-out",        "sign_out",
	                                    "user",          "account",         "accounts",
	                                    "my-account",    "settings",        "auth",
	                                    "oauth",         "oauth2",          "sso",
	                                    "saml",          "password",        "reset-password",
	                                    "lost-password", "forgot-password", "checkout",
	                                    "cart",          "basket",          "xmlrpc"};

	target = fr_str_sub(target, 0, fr_str_find(target, '?'));
	while (target.len) {
		size_t n = fr_str_find(target, '/');
		struct fr_str segment = fr_str_sub(target, 0, n);

		if (fr_str_iis_one_of(fr_str_sub(segment, 0, fr_str_find(segment, '.')), names,
		                      FR_ARRAY_LEN(names)))
			return true;
		target = fr_str_sub(target, n + 1, target.len);
	}
	return false;
}

/* --- assets --- */

static size_t percent_of(const struct fr_log_page *p, const struct fr_log_asset *a)
{
	size_t percent = 100 * a->asked / p->loads;

	return percent > 100 ? 100 : percent;
}

static bool is_own(const struct fr_log_asset *a)
{
	return a->target[0] == '/';
}

static bool is_wanted(const struct fr_log_page *p, const struct fr_log_asset *a)
{
	/* a rule finds the newest name only of what its own site serves */
	return percent_of(p, a) >= FR_LOG_READER_LEAST_PERCENT && a->planned * 2 <= p->loads &&
	       fr_as_rank(a->as) == FR_RANK_BLOCKING && (is_own(a) || !a->has_version);
}

/* Style sheets, fonts, scripts; of each kind what is needed most first. */
static int order_of(const struct fr_log_asset *a)
{
	return a->as == FR_AS_STYLE ? 0 : a->as == FR_AS_FONT ? 1 : 2;
}

static int by_worth(const void *x, const void *y)
{
	const struct fr_log_asset *a = *(const struct fr_log_asset *const *)x;
	const struct fr_log_asset *b = *(const struct fr_log_asset *const *)y;

	if (order_of(a) != order_of(b))
		return order_of(a) - order_of(b);
	if (a->asked != b->asked)
		return a->asked > b->asked ? -1 : 1;
	return strcmp(a->target, b->target);
}

/* What an idle link carries while the origin makes the page. */
static uint64_t room_of(const struct fr_log_page *p, const struct fr_network *network)
{
	uint64_t think = p->n_think ? p->think_us / p->n_think : THINK_US;
	uint64_t kbit = network && network->down_kbit ? network->down_kbit : RATE_4G_KBIT;
	uint64_t room = (think < 10000000 ? think : 10000000) * kbit / 8000;

	return room < LEAST_ROOM_BYTES ? LEAST_ROOM_BYTES : room;
}

/* Large, and of use to some of the visitors only. */
static bool is_large(const struct fr_log_page *p, const struct fr_log_asset *a)
{
	return a->bytes >= FR_LOG_READER_LARGE_BYTES &&
	       percent_of(p, a) < FR_LOG_READER_LARGE_PERCENT;
}

static void name_asset(const struct fr_log_page *p, const struct fr_log_asset *a,
                       struct fr_advice *out)
{
	char *link = fr_advice_link(fr_str_from(a->target), a->as, 0);

	if (!link)
		return;
	out->links[out->n_links++] = link;
	if (a->bytes)
		fr_advice_add(out, FR_ADVICE_ADD, link,
		              "%s (%llu KiB) is asked for in %zu %% of the page's loads, a round "
		              "trip after it.",
		              a->target, (unsigned long long)(a->bytes + 1023) / 1024,
		              percent_of(p, a));
	else
		fr_advice_add(out, FR_ADVICE_ADD, link,
		              "%s is asked for in %zu %% of the page's loads, a round trip after "
		              "it.",
		              a->target, percent_of(p, a));
}

static void leave_out(const struct fr_log_page *p, const struct fr_log_asset *a, uint64_t room,
                      struct fr_advice *out)
{
	if (is_large(p, a))
		fr_advice_add(
			out, FR_ADVICE_LARGE, NULL,
			"%s is left out: %llu KiB, and asked for in %zu %% of the loads only.",
			a->target, (unsigned long long)(a->bytes + 1023) / 1024, percent_of(p, a));
	else
		fr_advice_add(
			out, FR_ADVICE_LARGE, NULL,
			"%s (%llu KiB) is left out: with what is named already, it is more than "
			"the %llu KiB that an idle link carries until the page comes.",
			a->target, (unsigned long long)(a->bytes + 1023) / 1024,
			(unsigned long long)room / 1024);
}

/* In the order of their worth, as long as the link carries them in time. */
static void advise_links(const struct fr_log_page *p, const struct fr_network *network,
                         struct fr_advice *out)
{
	const struct fr_log_asset **list = fr_calloc(p->n + 1, sizeof *list);
	uint64_t room = room_of(p, network), sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (is_wanted(p, &p->assets[i]))
			list[n++] = &p->assets[i];
	qsort(list, n, sizeof *list, by_worth);
	for (size_t i = 0; i < n && out->n_links < FR_ADVICE_MAX_LINKS; i++) {
		/* nothing is drawn without the style sheets: they do not wait for a better time */
		if (is_large(p, list[i]) ||
		    (list[i]->as != FR_AS_STYLE && sum + list[i]->bytes > room)) {
			leave_out(p, list[i], room, out);
			continue;
		}
		sum += list[i]->bytes;
		name_asset(p, list[i], out);
	}
	free(list);
}

static void advise_pushes(const struct fr_log_page *p, struct fr_advice *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct fr_log_asset *a = &p->assets[i];

		if (a->pushed >= FR_LOG_READER_LEAST_LOADS &&
		    100 * a->cancelled / a->pushed >= FR_LOG_READER_LEAST_PERCENT)
			fr_advice_add(out, FR_ADVICE_NOPUSH, NULL,
			              "Add nopush to %s: clients cancelled %zu of %zu pushes.",
			              a->target, a->cancelled, a->pushed);
	}
}

void fr_log_page_advise(const struct fr_log_page *p, const struct fr_network *network,
                        struct fr_advice *out)
{
	*out = (struct fr_advice){.url = fr_str_dup(fr_str_from(p->url))};
	advise_links(p, network, out);
	advise_pushes(p, out);
	out->has_gain = out->n_links > 0;
}
