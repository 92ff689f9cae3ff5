/* Opening and closing; what can go wrong, in words. */
#include "config.h"

#include "truststore/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "truststore/owner.h"
#include "truststore/record_priv.h"
#include "truststore/store_priv.h"

enum {
	FILE_MODE = 0660,  /* a reader has to write into lock.mdb */
	MAX_READERS = 1024,
	LOCK_FILE_SIZE = 64 * MAX_READERS + 128, /* what LMDB makes of that number */
	SPARE_DATABASES = 16 /* of a newer program, that this one does not know */
};

static const struct {
	const char *name;
	unsigned flags;
} databases[STORE_DB_COUNT] = {
	[STORE_META] = { "meta", 0 },
	[STORE_ANSWER] = { "answer", 0 },
	[STORE_CERT] = { "cert", 0 },
	[STORE_STORE] = { "store", 0 },
	[STORE_MEMBER] = { "member", 0 },
	[STORE_ENDING] = { "ending", 0 },
	[STORE_ISSUER_SERIAL] = { "issuer_serial", MDB_DUPSORT | MDB_DUPFIXED },
	[STORE_SUBJECT] = { "subject", MDB_DUPSORT | MDB_DUPFIXED },
	[STORE_EXPIRY] = { "expiry", 0 },
	[STORE_BLOCK] = { "block", 0 },
	[STORE_TOMBSTONE] = { "tombstone", 0 },
	[STORE_IDENTITY] = { "identity", 0 },
	[STORE_REVOCATION] = { "revocation", 0 },
	[STORE_RESPONDER] = { "responder", 0 },
	[STORE_CRL] = { "crl", 0 },
	[STORE_NOTICE] = { "notice", 0 },
	[STORE_OUTBOX] = { "outbox", 0 },
	[STORE_PEER] = { "peer", 0 },
	[STORE_SUCCESSOR] = { "successor", 0 },
	[STORE_MARK] = { "mark", 0 },
	[STORE_CHANGE] = { "change", 0 },
};

const char *store_db_name(enum store_db db)
{
	return databases[db].name;
}

bool store_db_dup(enum store_db db)
{
	return databases[db].flags & MDB_DUPSORT;
}

const char *store_path(const struct store *store)
{
	return store->path;
}

int store_code(int rc)
{
	switch (rc) {
	case 0:
		return ERR_OK;
	case MDB_NOTFOUND:
		return ERR_NOT_FOUND;
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	case MDB_READERS_FULL:
		return ERR_BUSY;
	case EBUSY:
		return ERR_AGAIN;
	case MDB_VERSION_MISMATCH:
		return ERR_VERSION;
	case ENOMEM:
		return ERR_MEMORY;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_SYSTEM;
	default:
		return ERR_STORE;
	}
}

/* A write that was cut short comes as EIO; on a full disk that is the reason. */
static bool disk_is_full(const struct store *store)
{
	struct statvfs fs;
	return !statvfs(store->path, &fs) && fs.f_bavail < 256;
}

int store_fail(const struct store *store, int rc, const char *what, struct err *err)
{
	int code = store_code(rc);
	if (rc == EIO && disk_is_full(store))
		code = ERR_FULL;
	if (code == ERR_FULL)
		return err_set(err, code, "%s: %s: no space left on the device; nothing was changed",
		               store->path, what);
	if (rc == EBUSY)
		return err_set(err, code,
		               "%s: %s: the store grew while this process was reading it; try again",
		               store->path, what);
	if (rc == MDB_READERS_FULL)
		return err_set(err, code, "%s: %s: all %d reader slots are taken", store->path,
		               what, MAX_READERS);
	return err_set(err, code, "%s: %s: %s", store->path, what, mdb_strerror(rc));
}

/* Adds to a refusal what to do about it. */
static int hint_owner(const char *path, const char *why, int code, struct err *err)
{
	struct stat st;
	if (!err || stat(path, &st))
		return code;
	const struct passwd *owner = getpwuid(st.st_uid);
	if (owner)
		return err_set(err, code, "%s%s; run it as root or as the user who owns it (%s)", err->text, why, owner->pw_name);
	return err_set(err, code, "%s%s; run it as root or as the user who owns it (uid %lu)", err->text, why,
	               (unsigned long)st.st_uid);
}

