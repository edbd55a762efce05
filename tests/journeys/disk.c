/* A disk that fails on request, for a program that is started with this library (LD_PRELOAD; Linux).

   DISK_ROOT  the folder that counts as the disk, with everything below it
   DISK_LOG   a file that records what a power cut cannot take away: a file's content when it is synced, a folder's
              names when the folder is synced, and in between what is written to standard output
   DISK_ROOM  how many more bytes fit. Overwriting takes space too, as on a copy-on-write file system
   DISK_STEP  before which change of the disk (a write, sync, truncation, removal, second or new name) the program
              is killed

   A record of the log is "KIND KEY SIZE\n" and SIZE bytes. The key is an inode's number: of a file and its content (F),
   of a folder and its names (D, "KEY KIND NAME\0" each), of a file whose last name was removed (U); standard output (S)
   has none. One record is one write, so that threads and processes can share a log. An unknown call ends the program,
   because a model that guesses proves nothing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_long steps, written;
static atomic_int full;

static void must(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "disk.c: %s: %s\n", what, strerror(errno));
        abort();
    }
}

static long number(const char *name) {
    const char *value = getenv(name);
    return value == NULL ? -1 : atol(value);
}

static int below_root(const char *path) {
    const char *root = getenv("DISK_ROOT");
    size_t length = root == NULL ? 0 : strlen(root);
    return length > 0 && strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int on_disk(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = '\0';
    return below_root(path);
}

static void step(void) {
    if (atomic_fetch_add(&steps, 1) + 1 == number("DISK_STEP")) raise(SIGKILL);
}

/* Returns how many of `size` bytes still fit; 0 with ENOSPC if the disk is full. */
static size_t fitting(size_t size) {
    long room = number("DISK_ROOM");
    if (room < 0) return size;
    long before = atomic_fetch_add(&written, (long)size);
    if (before + (long)size <= room) return size;
    atomic_store(&full, 1);
    if (before < room) return (size_t)(room - before);
    errno = ENOSPC;
    return 0;
}

static void record(char kind, unsigned long long key, void *bytes, size_t size) {
    char head[64];
    int saved = errno, length = snprintf(head, sizeof head, "%c %llu %zu\n", kind, key, size);
    int log = open(getenv("DISK_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    struct iovec parts[] = {{head, (size_t)length}, {bytes, size}};
    must(log >= 0 && writev(log, parts, 2) == (ssize_t)((size_t)length + size), "the log");
    close(log);
    errno = saved;
}

/* Uses the program's own descriptor: closing another one would drop its locks on the file. */
static void record_file(int file, const struct stat *about) {
    size_t size = (size_t)about->st_size, got = 0;
    char *bytes = malloc(size + 1);
    must(bytes != NULL, "memory");
    while (got < size) {
        ssize_t more = pread(file, bytes + got, size - got, (off_t)got);
        must(more > 0, "a synced file that cannot be read");
        got += (size_t)more;
    }
    record('F', about->st_ino, bytes, size);
    free(bytes);
}

static void record_folder(int folder, const struct stat *about) {
    int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = own < 0 ? NULL : fdopendir(own);
    must(names != NULL, "a synced folder that cannot be read");
    char *bytes = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&bytes, &size);
    for (struct dirent *each; (each = readdir(names)) != NULL;) {
        struct stat found;
        if (strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0) continue;
        if (fstatat(own, each->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
        fprintf(text, "%llu %c %s", (unsigned long long)found.st_ino, S_ISDIR(found.st_mode) ? 'd' : 'f', each->d_name);
        fputc('\0', text);
    }
    fclose(text);
    closedir(names);
    record('D', about->st_ino, bytes, size);
    free(bytes);
}

static int synced(int file, int (*really)(int)) {
    struct stat about;
    if (!on_disk(file)) return really(file);
    step();
    int answer = really(file);
    if (answer == 0 && getenv("DISK_LOG") != NULL) {
        must(fstat(file, &about) == 0, "fstat");
        (S_ISDIR(about.st_mode) ? record_folder : record_file)(file, &about);
    }
    return answer;
}

int fsync(int file) { return synced(file, REAL(fsync)); }

int fdatasync(int file) { return synced(file, REAL(fdatasync)); }

ssize_t write(int file, const void *bytes, size_t size) {
    if (on_disk(file)) {
        step();
        size_t fits = fitting(size);
        return fits == 0 && size > 0 ? -1 : REAL(write)(file, bytes, fits);
    }
    ssize_t answer = REAL(write)(file, bytes, size);
    if (file == STDOUT_FILENO && answer > 0 && getenv("DISK_LOG") != NULL)
        record('S', 0, (void *)bytes, (size_t)answer);
    return answer;
}

#define PWRITE(name, offset_type)                                            \
    ssize_t name(int file, const void *bytes, size_t size, offset_type at) { \
        if (!on_disk(file)) return REAL(name)(file, bytes, size, at);        \
        step();                                                              \
        size_t fits = fitting(size);                                         \
        return fits == 0 && size > 0 ? -1 : REAL(name)(file, bytes, fits, at); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define FTRUNCATE(name, offset_type)         \
    int name(int file, offset_type size) {   \
        if (on_disk(file)) step();           \
        return REAL(name)(file, size);       \
    }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

/* An inode number without a name may be given to another file. */
static unsigned long long last_name_of(const char *path) {
    struct stat about;
    return lstat(path, &about) == 0 && about.st_nlink == 1 ? about.st_ino : 0;
}

static int gone(int answer, unsigned long long key) {
    if (answer == 0 && key != 0 && getenv("DISK_LOG") != NULL) record('U', key, NULL, 0);
    return answer;
}

int unlink(const char *path) {
    if (!below_root(path)) return REAL(unlink)(path);
    step();
    unsigned long long key = last_name_of(path);
    return gone(REAL(unlink)(path), key);
}

int rename(const char *from, const char *to) {
    if (!below_root(to)) return REAL(rename)(from, to);
    step();
    unsigned long long key = last_name_of(to);
    return gone(REAL(rename)(from, to), key);
}

int link(const char *from, const char *to) {
    if (below_root(to)) step();
    return REAL(link)(from, to);
}

#define STATVFS(name, about_type)                                     \
    int name(const char *path, about_type *about) {                   \
        int answer = REAL(name)(path, about);                         \
        if (atomic_load(&full) && below_root(path)) about->f_bavail = 0; \
        return answer;                                                \
    }
STATVFS(statvfs, struct statvfs)
STATVFS(statvfs64, struct statvfs64)
