/* Writing and reading the fields of a record: big-endian, bounds checked (FORMAT.md, "Fields"). */
#ifndef TVS_RECORD_PRIV_H
#define TVS_RECORD_PRIV_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "truststore/record.h"

static inline void put_be(uint8_t *at, uint64_t value, unsigned size)
{
	while (size--) {
		at[size] = (uint8_t)value;
		value >>= 8;
	}
}

static inline uint64_t get_be(const uint8_t *at, unsigned size)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < size; i++)
		value = value << 8 | at[i];
	return value;
}

/* The same of fixed size, which compilers make one load of: for the path of an answer. */
static inline uint64_t get_be64(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
	return be64toh(value);
}

static inline uint32_t get_be32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return be32toh(value);
}

/* A record that is being written. The first failure is remembered, and writer_end tells it. */
struct writer {
	uint8_t *bytes;
	size_t len, room;
	int code;
};

void writer_begin(struct writer *writer, size_t room);
uint8_t *writer_space(struct writer *writer, size_t len); /* NULL after a failure */
int writer_end(struct writer *writer, struct record *out);
void writer_text(struct writer *writer, struct text text);   /* ERR_LIMIT over 65535 bytes */
void writer_bytes(struct writer *writer, struct span bytes); /* ERR_LIMIT over 4294967295 bytes */
void writer_digest(struct writer *writer, const struct digest *digest);

static inline void writer_number(struct writer *writer, uint64_t value, unsigned size)
{
	uint8_t *at = writer_space(writer, size);
	if (at)
		put_be(at, value, size);
}

static inline void writer_time(struct writer *writer, int64_t when)
{
	writer_number(writer, (uint64_t)when, 8);
}

/* A record that is being read. After the first failure every field reads as zero or empty. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

/* Checks the version byte. */
void reader_begin(struct reader *reader, struct span bytes, uint8_t version);
int reader_end(const struct reader *reader); /* ERR_STORE on a failure, or when bytes are left */
const uint8_t *reader_take(struct reader *reader, size_t len);
struct text reader_text(struct reader *reader);
struct span reader_bytes(struct reader *reader);
void reader_digest(struct reader *reader, struct digest *out);
uint8_t reader_flags(struct reader *reader, uint8_t known); /* other bits are a failure */

static inline uint64_t reader_number(struct reader *reader, unsigned size)
{
	const uint8_t *at = reader_take(reader, size);
	return at ? get_be(at, size) : 0;
}

static inline int64_t reader_time(struct reader *reader)
{
	return (int64_t)reader_number(reader, 8);
}

#endif
