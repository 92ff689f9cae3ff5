#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "truststore/base/attribute.h"
#include "truststore/base/cert.h"
#include "truststore/base/name.h"

/* A digest of a text that must be a name. */
static struct digest of_text(const char *text)
{
	struct digest digest;
	ck_assert_msg(name_digest_text(text, strlen(text), &digest) == ERR_OK, "%s", text);
	return digest;
}

static void assert_same(const char *a, const char *b)
{
	struct digest one = of_text(a), two = of_text(b);
	ck_assert_msg(digest_equal(&one, &two), "%s != %s", a, b);
}

static void assert_other(const char *a, const char *b)
{
	struct digest one = of_text(a), two = of_text(b);
	ck_assert_msg(!digest_equal(&one, &two), "%s == %s", a, b);
}

static void assert_bad(const char *text)
{
	struct digest digest;
	ck_assert_msg(name_digest_text(text, strlen(text), &digest) == ERR_MALFORMED, "%s", text);
}

static struct digest of_der(const void *der, size_t len)
{
	struct digest digest;
	ck_assert_int_eq(name_digest_der(der, len, &digest), ERR_OK);
	return digest;
}

/* A Name of one pair: the type's two-byte tail of 2.5.4, and the value's DER. */
static size_t one_pair(uint8_t *out, uint8_t type, const void *value, size_t len)
{
	const uint8_t head[] = { 0x30, (uint8_t)(len + 9), 0x31, (uint8_t)(len + 7),
	                         0x30, (uint8_t)(len + 5), 0x06, 0x03, 0x55, 0x04, type };
	memcpy(out, head, sizeof head);
	memcpy(out + sizeof head, value, len);
	return sizeof head + len;
}

static void assert_value(const char *text, const void *value, size_t len)
{
	uint8_t der[128];
	struct digest digest = of_der(der, one_pair(der, 3, value, len)), expected = of_text(text);
	ck_assert_msg(digest_equal(&digest, &expected), "%s", text);
}

START_TEST(forms_of_the_same_name)
{
	const char *name = "CN=pub1.example.test,OU=Voice,O=Example Telephony,C=NZ";
	assert_same(name, "CN=pub1.example.test;OU=Voice;O=Example Telephony;C=NZ");
	assert_same(name, "C=NZ,O=Example Telephony,OU=Voice,CN=pub1.example.test");
	assert_same(name, "C=NZ+O=Example Telephony;OU=Voice,CN=pub1.example.test");
	assert_same(name, "cn=pub1.example.test, ou=Voice, o=Example Telephony, c=NZ");
	assert_same(name, "C = NZ, O = Example Telephony, OU = Voice, CN = pub1.example.test");
	assert_same(name, "2.5.4.3=pub1.example.test;oid.2.5.4.11=Voice;OID.2.5.4.10=Example Telephony;2.5.4.6=NZ");
	assert_same(name, "commonName=pub1.example.test,organizationalUnitName=Voice,"
	                  "organizationName=Example Telephony,countryName=NZ");
	assert_same(name, "CN=\"pub1.example.test\",OU=\"Voice\" ; O=\"Example Telephony\",C=NZ");
	assert_same(name, "CN=pub1.example.test,OU=#0C05566F696365,O=Example Telephony,C=#13024e5a");
	assert_same("OU=a,OU=b,CN=x", "OU=b;CN=x;OU=a;OU=a");
}
END_TEST

START_TEST(other_names_differ)
{
	assert_other("CN=a", "CN=A");
	assert_other("CN=a", "OU=a");
	assert_other("CN=a", "CN=a,OU=a");
	assert_other("CN=a", "CN=\\ a");
	assert_other("CN=a", "CN=a\\ ");
	assert_other("CN=a  b", "CN=a b");
	assert_other("CN=", "CN=a");
	assert_other("CN=a,OU=b", "CN=b,OU=a");
	assert_other("CN=a,OU=b", "CN=a\\,OU=b");
	assert_other("SN=5", "serialNumber=5");
	assert_other("CN=\\#0C0161", "CN=#0C0161");
	assert_other("CN=\\#030100", "CN=#030100"); /* the same text, but one is a BIT STRING */
	assert_other("mail=a@b", "E=a@b");
}
END_TEST

