#include "truststore/base/mail.h"

#include <string.h>

enum { ADDRESS_MAX = 254 }; /* RFC 5321, 4.5.3.1.3, without < and > */

bool mail_address_valid(const char *address)
{
	const char *at = strchr(address, '@');
	if (!at || at == address || !at[1] || strchr(at + 1, '@') || strlen(address) > ADDRESS_MAX)
		return false;
	if (*address == '-') /* a command would take it for an option */
		return false;
	for (const unsigned char *c = (const unsigned char *)address; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("<>,;:\"()[]\\", *c))
			return false;
	return true;
}

bool mail_addresses_valid(const char *list)
{
	size_t count = 0;
	for (size_t len; *(list += strspn(list, ",; ")); list += len, count++) {
		char one[ADDRESS_MAX + 1];
		len = strcspn(list, ",; ");
		if (len > ADDRESS_MAX)
			return false;
		memcpy(one, list, len);
		one[len] = '\0';
		if (!mail_address_valid(one))
			return false;
	}
	return count > 0;
}
