/* The records of certmon: any bytes are a record or refused. */
#include <stdint.h>

#include "certmon/notice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte of a text must be readable. */
static volatile unsigned sink;

static unsigned touch(struct text text)
{
	unsigned sum = 0;
	for (size_t i = 0; i < text.len; i++)
		sum += (unsigned char)text.bytes[i];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { data, size };
	struct notice notice;
	struct outbox message;
	if (!notice_decode(bytes, &notice))
		sink += touch(notice.ack_reason) + touch(notice.told);
	if (!outbox_decode(bytes, &message))
		sink += touch(message.to) + touch(message.subject) + touch(message.reply) + touch(message.message);
	return 0;
}
