// What Swift cannot import from Linux's C headers: GNU extensions, macros and unions.
//
// Each function makes one system call and answers its result, or the negated errno. No system
// header is included here: with GNU extensions on they would contradict those Swift has read.
#ifndef SALLYPORT_CLINUX_H
#define SALLYPORT_CLINUX_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// events.c: clocks, epoll, eventfd, signalfd

uint64_t linux_monotonic_nanoseconds(void);
int64_t linux_wall_milliseconds(void);

enum : uint32_t {
    linux_event_readable = 1,
    linux_event_writable = 2,
    linux_event_peer_closed_writing = 4,
    linux_event_hung_up = 8,
};

/// One ready descriptor; `events` is made of the bits above.
struct linux_event {
    uint64_t token;
    uint64_t events;
};

enum { linux_events_maximum = 1024 };

int linux_epoll_create(void);
/// Edge-triggered for everything, or level-triggered for reading only.
int linux_epoll_add(int epoll, int descriptor, uint64_t token, int edge_triggered);
int linux_epoll_remove(int epoll, int descriptor);
/// How many of `events` are ready now; `maximum` is at most `linux_events_maximum`.
int linux_epoll_wait(int epoll, struct linux_event *events, int maximum, int milliseconds);

int linux_eventfd(void);
int linux_eventfd_signal(int descriptor);
int linux_eventfd_reset(int descriptor);
/// Blocks until the descriptor is readable: 1; the time is over or a signal came: 0.
int linux_wait_readable(int descriptor, int milliseconds);
int linux_wait_writable(int descriptor, int milliseconds);

int linux_signals_block(const int *signals, int count);
int linux_signalfd(const int *signals, int count);
/// The next pending signal's number, 0 when there is none.
int linux_signalfd_next(int descriptor);

// files.c

int linux_open_reading(const char *path);
/// -EPERM for what is no regular file, one that everybody may write, or another user's: neither the
/// process's own, nor root's, nor whose the folder is.
int linux_open_guarded(const char *path);
/// For a log: created when missing, always written at its end, never waited for.
int linux_open_appending(const char *path, unsigned mode);
/// A new file that must not exist yet.
int linux_open_new(const char *path, unsigned mode);
int linux_duplicate(int descriptor);
void linux_close(int descriptor);
ptrdiff_t linux_read(int descriptor, void *_Nullable memory, size_t count);
ptrdiff_t linux_write(int descriptor, const void *_Nullable memory, size_t count);
int linux_sync(int descriptor);
int linux_unlink(const char *path);
int linux_rename(const char *from, const char *to);
/// 1 when the path itself, no link followed, is a socket; 0 when it is something else.
int linux_is_socket(const char *path);

// process.c: threads, processors, limits

/// The thread in `thread`, for join or detach, one of which must follow.
int linux_thread_start(
    uint64_t *thread,
    void *_Nullable (*_Nonnull body)(void *_Nullable),
    void *_Nullable argument
);
void linux_thread_join(uint64_t thread);
void linux_thread_detach(uint64_t thread);
/// Names the calling thread; Linux keeps 15 bytes.
void linux_thread_name(const char *name);
/// Processors the calling thread may run on, 0 when unknown.
int linux_affinity_count(void);
/// Raises the soft limit on descriptors to the hard one, and says what they are now.
int linux_raise_descriptor_limit(uint64_t *soft, uint64_t *hard);
/// The words for an errno.
void linux_error_text(int code, char *text, size_t count);

// sockets.c

/// An address as the kernel takes it.
struct linux_address {
    uint64_t storage[14];
    uint32_t length;
};

enum : uint16_t {
    linux_family_other = 0,
    linux_family_v4 = 4,
    linux_family_v6 = 6,
    linux_family_local = 1,
};

/// An address as Swift reads it; a local one's path is asked for with `linux_address_path`.
struct linux_address_parts {
    uint64_t high;
    uint64_t low;
    uint32_t v4;
    uint32_t scope;
    uint16_t port;
    uint16_t family;
};

void linux_address_set_v4(struct linux_address *address, uint32_t octets, uint16_t port);
void linux_address_set_v6(
    struct linux_address *address, uint64_t high, uint64_t low, uint16_t port, uint32_t scope
);
/// -ENAMETOOLONG when the path and its final zero do not fit.
int linux_address_set_path(struct linux_address *address, const char *path);
struct linux_address_parts linux_address_read(const struct linux_address *address);
/// Copies a local address's path with its final zero into at least 128 bytes; its length, 0 for an
/// unnamed or abstract one.
int linux_address_path(const struct linux_address *address, char *path);
/// Reads an IP literal: 1 when it is one.
int linux_address_parse(struct linux_address *address, const char *text, uint16_t port);
/// The number of a network interface, 0 when there is none of that name.
uint32_t linux_interface_index(const char *name);

/// A stream socket, non-blocking and close-on-exec.
int linux_socket(const struct linux_address *address);
int linux_bind(int descriptor, const struct linux_address *address);
int linux_listen(int descriptor, int backlog);
int linux_connect(int descriptor, const struct linux_address *address);
int linux_accept(int descriptor, struct linux_address *peer);
int linux_local_address(int descriptor, struct linux_address *address);
int linux_set_reuse_address(int descriptor);
int linux_set_reuse_port(int descriptor);
int linux_set_v6_only(int descriptor);
int linux_set_no_delay(int descriptor);
int linux_set_reset_on_close(int descriptor);
/// The socket's pending error as a positive errno, 0 when there is none.
int linux_take_error(int descriptor);
ptrdiff_t linux_receive(int descriptor, void *_Nullable memory, size_t count);
ptrdiff_t linux_send(int descriptor, const void *_Nullable memory, size_t count);
void linux_shutdown_writing(int descriptor);

enum : int {
    linux_resolve_not_found = -1,
    linux_resolve_temporary = -2,
    /// Other failures are this number and getaddrinfo's code, both negative, added.
    linux_resolve_failed = -1000,
};

/// Asks the system's resolver; blocks. How many addresses were stored, or a failure as above.
int linux_resolve(const char *host, uint16_t port, struct linux_address *addresses, int maximum);

#pragma clang assume_nonnull end

#endif
