/* Text from strangers: what of it may stand in a log, on a terminal, in a document. */
#ifndef TVS_BASE_TEXT_H
#define TVS_BASE_TEXT_H

#include <stddef.h>

/* The bytes of the first character, if it is printable: ASCII from blank to '~', or valid UTF-8 (RFC 3629)
 * that is neither a C1 control nor a sign that turns the writing direction or breaks lines. 0 if it is not. */
size_t text_printable(const void *bytes, size_t len);

/* Copies `len` bytes; what is not printable, and every character of `also`, becomes \xHH. Always ends in
 * NUL; what does not fit is cut, with "..." at its end. Returns the length of the result. */
size_t text_escape(char *out, size_t size, const void *bytes, size_t len, const char *also);

/* The same, as a new string that the caller frees; NULL without memory. */
char *text_escape_dup(const void *bytes, size_t len, const char *also);

/* How many columns a terminal needs for printable UTF-8, each character counted as one. */
size_t text_columns(const char *text);

#endif
