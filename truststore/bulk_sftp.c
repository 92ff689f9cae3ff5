#include "config.h"

#include "truststore/bulk_sftp.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONNECT_SECONDS = 20,
	STALL_SECONDS = 30,      /* without a byte */
	LISTING_MAX = 16 << 20,
	NEW_FILE_MODE = 0644,
	PART_SIZE = 512
};

#define PART ".part"

struct bulk_sftp {
	struct bulk_url url;
	char *known_hosts, *key, *password; /* NULL: not set */
	char host_key[BULK_HOST_KEY_SIZE];  /* "": not set */
	CURL *curl;
	char reason[CURL_ERROR_SIZE];
};

/* --- settings */

static int copy(const char *text, char **out, struct err *err)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? err_set(err, ERR_MEMORY, "no memory for a setting") : ERR_OK;
}

static int take_host(const struct conf *conf, struct bulk_sftp *sftp, struct err *err)
{
	const char *known = conf_text(conf, "bulk", "known-hosts"), *pin = conf_text(conf, "bulk", "host-key");
	if (!known && !pin)
		return err_set(err, ERR_REFUSED,
		               "%s: no connection without the server's host key: set [bulk] known-hosts or host-key",
		               sftp->url.target.text);
	if (known && access(known, R_OK))
		return conf_refuse(conf, "bulk", "known-hosts", err, "%s: cannot be read: %s", known, strerror(errno));
	struct err why;
	if (pin && bulk_host_key_parse(pin, sftp->host_key, &why))
		return conf_refuse(conf, "bulk", "host-key", err, "%s", err_text(&why));
	return copy(known, &sftp->known_hosts, err);
}

static int take_user(const struct conf *conf, struct bulk_sftp *sftp, struct err *err)
{
	const char *key = conf_text(conf, "bulk", "key");
	struct err why;
	if (key)
		return bulk_user_key_check(key, &why) ? conf_refuse(conf, "bulk", "key", err, "%s", err_text(&why))
		                                      : copy(key, &sftp->key, err);
	if (!conf_is_set(conf, "bulk", "sftp-password-file"))
		return err_set(err, ERR_REFUSED, "%s: set [bulk] key or sftp-password-file: who shall log in?",
		               sftp->url.target.text);
	return conf_secret(conf, "bulk", "sftp-password-file", &sftp->password, err);
}

/* The place is the configuration's or an option's. */
static int take_url(const struct conf *conf, const char *url, struct bulk_sftp *sftp, struct err *err)
{
	const char *configured = conf_text(conf, "bulk", "directory");
	struct err why;
	if (!bulk_url_parse(url, &sftp->url, &why))
		return ERR_OK;
	if (configured && !strcmp(configured, url))
		return conf_refuse(conf, "bulk", "directory", err, "%s", err_text(&why));
	return err_set(err, why.code, "--directory: %s", err_text(&why));
}

int bulk_sftp_open(const struct conf *conf, const char *url, struct bulk_sftp **out, struct err *err)
{
	struct bulk_sftp *sftp = calloc(1, sizeof *sftp);
	*out = NULL;
	if (!sftp)
		return err_set(err, ERR_MEMORY, "no memory for a connection");
	int code = take_url(conf, url, sftp, err);
	if (!code)
		code = take_host(conf, sftp, err);
	if (!code)
		code = take_user(conf, sftp, err);
	if (!code && (curl_global_init(CURL_GLOBAL_DEFAULT) || !(sftp->curl = curl_easy_init())))
		code = err_set(err, ERR_MEMORY, "libcurl cannot be used");
	if (code) {
		bulk_sftp_free(sftp);
		return code;
	}
	*out = sftp;
	return ERR_OK;
}

void bulk_sftp_free(struct bulk_sftp *sftp)
{
	if (!sftp)
		return;
	curl_easy_cleanup(sftp->curl);
	free(sftp->known_hosts);
	free(sftp->key);
	conf_secret_free(sftp->password);
	free(sftp);
}

/* --- one request */

static int prepare(struct bulk_sftp *sftp, const char *name, struct err *err)
{
	CURL *curl = sftp->curl;
	char *url = NULL;
	curl_easy_reset(curl); /* the connection stays */
	sftp->reason[0] = '\0';
	if (asprintf(&url, "sftp://%s@%s%s/%s", sftp->url.user, sftp->url.target.text, sftp->url.path, name) < 0)
		return err_set(err, ERR_MEMORY, "no memory for a name");
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_URL, url);
	free(url);
#if LIBCURL_VERSION_NUM >= 0x075500
	rc = rc ? rc : curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "sftp");
#else
	rc = rc ? rc : curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_SFTP);
#endif
	if (!rc && sftp->known_hosts)
		rc = curl_easy_setopt(curl, CURLOPT_SSH_KNOWNHOSTS, sftp->known_hosts);
#if LIBCURL_VERSION_NUM >= 0x075000
	if (!rc && sftp->host_key[0])
		rc = curl_easy_setopt(curl, CURLOPT_SSH_HOST_PUBLIC_KEY_SHA256, sftp->host_key);
