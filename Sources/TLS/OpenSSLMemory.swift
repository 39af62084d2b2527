import COpenSSL
import COpenSSLMemory

/// OpenSSL's allocator: a stock of freed blocks per thread, bounded in bytes, without locks.
public enum OpenSSLMemory {
    /// Has OpenSSL allocate from the stock.
    ///
    /// Call it once, at the start of the program: it must precede every other use of OpenSSL.
    ///
    /// - Parameter bytesPerThread: bytes of freed blocks that a thread keeps for its next ones.
    /// - Returns: false when OpenSSL has allocated before; it then keeps the system's allocator.
    @discardableResult
    public static func install(bytesPerThread: Int = 8 << 20) -> Bool {
        guard sallyport_openssl_memory_prepare(max(0, bytesPerThread)) == 1 else {
            return false
        }
        return unsafe CRYPTO_set_mem_functions(
            sallyport_openssl_malloc,
            sallyport_openssl_realloc,
            sallyport_openssl_free
        ) == 1
    }

    /// What the calling thread did with the stock since it began.
    public static var statistics: Statistics {
        let counts = sallyport_openssl_memory_statistics()
        return Statistics(
            keptBytes: Int(counts.kept_bytes),
            reused: counts.reused,
            allocated: counts.allocated
        )
    }

    /// One thread's use of the stock.
    public struct Statistics: Equatable, Sendable {
        /// Bytes of freed blocks it keeps now.
        public let keptBytes: Int
        /// Blocks taken from the stock.
        public let reused: UInt64
        /// Blocks taken from the system.
        public let allocated: UInt64
    }
}
