/* What can be wished for in an own certificate, and what follows where nothing is. */
#include "config.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/clock.h"
#include "truststore/identity_priv.h"

static bool has_length(gnutls_pk_algorithm_t algorithm, unsigned bits)
{
	if (algorithm == GNUTLS_PK_ECDSA)
		return bits == 256 || bits == 384 || bits == 521;
	return bits == 1024 || bits == 2048 || bits == 3072 || bits == 4096;
}

/* Requirement K18: the hash is not weaker than the key. */
static bool hash_fits(gnutls_pk_algorithm_t algorithm, unsigned bits, gnutls_digest_algorithm_t hash)
{
	unsigned size = (unsigned)gnutls_hash_get_len(hash) * 8;
	if (algorithm == GNUTLS_PK_ECDSA)
		return size >= (bits == 521 ? 512 : bits);
	return hash == GNUTLS_DIG_SHA1 || size >= 256;
}

int identity_wish_check(const struct identity_wish *wish, struct err *err)
{
	const struct purpose_rule *rule = purpose_rule(wish->purpose);
	bool ec = rule->algorithm == GNUTLS_PK_ECDSA;
	unsigned bits = wish->bits ? wish->bits : rule->bits;
	gnutls_digest_algorithm_t hash =
		wish->hash != GNUTLS_DIG_UNKNOWN ? wish->hash : certmake_hash(rule->algorithm, bits);
	if (!has_length(rule->algorithm, bits))
		return err_set(err, ERR_USAGE, "%s has %s keys: of %s bits, not of %u", rule->name,
		               ec ? "EC" : "RSA", ec ? "256, 384 or 521" : "1024, 2048, 3072 or 4096", bits);
	if (!hash_fits(rule->algorithm, bits, hash))
		return err_set(err, ERR_REFUSED, "%s is weaker than an %s key of %u bits: its hash must not be",
		               gnutls_digest_get_name(hash), ec ? "EC" : "RSA", bits);
	const char *why = security_key(wish->security, rule->algorithm, bits);
	if (!why)
		why = security_hash(wish->security, hash);
	if (why)
		return err_set(err, ERR_REFUSED, "%s: %s", rule->name, why);
	if (wish->multi_server && !rule->multi_server)
		return err_set(err, ERR_REFUSED,
		               "%s cannot have one certificate for several servers: CallManager, CallManager-ECDSA, tomcat and tomcat-ECDSA can",
		               rule->name);
	return ERR_OK;
}

/* With its domain where that is wanted: its own, or the one that is asked for where it has none. */
static int host_name(bool full, const char *domain, char out[HOST_NAME_MAX + 1], struct err *err)
{
	if (gethostname(out, HOST_NAME_MAX) < 0)
		return err_errno(err, "the host's name");
	out[HOST_NAME_MAX] = '\0';
	if (!out[0])
		return err_set(err, ERR_REFUSED, "this host has no name: give --cn");
	size_t len = strlen(out);
	if (!full || strchr(out, '.'))
		return ERR_OK;
	if (!domain || !domain[0])
		return err_set(err, ERR_REFUSED,
		               "the host's name \"%s\" has no domain, which the name of a certificate for several servers needs: give --domain",
		               out);
	if (len + 1 + strlen(domain) > HOST_NAME_MAX)
		return err_set(err, ERR_REFUSED, "the host's name with the domain \"%.100s\" is too long: give --cn", domain);
	snprintf(out + len, HOST_NAME_MAX + 1 - len, ".%s", domain);
	return ERR_OK;
}

/* The servers that were named, or this one, and the domain that they are in. */
static int names_of_servers(const struct identity_wish *wish, struct identity_names *names,
                            const char *self, struct err *err)
{
	const char *domain = wish->domain;
	size_t count = 0;
	for (; wish->san && wish->san[count]; count++) {
		if (count == CERTMAKE_SAN_MAX)
			return err_set(err, ERR_LIMIT, "more than %d alternative names", CERTMAKE_SAN_MAX);
		names->san[count] = wish->san[count];
	}
	if (!count)
		names->san[count++] = self;
	if (!domain) {
		const char *dot = strchr(names->san[0], '.');
		domain = dot ? dot + 1 : "";
	}
	if (domain[0])
		names->san[count++] = domain;
	names->san[count] = NULL;
	return ERR_OK;
}

int identity_names(const struct identity_wish *wish, struct identity_names *names,
                   struct certmake *what, struct err *err)
{
	const struct purpose_rule *rule = purpose_rule(wish->purpose);
	const char *cn = wish->common_name;
	bool need_host = !cn || (wish->multi_server && !wish->san);
	*what = (struct certmake){ .rule = rule, .hash = wish->hash };
	int code = need_host ? host_name(wish->multi_server && !cn, wish->domain, names->host, err) : ERR_OK;
	if (!code && !cn)
		code = certmake_common_name(rule, names->host, wish->multi_server, names->common, err);
	if (code)
		return code;
	what->common_name = cn ? cn : names->common;
	what->san = wish->san;
	if (wish->multi_server) {
		what->san = names->san;
		return names_of_servers(wish, names, names->host, err);
	}
	const char *self = cn ? cn : names->host;
	if (!wish->san && rule->host_san && certmake_is_host(self)) {
		names->san[0] = self;
		names->san[1] = NULL;
		what->san = names->san;
	}
	return ERR_OK;
}

int identity_wish_names(const struct identity_wish *wish, struct identity_model *out, struct err *err)
{
	struct identity_names names;
	struct certmake what;
	size_t count = 0;
	*out = (struct identity_model){ .bits = 0 };
	int code = identity_names(wish, &names, &what, err);
	if (code)
		return code;
	while (what.san && what.san[count])
		count++;
	out->common_name = strdup(what.common_name);
	out->san = calloc(count + 1, sizeof *out->san);
	bool failed = !out->common_name || !out->san;
	for (size_t i = 0; !failed && i < count; i++)
		failed = !(out->san[i] = strdup(what.san[i]));
	return failed ? err_set(err, ERR_MEMORY, "no memory for the names of a certificate") : ERR_OK;
}

int identity_interlock(struct txn *txn, enum purpose purpose, int64_t now, int64_t wait, struct err *err)
{
	struct identity_record record;
	char when[CLOCK_TEXT_SIZE], safe[CLOCK_TEXT_SIZE], length[CLOCK_TEXT_SIZE];
	if (!purpose_rule(purpose)->anchor)
		return ERR_OK;
	int code = identity_record_get(txn, purpose, &record, err);
	if (code == ERR_NOT_FOUND || (!code && !record.has_cert))
		return ERR_OK;
	for (int i = 0; !code && i < PURPOSE_COUNT; i++) {
		const struct purpose_rule *other = purpose_rule((enum purpose)i);
		if (i == (int)purpose || !other->anchor)
			continue;
		code = identity_record_get(txn, (enum purpose)i, &record, err);
		if (code == ERR_NOT_FOUND)
			code = ERR_OK;
		else if (!code && record.renewed && record.renewed + wait > now)
			return err_set(err, ERR_REFUSED,
			               "%s was renewed at %s: if %s is renewed as well before phones have learnt that, they are locked out; it is safe from %s on (anchor-wait %s), or with --force",
			               other->name, clock_format(record.renewed, when),
			               purpose_rule(purpose)->name,
			               clock_format(record.renewed + wait, safe),
			               duration_format(wait, length));
	}
	return code;
}