START_TEST(spellings_of_types)
{
	static const char *const groups[][6] = {
		{ "CN", "commonName", "cN", "2.5.4.3" },
		{ "E", "emailAddress", "EMAIL", "1.2.840.113549.1.9.1" },
		{ "SN", "surname", "2.5.4.4" },
		{ "serialNumber", "SERIALNUMBER", "2.5.4.5" },
		{ "ST", "S", "SP", "stateOrProvinceName", "2.5.4.8" },
		{ "STREET", "streetAddress", "2.5.4.9" },
		{ "DC", "domainComponent", "0.9.2342.19200300.100.1.25" },
		{ "UID", "userId", "0.9.2342.19200300.100.1.1" },
		{ "T", "title", "2.5.4.12" },
		{ "GN", "givenName", "G", "2.5.4.42" },
		{ "initials", "2.5.4.43" },
		{ "generationQualifier", "2.5.4.44" },
		{ "dnQualifier", "DNQ", "2.5.4.46" },
		{ "pseudonym", "2.5.4.65" },
		{ "organizationIdentifier", "2.5.4.97" },
		{ "postalCode", "2.5.4.17" },
		{ "businessCategory", "2.5.4.15" },
		{ "jurisdictionC", "jurisdictionCountryName", "1.3.6.1.4.1.311.60.2.1.3" },
		{ "jurisdictionST", "jurisdictionStateOrProvinceName", "1.3.6.1.4.1.311.60.2.1.2" },
		{ "jurisdictionL", "jurisdictionLocalityName", "1.3.6.1.4.1.311.60.2.1.1" },
		{ "unstructuredName", "1.2.840.113549.1.9.2" },
		{ "unstructuredAddress", "1.2.840.113549.1.9.8" },
		{ "name", "2.5.4.41" },
		{ "description", "2.5.4.13" },
		{ "x500UniqueIdentifier", "2.5.4.45" },
	};
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		for (size_t j = 1; j < 6 && groups[i][j]; j++) {
			char one[100], two[100];
			snprintf(one, sizeof one, "O=x,%s=v,C=NZ", groups[i][0]);
			snprintf(two, sizeof two, "C=NZ;%s=v,O=x", groups[i][j]);
			assert_same(one, two);
		}
}
END_TEST

/* The table is searched by halves: each spelling must be found. */
START_TEST(every_keyword_is_found)
{
	static const char *const keywords[] = {
		"businessCategory", "C", "CN", "commonName", "countryName", "DC", "description", "DNQ",
		"dnQualifier", "domainComponent", "E", "Email", "emailAddress", "G", "generation",
		"generationQualifier", "givenName", "GN", "houseIdentifier", "I", "initials",
		"jurisdictionC", "jurisdictionCountryName", "jurisdictionL", "jurisdictionLocalityName",
		"jurisdictionOfIncorporationCountryName", "jurisdictionOfIncorporationLocalityName",
		"jurisdictionOfIncorporationStateOrProvinceName", "jurisdictionST",
		"jurisdictionStateOrProvinceName", "L", "localityName", "mail", "member", "name", "O",
		"organizationalUnitName", "organizationIdentifier", "organizationName", "OU", "phone",
		"postalAddress", "postalCode", "postOfficeBox", "pseudonym", "rfc822Mailbox", "role", "S",
		"serialNumber", "SN", "SP", "ST", "stateOrProvinceName", "street", "streetAddress",
		"surname", "T", "telephoneNumber", "title", "UID", "uniqueIdentifier",
		"unstructuredAddress", "unstructuredName", "userId", "x500UniqueIdentifier",
	};
	struct attribute_oid oid;
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		ck_assert_msg(attribute_parse(keywords[i], strlen(keywords[i]), &oid) &&
		              attribute_oid_valid(oid.byte, oid.len), "%s", keywords[i]);
}
END_TEST

