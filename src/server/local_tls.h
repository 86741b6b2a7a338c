/* Certificates for sites without any: those of the local authority, and the text that says
 * how to trust it. For serve and demo. */
#ifndef FR_SERVER_LOCAL_TLS_H
#define FR_SERVER_LOCAL_TLS_H

#include "config/config.h"
#include "net/local_ca.h"

/* If a TLS listener would have no default certificate, sets the local one, made if it is
 * not there; must_exist: somebody else has seen to it. *ca is filled (ca_file "" if it was
 * not needed). 0 or negative with *why. */
int fr_local_tls_apply(struct fr_config *config, bool must_exist, struct fr_local_ca *ca,
                       struct fr_config_problem *why) FR_MUST_USE;

/* Says on the log how clients come to trust the authority: in full when it was
 * just made, else in one line. */
void fr_local_tls_explain(const struct fr_local_ca *ca);

#endif
