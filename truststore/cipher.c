#include "truststore/cipher.h"

#include <stdbool.h>
#include <string.h>

#define ECDHE_ECDSA GNUTLS_KX_ECDHE_ECDSA
#define ECDHE_RSA GNUTLS_KX_ECDHE_RSA
#define DHE_RSA GNUTLS_KX_DHE_RSA
#define RSA GNUTLS_KX_RSA

/* Rows: name, number, key exchange, cipher, MAC, first version. */
#define AEAD(name, id, kx, cipher, bits) \
	{ name, id, kx, GNUTLS_CIPHER_##cipher, GNUTLS_MAC_AEAD, GNUTLS_TLS1_2, bits }
#define CBC(name, id, kx, cipher, bits, mac, version) \
	{ name, id, kx, GNUTLS_CIPHER_##cipher##_##bits##_CBC, GNUTLS_MAC_##mac, GNUTLS_##version, bits }

/* In the order of OpenSSL's "ALL": forward secrecy first, then AEAD, then TLS 1.2, then strength. */
static const struct cipher_suite table[] = {
	AEAD("ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c, ECDHE_ECDSA, AES_256_GCM, 256),
	AEAD("ECDHE-RSA-AES256-GCM-SHA384", 0xc030, ECDHE_RSA, AES_256_GCM, 256),
	AEAD("DHE-RSA-AES256-GCM-SHA384", 0x009f, DHE_RSA, AES_256_GCM, 256),
	AEAD("ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9, ECDHE_ECDSA, CHACHA20_POLY1305, 256),
	AEAD("ECDHE-RSA-CHACHA20-POLY1305", 0xcca8, ECDHE_RSA, CHACHA20_POLY1305, 256),
	AEAD("DHE-RSA-CHACHA20-POLY1305", 0xccaa, DHE_RSA, CHACHA20_POLY1305, 256),
	AEAD("ECDHE-ECDSA-AES256-CCM8", 0xc0af, ECDHE_ECDSA, AES_256_CCM_8, 256),
	AEAD("ECDHE-ECDSA-AES256-CCM", 0xc0ad, ECDHE_ECDSA, AES_256_CCM, 256),
	AEAD("DHE-RSA-AES256-CCM8", 0xc0a3, DHE_RSA, AES_256_CCM_8, 256),
	AEAD("DHE-RSA-AES256-CCM", 0xc09f, DHE_RSA, AES_256_CCM, 256),
	AEAD("ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b, ECDHE_ECDSA, AES_128_GCM, 128),
	AEAD("ECDHE-RSA-AES128-GCM-SHA256", 0xc02f, ECDHE_RSA, AES_128_GCM, 128),
	AEAD("DHE-RSA-AES128-GCM-SHA256", 0x009e, DHE_RSA, AES_128_GCM, 128),
	AEAD("ECDHE-ECDSA-AES128-CCM8", 0xc0ae, ECDHE_ECDSA, AES_128_CCM_8, 128),
	AEAD("ECDHE-ECDSA-AES128-CCM", 0xc0ac, ECDHE_ECDSA, AES_128_CCM, 128),
	AEAD("DHE-RSA-AES128-CCM8", 0xc0a2, DHE_RSA, AES_128_CCM_8, 128),
	AEAD("DHE-RSA-AES128-CCM", 0xc09e, DHE_RSA, AES_128_CCM, 128),
	CBC("ECDHE-ECDSA-AES256-SHA384", 0xc024, ECDHE_ECDSA, AES, 256, SHA384, TLS1_2),
	CBC("ECDHE-RSA-AES256-SHA384", 0xc028, ECDHE_RSA, AES, 256, SHA384, TLS1_2),
	CBC("DHE-RSA-AES256-SHA256", 0x006b, DHE_RSA, AES, 256, SHA256, TLS1_2),
	CBC("ECDHE-ECDSA-CAMELLIA256-SHA384", 0xc073, ECDHE_ECDSA, CAMELLIA, 256, SHA384, TLS1_2),
	CBC("ECDHE-RSA-CAMELLIA256-SHA384", 0xc077, ECDHE_RSA, CAMELLIA, 256, SHA384, TLS1_2),
	CBC("DHE-RSA-CAMELLIA256-SHA256", 0x00c4, DHE_RSA, CAMELLIA, 256, SHA256, TLS1_2),
	CBC("ECDHE-ECDSA-AES128-SHA256", 0xc023, ECDHE_ECDSA, AES, 128, SHA256, TLS1_2),
	CBC("ECDHE-RSA-AES128-SHA256", 0xc027, ECDHE_RSA, AES, 128, SHA256, TLS1_2),
	CBC("DHE-RSA-AES128-SHA256", 0x0067, DHE_RSA, AES, 128, SHA256, TLS1_2),
	CBC("ECDHE-ECDSA-CAMELLIA128-SHA256", 0xc072, ECDHE_ECDSA, CAMELLIA, 128, SHA256, TLS1_2),
	CBC("ECDHE-RSA-CAMELLIA128-SHA256", 0xc076, ECDHE_RSA, CAMELLIA, 128, SHA256, TLS1_2),
	CBC("DHE-RSA-CAMELLIA128-SHA256", 0x00be, DHE_RSA, CAMELLIA, 128, SHA256, TLS1_2),
	CBC("ECDHE-ECDSA-AES256-SHA", 0xc00a, ECDHE_ECDSA, AES, 256, SHA1, TLS1_0),
	CBC("ECDHE-RSA-AES256-SHA", 0xc014, ECDHE_RSA, AES, 256, SHA1, TLS1_0),
	CBC("DHE-RSA-AES256-SHA", 0x0039, DHE_RSA, AES, 256, SHA1, TLS1_0),
	CBC("DHE-RSA-CAMELLIA256-SHA", 0x0088, DHE_RSA, CAMELLIA, 256, SHA1, TLS1_0),
	CBC("ECDHE-ECDSA-AES128-SHA", 0xc009, ECDHE_ECDSA, AES, 128, SHA1, TLS1_0),
	CBC("ECDHE-RSA-AES128-SHA", 0xc013, ECDHE_RSA, AES, 128, SHA1, TLS1_0),
	CBC("DHE-RSA-AES128-SHA", 0x0033, DHE_RSA, AES, 128, SHA1, TLS1_0),
	CBC("DHE-RSA-CAMELLIA128-SHA", 0x0045, DHE_RSA, CAMELLIA, 128, SHA1, TLS1_0),
	AEAD("AES256-GCM-SHA384", 0x009d, RSA, AES_256_GCM, 256),
	AEAD("AES256-CCM8", 0xc0a1, RSA, AES_256_CCM_8, 256),
	AEAD("AES256-CCM", 0xc09d, RSA, AES_256_CCM, 256),
	AEAD("AES128-GCM-SHA256", 0x009c, RSA, AES_128_GCM, 128),
	AEAD("AES128-CCM8", 0xc0a0, RSA, AES_128_CCM_8, 128),
	AEAD("AES128-CCM", 0xc09c, RSA, AES_128_CCM, 128),
	CBC("AES256-SHA256", 0x003d, RSA, AES, 256, SHA256, TLS1_2),
	CBC("CAMELLIA256-SHA256", 0x00c0, RSA, CAMELLIA, 256, SHA256, TLS1_2),
	CBC("AES128-SHA256", 0x003c, RSA, AES, 128, SHA256, TLS1_2),
	CBC("CAMELLIA128-SHA256", 0x00ba, RSA, CAMELLIA, 128, SHA256, TLS1_2),
	CBC("AES256-SHA", 0x0035, RSA, AES, 256, SHA1, TLS1_0),
	CBC("CAMELLIA256-SHA", 0x0084, RSA, CAMELLIA, 256, SHA1, TLS1_0),
	CBC("AES128-SHA", 0x002f, RSA, AES, 128, SHA1, TLS1_0),
	CBC("CAMELLIA128-SHA", 0x0041, RSA, CAMELLIA, 128, SHA1, TLS1_0),
	{ NULL, 0, GNUTLS_KX_UNKNOWN, GNUTLS_CIPHER_UNKNOWN, GNUTLS_MAC_UNKNOWN, GNUTLS_VERSION_UNKNOWN, 0 },
};

enum { TABLE_COUNT = sizeof table / sizeof *table - 1 };
_Static_assert((int)TABLE_COUNT <= (int)CIPHER_LIST_MAX && TABLE_COUNT <= 64, "lists and sets hold the whole table");

const struct cipher_suite *cipher_table(void)
{
	return table;
}

const struct cipher_suite *cipher_by_id(uint16_t id)
{
	for (const struct cipher_suite *suite = table; suite->name; suite++)
		if (suite->id == id)
			return suite;
	return NULL;
}

/* What the words of the notation ask for. A word that says nothing about a group takes all of it. */
enum feature {
	KX_RSA = 1 << 0, KX_DHE = 1 << 1, KX_ECDHE = 1 << 2,
	KX = KX_RSA | KX_DHE | KX_ECDHE,
	AUTH_RSA = 1 << 3, AUTH_ECDSA = 1 << 4,
	AUTH = AUTH_RSA | AUTH_ECDSA,
	ENC_AES128 = 1 << 5, ENC_AES256 = 1 << 6, ENC_GCM128 = 1 << 7, ENC_GCM256 = 1 << 8,
	ENC_CCM128 = 1 << 9, ENC_CCM256 = 1 << 10, ENC_CCM8_128 = 1 << 11, ENC_CCM8_256 = 1 << 12,
	ENC_CAMELLIA128 = 1 << 13, ENC_CAMELLIA256 = 1 << 14, ENC_CHACHA20 = 1 << 15,
	ENC_GCM = ENC_GCM128 | ENC_GCM256,
	ENC_CCM8 = ENC_CCM8_128 | ENC_CCM8_256,
	ENC_CCM = ENC_CCM128 | ENC_CCM256 | ENC_CCM8,
	ENC_CAMELLIA = ENC_CAMELLIA128 | ENC_CAMELLIA256,
	ENC_CBC = ENC_AES128 | ENC_AES256 | ENC_CAMELLIA,
	ENC_ANY_AES128 = ENC_AES128 | ENC_GCM128 | ENC_CCM128 | ENC_CCM8_128,
	ENC_ANY_AES256 = ENC_AES256 | ENC_GCM256 | ENC_CCM256 | ENC_CCM8_256,
	ENC_ANY_AES = ENC_ANY_AES128 | ENC_ANY_AES256,
	ENC = ENC_ANY_AES | ENC_CAMELLIA | ENC_CHACHA20,
	MAC_SHA1 = 1 << 16, MAC_SHA256 = 1 << 17, MAC_SHA384 = 1 << 18, MAC_AEAD = 1 << 19,
	MAC = MAC_SHA1 | MAC_SHA256 | MAC_SHA384 | MAC_AEAD,
	FIRST_SSL3 = 1 << 20, FIRST_TLS10 = 1 << 21, FIRST_TLS12 = 1 << 22,
	FIRST = FIRST_SSL3 | FIRST_TLS10 | FIRST_TLS12
};

/* OpenSSL's words. Those for what is never offered (aNULL, RC4, PSK, LOW...) are unknown, and so skipped. */
static const struct word {
	const char *name;
	unsigned features;
} words[] = {
	{ "ALL", ENC }, { "HIGH", ENC }, { "COMPLEMENTOFDEFAULT", ENC_CAMELLIA | ENC_CCM },
	{ "FIPS", ENC_AES128 | ENC_AES256 | ENC_GCM },
	{ "kRSA", KX_RSA }, { "RSA", KX_RSA | AUTH_RSA },
	{ "kEDH", KX_DHE }, { "kDHE", KX_DHE }, { "DH", KX_DHE }, { "EDH", KX_DHE }, { "DHE", KX_DHE },
	{ "kEECDH", KX_ECDHE }, { "kECDHE", KX_ECDHE }, { "ECDH", KX_ECDHE },
	{ "EECDH", KX_ECDHE }, { "ECDHE", KX_ECDHE },
	{ "aRSA", AUTH_RSA }, { "aECDSA", AUTH_ECDSA }, { "ECDSA", AUTH_ECDSA },
	{ "AES", ENC_ANY_AES }, { "AES128", ENC_ANY_AES128 }, { "AES256", ENC_ANY_AES256 },
	{ "AESGCM", ENC_GCM }, { "AESCCM", ENC_CCM }, { "AESCCM8", ENC_CCM8 }, { "CBC", ENC_CBC },
	{ "CAMELLIA", ENC_CAMELLIA }, { "CAMELLIA128", ENC_CAMELLIA128 },
	{ "CAMELLIA256", ENC_CAMELLIA256 }, { "CHACHA20", ENC_CHACHA20 },
	{ "SHA", MAC_SHA1 }, { "SHA1", MAC_SHA1 }, { "SHA256", MAC_SHA256 }, { "SHA384", MAC_SHA384 },
	{ "SSLv3", FIRST_SSL3 }, { "TLSv1", FIRST_TLS10 }, { "TLSv1.0", FIRST_TLS10 },
	{ "TLSv1.2", FIRST_TLS12 },
};

static unsigned features_of_cipher(gnutls_cipher_algorithm_t cipher)
{
	switch (cipher) {
	case GNUTLS_CIPHER_AES_128_CBC: return ENC_AES128;
	case GNUTLS_CIPHER_AES_256_CBC: return ENC_AES256;
	case GNUTLS_CIPHER_AES_128_GCM: return ENC_GCM128;
	case GNUTLS_CIPHER_AES_256_GCM: return ENC_GCM256;
	case GNUTLS_CIPHER_AES_128_CCM: return ENC_CCM128;
	case GNUTLS_CIPHER_AES_256_CCM: return ENC_CCM256;
	case GNUTLS_CIPHER_AES_128_CCM_8: return ENC_CCM8_128;
	case GNUTLS_CIPHER_AES_256_CCM_8: return ENC_CCM8_256;
	case GNUTLS_CIPHER_CAMELLIA_128_CBC: return ENC_CAMELLIA128;
	case GNUTLS_CIPHER_CAMELLIA_256_CBC: return ENC_CAMELLIA256;
	default: return ENC_CHACHA20;
	}
}

static unsigned features_of_mac(gnutls_mac_algorithm_t mac)
{
	switch (mac) {
	case GNUTLS_MAC_SHA1: return MAC_SHA1;
	case GNUTLS_MAC_SHA256: return MAC_SHA256;
	case GNUTLS_MAC_SHA384: return MAC_SHA384;
	default: return MAC_AEAD;
	}
}

static unsigned features_of(const struct cipher_suite *suite)
{
	unsigned kx = suite->kx == RSA ? KX_RSA : suite->kx == DHE_RSA ? KX_DHE : KX_ECDHE;
	unsigned first = suite->min_version == GNUTLS_TLS1_2 ? FIRST_TLS12
	                 : kx == KX_ECDHE                    ? FIRST_TLS10
	                                                     : FIRST_SSL3;
	return kx | (suite->kx == ECDHE_ECDSA ? AUTH_ECDSA : AUTH_RSA) |
	       features_of_cipher(suite->cipher) | features_of_mac(suite->mac) | first;
}

/* True if in each group of which `asked` names something the suite has one of the things named. */
static bool has_features(const struct cipher_suite *suite, unsigned asked)
{
	static const unsigned groups[] = { KX, AUTH, ENC, MAC, FIRST };
	unsigned features = features_of(suite);
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if ((asked & groups[i]) && !(asked & features & groups[i]))
			return false;
	return true;
}

/* Sets of suites: one bit for each row of the table. */
static uint64_t rows_with(unsigned features)
{
	uint64_t rows = 0;
	for (size_t i = 0; i < TABLE_COUNT; i++)
		if (has_features(&table[i], features))
			rows |= UINT64_C(1) << i;
	return rows;
}

static bool is_word(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && memcmp(name, text, len) == 0;
}

/* What one word selects: a suite, or all with some features. False if it is unknown. */
static bool rows_of_word(const char *text, size_t len, uint64_t *rows)
{
	for (size_t i = 0; i < TABLE_COUNT; i++)
		if (is_word(table[i].name, text, len)) {
			*rows = UINT64_C(1) << i;
			return true;
		}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (is_word(words[i].name, text, len)) {
			*rows = rows_with(words[i].features);
			return true;
		}
	return false;
}

static const struct {
	const char *name;
	gnutls_cipher_algorithm_t cipher;
} tls13[CIPHER_TLS13_MAX] = {
	{ "TLS_AES_256_GCM_SHA384", GNUTLS_CIPHER_AES_256_GCM },
	{ "TLS_CHACHA20_POLY1305_SHA256", GNUTLS_CIPHER_CHACHA20_POLY1305 },
	{ "TLS_AES_128_GCM_SHA256", GNUTLS_CIPHER_AES_128_GCM },
};

enum action { ACTION_ADD, ACTION_ORDER, ACTION_DELETE, ACTION_KILL };

/* A cipher string being read: all rows that are not killed, in an order that the rules change; the active ones are the
 * result. */
struct reader {
	const char *at;
	uint8_t row[TABLE_COUNT];
	size_t count;
	uint64_t active;
	uint8_t tls13_named[CIPHER_TLS13_MAX]; /* indexes, in the order of the string */
	size_t tls13_count;
	bool tls13_killed[CIPHER_TLS13_MAX];
};

/* What is added or ordered goes to the end, what is deleted to the front, so that it comes first when it is
 * added again; each group keeps its order. */
static void apply(struct reader *reader, enum action action, uint64_t rows)
{
	uint8_t old[TABLE_COUNT];
	size_t old_count = reader->count;
	uint64_t moved = action == ACTION_ADD    ? rows & ~reader->active
	                 : action == ACTION_KILL ? rows
	                                         : rows & reader->active;
	memcpy(old, reader->row, old_count);
	reader->count = 0;
	for (int pass = 0; pass < 3; pass++) /* front, those that stay, end */
		for (size_t i = 0; i < old_count; i++) {
			int place = !(moved >> old[i] & 1)    ? 1
			            : action == ACTION_DELETE ? 0
			            : action == ACTION_KILL   ? -1
			                                      : 2;
			if (place == pass)
				reader->row[reader->count++] = old[i];
		}
	if (action == ACTION_ADD)
		reader->active |= moved;
	else if (action != ACTION_ORDER)
		reader->active &= ~moved;
}

static void sort_by_strength(struct reader *reader)
{
	static const unsigned strengths[] = { 256, 128 };
	for (size_t s = 0; s < sizeof strengths / sizeof *strengths; s++) {
		uint64_t rows = 0;
		for (size_t i = 0; i < TABLE_COUNT; i++)
			if (table[i].strength == strengths[s])
				rows |= UINT64_C(1) << i;
		apply(reader, ACTION_ORDER, rows);
	}
}

static void apply_tls13(struct reader *reader, enum action action, const char *text, size_t len)
{
	for (uint8_t i = 0; i < CIPHER_TLS13_MAX; i++) {
		if (!is_word(tls13[i].name, text, len))
			continue;
		if (action == ACTION_DELETE || action == ACTION_KILL)
			reader->tls13_killed[i] = true;
		else if (!memchr(reader->tls13_named, i, reader->tls13_count))
			reader->tls13_named[reader->tls13_count++] = i;
	}
}

static bool is_separator(char c)
{
	return c == ':' || c == ' ' || c == ',' || c == ';';
}

static void skip_rule(struct reader *reader)
{
	while (*reader->at && !is_separator(*reader->at))
		reader->at++;
}

/* "@STRENGTH"; "@SECLEVEL=0" to 5 means something to OpenSSL only. */
static bool read_special(struct reader *reader)
{
	size_t len = strcspn(reader->at, ": ,;");
	if (is_word("STRENGTH", reader->at, len))
		sort_by_strength(reader);
	else if (len != 10 || strncmp(reader->at, "SECLEVEL=", 9) != 0 || reader->at[9] < '0' ||
	         reader->at[9] > '5')
		return false;
	reader->at += len;
	return true;
}

static enum action read_action(struct reader *reader)
{
	switch (*reader->at) {
	case '!': reader->at++; return ACTION_KILL;
	case '-': reader->at++; return ACTION_DELETE;
	case '+': reader->at++; return ACTION_ORDER;
	default: return ACTION_ADD;
	}
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.="

/* Words joined by '+', and what is to be done with the suites that all of them select. */
static bool read_rule(struct reader *reader)
{
	enum action action = read_action(reader);
	uint64_t rows = ~UINT64_C(0), some;
	for (;; reader->at++) {
		bool is_tls13 = strncmp(reader->at, "TLS_", 4) == 0;
		size_t len = strspn(reader->at, is_tls13 ? LETTERS "_" : LETTERS);
		if (len == 0)
			return false;
		const char *word = reader->at;
		reader->at += len;
		if (is_tls13 || !rows_of_word(word, len, &some)) {
			apply_tls13(reader, action, word, len);
			skip_rule(reader);
			return true;
		}
		rows &= some;
		if (*reader->at != '+')
			break;
	}
	apply(reader, action, rows);
	return true;
}

static bool read_all(struct reader *reader)
{
	for (uint8_t i = 0; i < TABLE_COUNT; i++)
		reader->row[reader->count++] = i;
	if (strncmp(reader->at, "DEFAULT", 7) == 0) { /* known only at the beginning */
		apply(reader, ACTION_KILL, rows_with(ENC_CAMELLIA | ENC_CCM));
		apply(reader, ACTION_ADD, rows_with(ENC));
		reader->at += 7;
	}
	while (*reader->at) {
		if (is_separator(*reader->at)) {
			reader->at++;
			continue;
		}
		if (*reader->at == '@') {
			reader->at++;
			if (!read_special(reader))
				return false;
		} else if (!read_rule(reader)) {
			return false;
		}
	}
	return true;
}

static void finish(const struct reader *reader, struct cipher_list *out)
{
	out->count = out->tls13_count = 0;
	for (size_t i = 0; i < reader->count; i++)
		if (reader->active >> reader->row[i] & 1)
			out->suite[out->count++] = &table[reader->row[i]];
	size_t candidates = reader->tls13_count ? reader->tls13_count : CIPHER_TLS13_MAX;
	for (size_t i = 0; i < candidates; i++) {
		size_t one = reader->tls13_count ? reader->tls13_named[i] : i;
		if (!reader->tls13_killed[one])
			out->tls13[out->tls13_count++] = tls13[one].cipher;
	}
}

int cipher_parse(const char *text, struct cipher_list *out, struct err *err)
{
	struct reader reader = { .at = text };
	bool good = read_all(&reader);
	finish(&reader, out);
	if (!good || (!out->count && !(reader.tls13_count && out->tls13_count)))
		return err_set(err, ERR_CONFIG, "You have entered an invalid Cipher String.");
	return ERR_OK;
}