START_TEST(separators_count_before_a_type_only)
{
	assert_same("O=Foo, Inc;C=NZ", "C=NZ,O=Foo\\, Inc");
	assert_same("O=Foo, Inc,C=NZ", "C=NZ,O=Foo\\, Inc");
	assert_same("CN=a+b;O=c", "CN=a\\+b,O=c");
	assert_same("CN=a;b=c,O=d", "CN=a\\;b\\=c;O=d");       /* "b" is no type */
	assert_same("CN=a,3=c", "CN=a\\,3=c");                 /* nor is "3" */
	assert_same("CN=a,2.5.4.3.=c", "CN=a\\,2.5.4.3.=c");
	assert_same("CN=a,3.5.4.3=c", "CN=a\\,3.5.4.3=c");     /* roots end at 2 */
	assert_same("CN=a,1.40=c", "CN=a\\,1.40=c");
	assert_same("CN=a,2.05.4.3=c", "CN=a\\,2.05.4.3=c");
	assert_same("CN=a;", "CN=a\\;");
	assert_same("CN=a\\,O=b", "CN=\"a,O=b\"");
	assert_same("CN=a\\;O=b;C=c", "CN=a\\3BO=b,C=c");
	assert_same("CN=a=b,O=c", "CN=a\\=b;O=c");
	assert_same("CN=x,2.999.1=y", "2.999.1=y;CN=x");
	assert_same("CN=x,2.25.329800735698586629295641978511506172918=y",
	            "2.25.329800735698586629295641978511506172918=y,CN=x"); /* a UUID, 128 bits */
	assert_same("CN=x,2.25.3298007356985866292956419785115061729180=y",
	            "CN=x\\,2.25.3298007356985866292956419785115061729180=y");
}
END_TEST

START_TEST(escapes)
{
	assert_same("CN=\\C3\\A9\\c3\\a9", "CN=\xc3\xa9\xc3\xa9");
	assert_same("CN=\\,\\+\\\"\\\\\\<\\>\\;\\=\\#", "CN=\\2c\\2B\\22\\5c\\3c\\3e\\3b\\3d\\23");
	assert_same("CN=a\\ ", "CN=a\\20");
	assert_same("CN=\\ a", "CN=\\20a");
	assert_same("CN=   a   , O=b", "CN=a,O=b");
	assert_same("CN=\\ \\ ,O=b", "CN=\\20\\20,O=b");
	assert_same("CN=a\\\\ ", "CN=a\\5C");          /* an escaped backslash, then a blank */
	assert_same("CN=a\\\\\\ ", "CN=a\\5C\\20");
	assert_same("CN=DOMAIN\\user", "CN=DOMAIN\\5Cuser");
	assert_same("CN=a\\", "CN=a\\5C");
	assert_same("CN=\"a, O=b\" , C=c", "C=c,CN=a\\, O\\=b");
	assert_same("CN=\" a \"", "CN=\\20a\\20");
	assert_same("CN=\"a\\\"b\"", "CN=a\\22b");
	assert_same("CN=\"a\" b", "CN=\\22a\\22 b");   /* not wholly quoted: a quote is a quote */
	assert_same("CN=\"a,O=b", "CN=\\22a,O=b");
	assert_same("CN=#hash", "CN=\\23hash");        /* not hexadecimal: as it stands */
	assert_same("CN=#", "CN=\\23");
	assert_same("CN=#0C02", "CN=\\230C02");        /* not a whole element */
	assert_same("CN=#0C026869 ,O=x", "CN=hi,O=x");
	assert_same("CN=#1e0400680069", "CN=hi");
}
END_TEST

