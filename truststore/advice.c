#include "truststore/advice.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { STEPS_MAX = 7 };

static const char several[] =
	"where several are renewed: TVS first, then wait until phones have restarted, CallManager (TFTP) last; else trust lists may have to be deleted on each phone by hand";
static const char backup[] =
	"make a backup (truststore backup --with-keys): what an older one holds does not fit the phones any more";

/* What to do when another certificate has taken the place of the one before. */
static const char *const renewed[PURPOSE_COUNT][STEPS_MAX] = {
	[PURPOSE_TVS] = {
		"nothing to restart: tvsd takes the new certificate up by itself",
		"have the trust list (ITL) rebuilt with the new certificate, and the CTL file updated if it lists TVS; a phone accepts this service again when it has them",
		"reset the phones and wait until they have the new trust list, before CallManager or ITLRecovery is renewed",
		several,
		backup,
	},
	[PURPOSE_CALLMANAGER] = {
		"mixed mode: update the CTL file (utils ctl update CTLFile)",
		"restart CallManager, CTIManager and TFTP on every server; deactivate and reactivate TFTP",
		"reset the phones, and wait until they have the new trust lists",
		"with several clusters: run bulk export, consolidate and import again",
		several,
		backup,
	},
	[PURPOSE_CALLMANAGER_ECDSA] = {
		"restart CallManager on every server; deactivate and reactivate TFTP",
		"reset the phones, and wait until they have the new trust lists",
		"with several clusters: run bulk export, consolidate and import again",
		backup,
	},
	[PURPOSE_TOMCAT] = {
		"restart Tomcat; with SIP OAuth CallManager, too",
		"then restart TFTP (deactivate and reactivate it): it goes on with the old certificate otherwise",
		"with several clusters: run bulk export, consolidate and import again",
		backup,
	},
	[PURPOSE_TOMCAT_ECDSA] = {
		"restart Tomcat; with SIP OAuth CallManager, too",
		"then restart TFTP (deactivate and reactivate it): it goes on with the old certificate otherwise",
		"with several clusters: run bulk export, consolidate and import again",
		backup,
	},
	[PURPOSE_CAPF] = {
		"CAPF restarts by itself",
		"mixed mode: update the CTL file (utils ctl update CTLFile), then restart CallManager and TFTP on every server and reset the phones",
		"phones' certificates (LSC) that the old one issued stay valid as long as it stands in CAPF-trust and CallManager-trust",
		backup,
	},
	[PURPOSE_ITLRECOVERY] = {
		"mixed mode: update the CTL file (utils ctl update CTLFile); it must hold the current CallManager certificate, and so must the phones",
		"restart TFTP on every server, so that the trust list is signed anew",
		"reset the phones and wait until they have the new trust list, before CallManager or TVS is renewed",
		"with several clusters: run bulk export, consolidate and import with the type itlrecovery on all of them",
		backup,
	},
	[PURPOSE_IPSEC] = {
		"restart the IPsec connections that use it, and give the new certificate to their other ends",
		backup,
	},
};

static const char *const first[STEPS_MAX] = {
	"make a backup (truststore backup --with-keys)",
};

/* Another server than this system's own must be given it, the first one, too. */
static const char *const deliver[PURPOSE_COUNT] = {
	[PURPOSE_TOMCAT] = "give the HTTPS server its certificate and key (truststore identity export tomcat --with-key)",
	[PURPOSE_TOMCAT_ECDSA] = "give the HTTPS server its certificate and key (truststore identity export tomcat-ECDSA --with-key)",
};

static const char *const requested[STEPS_MAX] = {
	"let a CA sign the request; it must keep all key usages, dataEncipherment among them",
	"add the CA's root certificate to the purpose's trust store first, if it is not there",
	"then: truststore identity install PURPOSE FILE..., where the files hold the certificate and the CAs between it and the root",
};

/* Whether the steps of a renewal have the CTL file among them anyway. */
static bool updates_ctl(enum purpose purpose)
{
	for (int i = 0; i < STEPS_MAX && renewed[purpose][i]; i++)
		if (strstr(renewed[purpose][i], "CTL file"))
			return true;
	return false;
}

void advice_each(enum purpose purpose, enum advice_when when, advice_fn *each, void *arg)
{
	const char *const *steps = when == ADVICE_FIRST       ? first
	                           : when == ADVICE_REQUESTED ? requested
	                                                      : renewed[purpose];
	if (when == ADVICE_INSTALLED && !updates_ctl(purpose))
		each("mixed mode: update the CTL file (utils ctl update CTLFile), as after every certificate of a CA", arg);
	if (when != ADVICE_REQUESTED && deliver[purpose])
		each(deliver[purpose], arg);
	for (int i = 0; i < STEPS_MAX && steps[i]; i++)
		each(steps[i], arg);
}

const char *advice_before(enum purpose purpose)
{
	return purpose == PURPOSE_ITLRECOVERY
	               ? "phones accept trust lists by what ITLRecovery signs: renew it seldom, and only when the CTL file and every phone hold the current CallManager certificate"
	               : NULL;
}
