// Socket addresses and sockets.
#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(sizeof(struct sockaddr_un) <= sizeof(((struct linux_address *)0)->storage), "local");
_Static_assert(sizeof(struct sockaddr_in6) <= sizeof(((struct linux_address *)0)->storage), "v6");

static void store(struct linux_address *address, const void *from, size_t length) {
    memset(address, 0, sizeof *address);
    memcpy(address->storage, from, length);
    address->length = (uint32_t)length;
}

static const struct sockaddr *kernel(const struct linux_address *address) {
    return (const struct sockaddr *)(const void *)address->storage;
}

static sa_family_t family(const struct linux_address *address) {
    sa_family_t value;
    memcpy(&value, address->storage, sizeof value);
    return value;
}

void linux_address_set_v4(struct linux_address *address, uint32_t octets, uint16_t port) {
    struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(octets)
    };
    store(address, &v4, sizeof v4);
}

void linux_address_set_v6(
    struct linux_address *address, uint64_t high, uint64_t low, uint16_t port, uint32_t scope
) {
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope
    };
    for (int i = 0; i < 8; i++) {
        v6.sin6_addr.s6_addr[i] = (uint8_t)(high >> (56 - 8 * i));
        v6.sin6_addr.s6_addr[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    store(address, &v6, sizeof v6);
}

int linux_address_set_path(struct linux_address *address, const char *path) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    size_t count = strlen(path);
    if (count == 0) {
        return -ENOENT;
    }
    if (count >= sizeof local.sun_path) {
        return -ENAMETOOLONG;
    }
    memcpy(local.sun_path, path, count + 1);
    store(address, &local, offsetof(struct sockaddr_un, sun_path) + count + 1);
    return 0;
}

struct linux_address_parts linux_address_read(const struct linux_address *address) {
    struct linux_address_parts parts = {.family = linux_family_other};
    if (family(address) == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address->storage, sizeof v4);
        parts.family = linux_family_v4;
        parts.v4 = ntohl(v4.sin_addr.s_addr);
        parts.port = ntohs(v4.sin_port);
    } else if (family(address) == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address->storage, sizeof v6);
        parts.family = linux_family_v6;
        for (int i = 0; i < 8; i++) {
            parts.high = parts.high << 8 | v6.sin6_addr.s6_addr[i];
            parts.low = parts.low << 8 | v6.sin6_addr.s6_addr[8 + i];
        }
        parts.port = ntohs(v6.sin6_port);
        parts.scope = v6.sin6_scope_id;
    } else if (family(address) == AF_UNIX) {
        parts.family = linux_family_local;
    }
    return parts;
}

int linux_address_path(const struct linux_address *address, char *path) {
    struct sockaddr_un local;
    size_t begin = offsetof(struct sockaddr_un, sun_path);
    path[0] = 0;
    if (family(address) != AF_UNIX || address->length <= begin) {
        return 0;
    }
    memcpy(&local, address->storage, sizeof local);
    size_t count = address->length - begin;
    if (count > sizeof local.sun_path) {
        count = sizeof local.sun_path;
    }
    memcpy(path, local.sun_path, count);
    path[count] = 0;
    return (int)strlen(path);
}

int linux_address_parse(struct linux_address *address, const char *text, uint16_t port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        store(address, &v4, sizeof v4);
        return 1;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        store(address, &v6, sizeof v6);
        return 1;
    }
    return 0;
}

uint32_t linux_interface_index(const char *name) {
    return if_nametoindex(name);
}

