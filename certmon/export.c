#define _GNU_SOURCE /* gmtime_r */
#include "certmon/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certmon/textbuf.h"
#include "truststore/base/clock.h"

/* A content line, folded so that none is longer than 75 bytes and no character is cut (RFC 5545, 3.1). */
static void ics_line(struct textbuf *buf, const char *line)
{
	size_t room = 75, len = strlen(line);
	while (len > room) {
		size_t take = room;
		while (take > 1 && ((unsigned char)line[take] & 0xc0) == 0x80)
			take--;
		textbuf_add(buf, "%.*s\r\n ", (int)take, line);
		line += take;
		len -= take;
		room = 74; /* the blank that begins the next line counts */
	}
	textbuf_add(buf, "%s\r\n", line);
}

/* "NAME:" and text, escaped as RFC 5545, 3.3.11 wants it. */
static void ics_text(struct textbuf *buf, const char *name, const char *first, const char *second)
{
	struct textbuf line;
	textbuf_begin(&line);
	textbuf_add(&line, "%s:", name);
	for (int part = 0; part < 2; part++) {
		for (const char *c = part ? second : first; *c; c++) {
			if (*c == '\n')
				textbuf_add(&line, "\\n");
			else if (strchr("\\;,", *c))
				textbuf_add(&line, "\\%c", *c);
			else if ((unsigned char)*c >= ' ' && *c != 0x7f)
				textbuf_add(&line, "%c", *c);
		}
	}
	char *text = textbuf_end(&line, NULL);
	ics_line(buf, text ? text : name);
	free(text);
}

/* "20261120"; and with the time of day behind it. */
static void ics_date(int64_t when, char out[32])
{
	time_t seconds = (time_t)when;
	struct tm t;
	gmtime_r(&seconds, &t);
	strftime(out, 32, "%Y%m%d", &t);
}

static void ics_time(int64_t when, char out[32])
{
	time_t seconds = (time_t)when;
	struct tm t;
	gmtime_r(&seconds, &t);
	strftime(out, 32, "%Y%m%dT%H%M%SZ", &t);
}

static const char SUMMARY[] = "Certificate expires: ";

static void ics_alarm(struct textbuf *buf, int64_t before, const char *subject)
{
	textbuf_add(buf, "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT%" PRId64 "H\r\n", before / 3600);
	ics_text(buf, "DESCRIPTION", SUMMARY, subject);
	textbuf_add(buf, "END:VALARM\r\n");
}

static void ics_event(struct textbuf *buf, const struct finding *finding, int64_t now, int64_t start)
{
	char hex[DIGEST_HEX_SIZE], stamp[32], day[32], next[32], words[4096], when[CLOCK_TEXT_SIZE];
	ics_time(now, stamp);
	ics_date(finding->end, day);
	ics_date(finding->end + SCHEDULE_DAY, next);
	textbuf_add(buf, "BEGIN:VEVENT\r\n");
	char uid[DIGEST_HEX_SIZE + 32];
	snprintf(uid, sizeof uid, "UID:%s@certmon.tvs", digest_hex(&finding->id, hex));
	ics_line(buf, uid);
	textbuf_add(buf, "DTSTAMP:%s\r\nDTSTART;VALUE=DATE:%s\r\nDTEND;VALUE=DATE:%s\r\nTRANSP:TRANSPARENT\r\n", stamp, day, next);
	ics_text(buf, "SUMMARY", SUMMARY, finding->subject);
	snprintf(words, sizeof words, "%s\nfound in %s\n%s\n%s\nSHA-256 %s", clock_format(finding->end, when), finding->stores,
	         finding->affected ? finding->affected : "", finding->advice ? finding->advice : "", hex);
	ics_text(buf, "DESCRIPTION", words, "");
	if (start > SCHEDULE_DAY && !finding_silent(finding))
		ics_alarm(buf, start, finding->subject);
	if (!finding_silent(finding))
		ics_alarm(buf, SCHEDULE_DAY, finding->subject);
	textbuf_add(buf, "END:VEVENT\r\n");
}

