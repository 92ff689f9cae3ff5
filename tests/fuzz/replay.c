/* Feeds a fuzz target the files and directories that are named, or its own corpus: what fuzzing found
 * once stays found, with any compiler. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, size_t size)
{
	/* Exactly as large as the input, so that a sanitizer sees a read behind its end. */
	uint8_t *data = malloc(size ? size : 1);
	FILE *stream = fopen(path, "re");
	int rc = -1;
	if (data && stream && fread(data, 1, size, stream) == size) {
		LLVMFuzzerTestOneInput(data, size);
		rc = 0;
	} else {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	}
	if (stream)
		fclose(stream);
	free(data);
	return rc;
}

static int replay(const char *path, unsigned *count);

static int replay_directory(const char *path, unsigned *count)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort), rc = 0;
	if (n < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		char name[4096];
		snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && replay(name, count) != 0)
			rc = -1;
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int replay(const char *path, unsigned *count)
{
	struct stat info;
	if (stat(path, &info) != 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	if (S_ISDIR(info.st_mode))
		return replay_directory(path, count);
	++*count;
	return replay_file(path, (size_t)info.st_size);
}

/* Without an argument: the corpus of the program's own name, "fuzz_X". */
static int replay_own(const char *program, unsigned *count)
{
	const char *root = getenv("top_srcdir"), *slash = strrchr(program, '/');
	const char *name = strstr(slash ? slash : program, "fuzz_");
	char path[4096];
	if (!name)
		return -1;
	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", root ? root : ".", name + 5);
	return replay(path, count);
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	int rc = argc == 1 ? replay_own(argv[0], &count) : 0;
	for (int i = 1; i < argc; i++)
		if (replay(argv[i], &count) != 0)
			rc = -1;
	printf("%u inputs\n", count);
	return rc == 0 && count ? 0 : 99;
}
