/* The load generator of "make bench": a bounded TLS client for loopback only.
 *
 *   load handshake PORT PRIORITY COUNT         full handshakes, one after another
 *   load ask PORT CONNECTIONS COUNT REQUESTS   closed loop on open connections
 *   load rate PORT CONNECTIONS RATE SECONDS REQUESTS   open loop, latencies
 *   load idle PORT COUNT                       opens TLS connections, holds them until standard input ends
 *   load silent PORT COUNT                     the same with TCP connections that say nothing
 *   load first PORT REQUESTS                   tries until one request is answered, prints the time
 *
 * REQUESTS is a file of records: 4 bytes length of the request, 4 bytes length of the
 * expected answer (big-endian), then the request. Results are "key value" lines.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIRST_PATIENCE_S 120
enum { ANSWER_MAX = 65545, CONNECTIONS_MAX = 20000, PER_ADDRESS = 50 };

struct request {
	const uint8_t *bytes;
	uint32_t len, answer_len;
};

struct requests {
	uint8_t *file;
	struct request *list;
	size_t count;
};

struct peer {
	int fd;
	gnutls_session_t tls;
};

static gnutls_certificate_credentials_t credentials;
static const char *priority_text = "NORMAL";
static uint16_t port;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "load: %s: %s\n", what, why);
	exit(2);
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Loopback has many addresses: connection i comes from 127.0.0.1 + i / PER_ADDRESS. */
static int dial(size_t i)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket", strerror(errno));
	struct sockaddr_in from = { .sin_family = AF_INET };
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(i / PER_ADDRESS));
	int on = 1;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&from, sizeof from))
		die("bind", strerror(errno));
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof to)) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static int handshake(struct peer *peer)
{
	static gnutls_priority_t priority;
	if (!priority && gnutls_priority_init(&priority, priority_text, NULL))
		die("priority", priority_text);
	gnutls_init(&peer->tls, GNUTLS_CLIENT | GNUTLS_NO_TICKETS);
	gnutls_priority_set(peer->tls, priority);
	gnutls_credentials_set(peer->tls, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(peer->tls, peer->fd);
	int code;
	do
		code = gnutls_handshake(peer->tls);
	while (code < 0 && !gnutls_error_is_fatal(code));
	return code;
}

static void peer_close(struct peer *peer)
{
	if (peer->tls)
		gnutls_deinit(peer->tls);
	if (peer->fd >= 0)
		close(peer->fd);
	peer->tls = NULL;
	peer->fd = -1;
}

static void peer_open(struct peer *peer, size_t i)
{
	peer->tls = NULL;
	peer->fd = dial(i);
	if (peer->fd < 0)
		die("connect", strerror(errno));
	int code = handshake(peer);
	if (code < 0)
		die("handshake", gnutls_strerror(code));
}

static struct peer *peers_open(size_t count)
{
	struct peer *peers = calloc(count, sizeof *peers);
	if (!peers)
		die("memory", "none");
	for (size_t i = 0; i < count; i++)
		peer_open(&peers[i], i);
	return peers;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void requests_read(const char *path, struct requests *out)
{
	FILE *file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END))
		die(path, strerror(errno));
	long size = ftell(file);
	rewind(file);
	out->file = malloc((size_t)size);
	if (!out->file || fread(out->file, 1, (size_t)size, file) != (size_t)size)
		die(path, "cannot be read");
	fclose(file);
	out->list = calloc((size_t)size / 9 + 1, sizeof *out->list);
	if (!out->list)
		die("memory", "none");
	for (long at = 0; at + 8 < size;) {
		struct request *r = &out->list[out->count++];
		r->len = be32(out->file + at);
		r->answer_len = be32(out->file + at + 4);
		r->bytes = out->file + at + 8;
		at += 8 + (long)r->len;
	}
	if (!out->count)
		die(path, "holds no request");
}

static void ask_send(struct peer *peer, const struct request *r)
{
	if (gnutls_record_send(peer->tls, r->bytes, r->len) != (ssize_t)r->len)
		die("send", "failed");
}

static int ask_receive(struct peer *peer, const struct request *r)
{
	static uint8_t answer[ANSWER_MAX];
	size_t have = 0;
	while (have < r->answer_len) {
		ssize_t n = gnutls_record_recv(peer->tls, answer + have, r->answer_len - have);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue; /* a ticket came, not data */
		if (n <= 0)
			return -1;
		have += (size_t)n;
	}
	return 0;
}

