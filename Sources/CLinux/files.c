// Descriptors of files.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

int linux_open_reading(const char *path) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return descriptor < 0 ? -errno : descriptor;
}

/// Whether the user may have a file of the program's own: itself, root, or whose the folder is, who
/// can put any file there. In a folder of everybody's, such as /tmp, that is not whoever came first.
static int is_trusted_owner(const char *path, uid_t owner) {
    if (owner == geteuid() || owner == 0) {
        return 1;
    }
    char folder[PATH_MAX] = ".";
    const char *end = strrchr(path, '/');
    if (end != NULL) {
        size_t length = end == path ? 1 : (size_t)(end - path);
        if (length >= sizeof folder) {
            return 0;
        }
        memcpy(folder, path, length);
        folder[length] = 0;
    }
    struct stat status;
    return stat(folder, &status) == 0 && status.st_uid == owner;
}

int linux_open_guarded(const char *path) {
    // Of a FIFO nobody writes, the end is not waited for.
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0) {
        return -errno;
    }
    struct stat status;
    if (fstat(descriptor, &status) < 0 || !S_ISREG(status.st_mode) || (status.st_mode & S_IWOTH) ||
        !is_trusted_owner(path, status.st_uid)) {
        close(descriptor);
        return -EPERM;
    }
    return descriptor;
}

int linux_open_appending(const char *path, unsigned mode) {
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    int descriptor = open(path, flags, mode);
    return descriptor < 0 ? -errno : descriptor;
}

int linux_open_new(const char *path, unsigned mode) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, mode);
    return descriptor < 0 ? -errno : descriptor;
}

int linux_duplicate(int descriptor) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

void linux_close(int descriptor) {
    close(descriptor);
}

ptrdiff_t linux_read(int descriptor, void *memory, size_t count) {
    ssize_t result;
    do {
        result = read(descriptor, memory, count);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

ptrdiff_t linux_write(int descriptor, const void *memory, size_t count) {
    ssize_t result;
    do {
        result = write(descriptor, memory, count);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

int linux_sync(int descriptor) {
    return fsync(descriptor) < 0 ? -errno : 0;
}

int linux_unlink(const char *path) {
    return unlink(path) < 0 ? -errno : 0;
}

int linux_rename(const char *from, const char *to) {
    return rename(from, to) < 0 ? -errno : 0;
}

int linux_is_socket(const char *path) {
    struct stat status;
    if (lstat(path, &status) < 0) {
        return -errno;
    }
    return S_ISSOCK(status.st_mode) ? 1 : 0;
}