char *export_ics(const struct findings *findings, int64_t now, int64_t start, size_t *len)
{
	struct textbuf buf;
	textbuf_begin(&buf);
	textbuf_add(&buf, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Trust Verification Service//certmon//EN\r\n"
	                  "CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\nX-WR-CALNAME:Certificates\r\n");
	for (size_t i = 0; i < findings->count; i++)
		if (findings->list[i].kind == FINDING_CERT && findings->list[i].end != CLOCK_NEVER)
			ics_event(&buf, &findings->list[i], now, start);
	textbuf_add(&buf, "END:VCALENDAR\r\n");
	return textbuf_end(&buf, len);
}

/* A label's value: backslash, quote and newline are escaped. */
static void label(struct textbuf *buf, const char *name, const char *value)
{
	textbuf_add(buf, "%s=\"", name);
	for (; value && *value; value++) {
		if (*value == '\n')
			textbuf_add(buf, "\\n");
		else if (*value == '\\' || *value == '"')
			textbuf_add(buf, "\\%c", *value);
		else
			textbuf_add(buf, "%c", *value);
	}
	textbuf_add(buf, "\"");
}

static void head(struct textbuf *buf, const char *name, const char *help)
{
	textbuf_add(buf, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void labels(struct textbuf *buf, const struct finding *finding)
{
	char hex[DIGEST_HEX_SIZE];
	label(buf, "sha256", digest_hex(&finding->id, hex));
	textbuf_add(buf, ",");
	label(buf, "subject", finding->subject);
	textbuf_add(buf, ",");
	label(buf, "found_in", finding->stores);
	textbuf_add(buf, ",");
	label(buf, "identity", finding->identity ? "yes" : "no");
	textbuf_add(buf, ",");
	label(buf, "silent", finding_silent(finding) ? "yes" : "no");
}

/* A metric with a sample for each certificate of this kind. */
static void certs(struct textbuf *buf, const struct findings *findings, enum finding_kind kind, const char *name, const char *help)
{
	head(buf, name, help);
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];
		if (finding->kind != kind)
			continue;
		textbuf_add(buf, "%s{", name);
		labels(buf, finding);
		textbuf_add(buf, "} %" PRId64 "\n", kind == FINDING_REVOKED ? finding->revoked_at : finding->end);
	}
}

static void sources(struct textbuf *buf, const struct findings *findings)
{
	head(buf, "tvs_certmon_source_unreadable", "A source that could not be read.");
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->list[i].kind != FINDING_SOURCE)
			continue;
		textbuf_add(buf, "tvs_certmon_source_unreadable{");
		label(buf, "source", findings->list[i].stores);
		textbuf_add(buf, "} 1\n");
	}
}

char *export_prometheus(const struct findings *findings, const struct export_state *state, int64_t now, size_t *len)
{
	struct textbuf buf;
	size_t count[4] = { 0 };
	for (size_t i = 0; i < findings->count; i++)
		count[findings->list[i].level]++;
	textbuf_begin(&buf);
	certs(&buf, findings, FINDING_CERT, "tvs_cert_not_after_timestamp_seconds",
	      "When a certificate that ends within two years does so, seconds since 1970.");
	certs(&buf, findings, FINDING_REVOKED, "tvs_cert_revoked_timestamp_seconds",
	      "When a stored certificate was revoked by its CA, seconds since 1970.");
	sources(&buf, findings);
	head(&buf, "tvs_certmon_findings", "How many things were found, by urgency.");
	for (int i = 0; i < 4; i++)
		textbuf_add(&buf, "tvs_certmon_findings{level=\"%s\"} %zu\n", finding_level_name((enum finding_level)i), count[i]);
	head(&buf, "tvs_certmon_messages_waiting", "Messages that could not be delivered yet.");
	textbuf_add(&buf, "tvs_certmon_messages_waiting %zu\n", state->waiting);
	if (state->last_success) {
		head(&buf, "tvs_certmon_last_success_timestamp_seconds", "When a run last did all its work, seconds since 1970.");
		textbuf_add(&buf, "tvs_certmon_last_success_timestamp_seconds %" PRId64 "\n", state->last_success);
	}
	head(&buf, "tvs_certmon_report_timestamp_seconds", "When this file was written, seconds since 1970.");
	textbuf_add(&buf, "tvs_certmon_report_timestamp_seconds %" PRId64 "\n", now);
	return textbuf_end(&buf, len);
}
