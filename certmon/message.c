#define _GNU_SOURCE /* asprintf, gmtime_r */
#include "certmon/message.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "certmon/page.h"
#include "certmon/textbuf.h"
#include "truststore/base/clock.h"

/* How many bytes of `text` make whole UTF-8 characters and fit in `room`. */
static size_t whole_characters(const char *text, size_t room)
{
	size_t len = strlen(text);
	if (len <= room)
		return len;
	len = room;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len ? len : room;
}

/* A header of any UTF-8 text: plain where it is ASCII and not too long for a line, else encoded words of at most 75
 * characters (RFC 2047, 2 and 5). */
static void add_header(struct textbuf *buf, const char *name, const char *text)
{
	enum { PLAIN_MAX = 200, WORD_BYTES = 42 };
	int plain = strlen(text) <= PLAIN_MAX && !strstr(text, "=?");
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		plain &= *c >= ' ' && *c < 0x7f;
	if (plain) {
		textbuf_add(buf, "%s: %s\r\n", name, text);
		return;
	}
	textbuf_add(buf, "%s:", name);
	while (*text) {
		size_t take = whole_characters(text, WORD_BYTES);
		gnutls_datum_t in = { (unsigned char *)text, (unsigned)take }, out = { 0 };
		if (gnutls_base64_encode2(&in, &out) < 0)
			return;
		textbuf_add(buf, " =?UTF-8?B?%.*s?=\r\n", (int)out.size, (const char *)out.data);
		gnutls_free(out.data);
		text += take;
	}
}

