// A bounded stock of freed blocks per thread, for OpenSSL's allocations.
//
// With SSL_MODE_RELEASE_BUFFERS OpenSSL takes and gives back its record buffers at each record;
// here that costs a few instructions and no lock. Contents are never cleared: OpenSSL cleanses
// secrets before it frees them.
#ifndef SALLYPORT_OPENSSL_MEMORY_H
#define SALLYPORT_OPENSSL_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/// Bytes of freed blocks that each thread keeps at most; 0 keeps none. Call before the first block.
/// Returns 0 when the system gives no thread-exit hook.
int sallyport_openssl_memory_prepare(size_t bytes_per_thread);

/// For CRYPTO_set_mem_functions. A block may be freed by another thread than took it.
void *sallyport_openssl_malloc(size_t bytes, const char *file, int line);
void *sallyport_openssl_realloc(void *block, size_t bytes, const char *file, int line);
void sallyport_openssl_free(void *block, const char *file, int line);

/// What the calling thread did.
struct sallyport_openssl_memory_statistics {
    uint64_t kept_bytes;  ///< of freed blocks it keeps now
    uint64_t reused;      ///< blocks it took from its stock
    uint64_t allocated;   ///< blocks it took from the system
};

struct sallyport_openssl_memory_statistics sallyport_openssl_memory_statistics(void);

#endif
