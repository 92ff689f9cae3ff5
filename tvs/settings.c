#include "config.h"

#include "tvs/settings.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/keyfile.h"
#include "truststore/trust.h"
#include "tvs/proto.h"

enum { GROUPS_MAX = 256, NAME_BUFFER = 16384 };

struct build {
	const struct conf *conf;
	settings_each_fn *each;
	void *arg;
	struct err *err;
	int code; /* of the first mistake */
	struct settings *settings;
};

/* True for a value that a further listener has from [tvsd]: its mistakes were told there. */
static bool inherited(const struct build *build, const char *section, const char *key)
{
	return strncmp(section, "tvsd ", 5) == 0 &&
		conf_line(build->conf, section, key) == conf_line(build->conf, "tvsd", key);
}

/* One mistake, with the place of the key that it is about. */
__attribute__((format(printf, 4, 5)))
static void mistake(struct build *build, const char *section, const char *key, const char *format, ...)
{
	char why[ERR_TEXT_MAX];
	struct err one;
	va_list args;
	if (inherited(build, section, key) && build->code != ERR_OK)
		return;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	conf_refuse(build->conf, section, key, &one, "%s", why);
	if (build->each)
		build->each(err_text(&one), build->arg);
	if (build->code == ERR_OK) {
		build->code = ERR_CONFIG;
		err_set(build->err, ERR_CONFIG, "%s", err_text(&one));
	}
}

static void no_memory(struct build *build)
{
	if (build->code == ERR_OK)
		build->code = err_set(build->err, ERR_MEMORY, "out of memory");
}

static char *copy(struct build *build, const char *text)
{
	if (!text)
		return NULL;
	char *made = strdup(text);
	if (!made)
		no_memory(build);
	return made;
}

static char *place(struct build *build, const char *key)
{
	char *made = conf_where(build->conf, "tvsd", key);
	if (!made)
		no_memory(build);
	return made;
}

/* Room for each entry of a list, at least one. */
static void *room(struct build *build, const char *const *list, size_t size)
{
	size_t n = 0;
	while (list[n])
		n++;
	void *made = calloc(n + 1, size);
	if (!made)
		no_memory(build);
	return made;
}

/* True if another listener, or this one, has the address already. */
static const char *taken(const struct settings *settings, const struct address *address)
{
	for (size_t i = 0; i < settings->listeners; i++) {
		const struct settings_listener *listener = &settings->listener[i];
		for (size_t j = 0; j < listener->addresses; j++)
			if (address_equal(&listener->address[j], address) &&
			    address->socket.v4.sin_port != 0)
				return listener->section;
	}
	return NULL;
}

static void read_addresses(struct build *build, struct settings_listener *out)
{
	const char *const *list = conf_list(build->conf, out->section, "listen");
	out->by_default = !conf_is_set(build->conf, out->section, "listen");
	out->address = room(build, list, sizeof *out->address);
	if (!out->address)
		return;
	for (; *list; list++) {
		struct address address;
		struct err why;
		if (address_parse(*list, PROTO_PORT, &address, &why) != ERR_OK) {
			mistake(build, out->section, "listen", "%s", err_text(&why));
			continue;
		}
		const char *other = taken(build->settings, &address);
		if (other)
			mistake(build, out->section, "listen", "%s stands in [%s] already", *list, other);
		else
			out->address[out->addresses++] = address;
	}
	if (out->addresses == 0 && build->code == ERR_OK)
		mistake(build, out->section, "listen", "no address to listen on");
}

static void read_networks(struct build *build, struct settings_listener *out)
{
	const char *const *list = conf_list(build->conf, out->section, "allow-from");
	out->network = room(build, list, sizeof *out->network);
	if (!out->network)
		return;
	for (; *list; list++) {
		struct err why;
		if (network_parse(*list, &out->network[out->networks], &why) == ERR_OK)
			out->networks++;
		else
			mistake(build, out->section, "allow-from", "%s", err_text(&why));
	}
}

