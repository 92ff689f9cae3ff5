#include "config.h"

#include "truststore/bulk_place.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "truststore/base/outfile.h"
#include "truststore/bulk_sftp.h"

enum { FILE_MODE = 0644 }; /* other clusters read it, and certificates are no secret */

struct bulk_place {
	char *name;
	struct bulk_sftp *sftp; /* NULL: a directory */
};

int bulk_place_open(const struct conf *conf, const char *where, struct bulk_place **out, struct err *err)
{
	struct bulk_place *place = *out = NULL;
	if (!where)
		return err_set(err, ERR_CONFIG,
		               "[bulk] directory is not set: it names the place that the clusters share, a path or sftp://user@host/path");
		               place = calloc(1, sizeof *place);
	if (!place || !(place->name = strdup(where))) {
		free(place);
		return err_set(err, ERR_MEMORY, "no memory for a name");
	}
	int code = ERR_OK;
	if (strstr(where, "://"))
		code = bulk_sftp_open(conf, where, &place->sftp, err);
	if (code) {
		bulk_place_free(place);
		return code;
	}
	*out = place;
	return ERR_OK;
}

void bulk_place_free(struct bulk_place *place)
{
	if (!place)
		return;
	bulk_sftp_free(place->sftp);
	free(place->name);
	free(place);
}

const char *bulk_place_name(const struct bulk_place *place)
{
	return place->name;
}

static int list_directory(const char *path, bulk_place_fn *each, void *arg, struct err *err)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	int code = ERR_OK;
	if (!directory)
		return err_errno(err, "%s: cannot be opened", path);
	while (!code && (errno = 0, entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			code = each(entry->d_name, arg, err);
	if (!code && errno)
		code = err_errno(err, "%s: cannot be read", path);
	closedir(directory);
	return code;
}

int bulk_place_list(struct bulk_place *place, bulk_place_fn *each, void *arg, struct err *err)
{
	return place->sftp ? bulk_sftp_list(place->sftp, false, each, arg, err) : list_directory(place->name, each, arg, err);
}

int bulk_place_list_parts(struct bulk_place *place, bulk_place_fn *each, void *arg, struct err *err)
{
	return place->sftp ? bulk_sftp_list(place->sftp, true, each, arg, err) : ERR_OK;
}

static int join(const struct bulk_place *place, const char *name, char **out, struct err *err)
{
	if (asprintf(out, "%s/%s", place->name, name) >= 0)
		return ERR_OK;
	*out = NULL;
	return err_set(err, ERR_MEMORY, "no memory for a name");
}

int bulk_place_get(struct bulk_place *place, const char *name, size_t max, char **out, size_t *len, struct err *err)
{
	char *path = NULL;
	*out = NULL;
	if (place->sftp)
		return bulk_sftp_get(place->sftp, name, max, out, len, err);
	int code = join(place, name, &path, err);
	if (!code)
		code = infile_read_regular(path, max, out, len, err);
	free(path);
	return code;
}

int bulk_place_put(struct bulk_place *place, const char *name, const void *bytes, size_t len, struct err *err)
{
	char *path = NULL;
	if (place->sftp)
		return bulk_sftp_put(place->sftp, name, bytes, len, err);
	int code = join(place, name, &path, err);
	if (!code)
		code = outfile_write(path, FILE_MODE, false, bytes, len, err);
	free(path);
	return code;
}

int bulk_place_delete(struct bulk_place *place, const char *name, struct err *err)
{
	char *path = NULL;
	if (place->sftp)
		return bulk_sftp_delete(place->sftp, false, name, err);
	int code = join(place, name, &path, err);
	if (!code && unlink(path) && errno != ENOENT)
		code = err_errno(err, "%s: cannot be deleted", path);
	free(path);
	return code;
}

int bulk_place_delete_part(struct bulk_place *place, const char *name, struct err *err)
{
	return place->sftp ? bulk_sftp_delete(place->sftp, true, name, err) : ERR_OK;
}