START_TEST(what_is_no_name)
{
	static const char *const bad[] = { "", " ", "=", "CN", "CN,", "=x", "foo=bar", "foo=bar,CN=x", ",CN=x",
	                                   ";", "/CN=x", "CN x=y", "2=y", "2.=y", ".5=y", "2.5.4.3", "-=x",
	                                   "2.5.99999999999999999999999999999999999999999=y" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_bad(bad[i]);
}
END_TEST

START_TEST(nul_and_other_bytes_are_bytes)
{
	struct digest one, two;
	ck_assert_int_eq(name_digest_text("CN=a\0b", 6, &one), ERR_OK);
	ck_assert_int_eq(name_digest_text("CN=a\\00b", 8, &two), ERR_OK);
	ck_assert(digest_equal(&one, &two));
	two = of_text("CN=a");
	ck_assert(!digest_equal(&one, &two));
	assert_same("CN=\xff\xfe", "CN=\\ff\\fe");
}
END_TEST

START_TEST(limits)
{
	static char big[NAME_MAX_TEXT + 1];
	struct digest digest;
	memset(big, 'x', sizeof big);
	memcpy(big, "CN=", 3);
	ck_assert_int_eq(name_digest_text(big, NAME_MAX_TEXT, &digest), ERR_OK);
	ck_assert_int_eq(name_digest_text(big, NAME_MAX_TEXT + 1, &digest), ERR_LIMIT);
	size_t len = 0;
	for (int i = 0; i < NAME_MAX_PAIRS; i++)
		len += (size_t)sprintf(big + len, ",CN=%d", i);
	ck_assert_int_eq(name_digest_text(big + 1, len - 1, &digest), ERR_OK);
	len += (size_t)sprintf(big + len, ",CN=more");
	ck_assert_int_eq(name_digest_text(big + 1, len - 1, &digest), ERR_LIMIT);
}
END_TEST

/* Text that looks for a type at every byte, or for a quote's end, must not be read again and again. */
START_TEST(hostile_text_is_linear)
{
	static const char *const units[] = { ",", ", ", ",a=", ",2.5.4.3", "\"", ",\"", "\\", "CN", ",CN ",
	                                     ",9999999999", "#", "#0" };
	static char big[NAME_MAX_TEXT];
	struct digest digest;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t len = (size_t)sprintf(big, "CN=");
		while (len + strlen(units[i]) <= sizeof big) {
			memcpy(big + len, units[i], strlen(units[i]));
			len += strlen(units[i]);
		}
		for (int n = 0; n < 20; n++)
			name_digest_text(big, len, &digest);
	}
}
END_TEST

START_TEST(string_types)
{
	assert_value("CN=hi", "\x0c\x02hi", 4);
	assert_value("CN=hi", "\x13\x02hi", 4);
	assert_value("CN=hi", "\x16\x02hi", 4);
	assert_value("CN=hi", "\x14\x02hi", 4);
	assert_value("CN=12", "\x12\x02" "12", 4);
	assert_value("CN=hi", "\x1a\x02hi", 4);
	assert_value("CN=hi", "\x1e\x04\0h\0i", 6);
	assert_value("CN=hi", "\x1c\x08\0\0\0h\0\0\0i", 10);
	assert_value("CN=\xc3\xa9", "\x14\x01\xe9", 3);               /* Latin-1 */
	assert_value("CN=\xc3\xa9", "\x14\x02\xc3\xa9", 4);           /* UTF-8 under the wrong name */
	assert_value("CN=\xe2\x82\xac", "\x1e\x02\x20\xac", 4);
	assert_value("CN=\xf0\x9f\x93\x9e", "\x1e\x04\xd8\x3d\xdc\xde", 6);
	assert_value("CN=\xf0\x9f\x93\x9e", "\x1c\x04\x00\x01\xf4\xde", 6);
	assert_value("CN=\\FF", "\x0c\x01\xff", 3);                   /* broken UTF-8: the bytes */
	assert_value("CN=a\\00b", "\x0c\x03" "a\0b", 5);
	assert_value("CN=", "\x0c\x00", 2);
	assert_value("CN=#0500", "\x05\x00", 2);
	assert_value("CN=#030200ff", "\x03\x02\x00\xff", 4);
	assert_value("CN=#1e0100", "\x1e\x01\x00", 3);                /* half a character */
	assert_value("CN=#1e02d800", "\x1e\x02\xd8\x00", 4);          /* half a pair */
	assert_value("CN=#1e04d8000041", "\x1e\x04\xd8\x00\x00\x41", 6);
	assert_value("CN=#1c0400110000", "\x1c\x04\x00\x11\x00\x00", 6);
}
END_TEST

