#define _GNU_SOURCE /* asprintf, memmem, explicit_bzero */
#include "certmon/scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "certmon/words.h"
#include "truststore/base/outfile.h"
#include "truststore/p12.h"

enum { MAX_BYTES = 64 * 1024 * 1024 }; /* of one file */

struct files {
	struct scan *scan;
	const char *file;
	const char *affected;
	char *password; /* of PKCS#12 archives; NULL: none */
	bool may_be_empty; /* directories: there may be no phone yet */
};

static bool ends_with(const char *name, const char *const *endings)
{
	const char *dot = strrchr(name, '.');
	for (; dot && *endings; endings++)
		if (!strcasecmp(dot, *endings))
			return true;
	return false;
}

static const char *const archive_endings[] = { ".p12", ".pfx", NULL };
static const char *const cert_endings[] = { ".pem", ".crt", ".cer", ".der", ".p12", ".pfx", NULL };

static int take_cert(struct cert *cert, const struct cert_place *place, void *arg, struct err *err)
{
	(void)place;
	struct files *files = arg;
	int code = scan_cert(files->scan, cert, files->file, files->affected, err);
	cert_free(cert);
	return code;
}

/* Who may write to the directory must not stop the monitor. */
static int read_certs(struct files *files, const char *file, struct err *err)
{
	FILE *stream;
	struct stat status;
	int code = infile_open_regular(file, &stream, err);
	if (code)
		return code;
	if (fstat(fileno(stream), &status))
		code = err_errno(err, "%s: cannot read", file);
	else if (status.st_size > MAX_BYTES)
		code = err_set(err, ERR_LIMIT, "%s is larger than %d MiB", file, MAX_BYTES >> 20);
	else
		code = cert_read_stream(stream, file, take_cert, files, err);
	fclose(stream);
	return code;
}

static int read_archive(struct files *files, const char *file, struct err *err)
{
	char *bytes = NULL;
	size_t len;
	int code = infile_read_regular(file, P12_MAX_BYTES, &bytes, &len, err);
	if (!code)
		code = p12_read(file, bytes, len, files->password, take_cert, files, err);
	free(bytes);
	return code;
}

static int scan_file(struct files *files, const char *file, struct err *err)
{
	struct err why;
	err_clear(&why);
	files->file = file;
	int code = ends_with(file, archive_endings) ? read_archive(files, file, &why) : read_certs(files, file, &why);
	if (code == ERR_MEMORY)
		return err_set(err, code, "%s", err_text(&why));
	return code ? scan_problem(files->scan, file, err_text(&why), err) : ERR_OK;
}

/* Keys often lie beside their certificates, in files whose names end alike. */
static bool holds_only_keys(const char *file)
{
	enum { KEY_MAX_BYTES = 64 * 1024 };
	static const char begin[] = "-----BEGIN ", cert[] = "CERTIFICATE-----";
	char *bytes = NULL;
	size_t len;
	struct err why;
	bool only = !infile_read_regular(file, KEY_MAX_BYTES, &bytes, &len, &why) &&
	            memmem(bytes, len, begin, sizeof begin - 1) && !memmem(bytes, len, cert, sizeof cert - 1);
	if (bytes)
		explicit_bzero(bytes, len);
	free(bytes);
	return only;
}

static int scan_entry(struct files *files, const char *path, const char *name, size_t *read, struct err *err)
{
	char *file;
	if (!ends_with(name, cert_endings))
		return ERR_OK;
	if (asprintf(&file, "%s/%s", path, name) < 0)
		return err_set(err, ERR_MEMORY, "no memory");
	int code = ERR_OK;
	if (!holds_only_keys(file)) {
		code = scan_file(files, file, err);
		++*read;
	}
	free(file);
	return code;
}

static int scan_directory(struct files *files, const char *path, struct err *err)
{
	struct dirent **list;
	size_t read = 0;
	int count = scandir(path, &list, NULL, alphasort), code = ERR_OK;
	if (count < 0)
		return scan_problem(files->scan, path, strerror(errno), err);
	for (int i = 0; i < count; i++) {
		if (!code)
			code = scan_entry(files, path, list[i]->d_name, &read, err);
		free(list[i]);
	}
	free(list);
	if (!code && !read && !files->may_be_empty)
		code = scan_problem(files->scan, path, "no file in it has the name of a certificate (.pem, .crt, .cer, .der, .p12, .pfx)", err);
	return code;
}

static int scan_path(struct files *files, const char *path, struct err *err)
{
	struct stat status;
	if (stat(path, &status))
		return scan_problem(files->scan, path, strerror(errno), err);
	return S_ISDIR(status.st_mode) ? scan_directory(files, path, err) : scan_file(files, path, err);
}

int scan_files(struct scan *scan, struct err *err)
{
	const struct conf *conf = scan->settings->conf;
	struct files files = { .scan = scan, .affected = words_affected(0, NULL, NULL) };
	struct err why;
	int code = ERR_OK;
	if (conf_text(conf, "certmon", "files-password-file") &&
	    conf_secret(conf, "certmon", "files-password-file", &files.password, &why))
		code = scan_problem(scan, conf_text(conf, "certmon", "files-password-file"), err_text(&why), err);
	for (const char *const *path = conf_list(conf, "certmon", "files"); *path && !code; path++)
		code = scan_path(&files, *path, err);
	const char *lsc = conf_text(conf, "certmon", "lsc-directory");
	files.affected = "the phone that presents it can no longer register securely";
	files.may_be_empty = true;
	if (!code && conf_flag(conf, "certmon", "lsc") && lsc)
		code = scan_path(&files, lsc, err);
	conf_secret_free(files.password);
	return code;
}
