/* What can be said of SFTP's settings before a connection: the URL, the host key, the user's key. */
#include "config.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "truststore/base/digest.h"
#include "truststore/base/outfile.h"
#include "truststore/bulk_sftp.h"

#define SCHEME "sftp://"
#define WORD_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

enum { SSH_PORT = 22, KEY_FILE_MAX = 65536 };

/* A path of plain segments: it appears in SFTP commands as it is. */
static bool path_good(const char *path)
{
	if (path[0] != '/' || strlen(path) >= sizeof ((struct bulk_url *)0)->path)
		return false;
	if (!strncmp(path, "/~/", 3))
		path += 2;
	while (*path == '/') {
		size_t len = strspn(++path, WORD_CHARS);
		if ((len == 1 && path[0] == '.') || (len == 2 && !strncmp(path, "..", 2)) || (!len && path[0]))
			return false;
		path += len;
	}
	return !*path;
}

static int bad_url(const char *url, const char *why, struct err *err)
{
	return err_set(err, ERR_CONFIG, "\"%.200s\": %s; written sftp://user@host/path", url, why);
}

int bulk_url_parse(const char *url, struct bulk_url *out, struct err *err)
{
	char host[TARGET_HOST_MAX + 16];
	*out = (struct bulk_url){ .user = "" };
	if (strncmp(url, SCHEME, strlen(SCHEME)))
		return bad_url(url, "only sftp:// and directories are known", err);
	const char *at = url + strlen(SCHEME);
	size_t len = strspn(at, WORD_CHARS);
	if (!len || len >= sizeof out->user || at[len] != '@')
		return bad_url(url,
		               at[len] == ':' && strchr(at, '@')
		                       ? "a password does not belong there but into sftp-password-file"
		                       : "the user's name is missing or not plain",
		               err);
	memcpy(out->user, at, len);
	at += len + 1;
	len = strcspn(at, "/");
	if (!len || len >= sizeof host || !at[len])
		return bad_url(url, len ? "the path is missing" : "the host is missing", err);
	memcpy(host, at, len);
	host[len] = '\0';
	if (target_parse(host, SSH_PORT, &out->target, err))
		return err->code = err_prefix(err, "\"%.200s\"", url);
	if (strspn(out->target.host, WORD_CHARS ":") != strlen(out->target.host))
		return bad_url(url, "the host's name is not plain", err);
	if (!path_good(at + len))
		return bad_url(url, "its path may have letters, digits, '.', '_' and '-' only, and no \"..\"", err);
	snprintf(out->path, sizeof out->path, "%s", at + len);
	len = strlen(out->path);
	if (len && out->path[len - 1] == '/')
		out->path[len - 1] = '\0';
	return ERR_OK;
}

int bulk_host_key_parse(const char *text, char out[BULK_HOST_KEY_SIZE], struct err *err)
{
	uint8_t digest[DIGEST_SIZE];
	gnutls_datum_t base64, bytes = { NULL, 0 };
	char padded[64];
	size_t len;
	bool good = strlen(text) == DIGEST_HEX_SIZE - 1 && !hex_decode(text, digest, sizeof digest, &len) && len == DIGEST_SIZE;
	if (!good) {
		const char *at = strncmp(text, "SHA256:", 7) ? text : text + 7;
		len = strcspn(at, "=");
		snprintf(padded, sizeof padded, "%.43s=", at);
		base64 = (gnutls_datum_t){ (unsigned char *)padded, (unsigned)strlen(padded) };
		if (len == 43 && !gnutls_base64_decode2(&base64, &bytes) && bytes.size == DIGEST_SIZE) {
			memcpy(digest, bytes.data, DIGEST_SIZE);
			good = true;
		}
		gnutls_free(bytes.data);
	}
	if (!good)
		return err_set(err, ERR_CONFIG, "\"%.100s\" is not the SHA-256 of a host key, as `ssh-keygen -lf` prints it", text);
	bytes = (gnutls_datum_t){ digest, DIGEST_SIZE };
	if (gnutls_base64_encode2(&bytes, &base64))
		return err_set(err, ERR_MEMORY, "no memory for a host key");
	snprintf(out, BULK_HOST_KEY_SIZE, "%.43s", (const char *)base64.data);
	gnutls_free(base64.data);
	return ERR_OK;
}

/* --- the user's key */

static int refuse_rsa(const char *file, struct err *err)
{
	return err_set(err, ERR_REFUSED,
	               "%s: an RSA key does not work for SFTP here: the SSH library signs with SHA-1, which servers refuse; use an Ed25519 or ECDSA key",
	               file);
}

