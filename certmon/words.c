#define _GNU_SOURCE /* asprintf, strcasestr */
#include "certmon/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "truststore/role.h"

static const struct {
	const char *purpose;
	const char *affected;
} own[] = {
	{ "TVS", "phones will refuse the answers of this Trust Verification Service, and with them every HTTPS service and signed file that they do not know" },
	{ "CallManager", "phones will refuse configuration files, and secure calls will fail" },
	{ "CallManager-ECDSA", "phones that use ECDSA will refuse configuration files, and their secure calls will fail" },
	{ "ITLRecovery", "phones will refuse trust list files signed by it: after that nothing can be renewed without touching each phone" },
	{ "CAPF", "phones can no longer get or renew their own certificates" },
	{ "tomcat", "phones and browsers will refuse the HTTPS services of this server" },
	{ "tomcat-ECDSA", "phones and browsers that use ECDSA will refuse the HTTPS services of this server" },
	{ "ipsec", "protected connections between servers will fail" },
};

static const struct {
	uint32_t roles;
	const char *affected;
} by_role[] = { /* the first that fits */
	{ ROLE_BIT(ROLE_SAST), "phones will refuse trust list files signed by it" },
	{ ROLE_BIT(ROLE_CCM) | ROLE_BIT(ROLE_CCM_TFTP), "phones will refuse secure call control and configuration files of the server that presents it" },
	{ ROLE_BIT(ROLE_TFTP), "phones will refuse configuration files signed by it" },
	{ ROLE_BIT(ROLE_TVS), "phones will refuse the Trust Verification Service that presents it" },
	{ ROLE_BIT(ROLE_APP_SERVER), "phones will refuse HTTPS services that present it" },
	{ ROLE_BIT(ROLE_CAPF), "phones with certificates issued by it will be refused" },
};

static const struct {
	const char *store;
	const char *affected;
} by_store[] = {
	{ "Phone-VPN-trust", "phones will refuse the VPN gateway that presents it" },
	{ "srst-trust", "phones will refuse the survivable gateway that presents it" },
	{ "IPSec-trust", "protected connections to the peer that presents it will fail" },
};

const char *words_affected(uint32_t roles, const char *stores, const char *purpose)
{
	for (size_t i = 0; purpose && i < sizeof own / sizeof *own; i++)
		if (!strcasecmp(own[i].purpose, purpose))
			return own[i].affected;
	for (size_t i = 0; i < sizeof by_role / sizeof *by_role; i++)
		if (roles & by_role[i].roles)
			return by_role[i].affected;
	for (size_t i = 0; stores && i < sizeof by_store / sizeof *by_store; i++)
		if (strcasestr(stores, by_store[i].store))
			return by_store[i].affected;
	return "whoever connects to the service that presents it will refuse it";
}

char *words_revoked(const char *affected)
{
	char *text;
	return asprintf(&text, "phones are told not to trust it: %s", affected) < 0 ? NULL : text;
}

char *words_advice(const struct finding *finding, const char *purpose, const char *store)
{
	char hex[DIGEST_HEX_SIZE];
	char *text = NULL;
	int done;
	digest_hex(&finding->id, hex);
	if (finding_covered(finding))
		done = asprintf(&text, "its successor is stored already; once nothing presents it any more: truststore remove %s %.16s",
		                store ? store : "STORE", hex);
	else if (finding->kind == FINDING_REVOKED && purpose)
		done = asprintf(&text, "replace it now: truststore identity csr %s (signed by a CA), or truststore identity regenerate %s (self-signed)",
		                purpose, purpose);
	else if (finding->kind == FINDING_REVOKED)
		done = asprintf(&text, "ask its owner why; take its replacement in: truststore add %s FILE; then take it out: truststore remove %s %.16s",
		                store ? store : "STORE", store ? store : "STORE", hex);
	else if (purpose)
		done = asprintf(&text, "renew it: truststore identity regenerate %s (self-signed), or truststore identity csr %s (signed by a CA)",
		                purpose, purpose);
	else if (store)
		done = asprintf(&text, "get the renewed certificate from its owner and add it: truststore add %s FILE; if it is no longer needed: truststore remove %s %.16s",
		                store, store, hex);
	else
		done = asprintf(&text, "have its owner renew it, and add the new one to the trust store before it is put to use");
	return done < 0 ? NULL : text;
}
