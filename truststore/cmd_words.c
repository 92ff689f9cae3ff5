/* The words that options and arguments may be, for completion: from the tables by which they are judged. */
#include "truststore/cmd.h"

#include "truststore/bulk_type.h"
#include "truststore/exporter.h"
#include "truststore/list.h"
#include "truststore/purpose.h"

static const char *purpose_word(size_t i)
{
	return i < PURPOSE_COUNT ? purpose_rule((enum purpose)i)->name : NULL;
}

static const char *role_word(size_t i)
{
	return i < ROLE_COUNT ? role_name((enum role)i) : NULL;
}

static const char *type_word(size_t i)
{
	return i < BULK_TYPE_COUNT ? bulk_rule((enum bulk_type)i)->name : i == BULK_TYPE_COUNT ? "all" : NULL;
}

static const char *format_word(size_t i)
{
	return i <= EXPORTER_P12 ? exporter_format_name((enum exporter_format)i) : NULL;
}

/* Of one certificate. */
static const char *encoding_word(size_t i)
{
	return i <= EXPORTER_DER ? exporter_format_name((enum exporter_format)i) : NULL;
}

const struct cli_words cmd_words[] = {
	{ "PURPOSE", NULL, purpose_word },
	{ "STORE", NULL, store_default_name },
	{ "--in", NULL, store_default_name },
	{ "--to", NULL, store_default_name },
	{ "--role", NULL, role_word },
	{ "--type", NULL, type_word },
	{ "--format", "identity export", encoding_word },
	{ "--format", NULL, format_word },
	{ "--sort", NULL, list_field_name },
	{ NULL, NULL, NULL },
};
