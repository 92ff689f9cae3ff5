/* HTML: the mail's second part, and the report as one page that needs nothing from elsewhere. */
#ifndef TVS_CERTMON_PAGE_H
#define TVS_CERTMON_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "certmon/message.h"

/* The HTML part of a mail, allocated; NULL when there is no memory. */
char *page_mail(const struct message *message, size_t *len);

/* The report: a timeline of the coming two years as inline SVG, one bar a certificate, grouped by where it was found,
 * coloured by urgency, and a table below; `host` says where certmon runs. Dark and light as the reader's system has it; readable on a phone's width. */
char *page_report(const struct findings *findings, const char *host, int64_t now, size_t *len);

#endif
