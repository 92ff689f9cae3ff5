/* Yardstick of Q2: the least that a TLS server on GnuTLS and epoll can do. Reads a record,
 * sends back ANSWER bytes. Usage: echo PORT CERT KEY ANSWER-BYTES */
#define _GNU_SOURCE /* accept4 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, RECORD = 16384 };

struct client {
	int fd;
	int open; /* the handshake is done */
	gnutls_session_t tls;
};

static size_t answer_bytes;

static void client_free(struct client *client)
{
	gnutls_deinit(client->tls);
	close(client->fd);
	free(client);
}

static struct client *client_new(int fd, gnutls_certificate_credentials_t credentials,
                                 gnutls_priority_t priority)
{
	struct client *client = calloc(1, sizeof *client);
	if (!client)
		abort();
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	client->fd = fd;
	gnutls_init(&client->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS);
	gnutls_priority_set(client->tls, priority);
	gnutls_credentials_set(client->tls, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(client->tls, fd);
	return client;
}

static void client_serve(struct client *client)
{
	static char record[RECORD];
	if (!client->open) {
		int code = gnutls_handshake(client->tls);
		if (code < 0) {
			if (gnutls_error_is_fatal(code))
				client_free(client);
			return;
		}
		client->open = 1;
	}
	for (;;) {
		ssize_t n = gnutls_record_recv(client->tls, record, sizeof record);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			return;
		if (n <= 0) {
			client_free(client);
			return;
		}
		gnutls_record_send(client->tls, record, answer_bytes);
	}
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	answer_bytes = strtoul(argv[4], NULL, 10);
	if (answer_bytes > RECORD)
		return 2;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	gnutls_certificate_allocate_credentials(&credentials);
	if (gnutls_certificate_set_x509_key_file(credentials, argv[2], argv[3], GNUTLS_X509_FMT_PEM) < 0)
		return 2;
	gnutls_priority_init(&priority, "NORMAL", NULL);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])) };
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 512)) {
		perror("echo");
		return 2;
	}
	int loop = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN }, events[EVENTS];
	epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int n = epoll_wait(loop, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr) {
				client_serve(events[i].data.ptr);
				continue;
			}
			int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
			if (fd < 0)
				continue;
			event.data.ptr = client_new(fd, credentials, priority);
			epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
		}
	}
}
