/* doctor: the service as phones meet it. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "truststore/base/clock.h"
#include "truststore/cipher.h"
#include "truststore/doctor_priv.h"
#include "truststore/identity.h"
#include "truststore/security.h"
#include "truststore/target.h"
#include "truststore/tlspeer.h"

enum {
	ANSWER_US = 3000000,
	TAKEN_UP_US = 5000000, /* tvsd takes a renewed certificate up within about a second */
	AGAIN_US = 200000,
	TVS_PORT = 2445
};

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
	int64_t patience_us; /* until then another certificate is looked at again */
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

/* One listener, [tvsd] or [tvsd NAME], as it is configured. */
struct listener {
	struct doctor *doctor;
	const struct expected *expected;
	const char *section;
	gnutls_protocol_t floor;    /* min-tls, and what the modes make of it */
	bool suites_known;
	struct cipher_list suites;
	bool closed_to_some;        /* allow-from: this host may be among them */
	size_t answered;
};

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

static int ask(const struct target *target, gnutls_protocol_t min, gnutls_protocol_t max, struct tlspeer *peer, struct err *err)
{
	const struct tlspeer_offer offer = { min, max, false };
	return tlspeer_ask(target, &offer, clock_monotonic_us() + ANSWER_US, peer, err);
}

static void tell_silent(const struct listener *listener, const char *listen, int code, const struct err *why)
{
	struct doctor *doctor = listener->doctor;
	if (listener->closed_to_some && code == ERR_TLS)
		doctor_find(doctor, DOCTOR_NOTE, "run truststore doctor on a host that allow-from admits",
		            "[%s] %s cannot be looked at from here, perhaps because of its allow-from: %s", listener->section, listen,
		            err_text(why));
	else if (listener->answered && !conf_is_set(doctor->conf, listener->section, "listen"))
		doctor_find(doctor, DOCTOR_NOTE, "set [tvsd] listen, if phones shall not come that way",
		            "TVS does not answer at the default address %s, perhaps because this system has no IPv6: %s", listen,
		            err_text(why));
	else
		doctor_find(doctor, DOCTOR_ERROR, "start tvsd, and look into its log", "[%s]: TVS does not answer: %s",
		            listener->section, err_text(why));
}

/* One of the store is looked at with the other own certificates. */
static void check_end(const struct listener *listener, const struct target *target, const struct cert *cert)
{
	struct doctor *doctor = listener->doctor;
	char when[CLOCK_TEXT_SIZE];
	if (cert_not_after(cert) - doctor->now < DOCTOR_SOON)
		doctor_find(doctor, cert_not_after(cert) < doctor->now ? DOCTOR_ERROR : DOCTOR_WARNING,
		            "renew it, and let the phones learn the new one before the old one ends",
		            "[%s]: TVS at %s presents a certificate that %s: %s", listener->section, target->text,
		            cert_not_after(cert) < doctor->now ? "has expired" : "expires soon",
		            clock_format(cert_not_after(cert), when));
}

/* Asks again for a while where another certificate than the stored one is presented: it may have been renewed just now. */
static int ask_patiently(const struct listener *listener, const struct target *target, struct tlspeer *peer, struct err *err)
{
	const struct expected *expected = listener->expected;
	int code = ask(target, GNUTLS_TLS1_0, GNUTLS_TLS1_3, peer, err);
	while (!code && expected->known && !digest_equal(&expected->cert, cert_sha256(peer->cert)) &&
	       clock_monotonic_us() < expected->patience_us) {
		cert_free(peer->cert);
		nanosleep(&(struct timespec){ .tv_nsec = AGAIN_US * 1000L }, NULL);
		code = ask(target, GNUTLS_TLS1_0, GNUTLS_TLS1_3, peer, err);
	}
	return code;
}

static void check_presented(const struct listener *listener, const struct target *target, const struct cert *cert)
{
	const struct expected *expected = listener->expected;
	char is[DIGEST_HEX_SIZE], should[DIGEST_HEX_SIZE];
	if (expected->known && !digest_equal(&expected->cert, cert_sha256(cert)))
		doctor_find(listener->doctor, DOCTOR_ERROR, "reload or restart tvsd, and look into its log",
		            "[%s]: TVS at %s presents the certificate %.16s, the stored one is %.16s", listener->section, target->text,
		            digest_hex(cert_sha256(cert), is), digest_hex(&expected->cert, should));
	if (strcmp(conf_text(listener->doctor->conf, "tvsd", "certificate"), "identity") != 0)
		check_end(listener, target, cert);
}

