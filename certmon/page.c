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
	BAR_SHORTEST = 4,
	AXIS_MARGIN_DAYS = 30, /* no label so near to the right end, where it would stick out */
	MONTHS_A_LABEL = 3,
};

static const char STYLE[] =
	":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1c2330;--soft:#5d6778;--line:#dfe3ea;--grid:#e8ebf0;"
	"--expired:#b42318;--critical:#d9480f;--warning:#a86f00;--note:#2b8a5a;--ack:#6f7888}"
	"@media(prefers-color-scheme:dark){:root{--bg:#12161d;--card:#1a2029;--ink:#e7ebf2;--soft:#9aa5b6;--line:#2b3340;"
	"--grid:#252d39;--expired:#f97066;--critical:#fb8b4b;--warning:#f2bd42;--note:#4cc38a;--ack:#8391a6}}"
	"*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);"
	"font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
	"main{max-width:1140px;margin:0 auto;padding:24px 20px 48px}h1{font-size:24px;margin:0 0 4px}"
	"h2{font-size:16px;margin:28px 0 8px}h3{font-size:13px;margin:18px 0 6px;color:var(--soft);font-weight:600}"
	".soft{color:var(--soft)}.sums{display:flex;flex-wrap:wrap;gap:12px;margin:20px 0}"
	".sum{flex:1 1 160px;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}"
	".sum b{display:block;font-size:26px;line-height:1.2}"
	".card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:4px 16px 16px}"
	".row{display:grid;grid-template-columns:minmax(0,260px) 1fr 145px;gap:12px;align-items:center;padding:3px 0}"
	".name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:13px}"
	".when{font-size:12px;text-align:right;white-space:nowrap}svg{display:block;width:100%;height:16px}"
	".axis{font-size:11px;color:var(--soft);position:relative;height:16px}.axis span{position:absolute;transform:translateX(-50%);white-space:nowrap}"
	".expired{color:var(--expired)}.critical{color:var(--critical)}.warning{color:var(--warning)}.note{color:var(--note)}.ack{color:var(--ack)}"
	"rect.bar{fill:currentColor}line{stroke:var(--grid);stroke-width:1;vector-effect:non-scaling-stroke}"
	"line.now{stroke:var(--soft)}table{width:100%;border-collapse:collapse;font-size:13px}"
	"th{text-align:left;color:var(--soft);font-weight:600;padding:8px 10px 6px 0;border-bottom:1px solid var(--line)}"
	"td{padding:8px 12px 8px 0;border-bottom:1px solid var(--grid);vertical-align:top;overflow-wrap:anywhere}td.short{white-space:nowrap;overflow-wrap:normal}"
	"td:first-child{width:28%;min-width:200px}td.state{min-width:120px}td.where{min-width:130px}td.next{width:34%;min-width:220px}"
	"code{font:12px ui-monospace,Menlo,Consolas,monospace;color:var(--soft)}"
	"@media(max-width:480px){.axis span:nth-child(even){display:none}}"
	"@media(max-width:900px){main{padding:16px 12px 32px}.row{grid-template-columns:minmax(0,1fr) auto}"
	".row svg,.row .axis{grid-column:1/-1;grid-row:2}thead{display:none}tr{display:block;padding:8px 0;border-bottom:1px solid var(--line)}"
	"td,td:first-child,td.short,td.state,td.where,td.next{display:block;width:auto;border:0;padding:1px 0;white-space:normal;min-width:0}td[data-h]:not(:empty)::before{content:attr(data-h) ': ';color:var(--soft)}}";

static bool drawn(const struct finding *finding)
{
	return finding->end != CLOCK_NEVER && finding->kind != FINDING_ANCHORS && finding->kind != FINDING_REVOKED;
}

static const char *class_of(const struct finding *finding)
{
	return finding_silent(finding) ? "ack" : finding_level_name(finding->level);
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
	int64_t last = now + (int64_t)(TIMELINE_DAYS - AXIS_MARGIN_DAYS) * SCHEDULE_DAY;
	for (int month = MONTHS_A_LABEL; month_begin(now, month) < last; month += MONTHS_A_LABEL) {
		char date[CLOCK_TEXT_SIZE];
		int64_t begin = month_begin(now, month);
		clock_format(begin, date);
		textbuf_add(buf, "<span style=\"left:%.2f%%\">%.7s</span>",
		            100.0 * (day_of(begin, now) + PAST_DAYS) / (TIMELINE_DAYS + PAST_DAYS), date);
	}
	textbuf_add(buf, "</div><span></span></div>\n");
}

