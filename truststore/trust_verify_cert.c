/* A certificate's record against its bytes, the indexes and its answer. */
#include <string.h>

#include "truststore/base/cert.h"
#include "truststore/base/clock.h"
#include "truststore/trust_verify_priv.h"

static int is_held(const struct store_record *store, const struct digest *cert,
                   const struct member_record *member, void *arg, struct err *err)
{
	(void)store, (void)cert, (void)member, (void)err;
	*(bool *)arg = true;
	return ERR_OK;
}

static void compare_text(struct verifying *v, const char *hex, const char *field, struct text there,
                         const char *should)
{
	if (!text_is(there, should))
		verify_report(v, "cert %s: its %s in the record is not the one in the certificate", hex, field);
}

static void compare_number(struct verifying *v, const char *hex, const char *field, int64_t there,
                           int64_t should)
{
	if (there != should)
		verify_report(v, "cert %s: its %s in the record is not the one in the certificate", hex, field);
}

static void compare_key(struct verifying *v, const char *hex, const char *field,
                        const struct digest *there, const struct digest *should)
{
	if (!digest_equal(there, should))
		verify_report(v, "cert %s: its %s key in the record is not that of the certificate", hex, field);
}

static void compare(struct verifying *v, const char *hex, const struct cert_record *record,
                    const struct cert *cert)
{
	compare_number(v, hex, "not-before", record->not_before, cert_not_before(cert));
	compare_number(v, hex, "not-after", record->not_after, cert_not_after(cert));
	compare_number(v, hex, "self-signed", record->self_signed, cert_self_signed(cert));
	compare_number(v, hex, "CA flag", record->is_ca, cert_is_ca(cert));
	compare_number(v, hex, "key size", record->key_bits, cert_key_bits(cert));
	compare_text(v, hex, "key type", record->key_type, cert_key_type(cert));
	compare_text(v, hex, "signature algorithm", record->signature, cert_signature(cert));
	compare_text(v, hex, "subject", record->subject, cert_subject(cert));
	compare_text(v, hex, "issuer", record->issuer, cert_issuer(cert));
	compare_text(v, hex, "common name", record->common_name, cert_common_name(cert));
	compare_text(v, hex, "serial number", record->serial, cert_serial_hex(cert));
	compare_key(v, hex, "subject", &record->subject_key, cert_subject_key(cert));
	compare_key(v, hex, "issuer", &record->issuer_key, cert_issuer_key(cert));
	compare_key(v, hex, "issuer and serial number", &record->issuer_serial_key,
	            cert_issuer_serial_key(cert));
}

static void check_der(struct verifying *v, const struct digest *id, const char *hex,
                      const struct cert_record *record)
{
	struct digest digest;
	struct cert *cert;
	struct err err;
	digest_of(record->der.bytes, record->der.len, &digest);
	if (!digest_equal(&digest, id))
		verify_report(v, "cert %s: the SHA-256 of its bytes is another", hex);
	if (cert_parse(record->der.bytes, record->der.len, &cert, &err)) {
		verify_report(v, "cert %s: its bytes are no certificate: %s", hex, err_text(&err));
		return;
	}
	compare(v, hex, record, cert);
	cert_free(cert);
}

static void check_indexes(struct verifying *v, const struct digest *id, const char *hex,
                          const struct cert_record *record)
{
	uint8_t expiry[EXPIRY_KEY_SIZE];
	if (!verify_has(v, STORE_EXPIRY, expiry, expiry_key(record->not_after, id, expiry)))
		verify_report(v, "expiry: certificate %s is missing", hex);
	if (!txn_has_pair(v->txn, STORE_SUBJECT, record->subject_key.byte, id->byte))
		verify_report(v, "subject: certificate %s is missing", hex);
	if (!txn_has_pair(v->txn, STORE_ISSUER_SERIAL, record->issuer_serial_key.byte, id->byte))
		verify_report(v, "issuer_serial: certificate %s is missing", hex);
}

int verify_answer_of(struct verifying *v, const struct digest *cert, struct err *err)
{
	struct answer derived, found; /* which may be of an older version */
	struct err why;
	struct span stored;
	uint8_t bytes[ANSWER_MAX], again[ANSWER_MAX];
	char hex[DIGEST_HEX_SIZE];
	(void)err;
	digest_hex(cert, hex);
	int code = trust_derive(v->txn, cert, &derived, &why);
	if (code == ERR_NOT_FOUND)
		return verify_report(v, "answer %s: nothing else is known of this certificate", hex);
	if (code)
		return verify_report(v, "answer %s: cannot be derived: %s", hex, err_text(&why));
	size_t len = answer_encode(&derived, bytes);
	if (txn_get(v->txn, STORE_ANSWER, cert->byte, DIGEST_SIZE, &stored))
		return verify_report(v, "answer %s: is missing", hex);
	if (answer_decode(stored.bytes, stored.len, &found) || answer_encode(&found, again) != len || memcmp(again, bytes, len))
		return verify_report(v, "answer %s: is not the one that follows from the other databases", hex);
	uint8_t mark[REVOKED_KEY_SIZE];
	bool revoked = derived.revocation == REVOCATION_REVOKED;
	if (verify_has(v, STORE_MARK, mark, revoked_key(cert, mark)) != revoked)
		verify_report(v, "mark revoked %s: %s", hex, revoked ? "is missing" : "it is not revoked");
	return ERR_OK;
}

int verify_cert(struct span key, struct span value, void *arg, struct err *err)
{
	struct verifying *v = arg;
	struct cert_record record;
	struct digest id;
	char hex[DIGEST_HEX_SIZE];
	if (key.len != DIGEST_SIZE)
		return verify_report(v, "cert: a key is not a SHA-256");
	memcpy(id.byte, key.bytes, DIGEST_SIZE);
	digest_hex(&id, hex);
	if (cert_record_decode(value, &record))
		return verify_report(v, "cert %s: its record is not readable", hex);
	check_der(v, &id, hex, &record);
	check_indexes(v, &id, hex, &record);
	bool held = verify_has(v, STORE_BLOCK, id.byte, DIGEST_SIZE);
	struct err why;
	if (trust_member_each_of_cert(v->txn, &id, is_held, &held, &why))
		verify_report(v, "member: the stores of certificate %s cannot be read: %s", hex, err_text(&why));
	else if (!held)
		verify_report(v, "cert %s: is in no store, and not blocked", hex);
	return verify_answer_of(v, &id, err);
}