/* Says which of the files is the one that refuses. */
static int fail_access(const char *path, enum store_mode mode, struct err *err)
{
	const struct {
		const char *name;
		int access;
		const char *why;
	} files[] = {
		{ ".", X_OK, "" },
		{ STORE_DATA_FILE, R_OK | (mode == STORE_WRITE ? W_OK : 0), "" },
		{ STORE_LMDB_LOCK_FILE, R_OK | W_OK,
		  "; who reads the store needs write access to this file" },
		{ STORE_WRITE_LOCK_FILE, R_OK | (mode == STORE_WRITE ? W_OK : 0), "" },
	};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		char *file;
		if (asprintf(&file, "%s/%s", path, files[i].name) < 0)
			return err_set(err, ERR_MEMORY, "no memory");
		if (faccessat(AT_FDCWD, file, files[i].access, AT_EACCESS) && errno != ENOENT) {
			int code = err_errno(err, "%s", i ? file : path);
			free(file);
			return hint_owner(path, files[i].why, code, err);
		}
		free(file);
	}
	errno = EACCES;
	return hint_owner(path, "", err_errno(err, "%s", path), err);
}

static int fail_open(const char *path, enum store_mode mode, int rc, struct err *err)
{
	switch (rc) {
	case EACCES:
		return fail_access(path, mode, err);
	case EROFS:
		return err_set(err, ERR_SYSTEM, "%s: the file system is read-only", path);
	case ENOMEM:
		return err_set(err, ERR_MEMORY,
		               "%s: no room for the map of the store; is the address space limited (ulimit -v, LimitAS)?",
		               path);
	case MDB_INVALID:
	case MDB_CORRUPTED:
		return err_set(err, ERR_STORE, "%s/%s is no LMDB database: %s", path,
		               STORE_DATA_FILE, mdb_strerror(rc));
	default:
		return err_set(err, store_code(rc), "%s: %s", path, mdb_strerror(rc));
	}
}

/* The login name behind sudo, or the user's. */
static void who_am_i(char out[STORE_WHO_MAX])
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	if (sudo && *sudo) {
		snprintf(out, STORE_WHO_MAX, "%s", sudo);
		return;
	}
	const struct passwd *user = getpwuid(getuid());
	if (user)
		snprintf(out, STORE_WHO_MAX, "%s", user->pw_name);
	else
		snprintf(out, STORE_WHO_MAX, "uid %lu", (unsigned long)getuid());
}

static int open_lock_file(struct store *store, struct err *err)
{
	char *file;
	if (asprintf(&file, "%s/%s", store->path, STORE_WRITE_LOCK_FILE) < 0)
		return err_set(err, ERR_MEMORY, "no memory");
	store->lock_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	int code = ERR_OK;
	if (store->lock_fd < 0)
		code = errno == EROFS || errno == EACCES ? fail_open(store->path, store->mode, errno, err)
		                                         : err_errno(err, "%s", file);
	free(file);
	return code;
}

/* LMDB maps lock.mdb with holes in it. On a full disk the first touch of one ends a process with SIGBUS, a reader's, too: so
 * its blocks are taken beforehand. What else may be wrong with the file, LMDB will find. */
static int reserve_lmdb_lock(const char *path, struct err *err)
{
	char *file;
	if (asprintf(&file, "%s/%s", path, STORE_LMDB_LOCK_FILE) < 0)
		return err_set(err, ERR_MEMORY, "no memory");
	int code = ERR_OK, fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	struct stat st;
	if (fd >= 0 && !fstat(fd, &st) && st.st_blocks * 512 < LOCK_FILE_SIZE &&
	    fallocate(fd, 0, 0, LOCK_FILE_SIZE) && (errno == ENOSPC || errno == EDQUOT))
		code = err_errno(err, "%s", file);
	if (fd >= 0)
		close(fd);
	free(file);
	return code;
}

static int open_files(struct store *store, size_t map_size, struct err *err)
{
	int code = reserve_lmdb_lock(store->path, err);
	if (code)
		return code;
	int rc = mdb_env_create(&store->env);
	if (!rc)
		rc = mdb_env_set_maxdbs(store->env, STORE_DB_COUNT + SPARE_DATABASES);
	if (!rc)
		rc = mdb_env_set_maxreaders(store->env, MAX_READERS);
	if (!rc)
		rc = mdb_env_set_mapsize(store->env, map_size);
	if (!rc)
		rc = mdb_env_open(store->env, store->path,
		                  MDB_NOTLS | (store->mode == STORE_READ ? MDB_RDONLY : 0), FILE_MODE);
	if (rc)
		return fail_open(store->path, store->mode, rc, err);
	return store->mode == STORE_WRITE ? open_lock_file(store, err) : ERR_OK;
}

