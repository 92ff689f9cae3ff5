#include "truststore/mic.h"

#include <ctype.h>
#include <string.h>

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