static void draw_bar(struct textbuf *buf, const struct finding *finding, int64_t now)
{
	char when[64], date[CLOCK_TEXT_SIZE];
	int end = day_of(finding->end, now);
	finding_when(finding, now, when);
	textbuf_add(buf, "<div class=\"row %s\"><div class=\"name\" style=\"color:var(--ink)\" title=\"", class_of(finding));
	textbuf_html(buf, finding->subject);
	textbuf_add(buf, "\">");
	textbuf_html(buf, finding->name);
	textbuf_add(buf, "</div><svg viewBox=\"%d 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%s, %s\">",
	            -PAST_DAYS, TIMELINE_DAYS + PAST_DAYS, BAR_HEIGHT, clock_format(finding->end, date), when);
	for (int month = MONTHS_A_LABEL; month_begin(now, month) < now + (int64_t)TIMELINE_DAYS * SCHEDULE_DAY; month += MONTHS_A_LABEL) {
		int x = day_of(month_begin(now, month), now);
		textbuf_add(buf, "<line x1=\"%d\" x2=\"%d\" y1=\"0\" y2=\"%d\"/>", x, x, BAR_HEIGHT);
	}
	int width = abs(end) < BAR_SHORTEST ? BAR_SHORTEST : abs(end), from = finding->end < now ? -width : 0;
	textbuf_add(buf, "<rect class=\"bar\" x=\"%d\" y=\"2\" width=\"%d\" height=\"%d\"/>", from, width, BAR_HEIGHT - 4);
	textbuf_add(buf, "<line class=\"now\" x1=\"0\" x2=\"0\" y1=\"0\" y2=\"%d\"/></svg><div class=\"when\">%s</div></div>\n", BAR_HEIGHT, when);
}

/* A finding and where it is drawn: in the group of the first place that it was found in. */
struct place {
	const struct finding *finding;
	size_t index, group; /* the group is that of its first finding's index */
};

static size_t group_len(const struct finding *finding)
{
	return strcspn(finding->stores, ",");
}