#else
	if (!rc && sftp->host_key[0])
		rc = CURLE_NOT_BUILT_IN; /* never go on without the check */
#endif
	if (!rc && sftp->key)
		rc = curl_easy_setopt(curl, CURLOPT_SSH_PRIVATE_KEYFILE, sftp->key);
	if (!rc && sftp->password)
		rc = curl_easy_setopt(curl, CURLOPT_PASSWORD, sftp->password);
	rc = rc ? rc
	        : curl_easy_setopt(curl, CURLOPT_SSH_AUTH_TYPES,
	                           sftp->key ? (long)CURLSSH_AUTH_PUBLICKEY
	                                     : (long)(CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD));
	rc = rc ? rc : curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	rc = rc ? rc : curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	rc = rc ? rc : curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
	rc = rc ? rc : curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	rc = rc ? rc : curl_easy_setopt(curl, CURLOPT_PROXY, "");
	rc = rc ? rc : curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, sftp->reason);
	return rc ? err_set(err, ERR_SYSTEM, "libcurl cannot be set up: %s", curl_easy_strerror(rc)) : ERR_OK;
}

static int code_of(CURLcode rc)
{
	switch (rc) {
	case CURLE_REMOTE_FILE_NOT_FOUND: return ERR_NOT_FOUND;
	case CURLE_OPERATION_TIMEDOUT: return ERR_TIMEOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_LOGIN_DENIED:
	case CURLE_REMOTE_ACCESS_DENIED: return ERR_REFUSED;
	case CURLE_REMOTE_DISK_FULL: return ERR_FULL;
	case CURLE_OUT_OF_MEMORY: return ERR_MEMORY;
	default: return ERR_NETWORK;
	}
}

static const char *words_for(const struct bulk_sftp *sftp, CURLcode rc)
{
	switch (rc) {
	case CURLE_PEER_FAILED_VERIFICATION: return "its host key is not the one that is known: nothing was sent";
	case CURLE_LOGIN_DENIED:
		return sftp->key ? "the server does not accept the key" : "the server does not accept the password";
	case CURLE_REMOTE_ACCESS_DENIED: return "permission denied";
	case CURLE_REMOTE_FILE_NOT_FOUND: return "there is no such file or directory";
	case CURLE_FAILED_INIT:
		return "no agreement on keys; a server whose only host key is RSA cannot be reached, nor one whose RSA key stands first in known-hosts: an Ed25519 or ECDSA key is wanted";
	case CURLE_COULDNT_RESOLVE_HOST: return "its name cannot be resolved";
	case CURLE_COULDNT_CONNECT: return "no connection";
	case CURLE_OPERATION_TIMEDOUT: return "no answer in time";
	case CURLE_REMOTE_DISK_FULL: return "no space on the server";
	default: return NULL;
	}
}

static int perform(struct bulk_sftp *sftp, const char *doing, const char *name, struct err *err)
{
	CURLcode rc = curl_easy_perform(sftp->curl);
	if (!rc)
		return ERR_OK;
	const char *words = words_for(sftp, rc), *reason = sftp->reason[0] ? sftp->reason : curl_easy_strerror(rc);
	return err_set(err, code_of(rc), "sftp://%s%s/%s: %s: %s%s%s%s", sftp->url.target.text, sftp->url.path, name,
	               doing, words ? words : reason, words ? " (" : "", words ? reason : "", words ? ")" : "");
}

struct receiving {
	char *bytes;
	size_t len, room, max;
	bool too_large;
};

static size_t receive(char *bytes, size_t size, size_t count, void *arg)
{
	struct receiving *r = arg;
	size_t len = size * count;
	if (len > r->max - r->len) {
		r->too_large = true;
		return 0;
	}
	if (r->room - r->len <= len) {
		size_t room = r->room + len + (r->room > len ? r->room : len) + 1;
		char *grown = realloc(r->bytes, room);
		if (!grown)
			return 0;
		r->bytes = grown;
		r->room = room;
	}
	memcpy(r->bytes + r->len, bytes, len);
	r->len += len;
	r->bytes[r->len] = '\0';
	return len;
}

