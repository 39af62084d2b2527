import COpenSSLMemory
import Glibc
import Testing

/// The stock by itself: installed under OpenSSL it would serve the other tests too.
///
/// Each test runs on a thread of its own, because statistics are per thread.
@Suite(.serialized) struct OpenSSLMemoryTests {
    private static let limit = 256 * 1024

    /// Runs `body` on a fresh thread with a fresh stock.
    private func onThread(_ body: @escaping @Sendable () -> Void) {
        sallyport_openssl_memory_prepare(Self.limit)
        let box = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            },
            box
        )
        #expect(code == 0)
        pthread_join(thread, nil)
    }

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private static func take(_ bytes: Int) -> UnsafeMutableRawPointer {
        guard let block = unsafe sallyport_openssl_malloc(bytes, nil, 0) else {
            preconditionFailure("no memory")
        }
        return unsafe block
    }

    @Test func reusesABlockOfItsClass() {
        onThread {
            let first = unsafe Self.take(1000)
            unsafe sallyport_openssl_free(first, nil, 0)
            #expect(sallyport_openssl_memory_statistics().kept_bytes == 1016)
            let second = unsafe Self.take(953)
            #expect(unsafe first == second)
            let other = unsafe Self.take(952)
            #expect(unsafe other != second)
            let counts = sallyport_openssl_memory_statistics()
            #expect(counts.kept_bytes == 0)
            #expect(counts.reused == 1)
            #expect(counts.allocated == 2)
            unsafe sallyport_openssl_free(second, nil, 0)
            unsafe sallyport_openssl_free(other, nil, 0)
        }
    }

    @Test func givesEverySizeItsWholeBlock() {
        onThread {
            for bytes in Array(0...300) + Array(16_000...17_000) + [
                65_527, 65_528, 65_529, 65_536, 1 << 20,
            ] {
                let block = unsafe Self.take(bytes)
                let address = UInt(bitPattern: block)
                #expect(address.isMultiple(of: 16))
                unsafe memset(block, 0xA5, bytes)
                unsafe sallyport_openssl_free(block, nil, 0)
                let kept = sallyport_openssl_memory_statistics().kept_bytes
                #expect(kept <= UInt64(Self.limit))
            }
        }
    }

    @Test func keepsNoMoreThanItsLimit() {
        onThread {
            let blocks = (0..<10).map { _ in unsafe UInt(bitPattern: Self.take(65_528)) }
            for block in blocks {
                unsafe sallyport_openssl_free(UnsafeMutableRawPointer(bitPattern: block), nil, 0)
            }
            #expect(sallyport_openssl_memory_statistics().kept_bytes == 4 * 65_528)
        }
    }

    @Test func growsAndShrinksABlockWithItsContent() {
        onThread {
            var block = unsafe Self.take(40)
            unsafe memset(block, 7, 40)
            for bytes in [48, 200, 70_000, 90_000, 33] {
                guard let next = unsafe sallyport_openssl_realloc(block, bytes, nil, 0) else {
                    Issue.record("no memory")
                    return
                }
                unsafe block = next
                let kept = (0..<33).allSatisfy { offset in
                    unsafe block.load(fromByteOffset: offset, as: UInt8.self) == 7
                }
                #expect(kept)
            }
            let gone = unsafe sallyport_openssl_realloc(block, 0, nil, 0)
            #expect(unsafe gone == nil)
            sallyport_openssl_free(nil, nil, 0)
            let fresh = unsafe sallyport_openssl_realloc(nil, 10, nil, 0)
            #expect(unsafe fresh != nil)
            unsafe sallyport_openssl_free(fresh, nil, 0)
        }
    }

    @Test func aBlockGoesToTheStockOfTheThreadThatFreesIt() {
        onThread {
            let block = unsafe UInt(bitPattern: Self.take(4000))
            Self.runInner {
                unsafe sallyport_openssl_free(UnsafeMutableRawPointer(bitPattern: block), nil, 0)
                #expect(sallyport_openssl_memory_statistics().kept_bytes == 4088)
            }
            #expect(sallyport_openssl_memory_statistics().kept_bytes == 0)
        }
    }

    private static func runInner(_ body: @escaping @Sendable () -> Void) {
        OpenSSLMemoryTests().onThread(body)
    }
}
