#include "truststore/base/attribute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X500 "\x55\x04"                              /* 2.5.4 */
#define PKCS9 "\x2a\x86\x48\x86\xf7\x0d\x01\x09"     /* 1.2.840.113549.1.9 */
#define PILOT "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01" /* 0.9.2342.19200300.100.1 */
#define EV "\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01" /* 1.3.6.1.4.1.311.60.2.1 */

/* Spellings of RFC 4514 and 4519, OpenSSL, GnuTLS, Java and Windows, in lower case and sorted.
 * Where they contradict each other: "SN" is surname (RFC 4519, OpenSSL), "E" and "Email" are
 * the address of PKCS #9, "mail" is the one of RFC 4524. */
static const struct spelling {
	const char *name, *oid;
} spellings[] = {
	{ "businesscategory", X500 "\x0f" },
	{ "c", X500 "\x06" },
	{ "cn", X500 "\x03" },
	{ "commonname", X500 "\x03" },
	{ "countryname", X500 "\x06" },
	{ "dc", PILOT "\x19" },
	{ "description", X500 "\x0d" },
	{ "dnq", X500 "\x2e" },
	{ "dnqualifier", X500 "\x2e" },
	{ "domaincomponent", PILOT "\x19" },
	{ "e", PKCS9 "\x01" },
	{ "email", PKCS9 "\x01" },
	{ "emailaddress", PKCS9 "\x01" },
	{ "g", X500 "\x2a" },
	{ "generation", X500 "\x2c" },
	{ "generationqualifier", X500 "\x2c" },
	{ "givenname", X500 "\x2a" },
	{ "gn", X500 "\x2a" },
	{ "houseidentifier", X500 "\x33" },
	{ "i", X500 "\x2b" },
	{ "initials", X500 "\x2b" },
	{ "jurisdictionc", EV "\x03" },
	{ "jurisdictioncountryname", EV "\x03" },
	{ "jurisdictionl", EV "\x01" },
	{ "jurisdictionlocalityname", EV "\x01" },
	{ "jurisdictionofincorporationcountryname", EV "\x03" },
	{ "jurisdictionofincorporationlocalityname", EV "\x01" },
	{ "jurisdictionofincorporationstateorprovincename", EV "\x02" },
	{ "jurisdictionst", EV "\x02" },
	{ "jurisdictionstateorprovincename", EV "\x02" },
	{ "l", X500 "\x07" },
	{ "localityname", X500 "\x07" },
	{ "mail", PILOT "\x03" },
	{ "member", X500 "\x1f" },
	{ "name", X500 "\x29" },
	{ "o", X500 "\x0a" },
	{ "organizationalunitname", X500 "\x0b" },
	{ "organizationidentifier", X500 "\x61" },
	{ "organizationname", X500 "\x0a" },
	{ "ou", X500 "\x0b" },
	{ "phone", X500 "\x14" },
	{ "postaladdress", X500 "\x10" },
	{ "postalcode", X500 "\x11" },
	{ "postofficebox", X500 "\x12" },
	{ "pseudonym", X500 "\x41" },
	{ "rfc822mailbox", PILOT "\x03" },
	{ "role", X500 "\x48" },
	{ "s", X500 "\x08" },
	{ "serialnumber", X500 "\x05" },
	{ "sn", X500 "\x04" },
	{ "sp", X500 "\x08" },
	{ "st", X500 "\x08" },
	{ "stateorprovincename", X500 "\x08" },
	{ "street", X500 "\x09" },
	{ "streetaddress", X500 "\x09" },
	{ "surname", X500 "\x04" },
	{ "t", X500 "\x0c" },
	{ "telephonenumber", X500 "\x14" },
	{ "title", X500 "\x0c" },
	{ "uid", PILOT "\x01" },
	{ "uniqueidentifier", X500 "\x2d" },
	{ "unstructuredaddress", PKCS9 "\x08" },
	{ "unstructuredname", PKCS9 "\x02" },
	{ "userid", PILOT "\x01" },
	{ "x500uniqueidentifier", X500 "\x2d" },
};

/* What phones' files write as a keyword, the large vendor's order first. */
static const struct spelling written[] = {
	{ "CN", X500 "\x03" },
	{ "OU", X500 "\x0b" },
	{ "O", X500 "\x0a" },
	{ "L", X500 "\x07" },
	{ "ST", X500 "\x08" },
	{ "C", X500 "\x06" },
	{ "STREET", X500 "\x09" },
	{ "DC", PILOT "\x19" },
	{ "UID", PILOT "\x01" },
};

static int compare_spelling(const void *key, const void *entry)
{
	return strcmp(key, ((const struct spelling *)entry)->name);
}

static bool parse_keyword(const char *text, size_t len, struct attribute_oid *oid)
{
	char lower[ATTRIBUTE_MAX_NAME + 1];
	if (len > ATTRIBUTE_MAX_NAME)
		return false;
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 'a' - 'A' : text[i]);
	lower[len] = '\0';
	const struct spelling *found =
		bsearch(lower, spellings, sizeof spellings / sizeof *spellings,
		        sizeof *spellings, compare_spelling);
	if (!found)
		return false;
	oid->len = (uint8_t)strlen(found->oid);
	memcpy(oid->byte, found->oid, oid->len);
	return true;
}

