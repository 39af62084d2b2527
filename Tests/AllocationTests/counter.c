// Counts what each thread of a process takes from the C library's allocator. Preloaded, it stands
// before that allocator; the counts lie in a file that the tests map too (counting.py).
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { slot_count = 64, stack_count = 64, stack_depth = 29 };

// Threads beyond the first slot_count share the last slot.
struct slot {
    _Atomic uint64_t thread, allocations, releases, mappings, allocated_bytes, released_bytes;
    uint64_t padding[2];
};

struct stack {
    uint64_t thread, bytes, depth, addresses[stack_depth];
};

struct table {
    _Atomic uint64_t recording;  // set by the tests: the stacks of allocations are wanted
    _Atomic uint64_t slots;      // taken
    _Atomic uint64_t stacks;     // taken; may count beyond stack_count
    uint64_t padding[5];
    struct slot slot[slot_count];
    struct stack stack[stack_count];
};

// What the names stand before.
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

// Without a call to find them: that call could allocate.
#define PER_THREAD static __thread __attribute__((tls_model("initial-exec")))
PER_THREAD struct slot *own;
PER_THREAD int is_unwinding;
static struct table *table;

static struct slot *own_slot(void) {
    if (own) return own;
    uint64_t index = atomic_fetch_add(&table->slots, 1);
    own = &table->slot[index < slot_count ? index : slot_count - 1];
    own->thread = (uint64_t)syscall(SYS_gettid);
    return own;
}

static void record_stack(size_t bytes) {
    if (is_unwinding || !atomic_load_explicit(&table->recording, memory_order_relaxed)) return;
    uint64_t index = atomic_fetch_add(&table->stacks, 1);
    if (index >= stack_count) return;
    is_unwinding = 1;
    struct stack *stack = &table->stack[index];
    void *addresses[stack_depth];
    int depth = backtrace(addresses, stack_depth);
    for (int frame = 0; frame < depth; frame++)
        stack->addresses[frame] = (uint64_t)(uintptr_t)addresses[frame];
    stack->thread = own_slot()->thread;
    stack->bytes = bytes;
    stack->depth = (uint64_t)depth;
    is_unwinding = 0;
}

static void *counted(void *block) {
    if (!block || !table) return block;
    struct slot *slot = own_slot();
    size_t bytes = malloc_usable_size(block);
    slot->allocations++;
    slot->allocated_bytes += bytes;
    record_stack(bytes);
    return block;
}

static void count_release(void *block) {
    if (!block || !table) return;
    struct slot *slot = own_slot();
    slot->releases++;
    slot->released_bytes += malloc_usable_size(block);
}

void *malloc(size_t bytes) { return counted(__libc_malloc(bytes)); }
void *calloc(size_t count, size_t bytes) { return counted(__libc_calloc(count, bytes)); }

void *realloc(void *block, size_t bytes) {
    size_t before = block ? malloc_usable_size(block) : 0;
    void *larger = __libc_realloc(block, bytes);
    int is_released = block && (larger || bytes == 0);
    if (table && is_released) {
        own_slot()->releases++;
        own_slot()->released_bytes += before;
    }
    return counted(larger);
}

void *reallocarray(void *block, size_t count, size_t bytes) {
    size_t all;
    if (__builtin_mul_overflow(count, bytes, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, all);
}

void *memalign(size_t alignment, size_t bytes) {
    return counted(__libc_memalign(alignment, bytes));
}

void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
void *valloc(size_t bytes) { return memalign((size_t)sysconf(_SC_PAGESIZE), bytes); }

int posix_memalign(void **block, size_t alignment, size_t bytes) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    *block = memalign(alignment, bytes);
    return *block ? 0 : ENOMEM;
}

void free(void *block) {
    count_release(block);
    __libc_free(block);
}

void *mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset) {
    if (table) own_slot()->mappings++;
    return (void *)syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
}

void *mmap64(void *address, size_t bytes, int protection, int flags, int file, off64_t offset) {
    return mmap(address, bytes, protection, flags, file, offset);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("ALLOCATION_TABLE");
    if (!path) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) abort();
    void *memory =
        mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory == MAP_FAILED) abort();
    void *loads_the_unwinder;
    backtrace(&loads_the_unwinder, 1);
    table = memory;
}