/* Names of days and months as RFC 5322, 3.3 has them, whatever the locale. */
static void add_date(struct textbuf *buf, int64_t now)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t when = (time_t)now;
	struct tm t;
	gmtime_r(&when, &t);
	textbuf_add(buf, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
	            t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* The domain of a Message-ID: the sender's. */
static const char *domain_of(const char *from)
{
	const char *at = strchr(from, '@');
	return at ? at + 1 : "localhost";
}

static void add_headers(struct textbuf *buf, const char *from, const char *to, const char *subject, int64_t now,
                        const char *boundary)
{
	textbuf_add(buf, "From: Certificate monitor <%s>\r\nTo: <%s>\r\n", from, to);
	add_header(buf, "Subject", subject);
	add_date(buf, now);
	textbuf_add(buf, "Message-ID: <%s@%s>\r\n", boundary, domain_of(from));
	textbuf_add(buf, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
}

static void random_word(char out[33])
{
	unsigned char bytes[16];
	gnutls_rnd(GNUTLS_RND_NONCE, bytes, sizeof bytes);
	hex_encode(bytes, sizeof bytes, false, out);
}

static char *subject_of(const struct message *message)
{
	enum { NAME_SHOWN = 80 };
	const struct finding *first = message->due[0];
	char when[64], *subject;
	size_t shown = whole_characters(first->name, NAME_SHOWN);
	finding_when(first, message->now, when);
	const char *dots = first->name[shown] ? "..." : "";
	int done;
	if (message->due_count == 1)
		done = asprintf(&subject, "Certificates: %.*s%s %s", (int)shown, first->name, dots, when);
	else
		done = asprintf(&subject, "Certificates: %zu to look after, first %.*s%s %s", message->due_count, (int)shown,
		                first->name, dots, when);
	return done < 0 ? NULL : subject;
}

void message_facts(const struct finding *finding, message_fact_fn *each, void *arg)
{
	char hex[DIGEST_HEX_SIZE], date[CLOCK_TEXT_SIZE], command[DIGEST_HEX_SIZE + 64];
	char revoked[CLOCK_TEXT_SIZE + 64] = "";
	digest_hex(&finding->id, hex);
	snprintf(command, sizeof command, "certmon ack %s --until YYYY-MM-DD --reason TEXT", hex);
	if (finding->revoked_why)
		snprintf(revoked, sizeof revoked, "%s (%s)", clock_format(finding->revoked_at, date), finding->revoked_why);
	const struct {
		const char *label, *text;
	} facts[] = {
		{ "revoked", revoked },
		{ "expiry", finding->end != CLOCK_NEVER ? clock_format(finding->end, date) : NULL },
		{ "names", finding->names },
		{ "found in", finding->stores },
		{ "identity", finding->purpose },
		{ "roles", finding->roles },
		{ "serial", finding->serial },
		{ "key", finding->key },
		{ "SHA-256", finding_is_cert(finding) ? hex : NULL },
		{ "covered by", finding->covered },
		{ "affected", finding->affected },
		{ "next", finding->advice },
		{ "silence", command },
	};
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		if (facts[i].text && facts[i].text[0])
			each(facts[i].label, facts[i].text, arg);
}

static void add_fact(const char *label, const char *text, void *arg)
{
	textbuf_add(arg, "    %-12s %s\n", label, text);
}

static void add_finding(struct textbuf *buf, const struct message *message, const struct finding *finding)
{
	char when[64];
	textbuf_add(buf, "\n%s\n", finding->subject);
	add_fact("state", finding_when(finding, message->now, when), buf);
	message_facts(finding, add_fact, buf);
}

static void add_findings(struct textbuf *buf, const struct message *message, const struct finding *const *list, size_t count)
{
	size_t i = 0;
	for (; i < count && i < MESSAGE_IN_FULL; i++)
		add_finding(buf, message, list[i]);
	if (i < count)
		textbuf_add(buf, "\nFurther ones in short:\n");
	for (; i < count && i < MESSAGE_IN_FULL + MESSAGE_IN_SHORT; i++) {
		char hex[DIGEST_HEX_SIZE], when[64];
		textbuf_add(buf, "    %-24s %.16s  %s\n", finding_when(list[i], message->now, when), digest_hex(&list[i]->id, hex),
		            list[i]->subject);
	}
	if (i < count)
		textbuf_add(buf, "    and %zu more: certmon report shows them all\n", count - i);
}

static char *plain_part(const struct message *message, size_t *len)
{
	struct textbuf buf;
	char date[CLOCK_TEXT_SIZE];
	textbuf_begin(&buf);
	textbuf_add(&buf, "These certificates need somebody's attention, the most urgent first.\n");
	add_findings(&buf, message, message->due, message->due_count);
	if (message->covered_count)
		textbuf_add(&buf, "\n\nNothing to worry about: these have a newer certificate of the same subject.\n");
	add_findings(&buf, message, message->covered, message->covered_count);
	textbuf_add(&buf, "\n\nThis is what certmon found on %s at %s; certmon report shows everything.\n", message->host,
	            clock_format(message->now, date));
	return textbuf_end(&buf, len);
}

static void add_part(struct textbuf *buf, const char *boundary, const char *type, const char *body, size_t len)
{
	textbuf_add(buf, "--%s\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", boundary, type);
	textbuf_quoted(buf, body, len);
}

char *message_build(const struct message *message, size_t *len, char **subject)
{
	char boundary[33], *bytes = NULL;
	size_t plain_len, html_len;
	random_word(boundary);
	*subject = subject_of(message);
	char *plain = plain_part(message, &plain_len);
	char *html = page_mail(message, &html_len);
	if (*subject && plain && html) {
		struct textbuf buf;
		textbuf_begin(&buf);
		add_headers(&buf, message->from, message->to, *subject, message->now, boundary);
		textbuf_add(&buf, "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n", boundary);
		add_part(&buf, boundary, "text/plain", plain, plain_len);
		add_part(&buf, boundary, "text/html", html, html_len);
		textbuf_add(&buf, "--%s--\r\n", boundary);
		bytes = textbuf_end(&buf, len);
	}
	free(plain);
	free(html);
	if (!bytes) {
		free(*subject);
		*subject = NULL;
	}
	return bytes;
}

char *message_host(char out[MESSAGE_HOST_SIZE])
{
	out[MESSAGE_HOST_SIZE - 1] = '\0';
	if (gethostname(out, MESSAGE_HOST_SIZE - 1) || !out[0])
		snprintf(out, MESSAGE_HOST_SIZE, "this host");
	return out;
}

char *message_test(const char *from, const char *to, const char *host, int64_t now, size_t *len)
{
	char word[33];
	random_word(word);
	struct textbuf buf;
	textbuf_begin(&buf);
	add_headers(&buf, from, to, "Certificates: a test message", now, word);
	textbuf_add(&buf, "Content-Type: text/plain; charset=utf-8\r\n\r\n");
	textbuf_add(&buf, "The certificate monitor on %s can send mail. Nothing needs to be done.\r\n", host);
	return textbuf_end(&buf, len);
}
