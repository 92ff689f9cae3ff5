#include <stdio.h>

#include "certmon/page.h"
#include "certmon/textbuf.h"
#include "truststore/base/clock.h"

/* Styles stand at each element: many mail readers drop a style sheet. */

static void mail_line(struct textbuf *buf, const char *label, const char *text)
{
	if (!text || !text[0])
		return;
	textbuf_add(buf, "<tr><td style=\"padding:1px 12px 1px 0;color:#667;vertical-align:top;white-space:nowrap\">%s</td>"
	                 "<td style=\"padding:1px 0;overflow-wrap:anywhere\">", label);
	textbuf_html(buf, text);
	textbuf_add(buf, "</td></tr>");
}

static const char *mail_colour(enum finding_level level)
{
	static const char *const colours[] = { "#b42318", "#d9480f", "#c98a00", "#2b8a5a" };
	return colours[level];
}

static void mail_finding(struct textbuf *buf, const struct message *message, const struct finding *finding)
{
	char hex[DIGEST_HEX_SIZE], when[64], date[CLOCK_TEXT_SIZE], command[DIGEST_HEX_SIZE + 64];
	digest_hex(&finding->id, hex);
	const char *colour = finding_covered(finding) ? "#8a93a3" : mail_colour(finding->level);
	textbuf_add(buf, "<div style=\"border-left:4px solid %s;padding:2px 0 2px 12px;margin:16px 0\"><b>", colour);
	textbuf_html(buf, finding->subject);
	textbuf_add(buf, "</b><br><span style=\"color:%s\">%s</span><table style=\"font-size:13px;border-collapse:collapse\">",
	            colour, finding_when(finding, message->now, when));
	if (finding->end != CLOCK_NEVER)
		mail_line(buf, "expiry", clock_format(finding->end, date));
	mail_line(buf, "names", finding->names);
	mail_line(buf, "found in", finding->stores);
	mail_line(buf, "identity", finding->purpose);
	mail_line(buf, "roles", finding->roles);
	mail_line(buf, "serial", finding->serial);
	mail_line(buf, "key", finding->key);
	if (finding->kind == FINDING_CERT)
		mail_line(buf, "SHA-256", hex);
	mail_line(buf, "covered by", finding->covered);
	mail_line(buf, "affected", finding->affected);
	mail_line(buf, "next", finding->advice);
	snprintf(command, sizeof command, "certmon ack %s --until YYYY-MM-DD --reason TEXT", hex);
	mail_line(buf, "silence", command);
	textbuf_add(buf, "</table></div>\n");
}

static void mail_findings(struct textbuf *buf, const struct message *message, const struct finding *const *list, size_t count)
{
	size_t i = 0;
	for (; i < count && i < MESSAGE_IN_FULL; i++)
		mail_finding(buf, message, list[i]);
	if (i < count)
		textbuf_add(buf, "<p>Further ones in short:</p><table style=\"font-size:13px;border-collapse:collapse\">\n");
	bool table = i < count;
	for (; i < count && i < MESSAGE_IN_FULL + MESSAGE_IN_SHORT; i++) {
		char when[64];
		mail_line(buf, finding_when(list[i], message->now, when), list[i]->subject);
	}
	if (table)
		textbuf_add(buf, "</table>\n");
	if (i < count)
		textbuf_add(buf, "<p>And %zu more: certmon report shows them all.</p>\n", count - i);
}

char *page_mail(const struct message *message, size_t *len)
{
	struct textbuf buf;
	char date[CLOCK_TEXT_SIZE];
	textbuf_begin(&buf);
	textbuf_add(&buf, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Certificates</title></head>"
	                  "<body style=\"font:15px/1.45 sans-serif;max-width:720px\">"
	                  "<p>These certificates need somebody's attention, the most urgent first.</p>\n");
	mail_findings(&buf, message, message->due, message->due_count);
	if (message->covered_count)
		textbuf_add(&buf, "<p style=\"color:#667\">Nothing to worry about: these have a newer certificate of the same subject.</p>\n");
	mail_findings(&buf, message, message->covered, message->covered_count);
	textbuf_add(&buf, "<p style=\"color:#667\">This is what certmon found on ");
	textbuf_html(&buf, message->host);
	textbuf_add(&buf, " at %s; certmon report shows everything.</p></body></html>\n", clock_format(message->now, date));
	return textbuf_end(&buf, len);
}
