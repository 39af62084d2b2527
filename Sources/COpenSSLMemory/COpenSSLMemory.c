#include "COpenSSLMemory.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

// Size classes: four to each doubling, from 32 bytes to 64 KiB, so at most a fifth is wasted.
enum { smallest_shift = 5, largest_shift = 16, steps_shift = 2 };
enum { class_count = ((largest_shift - smallest_shift) << steps_shift) + 1 };
static const uint32_t no_class = UINT32_MAX;

struct header {
    alignas(max_align_t) size_t capacity;
    uint32_t class;
};

// While a block is kept, its first bytes link it to the next.
struct kept {
    struct kept *next;
};

struct stock {
    struct kept *lists[class_count];
    struct sallyport_openssl_memory_statistics statistics;
    int watched;
};

static _Thread_local struct stock stock;
static size_t kept_limit;
static pthread_key_t exit_key;
static int has_exit_key;

static uint32_t class_for(size_t bytes) {
    if (bytes <= (size_t)1 << smallest_shift) return 0;
    if (bytes > (size_t)1 << largest_shift) return no_class;
    unsigned shift = 63 - (unsigned)__builtin_clzll((unsigned long long)bytes - 1);
    unsigned step = (unsigned)((bytes - 1) >> (shift - steps_shift)) & ((1u << steps_shift) - 1);
    return ((shift - smallest_shift) << steps_shift) + step + 1;
}

static size_t capacity_of(uint32_t class) {
    size_t base = (size_t)1 << (smallest_shift + (class >> steps_shift));
    return base + (base >> steps_shift) * (class & ((1u << steps_shift) - 1));
}

static void *block_of(struct header *header) { return header + 1; }
static struct header *header_of(void *block) { return (struct header *)block - 1; }

static void release_stock(void *argument) {
    struct stock *mine = argument;
    for (int class = 0; class < class_count; class++) {
        struct kept *block = mine->lists[class];
        mine->lists[class] = NULL;
        while (block) {
            struct kept *next = block->next;
            free(header_of(block));
            block = next;
        }
    }
    mine->statistics.kept_bytes = 0;
    // OpenSSL's own exit hook may run after this one and free more: be called again then.
    mine->watched = 0;
}

int sallyport_openssl_memory_prepare(size_t bytes_per_thread) {
    if (!has_exit_key && pthread_key_create(&exit_key, release_stock) != 0) return 0;
    has_exit_key = 1;
    kept_limit = bytes_per_thread;
    return 1;
}

static void *allocate(size_t capacity, uint32_t class) {
    if (capacity > SIZE_MAX - sizeof(struct header)) return NULL;
    struct header *header = malloc(sizeof(struct header) + capacity);
    if (!header) return NULL;
    header->capacity = capacity;
    header->class = class;
    stock.statistics.allocated++;
    return block_of(header);
}

void *sallyport_openssl_malloc(size_t bytes, const char *file, int line) {
    (void)file;
    (void)line;
    uint32_t class = class_for(bytes);
    if (class == no_class) return allocate(bytes, no_class);
    struct kept *block = stock.lists[class];
    if (!block) return allocate(capacity_of(class), class);
    stock.lists[class] = block->next;
    stock.statistics.kept_bytes -= header_of(block)->capacity;
    stock.statistics.reused++;
    return block;
}

static int may_keep(const struct header *header) {
    if (header->class == no_class || !has_exit_key) return 0;
    if (stock.statistics.kept_bytes + header->capacity > kept_limit) return 0;
    if (!stock.watched) stock.watched = pthread_setspecific(exit_key, &stock) == 0;
    return stock.watched;
}

void sallyport_openssl_free(void *block, const char *file, int line) {
    (void)file;
    (void)line;
    if (!block) return;
    struct header *header = header_of(block);
    if (!may_keep(header)) {
        free(header);
        return;
    }
    struct kept *kept = block;
    kept->next = stock.lists[header->class];
    stock.lists[header->class] = kept;
    stock.statistics.kept_bytes += header->capacity;
}

void *sallyport_openssl_realloc(void *block, size_t bytes, const char *file, int line) {
    if (!block) return sallyport_openssl_malloc(bytes, file, line);
    if (bytes == 0) {
        sallyport_openssl_free(block, file, line);
        return NULL;
    }
    size_t capacity = header_of(block)->capacity;
    if (bytes <= capacity && class_for(bytes) == header_of(block)->class) return block;
    void *larger = sallyport_openssl_malloc(bytes, file, line);
    if (!larger) return NULL;
    memcpy(larger, block, bytes < capacity ? bytes : capacity);
    sallyport_openssl_free(block, file, line);
    return larger;
}

struct sallyport_openssl_memory_statistics sallyport_openssl_memory_statistics(void) {
    return stock.statistics;
}
