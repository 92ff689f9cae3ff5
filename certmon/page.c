#define _GNU_SOURCE /* gmtime_r */
#include "certmon/page.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certmon/textbuf.h"
#include "truststore/base/clock.h"

enum {
	TIMELINE_DAYS = 730, /* drawn; one unit of the drawing is a day */
	PAST_DAYS = 30,      /* room on the left for what has expired */
	BAR_HEIGHT = 10,
	MONTHS_A_LABEL = 3,
};

static const char STYLE[] =
	":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2330;--soft:#5d6778;--line:#dfe3ea;--grid:#e8ebf0;"
	"--expired:#b42318;--critical:#d9480f;--warning:#c98a00;--note:#2b8a5a;--ack:#8a93a3}"
	"@media(prefers-color-scheme:dark){:root{--bg:#12161d;--card:#1a2029;--ink:#e7ebf2;--soft:#9aa5b6;--line:#2b3340;"
	"--grid:#252d39;--expired:#f97066;--critical:#fb8b4b;--warning:#f2bd42;--note:#4cc38a;--ack:#6b7687}}"
	"*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);"
	"font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
	"main{max-width:1080px;margin:0 auto;padding:24px 20px 48px}h1{font-size:24px;margin:0 0 4px}"
	"h2{font-size:16px;margin:28px 0 8px}h3{font-size:13px;margin:18px 0 6px;color:var(--soft);font-weight:600}"
	".soft{color:var(--soft)}.sums{display:flex;flex-wrap:wrap;gap:12px;margin:20px 0}"
	".sum{flex:1 1 160px;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}"
	".sum b{display:block;font-size:26px;line-height:1.2}"
	".card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:4px 16px 16px}"
	".row{display:grid;grid-template-columns:minmax(0,260px) 1fr 130px;gap:12px;align-items:center;padding:3px 0}"
	".name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:13px}"
	".when{font-size:12px;text-align:right;white-space:nowrap}svg{display:block;width:100%;height:16px}"
	".axis{font-size:11px;color:var(--soft);position:relative;height:16px}.axis span{position:absolute;transform:translateX(-50%);white-space:nowrap}"
	".expired{color:var(--expired)}.critical{color:var(--critical)}.warning{color:var(--warning)}.note{color:var(--note)}.ack{color:var(--ack)}"
	"rect.bar{fill:currentColor}line{stroke:var(--grid);stroke-width:1;vector-effect:non-scaling-stroke}"
	"line.now{stroke:var(--soft)}table{width:100%;border-collapse:collapse;font-size:13px}"
	"th{text-align:left;color:var(--soft);font-weight:600;padding:8px 10px 6px 0;border-bottom:1px solid var(--line)}"
	"td{padding:8px 12px 8px 0;border-bottom:1px solid var(--grid);vertical-align:top;overflow-wrap:anywhere}td.short{white-space:nowrap;overflow-wrap:normal}"
	"code{font:12px ui-monospace,Menlo,Consolas,monospace;color:var(--soft)}"
	"@media(max-width:640px){main{padding:16px 12px 32px}.row{grid-template-columns:1fr auto}.row svg,.row .axis{grid-column:1/-1;grid-row:2}"
	".when{text-align:right}thead{display:none}tr{display:block;padding:8px 0;border-bottom:1px solid var(--line)}"
	"td,td.short{display:block;border:0;padding:1px 0;white-space:normal}td[data-h]:not(:empty)::before{content:attr(data-h) ': ';color:var(--soft)}}";

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
	bool covered = finding_covered(finding);
	const char *colour = covered ? "#8a93a3" : mail_colour(finding_level(finding, message->now, message->start));
	textbuf_add(buf, "<div style=\"border-left:4px solid %s;padding:2px 0 2px 12px;margin:16px 0\"><b>", colour);
	textbuf_html(buf, finding->subject);
	textbuf_add(buf, "</b><br><span style=\"color:%s\">%s</span><table style=\"font-size:13px;border-collapse:collapse\">",
	            colour, finding_when(finding, message->now, when));
	if (finding->end != CLOCK_NEVER)
		mail_line(buf, "expiry", clock_format(finding->end, date));
	mail_line(buf, "names", finding->names);
	mail_line(buf, "found in", finding->stores);
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

