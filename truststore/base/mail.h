/* Addresses of mail (RFC 5321, 4.1.2), as far as everybody can handle them. */
#ifndef TVS_BASE_MAIL_H
#define TVS_BASE_MAIL_H

#include <stdbool.h>

/* True if the text can stand as an address in a header, in an SMTP command and as an argument of a sendmail command: ASCII,
 * one @ with something on both sides, no blanks, none of < > , ; : " ( ) [ ] \, no hyphen in front. */
bool mail_address_valid(const char *address);

/* True if the text is one or more of these, with commas, semicolons or blanks between them. */
bool mail_addresses_valid(const char *list);

#endif
