#include "truststore/base/keysize.h"

/* Bits of a number as GnuTLS gives it: big-endian, perhaps with zeros in front. */
static size_t bits_of(const gnutls_datum_t *number)
{
	size_t at = 0, bits = 0;
	while (at < number->size && number->data[at] == 0)
		at++;
	if (at == number->size)
		return 0;
	for (unsigned first = number->data[at]; first; first >>= 1)
		bits++;
	return bits + 8 * (number->size - at - 1);
}

static bool rsa_fits(gnutls_x509_crt_t crt, unsigned rsa_bits)
{
	gnutls_datum_t modulus, exponent;
	if (gnutls_x509_crt_get_pk_rsa_raw(crt, &modulus, &exponent) < 0)
		return false;
	bool fits = bits_of(&modulus) <= rsa_bits && bits_of(&exponent) <= KEYSIZE_EXPONENT_MAX;
	gnutls_free(modulus.data);
	gnutls_free(exponent.data);
	return fits;
}

bool keysize_fits(gnutls_x509_crt_t crt, unsigned rsa_bits)
{
	switch (gnutls_x509_crt_get_pk_algorithm(crt, NULL)) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return rsa_fits(crt, rsa_bits);
	case GNUTLS_PK_ECDSA:
	case GNUTLS_PK_EDDSA_ED25519:
	case GNUTLS_PK_EDDSA_ED448:
		return true;
	default:
		return false;
	}
}

/* Takes a vector with its length in `width` bytes off the front of the message. */
static bool take(gnutls_datum_t *from, unsigned width, gnutls_datum_t *out)
{
	size_t len = 0;
	if (from->size < width)
		return false;
	for (unsigned i = 0; i < width; i++)
		len = len << 8 | from->data[i];
	if (len > from->size - width)
		return false;
	*out = (gnutls_datum_t){ from->data + width, (unsigned)len };
	from->data += width + len;
	from->size -= (unsigned)(width + len);
	return true;
}

static bool der_fits(const gnutls_datum_t *der, unsigned rsa_bits)
{
	gnutls_x509_crt_t crt;
	if (gnutls_x509_crt_init(&crt) < 0)
		return false;
	bool fits = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) >= 0 && keysize_fits(crt, rsa_bits);
	gnutls_x509_crt_deinit(crt);
	return fits;
}

bool keysize_message_fits(const uint8_t *message, size_t len, bool tls13, unsigned rsa_bits)
{
	gnutls_datum_t all = { (unsigned char *)(uintptr_t)message, (unsigned)len };
	gnutls_datum_t list, one, other;
	if ((tls13 && !take(&all, 1, &other)) || !take(&all, 3, &list) || all.size)
		return false;
	while (list.size)
		if (!take(&list, 3, &one) || (tls13 && !take(&list, 2, &other)) || !der_fits(&one, rsa_bits))
			return false;
	return true;
}

int keysize_hook(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                 const gnutls_datum_t *message)
{
	bool tls13 = gnutls_protocol_get_version(session) == GNUTLS_TLS1_3;
	(void)when;
	if (!incoming || type != GNUTLS_HANDSHAKE_CERTIFICATE_PKT ||
	    keysize_message_fits(message->data, message->size, tls13, KEYSIZE_RSA_MAX))
		return 0;
	return GNUTLS_E_CERTIFICATE_ERROR;
}
