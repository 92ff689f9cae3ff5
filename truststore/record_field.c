#include "truststore/record_priv.h"

void writer_begin(struct writer *writer, size_t room)
{
	*writer = (struct writer){ .bytes = malloc(room), .room = room };
	if (!writer->bytes)
		writer->code = ERR_MEMORY;
}

static int enlarge(struct writer *writer, size_t len)
{
	if (writer->code)
		return writer->code;
	size_t room = 2 * writer->room + len;
	uint8_t *bytes = realloc(writer->bytes, room);
	if (!bytes)
		return writer->code = ERR_MEMORY;
	writer->bytes = bytes;
	writer->room = room;
	return ERR_OK;
}

uint8_t *writer_space(struct writer *writer, size_t len)
{
	if (writer->code || (writer->room - writer->len < len && enlarge(writer, len)))
		return NULL;
	uint8_t *at = writer->bytes + writer->len;
	writer->len += len;
	return at;
}

int writer_end(struct writer *writer, struct record *out)
{
	if (writer->code) {
		free(writer->bytes);
		*out = (struct record){ 0 };
		return writer->code;
	}
	*out = (struct record){ writer->bytes, writer->len };
	return ERR_OK;
}

static void sized(struct writer *writer, unsigned size, const void *bytes, size_t len)
{
	if (!writer->code && len >> 8 * size)
		writer->code = ERR_LIMIT;
	writer_number(writer, len, size);
	uint8_t *at = writer_space(writer, len);
	if (at && len)
		memcpy(at, bytes, len);
}

void writer_text(struct writer *writer, struct text text)
{
	sized(writer, 2, text.bytes, text.len);
}

void writer_bytes(struct writer *writer, struct span bytes)
{
	sized(writer, 4, bytes.bytes, bytes.len);
}

void writer_digest(struct writer *writer, const struct digest *digest)
{
	uint8_t *at = writer_space(writer, DIGEST_SIZE);
	if (at)
		memcpy(at, digest->byte, DIGEST_SIZE);
}

void reader_begin(struct reader *reader, struct span bytes, uint8_t version)
{
	*reader = (struct reader){ bytes.bytes, bytes.len, false };
	if (reader_number(reader, 1) != version)
		reader->bad = true;
}

int reader_end(const struct reader *reader)
{
	return reader->bad || reader->left ? ERR_STORE : ERR_OK;
}

const uint8_t *reader_take(struct reader *reader, size_t len)
{
	if (reader->bad || reader->left < len) {
		reader->bad = true;
		return NULL;
	}
	const uint8_t *at = reader->at;
	reader->at += len;
	reader->left -= len;
	return at;
}

struct text reader_text(struct reader *reader)
{
	size_t len = reader_number(reader, 2);
	const uint8_t *at = reader_take(reader, len);
	return at ? (struct text){ (const char *)at, len } : (struct text){ "", 0 };
}

struct span reader_bytes(struct reader *reader)
{
	size_t len = reader_number(reader, 4);
	const uint8_t *at = reader_take(reader, len);
	return at ? (struct span){ at, len } : (struct span){ (const uint8_t *)"", 0 };
}

void reader_digest(struct reader *reader, struct digest *out)
{
	const uint8_t *at = reader_take(reader, DIGEST_SIZE);
	if (at)
		memcpy(out->byte, at, DIGEST_SIZE);
	else
		memset(out, 0, sizeof *out);
}

uint8_t reader_flags(struct reader *reader, uint8_t known)
{
	uint8_t flags = (uint8_t)reader_number(reader, 1);
	if (flags & ~known)
		reader->bad = true;
	return flags;
}