/* FIPS 140: AES with SHA-1 as HMAC or better. */
static bool approved(const struct cipher_suite *suite)
{
	switch (suite->cipher) {
	case GNUTLS_CIPHER_AES_128_CBC:
	case GNUTLS_CIPHER_AES_256_CBC:
	case GNUTLS_CIPHER_AES_128_GCM:
	case GNUTLS_CIPHER_AES_256_GCM:
	case GNUTLS_CIPHER_AES_128_CCM:
	case GNUTLS_CIPHER_AES_256_CCM:
		return true;
	default:
		return false;
	}
}

static void read_ciphers(struct build *build, struct settings_listener *out)
{
	const char *text = conf_text(build->conf, out->section, "ciphers");
	struct cipher_list all;
	struct err why;
	if (cipher_parse(text ? text : CIPHER_DEFAULT, &all, &why) != ERR_OK) {
		mistake(build, out->section, "ciphers", "%s", err_text(&why));
		return;
	}
	out->ciphers = all;
	out->ciphers.count = 0;
	for (size_t i = 0; i < all.count; i++)
		if (!build->settings->fips || approved(all.suite[i]))
			out->ciphers.suite[out->ciphers.count++] = all.suite[i];
	if (out->ciphers.count == 0 && all.count > 0)
		mistake(build, out->section, "ciphers", "with fips = yes none of these suites is left");
}

/* Common Criteria raises the floor to TLS 1.1, FIPS 140 to TLS 1.2, whatever is configured. */
static void read_versions(struct build *build, struct settings_listener *out)
{
	const char *text = conf_text(build->conf, out->section, "min-tls");
	if (tls_version_parse(text ? text : "1.2", &out->min_version) != ERR_OK) {
		mistake(build, out->section, "min-tls", "\"%s\" is no TLS version", text);
		return;
	}
	if (conf_flag(build->conf, "security", "common-criteria") && out->min_version < TLS_1_1)
		out->min_version = TLS_1_1;
	if (build->settings->fips && out->min_version < TLS_1_2)
		out->min_version = TLS_1_2;
}

static void read_client_mode(struct build *build, struct settings_listener *out)
{
	const char *text = conf_text(build->conf, out->section, "client-certificate");
	out->client = TLS_CLIENT_NONE;
	if (text && strcmp(text, "request") == 0)
		out->client = TLS_CLIENT_REQUEST;
	if (text && strcmp(text, "require") == 0)
		out->client = TLS_CLIENT_REQUIRE;
}

static void read_listener(struct build *build, const char *name)
{
	struct settings *settings = build->settings;
	struct settings_listener *out = &settings->listener[settings->listeners++];
	out->section = malloc(sizeof "tvsd " + (name ? strlen(name) : 0));
	if (!out->section) {
		no_memory(build);
		return;
	}
	strcpy(out->section, "tvsd");
	if (name) {
		strcat(out->section, " ");
		strcat(out->section, name);
	}
	read_addresses(build, out);
	read_networks(build, out);
	read_versions(build, out);
	read_ciphers(build, out);
	read_client_mode(build, out);
}

static void read_listeners(struct build *build)
{
	size_t n = 1;
	while (conf_instance(build->conf, "tvsd", n - 1))
		n++;
	build->settings->listener = calloc(n, sizeof *build->settings->listener);
	if (!build->settings->listener) {
		no_memory(build);
		return;
	}
	read_listener(build, NULL);
	for (size_t i = 0; i + 1 < n && build->code != ERR_MEMORY; i++)
		read_listener(build, conf_instance(build->conf, "tvsd", i));
}

static void read_limits(struct build *build)
{
	const struct conf *conf = build->conf;
	struct settings *out = build->settings;
	cpu_set_t cores;
	out->workers = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (unsigned)CPU_COUNT(&cores) : 1;
	if (conf_is_set(conf, "tvsd", "workers"))
		out->workers = (unsigned)conf_number(conf, "tvsd", "workers");
	out->max_per_address = (uint32_t)conf_number(conf, "tvsd", "max-connections-per-address");
	out->max_connections = (uint32_t)conf_number(conf, "tvsd", "max-connections");
	out->handshake_ms = 1000 * conf_number(conf, "tvsd", "handshake-timeout");
	out->idle_ms = 1000 * conf_number(conf, "tvsd", "idle-timeout");
	out->max_requests = (uint64_t)conf_number(conf, "tvsd", "max-requests");
}

