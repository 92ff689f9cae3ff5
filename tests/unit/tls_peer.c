#include "config.h"

#include "tests/unit/tls_peer.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_MS = 10000 };

void list_of(const char *text, struct cipher_list *out)
{
	struct err err;
	ck_assert_msg(!cipher_parse(text, out, &err), "%s: %s", text, err_text(&err));
}

static void own_finish(struct own *own, gnutls_x509_crt_t crt, gnutls_privkey_t key)
{
	ck_assert_int_eq(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &own->der), 0);
	gnutls_x509_crt_deinit(crt);
	own->chain[0] = (struct span){ own->der.data, own->der.size };
	struct err err;
	ck_assert_msg(!key_new(key, &own->key, &err), "%s", err_text(&err));
}

void own_load(struct own *own, const char *file)
{
	char path[512];
	snprintf(path, sizeof path, "%s/tests/data/vectors/keys/%s", getenv("top_srcdir"), file);
	gnutls_datum_t pem;
	ck_assert_msg(!gnutls_load_file(path, &pem), "%s", path);
	gnutls_privkey_t key;
	gnutls_privkey_init(&key);
	ck_assert_int_eq(gnutls_privkey_import_x509_raw(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0), 0);
	gnutls_x509_crt_t crt;
	gnutls_x509_crt_init(&crt);
	ck_assert_int_eq(gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM), 0);
	gnutls_free(pem.data);
	own_finish(own, crt, key);
}

static void own_make(struct own *own, gnutls_pk_algorithm_t pk, unsigned bits, unsigned usage)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_init(&key);
	ck_assert_int_eq(gnutls_x509_privkey_generate(key, pk, bits, 0), 0);
	gnutls_x509_crt_init(&crt);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, "\x05", 1);
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - 60);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
	gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "made", 4);
	if (usage)
		gnutls_x509_crt_set_key_usage(crt, usage);
	gnutls_x509_crt_set_key(crt, key);
	ck_assert_int_eq(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	gnutls_privkey_t privkey;
	gnutls_privkey_init(&privkey);
	gnutls_privkey_import_x509(privkey, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
	own_finish(own, crt, privkey);
}

void own_make_p256(struct own *own)
{
	own_make(own, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

void own_make_rsa(struct own *own, unsigned key_usage)
{
	own_make(own, GNUTLS_PK_RSA, 2048, key_usage);
}

void own_deinit(struct own *own)
{
	key_free(own->key);
	gnutls_free(own->der.data);
}

static int listen_anywhere(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* Starts a shell command whose output goes to `*output`. */
static pid_t start(const char *command, int port, int *output)
{
	char text[16];
	int ends[2];
	snprintf(text, sizeof text, "%d", port);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		setenv("PORT", text, 1);
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	*output = ends[0];
	return pid;
}

/* Waits for what ERR_AGAIN asks for; false at the deadline. */
static bool await(const struct tls_session *session, int fd)
{
	struct pollfd ready = { .fd = fd, .events = tls_wants_write(session) ? POLLOUT : POLLIN };
	return poll(&ready, 1, DEADLINE_MS) == 1;
}

static void converse(struct tls_session *session, int fd, struct meeting *out)
{
	char bytes[256];
	size_t len = 0;
	int code;
	while ((code = tls_read(session, bytes, sizeof bytes, &len, &out->err)) == ERR_AGAIN)
		if (!await(session, fd))
			return;
	if (code || len != 6 || memcmp(bytes, "hello\n", 6))
		return;
	out->echoed = !tls_write(session, bytes, len, &out->err);
	tls_bye(session);
}

static void serve(struct tls_session *session, int fd, struct meeting *out)
{
	while ((out->code = tls_handshake(session, &out->err)) == ERR_AGAIN)
		if (!await(session, fd))
			return;
	out->failure = tls_session_failure(session);
	out->version = tls_session_version(session);
	snprintf(out->cipher, sizeof out->cipher, "%s", tls_session_cipher(session));
	out->client = tls_session_client(session);
	snprintf(out->why, sizeof out->why, "%s", tls_session_client_why(session));
	tls_session_client_name(session, out->name, sizeof out->name);
	if (!out->code)
		converse(session, fd, out);
}

void meet_command(const struct tls_setup *setup, const char *command, struct meeting *out)
{
	memset(out, 0, sizeof *out);
	int port, output;
	int listener = listen_anywhere(&port);
	pid_t pid = start(command, port, &output);
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	struct tls_scratch *scratch = tls_scratch_new();
	struct tls_session *session;
	ck_assert_int_eq(tls_session_new(setup, scratch, fd, &session), 0);
	serve(session, fd, out);
	tls_session_free(session);
	tls_scratch_free(scratch);
	shutdown(fd, SHUT_WR);
	size_t len = 0;
	ssize_t got;
	while (len + 1 < sizeof out->output &&
	       (got = read(output, out->output + len, sizeof out->output - 1 - len)) > 0)
		len += (size_t)got;
	close(output);
	close(fd);
	close(listener);
	waitpid(pid, NULL, 0);
}

void meet(const struct tls_setup *setup, const char *args, struct meeting *out)
{
	char command[1024];
	snprintf(command, sizeof command,
	         "echo hello | timeout 10 openssl s_client -ign_eof -connect 127.0.0.1:$PORT %s", args);
	meet_command(setup, command, out);
}