static bool take_u32(const uint8_t **at, size_t *left, uint32_t *out)
{
	if (*left < 4)
		return false;
	*out = (uint32_t)(*at)[0] << 24 | (uint32_t)(*at)[1] << 16 | (uint32_t)(*at)[2] << 8 | (*at)[3];
	*at += 4;
	*left -= 4;
	return true;
}

static bool take_string(const uint8_t **at, size_t *left, const char **text, size_t *len)
{
	uint32_t size;
	if (!take_u32(at, left, &size) || size > *left)
		return false;
	*text = (const char *)*at;
	*len = size;
	*at += size;
	*left -= size;
	return true;
}

static bool is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(text, word, len);
}

/* OpenSSH's own format (PROTOCOL.key): magic, cipher, derivation, its options, count, public key. */
static int check_openssh(const char *file, const uint8_t *at, size_t left, struct err *err)
{
	static const char magic[] = "openssh-key-v1";
	const char *cipher, *skip, *public, *kind;
	size_t cipher_len, len, public_len, kind_len;
	uint32_t count;
	if (left < sizeof magic || memcmp(at, magic, sizeof magic))
		return err_set(err, ERR_MALFORMED, "%s: not a private key", file);
	at += sizeof magic;
	left -= sizeof magic;
	if (!take_string(&at, &left, &cipher, &cipher_len) || !take_string(&at, &left, &skip, &len) ||
	    !take_string(&at, &left, &skip, &len) || !take_u32(&at, &left, &count) ||
	    !take_string(&at, &left, &public, &public_len))
		return err_set(err, ERR_MALFORMED, "%s: a broken private key", file);
	at = (const uint8_t *)public;
	left = public_len;
	if (!take_string(&at, &left, &kind, &kind_len))
		return err_set(err, ERR_MALFORMED, "%s: a broken private key", file);
	if (is(kind, kind_len, "ssh-rsa"))
		return refuse_rsa(file, err);
	if (!is(kind, kind_len, "ssh-ed25519") && (kind_len < 11 || memcmp(kind, "ecdsa-sha2-", 11)))
		return err_set(err, ERR_REFUSED, "%s: a key of type %.*s; use an Ed25519 or ECDSA key", file,
		               (int)(kind_len < 40 ? kind_len : 40), kind);
	if (!is(cipher, cipher_len, "none"))
		return err_set(err, ERR_REFUSED,
		               "%s: the key has a passphrase, which nobody is there to type; use one without", file);
	return ERR_OK;
}

static int check_pkcs8(const char *file, const gnutls_datum_t *text, struct err *err)
{
	gnutls_x509_privkey_t key;
	if (gnutls_x509_privkey_init(&key))
		return err_set(err, ERR_MEMORY, "no memory for a key");
	int rc = gnutls_x509_privkey_import2(key, text, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
	int kind = rc ? 0 : gnutls_x509_privkey_get_pk_algorithm(key);
	gnutls_x509_privkey_deinit(key);
	if (rc)
		return err_set(err, ERR_REFUSED, "%s: not a private key without a passphrase (%s)", file, gnutls_strerror(rc));
	if (kind == GNUTLS_PK_RSA || kind == GNUTLS_PK_RSA_PSS)
		return refuse_rsa(file, err);
	if (kind != GNUTLS_PK_ECDSA && kind != GNUTLS_PK_EDDSA_ED25519)
		return err_set(err, ERR_REFUSED, "%s: use an Ed25519 or ECDSA key", file);
	return ERR_OK;
}

static int check_text(const char *file, char *text, size_t len, struct err *err)
{
	gnutls_datum_t in = { (unsigned char *)text, (unsigned)len }, bytes;
	if (strstr(text, "BEGIN RSA PRIVATE KEY"))
		return refuse_rsa(file, err);
	if (!strstr(text, "BEGIN OPENSSH PRIVATE KEY"))
		return check_pkcs8(file, &in, err);
	if (gnutls_pem_base64_decode2("OPENSSH PRIVATE KEY", &in, &bytes))
		return err_set(err, ERR_MALFORMED, "%s: a broken private key", file);
	int code = check_openssh(file, bytes.data, bytes.size, err);
	gnutls_memset(bytes.data, 0, bytes.size);
	gnutls_free(bytes.data);
	return code;
}

int bulk_user_key_check(const char *file, struct err *err)
{
	struct stat st;
	char *text;
	size_t len;
	if (stat(file, &st))
		return err_errno(err, "%s: the key for SFTP cannot be opened", file);
	if (!S_ISREG(st.st_mode) || st.st_mode & 07)
		return err_set(err, ERR_REFUSED,
		               "%s: a private key that every user has some right to, or that is no regular file, is not used",
		               file);
	int code = infile_read(file, KEY_FILE_MAX, &text, &len, err);
	if (code)
		return code;
	code = check_text(file, text, len, err);
	gnutls_memset(text, 0, len);
	free(text);
	return code;
}