START_TEST(broken_der)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "", 0 },
		{ "\x31\x00", 2 },                                     /* no SEQUENCE */
		{ "\x30\x00\x00", 3 },                                 /* something follows */
		{ "\x30\x80\x00\x00", 4 },                             /* indefinite */
		{ "\x30\x81\x00", 3 },                                 /* not the shortest length */
		{ "\x30\x02\x31\x00", 4 },                             /* an empty RDN */
		{ "\x30\x04\x31\x02\x30\x00", 6 },
		{ "\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x01", 13 }, /* cut */
		{ "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x01" "a\x05\x00", 16 },
		{ "\x30\x09\x31\x07\x30\x05\x06\x00\x0c\x01" "a", 11 }, /* an empty type */
		{ "\x30\x0b\x31\x09\x30\x07\x06\x02\x80\x03\x0c\x01" "a", 13 },
		{ "\x30\x0a\x31\x08\x30\x06\x06\x01\x83\x0c\x01" "a", 12 },
		{ "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x1f\x01" "a", 14 },
	};
	struct digest digest;
	char *text;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(name_digest_der((const uint8_t *)bad[i].bytes, bad[i].len, &digest) ==
		              ERR_MALFORMED, "%zu", i);
		ck_assert_msg(name_text_der((const uint8_t *)bad[i].bytes, bad[i].len, NAME_COMMA, &text) ==
		              ERR_MALFORMED, "%zu", i);
	}
}
END_TEST

