/* What the exchange between clusters keeps: what is known of each, and statements of succession. */
#include <string.h>

#include "truststore/bulk_peer.h"
#include "truststore/bulk_successor.h"
#include "truststore/trust_verify_priv.h"

int verify_peer(struct span key, struct span value, void *arg, struct err *err)
{
	struct bulk_peer peer;
	(void)err;
	if (!bulk_peer_decode(key, value, &peer))
		return ERR_OK;
	return verify_report(arg, "peer %.*s: its record is not readable, or another cluster's", (int)key.len,
	                     (const char *)key.bytes);
}

int verify_successor(struct span key, struct span value, void *arg, struct err *err)
{
	struct digest new;
	struct err why;
	char hex[DIGEST_HEX_SIZE];
	(void)err;
	if (key.len != DIGEST_SIZE)
		return verify_report(arg, "successor: a key has the wrong form");
	memcpy(new.byte, key.bytes, DIGEST_SIZE);
	if (!bulk_successor_check(key, value, &why))
		return ERR_OK;
	return verify_report(arg, "successor %s: %s", digest_hex(&new, hex), err_text(&why));
}