/* The groups of `user`, as a login would have them. */
static void read_groups(struct build *build, const char *user)
{
	struct settings *out = build->settings;
	int n = GROUPS_MAX;
	out->groups = calloc(GROUPS_MAX, sizeof *out->groups);
	if (!out->groups) {
		no_memory(build);
		return;
	}
	if (getgrouplist(user, out->gid, out->groups, &n) < 0)
		mistake(build, "tvsd", "user", "%s is in more than %d groups", user, GROUPS_MAX);
	else
		out->group_count = (size_t)n;
}

static void read_user(struct build *build)
{
	const char *user = conf_text(build->conf, "tvsd", "user");
	const char *group = conf_text(build->conf, "tvsd", "group");
	struct settings *out = build->settings;
	char buffer[NAME_BUFFER];
	out->uid = geteuid();
	out->gid = getegid();
	out->become = user || group;
	if (user) {
		struct passwd entry, *found = NULL;
		int code = getpwnam_r(user, &entry, buffer, sizeof buffer, &found);
		if (!found) {
			mistake(build, "tvsd", "user", "no user \"%s\"%s%s", user,
			        code ? ": " : "", code ? strerror(code) : "");
			return;
		}
		out->uid = found->pw_uid;
		out->gid = found->pw_gid;
	}
	if (group) {
		struct group entry, *found = NULL;
		int code = getgrnam_r(group, &entry, buffer, sizeof buffer, &found);
		if (!found) {
			mistake(build, "tvsd", "group", "no group \"%s\"%s%s", group,
			        code ? ": " : "", code ? strerror(code) : "");
			return;
		}
		out->gid = found->gr_gid;
	}
	if (user)
		read_groups(build, user);
}

static void read_own(struct build *build)
{
	const char *certificate = conf_text(build->conf, "tvsd", "certificate");
	const char *key = conf_text(build->conf, "tvsd", "key");
	bool own_certificate = strcmp(certificate, "identity") != 0, own_key = strcmp(key, "identity") != 0;
	struct settings *out = build->settings;
	if (own_certificate && !own_key)
		mistake(build, "tvsd", "certificate", "needs its \"key\" beside it");
	if (own_key && !own_certificate)
		mistake(build, "tvsd", "key", "needs its \"certificate\" beside it");
	if (own_certificate && own_key) {
		out->certificate = copy(build, certificate);
		out->key = copy(build, key);
		out->certificate_at = place(build, "certificate");
		out->key_at = place(build, "key");
	}
	struct err why;
	if (out->store && keyfile_directory(build->conf, out->store, &out->keys, &why) != ERR_OK)
		mistake(build, "truststore", "keys", "%s", err_text(&why));
}

int settings_new(const struct conf *conf, settings_each_fn *each, void *arg,
                 struct settings **out, struct err *err)
{
	struct settings *settings = calloc(1, sizeof *settings);
	if (!settings)
		return err_set(err, ERR_MEMORY, "out of memory");
	struct build build = { .conf = conf, .each = each, .arg = arg, .err = err, .settings = settings };
	settings->fips = conf_flag(conf, "security", "fips");
	settings->common_criteria = conf_flag(conf, "security", "common-criteria");
	settings->store = copy(&build, conf_text(conf, "store", "path"));
	settings->metrics = copy(&build, conf_text(conf, "tvsd", "metrics"));
	read_listeners(&build);
	read_limits(&build);
	read_user(&build);
	read_own(&build);
	trust_policy(conf, &settings->policy);
	if (build.code != ERR_OK) {
		settings_free(settings);
		return build.code;
	}
	*out = settings;
	return ERR_OK;
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	for (size_t i = 0; i < settings->listeners; i++) {
		free(settings->listener[i].section);
		free(settings->listener[i].address);
		free(settings->listener[i].network);
	}
	free(settings->listener);
	free(settings->store);
	free(settings->keys);
	free(settings->certificate);
	free(settings->key);
	free(settings->certificate_at);
	free(settings->key_at);
	free(settings->groups);
	free(settings->metrics);
	free(settings);
}

bool settings_ask_clients(const struct settings *settings)
{
	for (size_t i = 0; i < settings->listeners; i++)
		if (settings->listener[i].client != TLS_CLIENT_NONE)
			return true;
	return false;
}
