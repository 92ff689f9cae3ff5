/* The reader of ClientHello messages, and the questions that are asked of one. */
#include <stdlib.h>

#include "tvs/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct span span, const uint8_t *data, size_t size)
{
	if (span.bytes && (span.bytes < data || span.len > size || span.len % 2 ||
	                   (size_t)(span.bytes - data) > size - span.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hello hello;
	if (hello_read(data, size, &hello))
		return 0;
	inside(hello.suites, data, size);
	inside(hello.versions, data, size);
	inside(hello.groups, data, size);
	inside(hello.signatures, data, size);
	for (unsigned min = 0x0301; min <= 0x0304; min++) {
		unsigned version = hello_version(&hello, (uint16_t)min, 0x0304);
		if (version && (version < min || version > 0x0304))
			abort();
	}
	(void)hello_shares(&hello, 0x17);
	if (!hello_offers(hello.suites, (uint16_t)(hello.suites.bytes[0] << 8 | hello.suites.bytes[1])))
		abort();
	return 0;
}
