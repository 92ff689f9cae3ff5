/* tvsd --check: everything that is wrong with a configuration, and with what it names. */
#ifndef TVS_CHECK_H
#define TVS_CHECK_H

/* Looks at the file (NULL: the default) and then, if it is good, at store, certificate, key and ciphers. Each
 * mistake goes to `each`, in one line that names file and line, or the thing that does not fit. Returns how
 * many there were. */
unsigned check_all(const char *file, const char *store, void (*each)(const char *mistake, void *arg),
                   void *arg);

#endif
