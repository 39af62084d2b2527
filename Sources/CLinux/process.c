// Threads, processors and limits of the process.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

_Static_assert(sizeof(pthread_t) <= sizeof(uint64_t), "a thread fits the number it is kept as");

int linux_thread_start(uint64_t *thread, void *(*body)(void *), void *argument) {
    pthread_t started;
    int result = pthread_create(&started, NULL, body, argument);
    if (result == 0) {
        *thread = (uint64_t)started;
    }
    return -result;
}

void linux_thread_join(uint64_t thread) {
    pthread_join((pthread_t)thread, NULL);
}

void linux_thread_detach(uint64_t thread) {
    pthread_detach((pthread_t)thread);
}

void linux_thread_name(const char *name) {
    char kept[16] = {0};
    strncpy(kept, name, sizeof kept - 1);
    pthread_setname_np(pthread_self(), kept);
}

int linux_affinity_count(void) {
    for (int processors = 1024; processors <= 1 << 16; processors *= 2) {
        cpu_set_t *set = CPU_ALLOC(processors);
        size_t bytes = CPU_ALLOC_SIZE(processors);
        if (set == NULL) {
            return 0;
        }
        CPU_ZERO_S(bytes, set);
        int result = sched_getaffinity(0, bytes, set);
        int code = errno;
        int count = result == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (result == 0) {
            return count;
        }
        // EINVAL: the kernel knows more processors than the set has bits.
        if (code != EINVAL) {
            return 0;
        }
    }
    return 0;
}

int linux_raise_descriptor_limit(uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return -errno;
    }
    struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    int result = setrlimit(RLIMIT_NOFILE, &raised) < 0 ? -errno : 0;
    *soft = result == 0 ? limit.rlim_max : limit.rlim_cur;
    *hard = limit.rlim_max;
    return result;
}

void linux_error_text(int code, char *text, size_t count) {
    const char *message = strerror_r(code, text, count);
    if (message != text) {
        strncpy(text, message, count - 1);
        text[count - 1] = 0;
    }
}
