#include "certmon/page.h"
#include "certmon/textbuf.h"
#include "truststore/base/clock.h"

/* Styles stand at each element: many mail readers drop a style sheet. */

static void mail_fact(const char *label, const char *text, void *arg)
{
	struct textbuf *buf = arg;
	textbuf_add(buf, "<tr><td style=\"padding:1px 12px 1px 0;color:#667;vertical-align:top;white-space:nowrap\">%s</td>"
	                 "<td style=\"padding:1px 0;overflow-wrap:anywhere\">", label);
	textbuf_html(buf, text);
	textbuf_add(buf, "</td></tr>");
}

static const char *mail_colour(enum finding_level level)
{
	static const char *const colours[] = { "#b42318", "#d9480f", "#a86f00", "#2b8a5a" };
	return colours[level];
}

static void mail_finding(struct textbuf *buf, const struct message *message, const struct finding *finding)
{
	char when[64];
	const char *colour = finding_covered(finding) ? "#6f7888" : mail_colour(finding->level);
	textbuf_add(buf, "<div style=\"border-left:4px solid %s;padding:2px 0 2px 12px;margin:16px 0\"><b>", colour);
	textbuf_html(buf, finding->subject);
	textbuf_add(buf, "</b><br><span style=\"color:%s\">%s</span><table style=\"font-size:13px;border-collapse:collapse\">",
	            colour, finding_when(finding, message->now, when));
	message_facts(finding, mail_fact, buf);
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
		mail_fact(finding_when(list[i], message->now, when), list[i]->subject, buf);
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