START_TEST(empty_name)
{
	char *text;
	struct digest digest = of_der("\x30\x00", 2), other = of_text("CN=");
	ck_assert(!digest_equal(&digest, &other));
	ck_assert_int_eq(name_text_der((const uint8_t *)"\x30\x00", 2, NAME_COMMA, &text), ERR_OK);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

static void assert_text(const char *expected, uint8_t type, const void *value, size_t len)
{
	uint8_t der[128];
	char *text;
	size_t der_len = one_pair(der, type, value, len);
	ck_assert_int_eq(name_text_der(der, der_len, NAME_COMMA, &text), ERR_OK);
	ck_assert_str_eq(text, expected);
	struct digest one = of_der(der, der_len), two = of_text(text);
	ck_assert(digest_equal(&one, &two));
	free(text);
}

START_TEST(text_is_escaped)
{
	assert_text("CN=\\00\\0A\\1B[2J\\7F", 3, "\x0c\x07\x00\n\x1b[2J\x7f", 9);
	assert_text("CN=\\C2\\9B", 3, "\x14\x01\x9b", 3);
	assert_text("CN=\\E2\\80\\AEa", 3, "\x0c\x04\xe2\x80\xae" "a", 6);
	assert_text("CN=\\FFa", 3, "\x0c\x02\xff" "a", 4);
	assert_text("CN=\\ ", 3, "\x0c\x01 ", 3);
	assert_text("CN=\\ a b\\ ", 3, "\x0c\x05 a b ", 7);
	assert_text("CN=\\#a#", 3, "\x0c\x03#a#", 5);
	assert_text("CN=\\,\\+\\\"\\\\\\<\\>\\;=", 3, "\x0c\x08,+\"\\<>;=", 10);
	assert_text("CN=\xc3\xa9", 3, "\x14\x01\xe9", 3);
	assert_text("2.5.4.45=#030200FF", 45, "\x03\x02\x00\xff", 4);
	assert_text("STREET=x", 9, "\x0c\x01x", 3);
	assert_text("2.5.4.4=x", 4, "\x0c\x01x", 3);
}
END_TEST

START_TEST(issuer_and_serial)
{
	struct digest issuer = of_text("CN=a"), other = of_text("CN=b"), one, two;
	name_issuer_serial(&issuer, (const uint8_t *)"\x00\x83\xe9", 3, &one);
	name_issuer_serial(&issuer, (const uint8_t *)"\x83\xe9", 2, &two);
	ck_assert(digest_equal(&one, &two));
	name_issuer_serial(&issuer, (const uint8_t *)"\x83\xe9\x00", 3, &two);
	ck_assert(!digest_equal(&one, &two));
	name_issuer_serial(&other, (const uint8_t *)"\x83\xe9", 2, &two);
	ck_assert(!digest_equal(&one, &two));
	name_issuer_serial(&issuer, (const uint8_t *)"", 0, &one);
	name_issuer_serial(&issuer, (const uint8_t *)"\0\0", 2, &two);
	ck_assert(digest_equal(&one, &two));
}
END_TEST

/* What trust lists made by usecallmanagernz tools, and requests in the large vendor's form, say of the
 * certificates in tests/data/certs. */
static const struct {
	const char *file, *comma, *semicolon, *issuer;
} recorded[] = {
	{ "sast", "CN=ITLRECOVERY_pub1.example.test,OU=Voice,O=Example Telephony,L=Wellington,ST=Wellington Region,C=NZ",
	  "CN=ITLRECOVERY_pub1.example.test;OU=Voice;O=Example Telephony;L=Wellington;ST=Wellington Region;C=NZ", NULL },
	{ "ccm", "CN=pub1.example.test,OU=Voice,O=Example Telephony,L=Wellington,ST=Wellington Region,C=NZ",
	  "CN=pub1.example.test;OU=Voice;O=Example Telephony;L=Wellington;ST=Wellington Region;C=NZ", NULL },
	{ "ccm-issued", "CN=sub1.example.test,OU=Voice,O=Example Telephony,L=Wellington,ST=Wellington Region,C=NZ",
	  "CN=sub1.example.test;OU=Voice;O=Example Telephony;L=Wellington;ST=Wellington Region;C=NZ",
	  "CN=Example Issuing CA;O=Example;C=US" },
	{ "issuing-ca", "C=US,O=Example,CN=Example Issuing CA", "CN=Example Issuing CA;O=Example;C=US", NULL },
	{ "tomcat", "CN=phones\\, main \\+ \\\"desk\\\" \\\\ \\<1\\>\\; a=b,O=Example\\, Inc.,C=US",
	  "CN=phones\\, main \\+ \\\"desk\\\" \\\\ \\<1\\>\\; a=b;O=Example\\, Inc.;C=US", NULL },
	{ "tomcat-hash", "CN=\\#hash and trailing space\\ ,O=\\ leading space,C=US",
	  "CN=\\#hash and trailing space\\ ;O=\\ leading space;C=US", NULL },
	{ "odd-names", "2.5.4.5=PID:CP-8861 SN:FCH00000000,C=AU,CN=multi,OU=valued,1.2.840.113549.1.9.1=a@example.test",
	  "CN=multi;OU=valued;C=AU;2.5.4.5=PID:CP-8861 SN:FCH00000000;1.2.840.113549.1.9.1=a@example.test",
	  "serialNumber=PID:CP-8861 SN:FCH00000000;C=AU;CN=multi+OU=valued;E=a@example.test" },
	{ "tvs", "CN=pub1.example.test,OU=T\xc3\xa9l\xc3\xa9phonie,O=Soci\xc3\xa9t\xc3\xa9 d\xe2\x80\x99" "Essai,L=Z\xc3\xbcrich,C=CH",
	  "CN=pub1.example.test;OU=T\xc3\xa9l\xc3\xa9phonie;O=Soci\xc3\xa9t\xc3\xa9 d\xe2\x80\x99" "Essai;L=Z\xc3\xbcrich;C=CH",
	  "CN=pub1.example.test;OU=T\\C3\\A9l\\C3\\A9phonie;O=Soci\\C3\\A9t\\C3\\A9 d\\E2\\80\\99" "Essai;L=Z\\C3\\BCrich;C=CH" },
};

START_TEST(recorded_names)
{
	const char *root = getenv("top_srcdir");
	char path[512], *semicolon;
	struct cert *cert;
	struct err err = { 0 };
	size_t len;
	snprintf(path, sizeof path, "%s/tests/data/certs/%s.der", root ? root : ".", recorded[_i].file);
	ck_assert_msg(cert_read_one(path, &cert, &err) == ERR_OK, "%s", err_text(&err));
	struct digest comma = of_text(recorded[_i].comma), other = of_text(recorded[_i].semicolon);
	ck_assert(digest_equal(cert_subject_key(cert), &comma));
	ck_assert(digest_equal(cert_subject_key(cert), &other));
	ck_assert_str_eq(cert_subject(cert), recorded[_i].comma);
	const uint8_t *der = cert_subject_der(cert, &len);
	ck_assert_int_eq(name_text_der(der, len, NAME_SEMICOLON, &semicolon), ERR_OK);
	ck_assert_str_eq(semicolon, recorded[_i].semicolon);
	struct digest issuer = of_text(recorded[_i].issuer ? recorded[_i].issuer : recorded[_i].comma);
	ck_assert(digest_equal(cert_issuer_key(cert), &issuer));
	free(semicolon);
	cert_free(cert);
}
END_TEST

/* Requests as phones send them: the names and the serial number must lead to the certificate. */
static const struct {
	const char *file, *cert;
} requests[] = {
	{ "query-ccm-semicolon", "ccm" },
	{ "query-ccm-comma", "ccm" },
	{ "query-ccm-issued-semicolon", "ccm-issued" },
	{ "query-sast-semicolon", "sast" },
};

/* The bytes of the request, the first line of a recorded exchange. */
static size_t load_request(const char *file, uint8_t *out, size_t size)
{
	static char line[2048];
	const char *root = getenv("top_srcdir");
	char path[512];
	size_t len;
	snprintf(path, sizeof path, "%s/tests/data/vectors/tvs/%s.hex", root ? root : ".", file);
	FILE *stream = fopen(path, "r");
	ck_assert_msg(stream != NULL, "%s", path);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, stream));
	fclose(stream);
	line[strcspn(line, "\r\n")] = '\0';
	ck_assert_mem_eq(line, "C>S ", 4);
	ck_assert_int_eq(hex_decode(line + 4, out, size, &len), ERR_OK);
	return len;
}