int store_open_env(const char *path, enum store_mode mode, size_t map_size, unsigned lock_ms,
                   struct store **out, struct err *err)
{
	struct store *store = calloc(1, sizeof *store);
	if (!store || !(store->path = strdup(path))) {
		free(store);
		return err_set(err, ERR_MEMORY, "no memory");
	}
	store->mode = mode;
	store->lock_fd = -1;
	store->lock_ms = lock_ms;
	store->waiting_max = STORE_WAITING_MAX;
	who_am_i(store->who);
	struct owner before;
	int code = owner_enter(path, &before, err);
	if (!code) {
		mode_t mask = umask(0777 & ~FILE_MODE);
		code = open_files(store, map_size, err);
		umask(mask);
	}
	owner_leave(&before);
	if (code) {
		store_close(store);
		return code;
	}
	*out = store;
	return ERR_OK;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->env)
		mdb_env_close(store->env);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store->path);
	free(store);
}

static int open_databases(struct store *store, bool create, struct err *err)
{
	struct txn txn;
	int rc = txn_begin(&txn, store, create);
	if (rc)
		return store_fail(store, rc, "opening it", err);
	for (int i = 0; i < STORE_DB_COUNT && !rc; i++) {
		rc = mdb_dbi_open(txn.mdb, databases[i].name,
		                  databases[i].flags | (create ? MDB_CREATE : 0), &store->dbi[i]);
		if (rc == MDB_NOTFOUND && !create) {
			store->dbi[i] = 0;
			rc = 0;
		}
	}
	if (!rc) { /* the handles outlive a transaction only if it is committed */
		rc = mdb_txn_commit(txn.mdb);
		txn.mdb = NULL;
	}
	txn_abort(&txn);
	return rc ? store_fail(store, rc, "opening its databases", err) : ERR_OK;
}

int store_open_databases(struct store *store, struct err *err)
{
	return open_databases(store, false, err);
}

int store_add_databases(struct store *store, struct err *err)
{
	int code = store_lock(store, err);
	if (code)
		return code;
	code = open_databases(store, true, err);
	store_unlock(store);
	return code;
}

static int no_store(const char *path, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
	               "%s: there is no store here; \"truststore init\" makes one", path);
}

static int check_format(struct txn *txn, void *arg, struct err *err)
{
	bool *complete = arg;
	const char *path = txn->store->path;
	struct span value;
	if (txn_get(txn, STORE_META, "format", 6, &value))
		return no_store(path, err);
	if (value.len != 4)
		return err_set(err, ERR_STORE, "%s: its format version is not readable", path);
	uint64_t format = get_be(value.bytes, 4);
	if (format != STORE_FORMAT)
		return err_set(err, ERR_VERSION, "%s: format version %llu, this program knows %d",
		               path, (unsigned long long)format, STORE_FORMAT);
	*complete = true;
	for (int i = 0; i < STORE_DB_COUNT; i++)
		if (!txn->store->dbi[i])
			*complete = false;
	return ERR_OK;
}

int store_open_sized(const char *path, enum store_mode mode, size_t map_size, unsigned lock_ms,
                     struct store **out, struct err *err)
{
	char *file;
	if (asprintf(&file, "%s/%s", path, STORE_DATA_FILE) < 0)
		return err_set(err, ERR_MEMORY, "no memory");
	struct stat st;
	int missing = stat(file, &st) ? errno : 0;
	free(file);
	if (missing)
		return missing == EACCES ? fail_access(path, mode, err) : no_store(path, err);
	struct store *store;
	int code = store_open_env(path, mode, map_size, lock_ms, &store, err);
	if (code)
		return code;
	bool complete = false;
	code = store_open_databases(store, err);
	if (!code)
		code = store_read(store, check_format, &complete, err);
	if (!code && !complete && mode == STORE_WRITE)
		code = store_add_databases(store, err); /* those that came with a newer program */
	if (code) {
		store_close(store);
		return code;
	}
	*out = store;
	return ERR_OK;
}

int store_open(const char *path, enum store_mode mode, struct store **out, struct err *err)
{
	return store_open_sized(path, mode, STORE_MAP_SIZE, STORE_LOCK_DEFAULT_MS, out, err);
}

bool store_replaced(const struct store *store)
{
	char path[PATH_MAX];
	struct stat ours, there;
	int fd;
	if (mdb_env_get_fd(store->env, &fd) || fstat(fd, &ours) ||
	    (size_t)snprintf(path, sizeof path, "%s/data.mdb", store->path) >= sizeof path)
		return false;
	return stat(path, &there) ? errno == ENOENT : there.st_dev != ours.st_dev || there.st_ino != ours.st_ino;
}

int store_clear_readers(struct store *store)
{
	int dead = 0;
	mdb_reader_check(store->env, &dead);
	return dead;
}
