/* doctor: files, rights, space. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "truststore/base/outfile.h"
#include "truststore/doctor_priv.h"
#include "truststore/identity.h"
#include "truststore/keyfile.h"
#include "truststore/trust_priv.h"

enum { KEY_FILE_MAX = 65536 };

/* One file or directory: what others may do with it, and whose it is. A missing one is nobody's business here. */
static void check_mode(struct doctor *doctor, const char *path, mode_t forbidden, uid_t owner, const char *todo)
{
	struct stat st;
	if (stat(path, &st)) {
		if (errno != ENOENT)
			doctor_find(doctor, DOCTOR_WARNING, "run this as root or as the store's owner", "%s: %s", path,
			            strerror(errno));
		return;
	}
	if (st.st_mode & forbidden)
		doctor_find(doctor, DOCTOR_ERROR, todo, "%s: its mode is %04o", path, (unsigned)st.st_mode & 07777);
	if (st.st_uid != owner)
		doctor_find(doctor, DOCTOR_WARNING, "chown it to the owner of the store's directory",
		            "%s: belongs to another user than the store's directory", path);
}

static void check_keys(struct doctor *doctor, uid_t owner)
{
	DIR *dir = opendir(doctor->keys);
	struct dirent *entry;
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		char *path;
		if (entry->d_name[0] == '.' || asprintf(&path, "%s/%s", doctor->keys, entry->d_name) < 0)
			continue;
		check_mode(doctor, path, 0077, owner, "chmod 600; who could read the key can pretend to be this system");
		free(path);
	}
	closedir(dir);
}

/* A key that the configuration names: tvsd takes none that others than its owner have access to. */
static void check_named_key(struct doctor *doctor, const char *section)
{
	const char *path = conf_text(doctor->conf, section, "key");
	struct stat st;
	if (path && !keyfile_is_uri(path) && !stat(path, &st) && (st.st_mode & 0077))
		doctor_find(doctor, DOCTOR_ERROR, "chmod 600; who could read the key can pretend to be this system",
		            "[%s] key: %s: its mode is %04o", section, path, (unsigned)st.st_mode & 07777);
}

void doctor_modes(struct doctor *doctor)
{
	static const char *const files[] = { STORE_DATA_FILE, STORE_LMDB_LOCK_FILE, STORE_WRITE_LOCK_FILE };
	struct stat st;
	check_named_key(doctor, "tvsd");
	check_named_key(doctor, "bulk");
	if (stat(doctor->path, &st))
		return; /* there is no store: said elsewhere */
	check_mode(doctor, doctor->path, 0007, st.st_uid, "chmod 750; others have no business in the store");
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		char *path;
		if (asprintf(&path, "%s/%s", doctor->path, files[i]) < 0)
			continue;
		check_mode(doctor, path, 0007, st.st_uid, "chmod 660; others have no business in the store");
		free(path);
	}
	check_mode(doctor, doctor->keys, 0077, st.st_uid, "chmod 700; nobody else has business with the keys");
	check_keys(doctor, st.st_uid);
}

static bool is_referred_to(struct doctor *doctor, const char *name)
{
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		struct identity_record record;
		if (!identity_record_get(doctor->txn, (enum purpose)i, &record, NULL) &&
		    (text_is(record.key, name) || text_is(record.csr_key, name)))
			return true;
	}
	return false;
}

/* What a command left that was killed, or a restore that went back. */
void doctor_spare_keys(struct doctor *doctor)
{
	DIR *dir = opendir(doctor->keys);
	struct dirent *entry;
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !is_referred_to(doctor, entry->d_name))
			doctor_find(doctor, DOCTOR_NOTE, "delete it, unless a certificate of a backup needs it",
			            "%s/%s: a private key that belongs to no own certificate and no request", doctor->keys, entry->d_name);
	if (dir)
		closedir(dir);
}

void doctor_secrets(struct doctor *doctor)
{
	static const struct { const char *section, *key; } secrets[] = {
		{ "certmon", "password-file" }, { "certmon", "files-password-file" },
		{ "bulk", "password-file" }, { "bulk", "sftp-password-file" },
	};
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		char *secret = NULL;
		struct err err;
		int code = conf_secret(doctor->conf, secrets[i].section, secrets[i].key, &secret, &err);
		conf_secret_free(secret);
		if (code && conf_text(doctor->conf, secrets[i].section, secrets[i].key))
			doctor_find(doctor, DOCTOR_ERROR, "give it to its user alone (chmod 600), with the secret in its first line",
			            "[%s] %s: %s", secrets[i].section, secrets[i].key, err_text(&err));
	}
}

void doctor_disk(struct doctor *doctor)
{
	enum { LITTLE = 256 << 20, NEARLY_NONE = 16 << 20 };
	struct statvfs fs;
	if (statvfs(doctor->path, &fs))
		return;
	unsigned long long free_bytes = (unsigned long long)fs.f_bavail * fs.f_frsize;
	if (free_bytes < LITTLE)
		doctor_find(doctor, free_bytes < NEARLY_NONE ? DOCTOR_ERROR : DOCTOR_WARNING,
		            "make room; on a full disk no change can be stored", "%s: %llu MiB are free", doctor->path,
		            free_bytes >> 20);
}

/* libssh2 1.10 signs with RSA and SHA-1 alone, which servers of today refuse. The type stands in the
 * public part, as text or in base64. */
void doctor_sftp_key(struct doctor *doctor)
{
	const char *directory = conf_text(doctor->conf, "bulk", "directory");
	const char *key = conf_text(doctor->conf, "bulk", "key");
	char *text;
	size_t len;
	struct err err;
	if (!directory || strncmp(directory, "sftp://", 7) != 0 || !key)
		return;
	if (infile_read(key, KEY_FILE_MAX, &text, &len, &err)) {
		doctor_find(doctor, DOCTOR_ERROR, "name the private key for SFTP in [bulk] key", "%s", err_text(&err));
		return;
	}
	if (strstr(text, "BEGIN RSA PRIVATE KEY") || strstr(text, "AAAAB3NzaC1yc2E") || strstr(text, "AAAAdzc2gtcn"))
		doctor_find(doctor, DOCTOR_WARNING, "make an Ed25519 or ECDSA key (ssh-keygen -t ed25519)",
		            "%s: is an RSA key, with which SFTP servers of today refuse this program", key);
	explicit_bzero(text, len);
	free(text);
}