/* An element of the protocol: tag, length in two bytes, value. */
static const uint8_t *element(const uint8_t *request, size_t size, uint8_t tag, size_t *len)
{
	for (size_t at = 10; at + 3 <= size; at += 3 + *len) {
		*len = (size_t)request[at + 1] << 8 | request[at + 2];
		if (request[at] == tag)
			return request + at + 3;
	}
	ck_abort_msg("no element %u", tag);
	return NULL;
}

START_TEST(recorded_requests)
{
	const char *root = getenv("top_srcdir");
	uint8_t request[1024];
	char path[512];
	struct cert *cert;
	struct err err = { 0 };
	struct digest digest, key;
	size_t size = load_request(requests[_i].file, request, sizeof request), len;
	snprintf(path, sizeof path, "%s/tests/data/certs/%s.der", root ? root : ".", requests[_i].cert);
	ck_assert_msg(cert_read_one(path, &cert, &err) == ERR_OK, "%s", err_text(&err));
	const uint8_t *value = element(request, size, 3, &len);
	ck_assert_int_eq(name_digest_text((const char *)value, len - 1, &digest), ERR_OK);
	ck_assert(digest_equal(&digest, cert_subject_key(cert)));
	value = element(request, size, 4, &len);
	ck_assert_int_eq(name_digest_text((const char *)value, len - 1, &digest), ERR_OK);
	ck_assert(digest_equal(&digest, cert_issuer_key(cert)));
	value = element(request, size, 5, &len);
	name_issuer_serial(&digest, value, len, &key);
	ck_assert(digest_equal(&key, cert_issuer_serial_key(cert)));
	cert_free(cert);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = fixture_suite("name", &tests);
	tcase_add_test(tests, forms_of_the_same_name);
	tcase_add_test(tests, other_names_differ);
	tcase_add_test(tests, spellings_of_types);
	tcase_add_test(tests, every_keyword_is_found);
	tcase_add_test(tests, separators_count_before_a_type_only);
	tcase_add_test(tests, escapes);
	tcase_add_test(tests, what_is_no_name);
	tcase_add_test(tests, nul_and_other_bytes_are_bytes);
	tcase_add_test(tests, limits);
	tcase_add_test(tests, hostile_text_is_linear);
	tcase_add_test(tests, string_types);
	tcase_add_test(tests, broken_der);
	tcase_add_test(tests, empty_name);
	tcase_add_test(tests, text_is_escaped);
	tcase_add_test(tests, issuer_and_serial);
	tcase_add_loop_test(tests, recorded_names, 0, (int)(sizeof recorded / sizeof *recorded));
	tcase_add_loop_test(tests, recorded_requests, 0, (int)(sizeof requests / sizeof *requests));
	return fixture_run(suite);
}
