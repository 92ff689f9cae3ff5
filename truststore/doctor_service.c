/* doctor: settings, and the service as phones meet it. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "truststore/base/clock.h"
#include "truststore/doctor_priv.h"
#include "truststore/identity.h"
#include "truststore/target.h"
#include "truststore/tlspeer.h"

enum { ANSWER_US = 3000000, TVS_PORT = 2445 };

void doctor_policy(struct doctor *doctor)
{
	if (conf_flag(doctor->conf, "security", "fips"))
		doctor_find(doctor, DOCTOR_NOTE, "use a system with a validated module where that is required",
		            "fips = yes admits approved algorithms only; the libraries of this system are no validated module");
}

void doctor_readers(struct doctor *doctor)
{
	int dead = store_clear_readers(doctor->store);
	if (dead > 0)
		doctor_find(doctor, DOCTOR_NOTE, "nothing; if it comes again, look into the log for a program that crashes",
		            "%d reader slots of dead processes were cleared", dead);
}

struct expected {
	struct doctor *doctor;
	struct digest cert;
	bool known;
};

static int look_identity(struct txn *txn, void *arg, struct err *err)
{
	struct expected *expected = arg;
	struct identity_record identity;
	(void)err;
	expected->known = !identity_record_get(txn, PURPOSE_TVS, &identity, NULL) && identity.has_cert;
	if (expected->known)
		expected->cert = identity.cert;
	return ERR_OK;
}

/* The certificate that tvsd is configured to present. What cannot be found is said elsewhere or not known. */
static void find_expected(struct expected *expected)
{
	const char *certificate = conf_text(expected->doctor->conf, "tvsd", "certificate");
	struct cert *cert;
	struct err err;
	if (!strcmp(certificate, "identity")) {
		(void)store_read(expected->doctor->store, look_identity, expected, &err);
	} else if (!cert_read_one(certificate, &cert, &err)) {
		expected->known = true;
		expected->cert = *cert_sha256(cert);
		cert_free(cert);
	}
}

/* "0.0.0.0" and "[::]" are everywhere, so also here. */
static int reachable(const char *listen, struct target *target, struct err *err)
{
	char text[TARGET_HOST_MAX + 16];
	if (!strncmp(listen, "0.0.0.0", 7))
		snprintf(text, sizeof text, "127.0.0.1%s", listen + 7);
	else if (!strncmp(listen, "[::]", 4))
		snprintf(text, sizeof text, "[::1]%s", listen + 4);
	else
		snprintf(text, sizeof text, "%s", listen);
	return target_parse(text, TVS_PORT, target, err);
}

static void check_listener(struct doctor *doctor, const struct expected *expected, const char *listen)
{
	struct target target;
	struct cert *cert;
	struct err err;
	char is[DIGEST_HEX_SIZE], should[DIGEST_HEX_SIZE];
	int code = reachable(listen, &target, &err);
	if (!code)
		code = tlspeer_certificate(&target, clock_monotonic_us() + ANSWER_US, &cert, &err);
	if (code) {
		doctor_find(doctor, DOCTOR_ERROR, "start tvsd, and look into its log", "TVS does not answer: %s", err_text(&err));
		return;
	}
	if (expected->known && !digest_equal(&expected->cert, cert_sha256(cert)))
		doctor_find(doctor, DOCTOR_ERROR, "reload or restart tvsd, and look into its log",
		            "TVS at %s presents the certificate %.16s, the stored one is %.16s", target.text,
		            digest_hex(cert_sha256(cert), is), digest_hex(&expected->cert, should));
	cert_free(cert);
}

void doctor_service(struct doctor *doctor)
{
	struct expected expected = { .doctor = doctor };
	find_expected(&expected);
	const char *const *listen = conf_list(doctor->conf, "tvsd", "listen");
	for (size_t i = 0; listen[i]; i++)
		check_listener(doctor, &expected, listen[i]);
}