static int fetch(struct bulk_sftp *sftp, const char *name, bool names_only, size_t max, struct receiving *r, struct err *err)
{
	*r = (struct receiving){ .max = max, .bytes = calloc(1, 1), .room = 1 };
	int code = r->bytes ? prepare(sftp, name, err) : err_set(err, ERR_MEMORY, "no memory for a file");
	if (code)
		return code;
	curl_easy_setopt(sftp->curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(sftp->curl, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(sftp->curl, CURLOPT_DIRLISTONLY, names_only ? 1L : 0L);
	code = perform(sftp, names_only ? "cannot be listed" : "cannot be read", name, err);
	return r->too_large ? err_set(err, ERR_LIMIT, "sftp://%s%s/%s: larger than %zu bytes", sftp->url.target.text,
	                              sftp->url.path, name, max)
	                    : code;
}

/* A file on its way is ".NAME.part". */
static void part_name(const char *name, char out[PART_SIZE])
{
	snprintf(out, PART_SIZE, ".%s" PART, name);
}

/* Makes NAME of that, in place; NULL for another name. */
static char *name_of_part(char *text)
{
	size_t len = strlen(text), tail = strlen(PART);
	if (text[0] != '.' || len <= tail + 1 || strcmp(text + len - tail, PART))
		return NULL;
	text[len - tail] = '\0';
	return text + 1;
}

int bulk_sftp_list(struct bulk_sftp *sftp, bool parts, bulk_place_fn *each, void *arg, struct err *err)
{
	struct receiving r;
	int code = fetch(sftp, "", true, LISTING_MAX, &r, err);
	for (char *save, *line = code ? NULL : strtok_r(r.bytes, "\r\n", &save); line && !code;
	     line = strtok_r(NULL, "\r\n", &save)) {
		const char *name = parts ? name_of_part(line) : line[0] != '.' ? line : NULL;
		if (name)
			code = each(name, arg, err);
	}
	free(r.bytes);
	return code;
}

int bulk_sftp_get(struct bulk_sftp *sftp, const char *name, size_t max, char **out, size_t *len, struct err *err)
{
	struct receiving r;
	int code = fetch(sftp, name, false, max, &r, err);
	*out = code ? NULL : r.bytes;
	*len = code ? 0 : r.len;
	if (code)
		free(r.bytes);
	return code;
}

/* One SFTP command, such as "rm PATH"; with a star in front a failure of it does not count. */
static struct curl_slist *command(const struct bulk_sftp *sftp, const char *verb, const char *first, const char *second)
{
	char *text;
	const char *path = sftp->url.path;
	if (!strncmp(path, "/~", 2)) /* the login directory, where the server begins */
		path = path[2] ? path + 3 : ".";
	int n = second ? asprintf(&text, "%s %s/%s %s/%s", verb, path, first, path, second)
	               : asprintf(&text, "%s %s/%s", verb, path, first);
	if (n < 0)
		return NULL;
	struct curl_slist *list = curl_slist_append(NULL, text);
	free(text);
	return list;
}

struct sending {
	const char *bytes;
	size_t len, at;
};

static size_t send_more(char *to, size_t size, size_t count, void *arg)
{
	struct sending *s = arg;
	size_t len = size * count < s->len - s->at ? size * count : s->len - s->at;
	memcpy(to, s->bytes + s->at, len);
	s->at += len;
	return len;
}

static int run_command(struct bulk_sftp *sftp, struct curl_slist *commands, const char *name, struct err *err)
{
	int code = commands ? prepare(sftp, "", err) : err_set(err, ERR_MEMORY, "no memory for a command");
	if (!code) {
		curl_easy_setopt(sftp->curl, CURLOPT_NOBODY, 1L);
		curl_easy_setopt(sftp->curl, CURLOPT_QUOTE, commands);
		code = perform(sftp, "cannot be changed", name, err);
	}
	curl_slist_free_all(commands);
	return code;
}

static bool is_there(struct bulk_sftp *sftp, const char *name)
{
	struct err ignored;
	if (prepare(sftp, name, &ignored))
		return false;
	curl_easy_setopt(sftp->curl, CURLOPT_NOBODY, 1L);
	return !curl_easy_perform(sftp->curl);
}

/* Plain SFTP cannot rename over a file that is there: the rename is what makes a name be taken once. */
int bulk_sftp_put(struct bulk_sftp *sftp, const char *name, const void *bytes, size_t len, struct err *err)
{
	char temporary[PART_SIZE];
	struct sending s = { bytes, len, 0 };
	struct err ignored;
	part_name(name, temporary);
	struct curl_slist *rename = command(sftp, "rename", temporary, name);
	int code = rename ? prepare(sftp, temporary, err) : err_set(err, ERR_MEMORY, "no memory for a command");
	if (code)
		goto out;
	curl_easy_setopt(sftp->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(sftp->curl, CURLOPT_READFUNCTION, send_more);
	curl_easy_setopt(sftp->curl, CURLOPT_READDATA, &s);
	curl_easy_setopt(sftp->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)len);
	curl_easy_setopt(sftp->curl, CURLOPT_NEW_FILE_PERMS, (long)NEW_FILE_MODE);
	curl_easy_setopt(sftp->curl, CURLOPT_POSTQUOTE, rename);
	code = perform(sftp, "cannot be written", name, err);
	if (!code)
		goto out;
	if (s.at && is_there(sftp, name) && s.at == len)
		code = err_set(err, ERR_EXISTS, "sftp://%s%s/%s: exists already", sftp->url.target.text, sftp->url.path, name);
	if (s.at)
		run_command(sftp, command(sftp, "*rm", temporary, NULL), temporary, &ignored);
out:
	curl_slist_free_all(rename);
	return code;
}

int bulk_sftp_delete(struct bulk_sftp *sftp, bool part, const char *name, struct err *err)
{
	char temporary[PART_SIZE];
	part_name(name, temporary);
	if (part)
		name = temporary;
	return run_command(sftp, command(sftp, "*rm", name, NULL), name, err);
}