int linux_socket(const struct linux_address *address) {
    int descriptor = socket(family(address), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return descriptor < 0 ? -errno : descriptor;
}

int linux_bind(int descriptor, const struct linux_address *address) {
    return bind(descriptor, kernel(address), address->length) < 0 ? -errno : 0;
}

int linux_listen(int descriptor, int backlog) {
    return listen(descriptor, backlog) < 0 ? -errno : 0;
}

int linux_connect(int descriptor, const struct linux_address *address) {
    return connect(descriptor, kernel(address), address->length) < 0 ? -errno : 0;
}

int linux_accept(int descriptor, struct linux_address *peer) {
    memset(peer, 0, sizeof *peer);
    socklen_t length = sizeof peer->storage;
    struct sockaddr *from = (struct sockaddr *)(void *)peer->storage;
    int accepted = accept4(descriptor, from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    peer->length = length;
    return accepted < 0 ? -errno : accepted;
}

int linux_local_address(int descriptor, struct linux_address *address) {
    memset(address, 0, sizeof *address);
    socklen_t length = sizeof address->storage;
    int result = getsockname(descriptor, (struct sockaddr *)(void *)address->storage, &length);
    address->length = length;
    return result < 0 ? -errno : 0;
}

static int set_flag(int descriptor, int level, int option) {
    int one = 1;
    return setsockopt(descriptor, level, option, &one, sizeof one) < 0 ? -errno : 0;
}

int linux_set_reuse_address(int descriptor) {
    return set_flag(descriptor, SOL_SOCKET, SO_REUSEADDR);
}

int linux_set_reuse_port(int descriptor) {
    return set_flag(descriptor, SOL_SOCKET, SO_REUSEPORT);
}

int linux_set_v6_only(int descriptor) {
    return set_flag(descriptor, IPPROTO_IPV6, IPV6_V6ONLY);
}

int linux_set_no_delay(int descriptor) {
    return set_flag(descriptor, IPPROTO_TCP, TCP_NODELAY);
}

int linux_set_reset_on_close(int descriptor) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    int result = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return result < 0 ? -errno : 0;
}

int linux_take_error(int descriptor) {
    int value = 0;
    socklen_t length = sizeof value;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length) < 0) {
        return errno;
    }
    return value;
}

// recv and send of the C library make the thread cancellable for the call, with two locked
// instructions each way. No thread here is ever cancelled, so these two, which every request makes
// twice, go to the kernel directly.
ptrdiff_t linux_receive(int descriptor, void *memory, size_t count) {
    ssize_t received;
    do {
        received = syscall(SYS_recvfrom, descriptor, memory, count, 0, NULL, NULL);
    } while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}

ptrdiff_t linux_send(int descriptor, const void *memory, size_t count) {
    ssize_t sent;
    do {
        sent = syscall(SYS_sendto, descriptor, memory, count, MSG_NOSIGNAL, NULL, 0);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

void linux_shutdown_writing(int descriptor) {
    shutdown(descriptor, SHUT_WR);
}

static int failure(int code) {
    switch (code) {
    case EAI_NONAME:
    case EAI_NODATA:
        return linux_resolve_not_found;
    case EAI_AGAIN:
        return linux_resolve_temporary;
    default:
        return linux_resolve_failed + (code < 0 ? code : -code);
    }
}

static int copy(const struct addrinfo *entry, uint16_t port, struct linux_address *address) {
    if (entry->ai_family == AF_INET && entry->ai_addrlen == sizeof(struct sockaddr_in)) {
        struct sockaddr_in v4;
        memcpy(&v4, entry->ai_addr, sizeof v4);
        v4.sin_port = htons(port);
        store(address, &v4, sizeof v4);
        return 1;
    }
    if (entry->ai_family == AF_INET6 && entry->ai_addrlen == sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 v6;
        memcpy(&v6, entry->ai_addr, sizeof v6);
        v6.sin6_port = htons(port);
        store(address, &v6, sizeof v6);
        return 1;
    }
    return 0;
}

int linux_resolve(const char *host, uint16_t port, struct linux_address *addresses, int maximum) {
    // AI_ADDRCONFIG: no IPv6 answers on a machine that has only IPv4, and the reverse.
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    int result = getaddrinfo(host, NULL, &hints, &list);
    if (result != 0) {
        return failure(result);
    }
    int count = 0;
    for (struct addrinfo *entry = list; entry != NULL && count < maximum; entry = entry->ai_next) {
        count += copy(entry, port, &addresses[count]);
    }
    freeaddrinfo(list);
    return count == 0 ? linux_resolve_not_found : count;
}