char *page_mail(const struct message *message, size_t *len)
{
	struct textbuf buf;
	textbuf_begin(&buf);
	textbuf_add(&buf, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Certificates</title></head>"
	                  "<body style=\"font:15px/1.45 sans-serif;max-width:720px\">"
	                  "<p>These certificates need somebody's attention, the most urgent first.</p>\n");
	for (size_t i = 0; i < message->due_count; i++)
		mail_finding(&buf, message, message->due[i]);
	if (message->covered_count)
		textbuf_add(&buf, "<p style=\"color:#667\">Nothing to worry about: these have a newer certificate of the same subject.</p>\n");
	for (size_t i = 0; i < message->covered_count; i++)
		mail_finding(&buf, message, message->covered[i]);
	textbuf_add(&buf, "</body></html>\n");
	return textbuf_end(&buf, len);
}

static bool drawn(const struct finding *finding)
{
	return finding->end != CLOCK_NEVER && finding->kind != FINDING_ANCHORS;
}

static const char *class_of(const struct finding *finding, int64_t now, int64_t start)
{
	if (finding_silent(finding))
		return "ack";
	return finding_level_name(finding_level(finding, now, start));
}

static int day_of(int64_t when, int64_t now)
{
	int64_t day = (when - now) / SCHEDULE_DAY;
	return day < -PAST_DAYS ? -PAST_DAYS : day > TIMELINE_DAYS ? TIMELINE_DAYS : (int)day;
}

/* The first of the month that is `months` after now's. */
static int64_t month_begin(int64_t now, int months)
{
	time_t when = (time_t)now;
	struct tm t;
	gmtime_r(&when, &t);
	t = (struct tm){ .tm_year = t.tm_year, .tm_mon = t.tm_mon + months, .tm_mday = 1 };
	return (int64_t)timegm(&t);
}

static void draw_axis(struct textbuf *buf, int64_t now)
{
	textbuf_add(buf, "<div class=\"row\"><span></span><div class=\"axis\">");
	for (int month = MONTHS_A_LABEL; month_begin(now, month) < now + (int64_t)TIMELINE_DAYS * SCHEDULE_DAY; month += MONTHS_A_LABEL) {
		char date[CLOCK_TEXT_SIZE];
		int64_t begin = month_begin(now, month);
		clock_format(begin, date);
		textbuf_add(buf, "<span style=\"left:%.2f%%\">%.7s</span>",
		            100.0 * (day_of(begin, now) + PAST_DAYS) / (TIMELINE_DAYS + PAST_DAYS), date);
	}
	textbuf_add(buf, "</div><span></span></div>\n");
}

static void draw_bar(struct textbuf *buf, const struct finding *finding, int64_t now, int64_t start)
{
	char when[64], date[CLOCK_TEXT_SIZE];
	int end = day_of(finding->end, now);
	finding_when(finding, now, when);
	textbuf_add(buf, "<div class=\"row %s\"><div class=\"name\" style=\"color:var(--ink)\" title=\"", class_of(finding, now, start));
	textbuf_html(buf, finding->subject);
	textbuf_add(buf, "\">");
	textbuf_html(buf, finding->name);
	textbuf_add(buf, "</div><svg viewBox=\"%d 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%s, %s\">",
	            -PAST_DAYS, TIMELINE_DAYS + PAST_DAYS, BAR_HEIGHT, clock_format(finding->end, date), when);
	for (int month = MONTHS_A_LABEL; month_begin(now, month) < now + (int64_t)TIMELINE_DAYS * SCHEDULE_DAY; month += MONTHS_A_LABEL) {
		int x = day_of(month_begin(now, month), now);
		textbuf_add(buf, "<line x1=\"%d\" x2=\"%d\" y1=\"0\" y2=\"%d\"/>", x, x, BAR_HEIGHT);
	}
	int from = end < 0 ? end : 0, width = end < 0 ? -end : end;
	textbuf_add(buf, "<rect class=\"bar\" x=\"%d\" y=\"2\" width=\"%d\" height=\"%d\"/>", from, width ? width : 1, BAR_HEIGHT - 4);
	textbuf_add(buf, "<line class=\"now\" x1=\"0\" x2=\"0\" y1=\"0\" y2=\"%d\"/></svg><div class=\"when\">%s</div></div>\n", BAR_HEIGHT, when);
}

/* Where a finding is drawn: the first place that it was found in. */
static size_t group_len(const struct finding *finding)
{
	return strcspn(finding->stores, ",");
}

static bool same_group(const struct finding *a, const struct finding *b)
{
	return group_len(a) == group_len(b) && !strncmp(a->stores, b->stores, group_len(a));
}