/* One arc in base 128, most significant group first (X.690, 8.19.2). */
static bool append_arc(struct attribute_oid *oid, unsigned __int128 arc)
{
	unsigned groups = 1;
	for (unsigned __int128 rest = arc >> 7; rest; rest >>= 7)
		groups++;
	if (oid->len + groups > ATTRIBUTE_MAX_OID)
		return false;
	while (groups--)
		oid->byte[oid->len++] =
			(uint8_t)((arc >> (7 * groups) & 0x7f) | (groups ? 0x80 : 0));
	return true;
}

/* Reads decimal digits without leading zeros; false where there are none or too many. */
static bool parse_arc(const char **at, const char *end, unsigned __int128 *arc)
{
	const char *p = *at;
	unsigned __int128 value = 0;
	const unsigned __int128 most = ~(unsigned __int128)0;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		unsigned digit = (unsigned)(*p - '0');
		if (value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (p == *at || (**at == '0' && p - *at > 1))
		return false;
	*at = p;
	*arc = value;
	return true;
}

static bool parse_dotted(const char *text, size_t len, struct attribute_oid *oid)
{
	const char *p = text, *end = text + len;
	unsigned __int128 root, arc;
	if (!parse_arc(&p, end, &root) || root > 2 || p == end || *p++ != '.')
		return false;
	if (!parse_arc(&p, end, &arc) || (root < 2 && arc > 39) ||
	    arc > ~(unsigned __int128)0 - 80)
		return false;
	oid->len = 0;
	if (!append_arc(oid, root * 40 + arc))
		return false;
	while (p < end)
		if (*p++ != '.' || !parse_arc(&p, end, &arc) || !append_arc(oid, arc))
			return false;
	return true;
}

bool attribute_parse(const char *text, size_t len, struct attribute_oid *oid)
{
	if (len == 0)
		return false;
	if (len > 4 && (text[0] | 32) == 'o' && (text[1] | 32) == 'i' && (text[2] | 32) == 'd' &&
	    text[3] == '.')
		return parse_dotted(text + 4, len - 4, oid);
	if (text[0] >= '0' && text[0] <= '9')
		return parse_dotted(text, len, oid);
	return parse_keyword(text, len, oid);
}

/* Reads one arc that is complete and in its shortest form. */
static bool read_arc(const uint8_t *oid, size_t len, size_t *at, unsigned __int128 *arc)
{
	unsigned __int128 value = 0;
	if (*at < len && oid[*at] == 0x80)
		return false;
	while (*at < len) {
		uint8_t byte = oid[(*at)++];
		if (value >> 121)
			return false;
		value = value << 7 | (byte & 0x7f);
		if (!(byte & 0x80)) {
			*arc = value;
			return true;
		}
	}
	return false;
}

bool attribute_oid_valid(const uint8_t *oid, size_t len)
{
	unsigned __int128 arc;
	if (len == 0 || len > ATTRIBUTE_MAX_OID)
		return false;
	for (size_t at = 0; at < len;)
		if (!read_arc(oid, len, &at, &arc))
			return false;
	return true;
}

static const struct spelling *find_written(const uint8_t *oid, size_t len)
{
	for (size_t i = 0; i < sizeof written / sizeof *written; i++)
		if (strlen(written[i].oid) == len && memcmp(written[i].oid, oid, len) == 0)
			return &written[i];
	return NULL;
}

static size_t write_number(char *out, unsigned __int128 value)
{
	char digits[40];
	size_t n = 0, count;
	do
		digits[n++] = (char)('0' + (int)(value % 10));
	while (value /= 10);
	for (count = 0; n; count++)
		out[count] = digits[--n];
	return count;
}

size_t attribute_text(const uint8_t *oid, size_t len, char *out)
{
	const struct spelling *keyword = find_written(oid, len);
	if (keyword)
		return (size_t)(stpcpy(out, keyword->name) - out);
	unsigned __int128 arc;
	size_t n = 0;
	for (size_t at = 0; at < len && read_arc(oid, len, &at, &arc);) {
		if (n == 0) {
			unsigned root = arc >= 80 ? 2 : (unsigned)arc / 40;
			n += write_number(out, root);
			arc -= root * 40;
		}
		out[n++] = '.';
		n += write_number(out + n, arc);
	}
	out[n] = '\0';
	return n;
}

unsigned attribute_rank(const uint8_t *oid, size_t len)
{
	const struct spelling *keyword = find_written(oid, len);
	size_t rank = keyword ? (size_t)(keyword - written) : ATTRIBUTE_RANKS - 1;
	return rank < ATTRIBUTE_RANKS - 1 ? (unsigned)rank : ATTRIBUTE_RANKS - 1;
}
