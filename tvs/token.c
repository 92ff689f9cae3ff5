#include "tvs/token.h"

#include <gnutls/pkcs11.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 6, PAUSE_MS = 20, SPREAD = 8 };

/* Processes that met once shall not meet again. */
static void pause_a_little(int i)
{
	long ms = PAUSE_MS * (1 + i + getpid() % SPREAD);
	struct timespec pause = { .tv_nsec = ms * 1000000 };
	nanosleep(&pause, NULL);
}

int token_try(token_work_fn *work, void *arg, struct err *err)
{
	for (int i = 1;; i++) {
		int code = work(arg, err);
		if (code != ERR_CRYPTO || i == TRIES)
			return code;
		gnutls_pkcs11_deinit();
		pause_a_little(i);
		(void)gnutls_pkcs11_init(GNUTLS_PKCS11_FLAG_AUTO, NULL); /* if it fails, so does `work` */
	}
}