static void draw_group(struct textbuf *buf, const struct findings *findings, size_t first, int64_t now, int64_t start)
{
	const struct finding *head = &findings->list[first];
	char name[256];
	snprintf(name, sizeof name, "%.*s", (int)group_len(head), head->stores);
	textbuf_add(buf, "<h3>");
	textbuf_html(buf, name);
	textbuf_add(buf, "</h3>\n");
	for (size_t i = first; i < findings->count; i++)
		if (drawn(&findings->list[i]) && same_group(head, &findings->list[i]))
			draw_bar(buf, &findings->list[i], now, start);
}

static void draw_timeline(struct textbuf *buf, const struct findings *findings, int64_t now, int64_t start)
{
	textbuf_add(buf, "<h2>The coming two years</h2><div class=\"card\">\n");
	for (size_t i = 0; i < findings->count; i++) {
		bool first = drawn(&findings->list[i]);
		for (size_t j = 0; j < i && first; j++)
			first = !drawn(&findings->list[j]) || !same_group(&findings->list[i], &findings->list[j]);
		if (first)
			draw_group(buf, findings, i, now, start);
	}
	draw_axis(buf, now);
	textbuf_add(buf, "</div>\n");
}

static void cell(struct textbuf *buf, const char *heading, const char *class, const char *text)
{
	textbuf_add(buf, "<td class=\"%s\" data-h=\"%s\">", class, heading);
	textbuf_html(buf, text ? text : "");
	textbuf_add(buf, "</td>");
}

static void table_row(struct textbuf *buf, const struct finding *finding, int64_t now, int64_t start)
{
	char when[64], date[CLOCK_TEXT_SIZE] = "", hex[DIGEST_HEX_SIZE];
	const char *class = class_of(finding, now, start);
	if (finding->end != CLOCK_NEVER)
		clock_format(finding->end, date);
	textbuf_add(buf, "<tr><td><b>");
	textbuf_html(buf, finding->name);
	textbuf_add(buf, "</b>");
	if (strcmp(finding->name, finding->subject)) {
		textbuf_add(buf, "<br><span class=\"soft\">");
		textbuf_html(buf, finding->subject);
		textbuf_add(buf, "</span>");
	}
	if (finding->kind == FINDING_CERT)
		textbuf_add(buf, "<br><code>%.16s</code>", digest_hex(&finding->id, hex));
	textbuf_add(buf, "</td><td class=\"short %s\">%s%s</td>", class, finding_when(finding, now, when),
	            finding->ack_until ? " (acknowledged)" : finding_covered(finding) ? " (covered)" : "");
	textbuf_add(buf, "<td class=\"short\" data-h=\"expiry\">%.10s</td>", date);
	cell(buf, "found in", "", finding->stores);
	cell(buf, "roles", "short", finding->roles);
	cell(buf, "next", "", finding->advice);
	textbuf_add(buf, "</tr>\n");
}

static void sums(struct textbuf *buf, const struct findings *findings, int64_t now, int64_t start)
{
	static const char *const labels[] = { "expired", "within a day, or unreadable", "soon", "later" };
	size_t count[4] = { 0 };
	for (size_t i = 0; i < findings->count; i++)
		count[finding_level(&findings->list[i], now, start)]++;
	textbuf_add(buf, "<div class=\"sums\">");
	for (int i = 0; i < 4; i++)
		textbuf_add(buf, "<div class=\"sum %s\"><b>%zu</b><span class=\"soft\">%s</span></div>",
		            finding_level_name((enum finding_level)i), count[i], labels[i]);
	textbuf_add(buf, "</div>\n");
}

char *page_report(const struct findings *findings, int64_t now, int64_t start, size_t *len)
{
	struct textbuf buf;
	char date[CLOCK_TEXT_SIZE];
	textbuf_begin(&buf);
	textbuf_add(&buf, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Certificates</title>"
	                  "<link rel=\"icon\" href=\"data:,\"><style>%s</style></head><body><main>\n", STYLE);
	textbuf_add(&buf, "<h1>Certificates</h1><div class=\"soft\">as of %s</div>\n", clock_format(now, date));
	sums(&buf, findings, now, start);
	draw_timeline(&buf, findings, now, start);
	textbuf_add(&buf, "<h2>In detail</h2><div class=\"card\"><table><thead><tr><th>subject</th><th>state</th><th>expiry</th>"
	                  "<th>found in</th><th>roles</th><th>next</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < findings->count; i++)
		table_row(&buf, &findings->list[i], now, start);
	textbuf_add(&buf, "</tbody></table></div></main></body></html>\n");
	return textbuf_end(&buf, len);
}
