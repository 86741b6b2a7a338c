/* Gives sites without a certificate the local authority's one, and says how to trust it. */
#include "server/local_tls.h"

#include <stdio.h>

#include "base/log.h"

static bool needs_certificate(const struct fr_config *config)
{
	bool tls = false;

	for (size_t i = 0; i < config->n_listeners; i++)
		tls |= config->listeners[i].tls && !config->listeners[i].is_admin;
	if (!tls || config->cert_file)
		return false;
	for (size_t i = 0; i < config->n_sites; i++)
		if (!config->sites[i].cert_file)
			return true;
	return false;
}

int fr_local_tls_apply(struct fr_config *config, bool must_exist, struct fr_local_ca *ca,
                       struct fr_config_problem *why)
{
	struct fr_tls_problem tls;
	int rc;

	*ca = (struct fr_local_ca){0};
	if (!needs_certificate(config))
		return 0;
	rc = must_exist ? fr_local_ca_names(NULL, ca, &tls) : fr_local_ca_ensure(NULL, ca, &tls);
	if (rc < 0) {
		(void)snprintf(why->text, sizeof why->text,
		               "cannot make a certificate for localhost: %s; give one with "
		               "--cert and --key",
		               tls.text);
		return rc;
	}
	config->cert_file = fr_str_dup(fr_str_from(ca->cert_file));
	config->key_file = fr_str_dup(fr_str_from(ca->key_file));
	return 0;
}

void fr_local_tls_explain(const struct fr_local_ca *ca)
{
	if (!ca->ca_file[0])
		return;
	if (!ca->created) {
		FR_LOG(INFO, "tls", "no certificate given: using the local authority's (%s)",
		       ca->ca_file);
		return;
	}
	FR_LOG(INFO, "tls",
	       "no certificate given: made a local authority and a certificate for localhost");
	FR_LOG(INFO, "tls", "to trust it: curl --cacert %s ...", ca->ca_file);
	FR_LOG(INFO, "tls",
	       "to trust it in a browser: import that file as an authority for web sites");
}