static int compare_names(const struct finding *a, const struct finding *b)
{
	size_t a_len = group_len(a), b_len = group_len(b);
	int order = strncmp(a->stores, b->stores, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int by_name(const void *one, const void *other)
{
	const struct place *a = one, *b = other;
	int order = compare_names(a->finding, b->finding);
	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static int by_group(const void *one, const void *other)
{
	const struct place *a = one, *b = other;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

/* What is drawn, in groups of which the one with the most urgent finding comes first. `*count` of them, allocated; NULL:
 * none, or no memory. */
static struct place *arrange(const struct findings *findings, size_t *count)
{
	struct place *places = calloc(findings->count + 1, sizeof *places);
	*count = 0;
	for (size_t i = 0; places && i < findings->count; i++)
		if (drawn(&findings->list[i]))
			places[(*count)++] = (struct place){ .finding = &findings->list[i], .index = i };
	if (!*count)
		return places;
	qsort(places, *count, sizeof *places, by_name);
	for (size_t i = 0; i < *count; i++) {
		bool first = !i || compare_names(places[i - 1].finding, places[i].finding);
		places[i].group = first ? places[i].index : places[i - 1].group;
	}
	qsort(places, *count, sizeof *places, by_group);
	return places;
}

static void draw_timeline(struct textbuf *buf, const struct findings *findings, int64_t now)
{
	size_t count;
	struct place *places = arrange(findings, &count);
	textbuf_add(buf, "<h2>The coming two years</h2><div class=\"card\">\n");
	if (!count)
		textbuf_add(buf, "<p class=\"soft\">Nothing expires.</p>\n");
	for (size_t i = 0; i < count; i++) {
		if (!i || places[i].group != places[i - 1].group) {
			char name[256];
			snprintf(name, sizeof name, "%.*s", (int)group_len(places[i].finding), places[i].finding->stores);
			textbuf_add(buf, "<h3>");
			textbuf_html(buf, name);
			textbuf_add(buf, "</h3>\n");
		}
		draw_bar(buf, places[i].finding, now);
	}
	if (count)
		draw_axis(buf, now);
	textbuf_add(buf, "</div>\n");
	free(places);
}

static void subject_cell(struct textbuf *buf, const struct finding *finding)
{
	char hex[DIGEST_HEX_SIZE];
	textbuf_add(buf, "<td><b>");
	textbuf_html(buf, finding->name);
	textbuf_add(buf, "</b>");
	if (strcmp(finding->name, finding->subject)) {
		textbuf_add(buf, "<br><span class=\"soft\">");
		textbuf_html(buf, finding->subject);
		textbuf_add(buf, "</span>");
	}
	if (finding_is_cert(finding))
		textbuf_add(buf, "<br><code>%.16s</code>", digest_hex(&finding->id, hex));
	textbuf_add(buf, "</td>");
}

static void state_cell(struct textbuf *buf, const struct finding *finding, int64_t now)
{
	char when[64], date[CLOCK_TEXT_SIZE];
	textbuf_add(buf, "<td class=\"state %s\">%s", class_of(finding), finding_when(finding, now, when));
	if (finding->revoked_why)
		textbuf_add(buf, "<br>%s", finding->revoked_why);
	if (finding->ack_until) {
		textbuf_add(buf, "<br>silent until %.10s: ", clock_format(finding->ack_until, date));
		textbuf_html(buf, finding->ack_reason);
	} else if (finding_covered(finding)) {
		textbuf_add(buf, "<br>covered by <code>%.16s</code>", finding->covered);
	}
	textbuf_add(buf, "</td>");
}

static void where_cell(struct textbuf *buf, const struct finding *finding)
{
	textbuf_add(buf, "<td class=\"where\" data-h=\"found in\">");
	textbuf_html(buf, finding->stores);
	if (finding->purpose)
		textbuf_add(buf, "<br><span class=\"soft\">own certificate %s</span>", finding->purpose);
	if (finding->roles)
		textbuf_add(buf, "<br><span class=\"soft\">%s</span>", finding->roles);
	textbuf_add(buf, "</td>");
}

/* What it means and what to do stands with what somebody must look after; the others have time. */
static void next_cell(struct textbuf *buf, const struct finding *finding)
{
	bool alarm = finding->level != FINDING_NOTE && !finding_silent(finding);
	textbuf_add(buf, "<td class=\"next\">");
	if (alarm && finding->affected) {
		textbuf_html(buf, finding->affected);
		textbuf_add(buf, "<br>");
	}
	textbuf_add(buf, "<span class=\"soft\">");
	textbuf_html(buf, finding->advice && (alarm || finding_covered(finding)) ? finding->advice : "");
	textbuf_add(buf, "</span></td>");
}

static void table_row(struct textbuf *buf, const struct finding *finding, int64_t now)
{
	char date[CLOCK_TEXT_SIZE] = "";
	if (finding->end != CLOCK_NEVER)
		clock_format(finding->end, date);
	textbuf_add(buf, "<tr>");
	subject_cell(buf, finding);
	state_cell(buf, finding, now);
	textbuf_add(buf, "<td class=\"short\" data-h=\"expiry\">%.10s</td>", date);
	where_cell(buf, finding);
	next_cell(buf, finding);
	textbuf_add(buf, "</tr>\n");
}

static void sums(struct textbuf *buf, const struct findings *findings)
{
	static const char *const labels[] = { "expired", "within a week, or revoked", "soon, or waiting", "later" };
	size_t count[4] = { 0 }, silent = 0;
	for (size_t i = 0; i < findings->count; i++) {
		bool one = finding_silent(&findings->list[i]);
		silent += one;
		count[findings->list[i].level] += !one;
	}
	textbuf_add(buf, "<div class=\"sums\">");
	for (int i = 0; i < 4; i++)
		textbuf_add(buf, "<div class=\"sum %s\"><b>%zu</b><span class=\"soft\">%s</span></div>",
		            finding_level_name((enum finding_level)i), count[i], labels[i]);
	if (silent)
		textbuf_add(buf, "<div class=\"sum ack\"><b>%zu</b><span class=\"soft\">covered or acknowledged</span></div>", silent);
	textbuf_add(buf, "</div>\n");
}

char *page_report(const struct findings *findings, const char *host, int64_t now, size_t *len)
{
	struct textbuf buf;
	char date[CLOCK_TEXT_SIZE];
	textbuf_begin(&buf);
	textbuf_add(&buf, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Certificates</title>"
	                  "<link rel=\"icon\" href=\"data:,\"><style>%s</style></head><body><main>\n", STYLE);
	textbuf_add(&buf, "<h1>Certificates</h1><div class=\"soft\">as seen on ");
	textbuf_html(&buf, host);
	textbuf_add(&buf, " at %s</div>\n", clock_format(now, date));
	sums(&buf, findings);
	draw_timeline(&buf, findings, now);
	textbuf_add(&buf, "<h2>In detail</h2><div class=\"card\"><table><thead><tr><th>subject</th><th>state</th><th>expiry</th>"
	                  "<th>found in</th><th>what it means, what to do</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < findings->count; i++)
		table_row(&buf, &findings->list[i], now);
	textbuf_add(&buf, "</tbody></table></div></main></body></html>\n");
	return textbuf_end(&buf, len);
}
