#include "COpenSSLMemory.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Size classes are those of malloc's own chunks, 8 bytes of which are malloc's: 32 to 128 bytes in
// steps of 16, then eight to each doubling up to 64 KiB, so at most a ninth is wasted. A block
// bears no header: malloc knows its size, and the class is the largest that fits into that. (Another
// allocator than glibc's may waste a little more.)
enum { chunk_overhead = 8, unit_shift = 4, smallest_chunk = 32 };
enum { linear_shift = 7, largest_shift = 16, steps_shift = 3 };
enum { linear_count = ((1 << linear_shift) - smallest_chunk) / (1 << unit_shift) + 1 };
enum { class_count = linear_count + ((largest_shift - linear_shift) << steps_shift) };
static const uint32_t no_class = UINT32_MAX;

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

static unsigned highest_bit(size_t number) {
    return 63 - (unsigned)__builtin_clzll((unsigned long long)number);
}

// The largest class whose chunks are at most `chunk` bytes, which are at least the smallest's.
static uint32_t class_within(size_t chunk) {
    if (chunk > (size_t)1 << largest_shift) return no_class;
    if (chunk <= 1 << linear_shift) return (uint32_t)((chunk - smallest_chunk) >> unit_shift);
    unsigned shift = highest_bit(chunk);
    unsigned step = (unsigned)(chunk >> (shift - steps_shift)) & ((1u << steps_shift) - 1);
    return linear_count + ((shift - linear_shift) << steps_shift) + step - 1;
}

// The smallest class whose blocks hold so many bytes.
static uint32_t class_for(size_t bytes) {
    if (bytes > ((size_t)1 << largest_shift) - chunk_overhead) return no_class;
    if (bytes <= smallest_chunk - chunk_overhead) return 0;
    size_t last = bytes + chunk_overhead - 1;
    if (last < 1 << linear_shift) return (uint32_t)(last >> unit_shift) - 1;
    unsigned shift = highest_bit(last);
    unsigned step = (unsigned)(last >> (shift - steps_shift)) & ((1u << steps_shift) - 1);
    return linear_count + ((shift - linear_shift) << steps_shift) + step;
}

// Bytes of a class's blocks.
static size_t capacity_of(uint32_t class) {
    if (class < linear_count)
        return smallest_chunk + ((size_t)class << unit_shift) - chunk_overhead;
    unsigned shift = linear_shift + ((class - linear_count) >> steps_shift);
    size_t steps = ((class - linear_count) & ((1u << steps_shift) - 1)) + 1;
    return ((size_t)1 << shift) + (steps << (shift - steps_shift)) - chunk_overhead;
}

// What a block came to be: at least what was asked for, so maybe more than its class had.
static uint32_t class_of(void *block) {
    return class_within(malloc_usable_size(block) + chunk_overhead);
}

static void release_stock(void *argument) {
    struct stock *mine = argument;
    for (int class = 0; class < class_count; class++) {
        struct kept *block = mine->lists[class];
        mine->lists[class] = NULL;
        while (block) {
            struct kept *next = block->next;
            free(block);
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

static void *allocate(size_t bytes) {
    void *block = malloc(bytes);
    if (block) stock.statistics.allocated++;
    return block;
}

void *sallyport_openssl_malloc(size_t bytes, const char *file, int line) {
    (void)file;
    (void)line;
    uint32_t class = class_for(bytes);
    if (class == no_class) return allocate(bytes);
    struct kept *block = stock.lists[class];
    if (!block) return allocate(capacity_of(class));
    stock.lists[class] = block->next;
    stock.statistics.kept_bytes -= capacity_of(class);
    stock.statistics.reused++;
    return block;
}

// Keeps a block; 0 when the stock is full or the thread's end would not be seen.
static int keep(void *block, uint32_t class) {
    size_t kept_bytes = stock.statistics.kept_bytes + capacity_of(class);
    if (kept_bytes > kept_limit || !has_exit_key) return 0;
    if (!stock.watched) stock.watched = pthread_setspecific(exit_key, &stock) == 0;
    if (!stock.watched) return 0;
    struct kept *kept = block;
    kept->next = stock.lists[class];
    stock.lists[class] = kept;
    stock.statistics.kept_bytes = kept_bytes;
    return 1;
}

void sallyport_openssl_free(void *block, const char *file, int line) {
    (void)file;
    (void)line;
    if (!block) return;
    uint32_t class = class_of(block);
    if (class == no_class || !keep(block, class)) free(block);
}

void *sallyport_openssl_realloc(void *block, size_t bytes, const char *file, int line) {
    if (!block) return sallyport_openssl_malloc(bytes, file, line);
    if (bytes == 0) {
        sallyport_openssl_free(block, file, line);
        return NULL;
    }
    size_t capacity = malloc_usable_size(block);
    if (bytes <= capacity && class_for(bytes) == class_of(block)) return block;
    void *larger = sallyport_openssl_malloc(bytes, file, line);
    if (!larger) return NULL;
    memcpy(larger, block, bytes < capacity ? bytes : capacity);
    sallyport_openssl_free(block, file, line);
    return larger;
}

struct sallyport_openssl_memory_statistics sallyport_openssl_memory_statistics(void) {
    return stock.statistics;
}
