/* Cookies by name: which of a request's cookies say that a person is known to the site, and
 * which are of no interest to it. A name may have '*' at either end, for any characters or
 * none; names are compared with their case. The prefixes "__Host-" and "__Secure-" of a
 * cookie do not count. No I/O, no allocation. */
#ifndef FR_CACHE_COOKIES_H
#define FR_CACHE_COOKIES_H

#include <stdbool.h>

#include "base/err.h"
#include "http/fields.h"

/* Member of a list for those of the table below. */
#define FR_COOKIES_DEFAULT "default"

/* Browsers keep about 180 cookies per site. Of a request with more the rest is not looked
 * at: it counts as one of a person who is known. */
#define FR_COOKIES_MAX 256u

/* Sessions and logins of common systems. */
#define FR_COOKIES_BYPASS_TABLE(X)                                                                 \
	X("wordpress_logged_in_*")      /* WordPress */                                            \
	X("wordpress_sec_*")            /* WordPress */                                            \
	X("wp-postpass_*")              /* WordPress */                                            \
	X("comment_author_*")           /* WordPress */                                            \
	X("wp_woocommerce_session_*")   /* WooCommerce */                                          \
	X("woocommerce_items_in_cart")  /* WooCommerce */                                          \
	X("woocommerce_cart_hash")      /* WooCommerce */                                          \
	X("edd_items_in_cart")          /* Easy Digital Downloads */                               \
	X("SESS*")                      /* Drupal */                                               \
	X("SSESS*")                     /* Drupal */                                               \
	X("joomla_user_state")          /* Joomla */                                               \
	X("joomla_remember_me_*")       /* Joomla */                                               \
	X("X-Magento-Vary")             /* Magento */                                              \
	X("mage-cache-sessid")          /* Magento */                                              \
	X("sessionid")                  /* Django */                                               \
	X("*_session")                  /* Rails, Laravel, MediaWiki, Discourse, XenForo */        \
	X("*-session")                  /* Laravel 12, Ghost's administration */                   \
	X("remember_web_*")             /* Laravel */                                              \
	X("remember_user_token")        /* Rails with Devise */                                    \
	X("PHPSESSID")                  /* PHP: Symfony, Magento and many more */                  \
	X("REMEMBERME")                 /* Symfony */                                              \
	X("connect.sid")                /* Express */                                              \
	X("next-auth.session-token*")   /* Auth.js */                                              \
	X("authjs.session-token*")      /* Auth.js */                                              \
	X("better-auth.session_token*") /* Better Auth */                                          \
	X("ASP.NET_SessionId")          /* ASP.NET */                                              \
	X(".ASPXAUTH")                  /* ASP.NET */                                              \
	X(".AspNetCore.Cookies*")       /* ASP.NET Core */                                         \
	X(".AspNetCore.Identity.*")     /* ASP.NET Core */                                         \
	X(".AspNetCore.Session")        /* ASP.NET Core */                                         \
	X("JSESSIONID*")                /* Java */                                                 \
	X("ghost-members-ssr*")         /* Ghost */                                                \
	X("session-*")                  /* Shopware 6 */                                           \
	X("sw-cache-hash")              /* Shopware 6 */                                           \
	X("sw-states")                  /* Shopware 6 */                                           \
	X("PrestaShop-*")               /* PrestaShop */                                           \
	X("OCSESSID")                   /* OpenCart */                                             \
	X("fe_typo_user")               /* TYPO3 */                                                \
	X("be_typo_user")               /* TYPO3 */                                                \
	X("*UserID")                    /* MediaWiki */                                            \
	X("*UserName")                  /* MediaWiki */                                            \
	X("MoodleSession*")             /* Moodle */                                               \
	X("CraftSessionId")             /* Craft CMS */                                            \
	X("phpbb3_*")                   /* phpBB */                                                \
	X("xf_user")                    /* XenForo */                                              \
	X("__ac")                       /* Plone */                                                \
	X("CFID")                       /* ColdFusion */                                           \
	X("CFTOKEN")                    /* ColdFusion */                                           \
	X("NO_CACHE")                   /* hosts of WordPress and Drupal */

/* Set and read by scripts of visitors' measuring and advertising, for servers of their own. */
#define FR_COOKIES_IGNORED_TABLE(X)                                                                \
	X("_ga")              /* Google Analytics */                                               \
	X("_ga_*")            /* Google Analytics */                                               \
	X("_gid")             /* Google Analytics */                                               \
	X("_gat*")            /* Google Analytics */                                               \
	X("__utm*")           /* Google Analytics */                                               \
	X("_dc_gtm_*")        /* Google Tag Manager */                                             \
	X("_gcl_*")           /* Google Ads */                                                     \
	X("_gac_*")           /* Google Ads */                                                     \
	X("__gads")           /* Google Ad Manager */                                              \
	X("__gpi")            /* Google Ad Manager */                                              \
	X("_fbp")             /* Meta */                                                           \
	X("_fbc")             /* Meta */                                                           \
	X("_hj*")             /* Hotjar */                                                         \
	X("_pk_*")            /* Matomo */                                                         \
	X("_clck")            /* Microsoft Clarity */                                              \
	X("_clsk")            /* Microsoft Clarity */                                              \
	X("_uetsid")          /* Microsoft Advertising */                                          \
	X("_uetvid")          /* Microsoft Advertising */                                          \
	X("__hstc")           /* HubSpot */                                                        \
	X("__hssc")           /* HubSpot */                                                        \
	X("__hssrc")          /* HubSpot */                                                        \
	X("hubspotutk")       /* HubSpot */                                                        \
	X("_ttp")             /* TikTok */                                                         \
	X("_scid")            /* Snapchat */                                                       \
	X("_pin_unauth")      /* Pinterest */                                                      \
	X("_ym_*")            /* Yandex Metrica */                                                 \
	X("ajs_anonymous_id") /* Segment */                                                        \
	X("amp_*")            /* Amplitude */                                                      \
	X("__cf_bm")          /* Cloudflare */                                                     \
	X("_cfuvid")          /* Cloudflare */

/* Names as an operator lists them. NULL: those of the table. */
struct fr_cookie_names {
	const char *const *v; /* borrowed */
	size_t n;
};

struct fr_cookie_rules {
	struct fr_cookie_names bypass, ignored;
	bool ignores_all; /* no cookie counts but those of `bypass` */
};

enum fr_cookies {
	FR_COOKIES_NONE,  /* there is none, or none that counts */
	FR_COOKIES_COUNT, /* one that may identify the client */
	FR_COOKIES_BYPASS /* one of `bypass` */
};

/* Of all Cookie fields of a request. */
enum fr_cookies fr_cookies_judge(const struct fr_fields *req, const struct fr_cookie_rules *rules);

/* Takes the ignored cookies out of a request: what is left is one field in the arena, or none.
 * A request with a cookie of `bypass` stays as it is. 0 or FR_ERR_NOMEM. */
int fr_cookies_strip(struct fr_arena *a, struct fr_fields *req,
                     const struct fr_cookie_rules *rules) FR_MUST_USE;

#endif
