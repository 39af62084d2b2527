// Clocks, epoll, eventfd and signalfd.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

uint64_t linux_monotonic_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t linux_wall_milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int linux_epoll_create(void) {
    int descriptor = epoll_create1(EPOLL_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int linux_epoll_add(int epoll, int descriptor, uint64_t token, int edge_triggered) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
    if (edge_triggered) {
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    }
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

int linux_epoll_remove(int epoll, int descriptor) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event) < 0 ? -errno : 0;
}

static uint64_t readiness(uint32_t events) {
    uint64_t bits = 0;
    if (events & EPOLLIN) bits |= linux_event_readable;
    if (events & EPOLLOUT) bits |= linux_event_writable;
    if (events & EPOLLRDHUP) bits |= linux_event_peer_closed_writing;
    if (events & (EPOLLHUP | EPOLLERR)) bits |= linux_event_hung_up;
    return bits;
}

int linux_epoll_wait(int epoll, struct linux_event *events, int maximum, int milliseconds) {
    // The kernel's own layout is packed on some machines only.
    struct epoll_event raw[linux_events_maximum];
    int asked = maximum < linux_events_maximum ? maximum : linux_events_maximum;
    int count = epoll_wait(epoll, raw, asked, milliseconds);
    if (count < 0) {
        return -errno;
    }
    for (int i = 0; i < count; i++) {
        events[i].token = raw[i].data.u64;
        events[i].events = readiness(raw[i].events);
    }
    return count;
}

int linux_eventfd(void) {
    int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int linux_eventfd_signal(int descriptor) {
    return eventfd_write(descriptor, 1) < 0 ? -errno : 0;
}

int linux_eventfd_reset(int descriptor) {
    eventfd_t value;
    return eventfd_read(descriptor, &value) < 0 ? -errno : 0;
}

static int wait_for(int descriptor, short events, int milliseconds) {
    struct pollfd entry = {.fd = descriptor, .events = events};
    int count = poll(&entry, 1, milliseconds);
    if (count < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    return count;
}

int linux_wait_readable(int descriptor, int milliseconds) {
    return wait_for(descriptor, POLLIN, milliseconds);
}

int linux_wait_writable(int descriptor, int milliseconds) {
    return wait_for(descriptor, POLLOUT, milliseconds);
}

static void fill(sigset_t *set, const int *signals, int count) {
    sigemptyset(set);
    for (int i = 0; i < count; i++) {
        sigaddset(set, signals[i]);
    }
}

int linux_signals_block(const int *signals, int count) {
    sigset_t set;
    fill(&set, signals, count);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int linux_signalfd(const int *signals, int count) {
    sigset_t set;
    fill(&set, signals, count);
    int descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int linux_signalfd_next(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count = read(descriptor, &info, sizeof info);
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}