static int run_handshakes(size_t count)
{
	double begin = now_s();
	for (size_t i = 0; i < count; i++) {
		struct peer peer;
		peer_open(&peer, 0);
		peer_close(&peer);
	}
	printf("count %zu\nseconds %.6f\n", count, now_s() - begin);
	return 0;
}

static int run_ask(size_t connections, size_t count, const struct requests *requests)
{
	struct peer *peers = peers_open(connections);
	puts("ready");
	fflush(stdout);
	if (getchar() == EOF) /* the caller reads the server's clock first */
		return 2;
	double begin = now_s();
	size_t done = 0;
	while (done < count) {
		size_t n = connections < count - done ? connections : count - done;
		for (size_t i = 0; i < n; i++)
			ask_send(&peers[i], &requests->list[(done + i) % requests->count]);
		for (size_t i = 0; i < n; i++)
			if (ask_receive(&peers[i], &requests->list[(done + i) % requests->count]))
				die("receive", "the server closed");
		done += n;
	}
	printf("count %zu\nseconds %.6f\n", done, now_s() - begin);
	fflush(stdout);
	(void)getchar();
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Latency counts from the moment at which the request was due, so that a server that
 * stalls cannot hide the requests that would have come meanwhile. */
static int run_rate(size_t connections, size_t rate, size_t seconds, const struct requests *requests)
{
	struct peer *peers = peers_open(connections);
	size_t count = rate * seconds;
	double *latency = calloc(count, sizeof *latency);
	if (!latency)
		die("memory", "none");
	double begin = now_s();
	for (size_t i = 0; i < count; i++) {
		double due = begin + (double)i / (double)rate;
		while (now_s() < due)
			;
		const struct request *r = &requests->list[i % requests->count];
		ask_send(&peers[i % connections], r);
		if (ask_receive(&peers[i % connections], r))
			die("receive", "the server closed");
		latency[i] = now_s() - due;
	}
	qsort(latency, count, sizeof *latency, by_value);
	printf("count %zu\np50 %.9f\np99 %.9f\nmax %.9f\n", count, latency[count / 2],
	       latency[count - count / 100 - 1], latency[count - 1]);
	return 0;
}

static int run_hold(size_t count, int silent)
{
	struct peer *peers = calloc(count, sizeof *peers);
	if (!peers)
		die("memory", "none");
	for (size_t i = 0; i < count; i++) {
		if (!silent) {
			peer_open(&peers[i], i);
			continue;
		}
		peers[i].fd = dial(i);
		if (peers[i].fd < 0)
			die("connect", strerror(errno));
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

static int run_first(const struct requests *requests)
{
	double begin = now_s();
	while (now_s() - begin < FIRST_PATIENCE_S) {
		struct peer peer = { .fd = dial(0) };
		if (peer.fd >= 0 && handshake(&peer) >= 0) {
			ask_send(&peer, requests->list);
			if (!ask_receive(&peer, requests->list)) {
				printf("at %.6f\n", now_s());
				return 0;
			}
		}
		peer_close(&peer);
		nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	}
	die("first", "no answer");
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		die("usage", "see the head of load.c");
	const char *mode = argv[1];
	port = (uint16_t)atoi(argv[2]);
	gnutls_certificate_allocate_credentials(&credentials);
	if (getenv("LOAD_PRIORITY"))
		priority_text = getenv("LOAD_PRIORITY");
	size_t first = strtoul(argv[3], NULL, 10);
	struct requests requests = { 0 };
	if (!strcmp(mode, "handshake") && argc == 5) {
		priority_text = argv[3];
		return run_handshakes(strtoul(argv[4], NULL, 10));
	}
	if (!strcmp(mode, "first")) {
		requests_read(argv[3], &requests);
		return run_first(&requests);
	}
	if (!first || first > CONNECTIONS_MAX)
		die("usage", "the number of connections is out of range");
	if (!strcmp(mode, "ask") && argc == 6) {
		requests_read(argv[5], &requests);
		return run_ask(first, strtoul(argv[4], NULL, 10), &requests);
	}
	if (!strcmp(mode, "rate") && argc == 7) {
		requests_read(argv[6], &requests);
		return run_rate(first, strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10), &requests);
	}
	if (!strcmp(mode, "idle") || !strcmp(mode, "silent"))
		return run_hold(first, mode[0] == 's');
	die("usage", "see the head of load.c");
}