static void check_older(const struct listener *listener, const struct target *target)
{
	struct tlspeer peer;
	struct err err;
	if (listener->floor == GNUTLS_TLS1_0)
		return;
	if (!ask(target, GNUTLS_TLS1_0, listener->floor - 1, &peer, &err))
		doctor_find(listener->doctor, DOCTOR_ERROR, "reload or restart tvsd, and look into its log",
		            "[%s]: TVS at %s speaks an older TLS than %s, which min-tls and the modes ask for", listener->section,
		            target->text, gnutls_protocol_get_name(listener->floor));
	cert_free(peer.cert);
}

static bool is_listed(const struct listener *listener, const struct tlspeer *peer)
{
	const struct cipher_list *list = &listener->suites;
	for (size_t i = 0; listener->floor != GNUTLS_TLS1_3 && i < list->count; i++)
		if (list->suite[i]->kx == peer->kx && list->suite[i]->cipher == peer->cipher && list->suite[i]->mac == peer->mac)
			return true;
	for (size_t i = 0; listener->floor == GNUTLS_TLS1_3 && i < list->tls13_count; i++)
		if (list->tls13[i] == peer->cipher)
			return true;
	return false;
}

/* The oldest TLS that it shall speak: whether it does, and with a suite of its list. */
static void check_floor(const struct listener *listener, const struct target *target)
{
	struct tlspeer peer;
	struct err err;
	const char *version = gnutls_protocol_get_name(listener->floor);
	if (!listener->suites_known || (listener->floor != GNUTLS_TLS1_3 && !listener->suites.count))
		return;
	if (ask(target, listener->floor, listener->floor, &peer, &err))
		doctor_find(listener->doctor, DOCTOR_WARNING, "name a suite for it in ciphers, or raise min-tls to what is spoken",
		            "[%s]: TVS at %s does not speak %s, the oldest TLS that min-tls and the modes admit: %s", listener->section,
		            target->text, version, err_text(&err));
	else if (peer.finished && !is_listed(listener, &peer))
		doctor_find(listener->doctor, DOCTOR_ERROR, "reload or restart tvsd, and look into its log",
		            "[%s]: TVS at %s chooses for %s a cipher suite that its ciphers do not name: %s with %s", listener->section,
		            target->text, version, gnutls_kx_get_name(peer.kx), gnutls_cipher_get_name(peer.cipher));
	cert_free(peer.cert);
}

static void check_address(struct listener *listener, const char *listen)
{
	struct target target;
	struct tlspeer peer = { .cert = NULL };
	struct err err;
	int code = reachable(listen, &target, &err);
	if (!code)
		code = ask_patiently(listener, &target, &peer, &err);
	if (code) {
		tell_silent(listener, listen, code, &err);
		return;
	}
	listener->answered++;
	check_presented(listener, &target, peer.cert);
	cert_free(peer.cert);
	check_older(listener, &target);
	check_floor(listener, &target);
}

/* As tvsd reads them: common-criteria raises min-tls to 1.1, fips to 1.2. */
static void read_listener(struct listener *listener)
{
	static const struct {
		const char *text;
		gnutls_protocol_t version;
	} versions[] = { { "1.1", GNUTLS_TLS1_1 }, { "1.2", GNUTLS_TLS1_2 }, { "1.3", GNUTLS_TLS1_3 } };
	const struct conf *conf = listener->doctor->conf;
	const char *min = conf_text(conf, listener->section, "min-tls"), *ciphers = conf_text(conf, listener->section, "ciphers");
	struct security security;
	struct err err;
	listener->floor = GNUTLS_TLS1_0;
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
		if (!strcmp(min, versions[i].text))
			listener->floor = versions[i].version;
	security_load(conf, &security);
	if (listener->floor < security_tls_floor(&security))
		listener->floor = security_tls_floor(&security);
	listener->suites_known = !cipher_parse(ciphers ? ciphers : CIPHER_DEFAULT, &listener->suites, &err);
	if (!listener->suites_known)
		doctor_find(listener->doctor, DOCTOR_ERROR, "correct the configuration; tvsd does not start with it",
		            "[%s] ciphers: %s", listener->section, err_text(&err));
	listener->closed_to_some = conf_is_set(conf, listener->section, "allow-from");
}

static void check_listener(struct doctor *doctor, const struct expected *expected, const char *section)
{
	struct listener listener = { .doctor = doctor, .expected = expected, .section = section };
	read_listener(&listener);
	const char *const *listen = conf_list(doctor->conf, section, "listen");
	for (size_t i = 0; listen[i]; i++)
		check_address(&listener, listen[i]);
}

void doctor_service(struct doctor *doctor)
{
	struct expected expected = { .doctor = doctor, .patience_us = clock_monotonic_us() + TAKEN_UP_US };
	const char *name;
	find_expected(&expected);
	check_listener(doctor, &expected, "tvsd");
	for (size_t i = 0; (name = conf_instance(doctor->conf, "tvsd", i)); i++) {
		char *section;
		if (asprintf(&section, "tvsd %s", name) < 0)
			continue;
		check_listener(doctor, &expected, section);
		free(section);
	}
}
