/* The writers' lock: LMDB's own waits without limit and names nobody. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "truststore/base/clock.h"
#include "truststore/store_priv.h"

enum { NOTE_MAX = 64, RETRY_MS = 10 };

/* Who holds it stands in the file, for others' messages; where it cannot be written they have to do without. */
static void write_note(int fd)
{
	char note[NOTE_MAX];
	int len = snprintf(note, sizeof note, "%s (process %ld)\n", program_invocation_short_name,
	                   (long)getpid());
	if (len >= NOTE_MAX)
		len = NOTE_MAX - 1;
	if (ftruncate(fd, 0) || pwrite(fd, note, (size_t)len, 0) < 0)
		return;
}

static int busy(const struct store *store, struct err *err)
{
	char note[NOTE_MAX];
	ssize_t len = pread(store->lock_fd, note, sizeof note - 1, 0);
	note[len > 0 ? len : 0] = '\0';
	note[strcspn(note, "\n")] = '\0';
	return err_set(err, ERR_BUSY, "%s: %s is writing to the store, and was not done in %u ms",
	               store->path, note[0] ? note : "another process", store->lock_ms);
}

int store_lock(struct store *store, struct err *err)
{
	int64_t deadline = clock_monotonic_us() + (int64_t)store->lock_ms * 1000;
	while (flock(store->lock_fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, "%s/%s", store->path, STORE_WRITE_LOCK_FILE);
		if (clock_monotonic_us() >= deadline)
			return busy(store, err);
		nanosleep(&(struct timespec){ .tv_nsec = RETRY_MS * 1000000L }, NULL);
	}
	write_note(store->lock_fd);
	return ERR_OK;
}

void store_unlock(struct store *store)
{
	if (ftruncate(store->lock_fd, 0)) {
		/* the note of the next holder overwrites it */
	}
	flock(store->lock_fd, LOCK_UN);
}
