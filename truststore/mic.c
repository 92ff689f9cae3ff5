#include "truststore/mic.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {
	"CAP-RTP-001",
	"CAP-RTP-002",
	"Cisco Manufacturing CA",
	"Cisco Root CA 2048",
	"Cisco Manufacturing CA SHA2",
	"Cisco Root CA M2",
	"ACT2 SUDI CA",
};

static bool same(const char *name, const char *text, size_t len)
{
	if (strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i] == '_' ? ' ' : text[i];
		if (tolower((unsigned char)c) != tolower((unsigned char)name[i]))
			return false;
	}
	return true;
}

bool mic_is_root(const char *common_name, size_t len)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (same(names[i], common_name, len))
			return true;
	return false;
}

bool mic_misplaced(const char *store, const char *common_name)
{
	return !strcasecmp(store, "CallManager-trust") && mic_is_root(common_name, strlen(common_name));
}

const char *mic_misplaced_text(void)
{
	return "a root of the certificates that phones are made with: in CallManager-trust it makes every such phone a trusted one, whoever owns it; its place is CAPF-trust";
}

const char *mic_missed_text(const char *store)
{
	return strcasecmp(store, "CAPF-trust") && strcasecmp(store, "CallManager-trust")
		? NULL
		: "is a root of the certificates that phones are made with: new phones can no longer be onboarded by them";
}
