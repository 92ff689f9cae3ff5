/* The roles that phones know, and sets of them. */
#ifndef TVS_ROLE_H
#define TVS_ROLE_H

#include <stddef.h>
#include <stdint.h>

#include "truststore/base/err.h"

enum role { /* their bytes on the wire are role_byte's */
	ROLE_SAST,
	ROLE_CCM,
	ROLE_CCM_TFTP,
	ROLE_TFTP,
	ROLE_CAPF,
	ROLE_APP_SERVER,
	ROLE_TVS,
	ROLE_COUNT
};

/* A set of roles: bit 1 << role. */
#define ROLE_BIT(role) (1u << (role))
#define ROLE_ALL ((1u << ROLE_COUNT) - 1)

/* The byte on the wire: 0, 1, 2, 3, 4, 7, 21; and back: -1 where there is none. */
uint8_t role_byte(enum role role);
int role_from_byte(uint8_t byte);

/* "SAST", "CCM", "CCM+TFTP", "TFTP", "CAPF", "APP-SERVER", "TVS". */
const char *role_name(enum role role);

/* Reads one name, in any case. ERR_NOT_FOUND; `err` lists the names. */
int role_parse(const char *text, enum role *role, struct err *err);

enum { ROLES_TEXT_SIZE = 64 };

/* "SAST,TFTP", "none" for the empty set. Returns `out`. */
char *roles_format(uint32_t roles, char out[ROLES_TEXT_SIZE]);

/* Reads names separated by commas or blanks. */
int roles_parse(const char *text, uint32_t *roles, struct err *err);

#endif
