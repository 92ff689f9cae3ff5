/* doctor: what the modes of [security] say of this installation. */
#include "config.h"

#include "truststore/doctor_priv.h"
#include "truststore/identity.h"
#include "truststore/security.h"
#include "truststore/trust_priv.h"

void doctor_policy(struct doctor *doctor)
{
	if (conf_flag(doctor->conf, "security", "fips"))
		doctor_find(doctor, DOCTOR_NOTE, "use a system with a validated module where that is required",
		            "fips = yes admits approved algorithms only; the libraries of this system are no validated module");
}

struct judging {
	struct doctor *doctor;
	struct security security;
	size_t count;
};

static uint32_t roles_now(struct doctor *doctor, const struct digest *id)
{
	struct answer answer;
	uint32_t roles = 0;
	if (trust_answer(doctor->txn, id, &answer))
		return 0;
	for (int role = 0; role < ROLE_COUNT; role++)
		if (answer.role[role].until > doctor->now)
			roles |= ROLE_BIT(role);
	return roles;
}

/* What came in before the mode was set stays; it would not come in now. */
static int judge(const struct digest *id, const struct cert_record *record, void *arg, struct err *err)
{
	struct judging *judging = arg;
	struct doctor *doctor = judging->doctor;
	struct cert *cert;
	char name[TRUST_NAME_SIZE];
	(void)err;
	if (cert_parse(record->der.bytes, record->der.len, &cert, NULL))
		return ERR_OK; /* verify says so */
	const char *why = security_cert(&judging->security, cert, roles_now(doctor, id));
	if (why && ++judging->count <= DOCTOR_SHOWN) {
		trust_name(id, record->subject, name);
		if (doctor_is_own(doctor, id))
			doctor_find(doctor, DOCTOR_ERROR, "make a new one (truststore identity new, or csr and install)",
			            "the own %s: %s", name, why);
		else
			doctor_find(doctor, DOCTOR_WARNING, "ask its owner for another, and remove it (truststore remove)", "%s: %s",
			            name, why);
	}
	cert_free(cert);
	return ERR_OK;
}

void doctor_forbidden(struct doctor *doctor)
{
	struct judging judging = { .doctor = doctor };
	struct err err;
	security_load(doctor->conf, &judging.security);
	if (!judging.security.fips && !judging.security.common_criteria)
		return;
	if (trust_cert_each(doctor->txn, judge, &judging, &err))
		doctor_find(doctor, DOCTOR_ERROR, "run truststore verify", "%s", err_text(&err));
	if (judging.count > DOCTOR_SHOWN)
		doctor_find(doctor, DOCTOR_WARNING, "see truststore list", "%zu more certificates that the modes forbid",
		            judging.count - DOCTOR_SHOWN);
}
