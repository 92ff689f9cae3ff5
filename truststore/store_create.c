/* A new store: directory, files, databases, the default trust stores. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

enum { DIRECTORY_MODE = 0750 };

static const struct {
	const char *name;
	uint32_t roles;
} defaults[] = {
	{ "CallManager-trust", ROLE_BIT(ROLE_CCM) | ROLE_BIT(ROLE_TFTP) },
	{ "tomcat-trust", ROLE_BIT(ROLE_APP_SERVER) },
	{ "CAPF-trust", ROLE_BIT(ROLE_CAPF) },
	{ "TVS-trust", ROLE_BIT(ROLE_TVS) },
	{ "Phone-SAST-trust", ROLE_BIT(ROLE_SAST) },
	{ "IPSec-trust", 0 },
	{ "Phone-VPN-trust", 0 },
	{ "Phone-CTL-trust", 0 },
	{ "Userlicensing-trust", 0 },
	{ "srst-trust", 0 },
};

const char *store_default_name(size_t i)
{
	return i < sizeof defaults / sizeof defaults[0] ? defaults[i].name : NULL;
}

static int put_default(struct txn *txn, const char *name, uint32_t roles)
{
	struct store_record store = { .name = text_of(name), .roles = roles, .ttl = ANSWER_DEFAULT_TTL };
	struct record record;
	int code = store_record_encode(&store, &record);
	if (code)
		return code;
	uint8_t key[RECORD_NAME_MAX];
	size_t len = store_key(name, strlen(name), key);
	code = txn_put(txn, STORE_STORE, key, len, record.bytes, record.len);
	record_free(&record);
	return code;
}

static int fill(struct txn *txn, void *arg, struct err *err)
{
	(void)arg;
	struct span value;
	if (!txn_get(txn, STORE_META, "format", 6, &value))
		return err_set(err, ERR_EXISTS, "%s: there is a store already", txn->store->path);
	for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
		int code = put_default(txn, defaults[i].name, defaults[i].roles);
		if (code)
			return err_set(err, code, "%s: cannot write trust store %s",
			               txn->store->path, defaults[i].name);
	}
	uint8_t format[4], revision[8];
	put_be(format, STORE_FORMAT, sizeof format);
	put_be(revision, 0, sizeof revision);
	txn_put(txn, STORE_META, "revision", 8, revision, sizeof revision);
	return txn_put(txn, STORE_META, "format", 6, format, sizeof format);
}

/* Databases of somebody else's in the same file are not to be mixed with ours. */
static int count_foreign(struct txn *txn, void *arg, struct err *err)
{
	size_t *foreign = arg;
	MDB_dbi main_dbi;
	MDB_stat stat;
	int rc = mdb_dbi_open(txn->mdb, NULL, 0, &main_dbi);
	if (!rc)
		rc = mdb_stat(txn->mdb, main_dbi, &stat);
	if (rc)
		return store_fail(txn->store, rc, "reading it", err);
	*foreign = stat.ms_entries;
	for (int i = 0; i < STORE_DB_COUNT; i++)
		if (txn->store->dbi[i])
			--*foreign;
	return ERR_OK;
}

static int create(struct store *store, struct err *err)
{
	size_t foreign = 0;
	int code = store_open_databases(store, err);
	if (!code)
		code = store_read(store, count_foreign, &foreign, err);
	if (!code && foreign)
		code = err_set(err, ERR_REFUSED, "%s/%s belongs to another program", store->path,
		               STORE_DATA_FILE);
	if (!code)
		code = store_add_databases(store, err);
	if (!code)
		code = store_write(store, fill, NULL, err);
	return code;
}

/* The names of the new files survive a power cut, too. */
static int sync_directory(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed = fd < 0 || fsync(fd);
	int code = failed ? err_errno(err, "%s", path) : ERR_OK;
	if (fd >= 0)
		close(fd);
	return code;
}

static int make_directory(const char *path, struct err *err)
{
	if (mkdir(path, DIRECTORY_MODE)) {
		struct stat st;
		if (errno == EEXIST && !stat(path, &st) && S_ISDIR(st.st_mode))
			return ERR_OK;
		return err_errno(err, "cannot make the directory %s", path);
	}
	if (chmod(path, DIRECTORY_MODE)) /* whatever the umask was */
		return err_errno(err, "%s", path);
	return ERR_OK;
}

int store_create(const char *path, struct err *err)
{
	struct store *store;
	int code = store_open(path, STORE_READ, &store, err);
	if (!code) {
		store_close(store);
		return err_set(err, ERR_EXISTS, "%s: there is a store already", path);
	}
	if (code != ERR_NOT_FOUND)
		return code;
	code = make_directory(path, err);
	if (!code)
		code = store_open_env(path, STORE_WRITE, STORE_MAP_SIZE, STORE_LOCK_DEFAULT_MS, &store, err);
	if (code)
		return code;
	code = create(store, err);
	store_close(store);
	return code ? code : sync_directory(path, err);
}
