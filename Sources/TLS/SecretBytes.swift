import COpenSSL

/// Bytes that are cleansed when the last user lets go of them; they never change.
@safe
final class SecretBytes: @unchecked Sendable {
    private let memory: UnsafeMutableBufferPointer<UInt8>

    /// Memory that `fill` writes the bytes into; it returns how many there are.
    init<Failure: Error>(
        capacity: Int,
        _ fill: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Int
    ) throws(Failure) {
        let whole = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, capacity))
        unsafe whole.initialize(repeating: 0)
        do throws(Failure) {
            let count = try unsafe fill(whole)
            unsafe memory = UnsafeMutableBufferPointer(rebasing: whole[..<count])
        } catch {
            unsafe OPENSSL_cleanse(whole.baseAddress, whole.count)
            unsafe whole.deallocate()
            throw error
        }
    }

    /// A copy of `bytes`.
    convenience init(_ bytes: [UInt8]) {
        unsafe self.init(capacity: bytes.count) { memory in
            unsafe memory.update(fromContentsOf: bytes)
        }
    }

    /// Bytes nobody knows.
    convenience init(random count: Int) {
        unsafe self.init(capacity: count) { memory in
            let drawn = unsafe RAND_bytes(memory.baseAddress, CInt(count))
            // Without randomness no key may exist; OpenSSL then has nothing to work with.
            precondition(drawn == 1, "OpenSSL gives no random bytes")
            return count
        }
    }

    deinit {
        unsafe OPENSSL_cleanse(memory.baseAddress, memory.count)
        unsafe memory.deallocate()
    }

    var count: Int { unsafe memory.count }

    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeBufferPointer(memory))
    }
}
