import COpenSSL

/// Where OpenSSL reads and writes during one call: the caller's buffers, never a socket.
///
/// The pointers are good only while `TLSConnection` is inside a call; in between there is nothing
/// to read and no room.
@safe
struct Transport {
    private var input: UnsafePointer<UInt8>?
    private(set) var inputLeft = 0
    private var output: UnsafeMutablePointer<UInt8>?
    private(set) var outputLeft = 0
    /// The session that the server gave last; whoever takes it frees it.
    var session: OpaquePointer?

    init() {
        unsafe input = nil
        unsafe output = nil
        unsafe session = nil
    }

    /// Lends the bytes to read.
    mutating func lend(input bytes: UnsafeBufferPointer<UInt8>) {
        unsafe input = bytes.baseAddress
        inputLeft = bytes.count
    }

    /// Lends the room to write in.
    mutating func lend(output room: UnsafeMutableBufferPointer<UInt8>) {
        unsafe output = room.baseAddress
        outputLeft = room.count
    }

    /// Forgets both.
    mutating func end() {
        unsafe input = nil
        inputLeft = 0
        unsafe output = nil
        outputLeft = 0
    }

    fileprivate mutating func read(into memory: UnsafeMutablePointer<CChar>, count: Int) -> Int {
        guard let from = unsafe input else { return 0 }
        let taken = min(count, inputLeft)
        unsafe UnsafeMutableRawPointer(memory).copyMemory(from: from, byteCount: taken)
        unsafe input = unsafe from + taken
        inputLeft -= taken
        return taken
    }

    fileprivate mutating func write(_ memory: UnsafePointer<CChar>, count: Int) -> Int {
        guard let to = unsafe output else { return 0 }
        let taken = min(count, outputLeft)
        unsafe UnsafeMutableRawPointer(to).copyMemory(from: memory, byteCount: taken)
        unsafe output = unsafe to + taken
        outputLeft -= taken
        return taken
    }
}

/// The BIO between OpenSSL and a `Transport`.
enum TransportBIO {
    /// A BIO that reads and writes through `transport`, which must outlive it.
    static func make(_ transport: UnsafeMutablePointer<Transport>) -> OpaquePointer? {
        guard let method = unsafe method, let bio = unsafe BIO_new(method) else { return nil }
        unsafe BIO_set_data(bio, transport)
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    /// Made once for the process, and never changed.
    private nonisolated(unsafe) static let method: OpaquePointer? = unsafe makeMethod()

    private static func makeMethod() -> OpaquePointer? {
        let type = BIO_get_new_index()
        guard type != -1, let method = unsafe BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "transport")
        else { return nil }
        unsafe BIO_meth_set_read(method, readCallback)
        unsafe BIO_meth_set_write(method, writeCallback)
        unsafe BIO_meth_set_ctrl(method, controlCallback)
        return unsafe method
    }

    private static let readCallback:
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?, CInt) -> CInt = {
            bio,
            memory,
            count in
            unsafe sallyport_bio_clear_retry_flags(bio)
            guard let memory = unsafe memory, count > 0,
                let transport = unsafe transport(of: bio)
            else { return 0 }
            let taken = unsafe transport.pointee.read(into: memory, count: Int(count))
            if taken > 0 { return CInt(taken) }
            unsafe sallyport_bio_set_retry_read(bio)
            return -1
        }

    private static let writeCallback:
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CInt) -> CInt = {
            bio,
            memory,
            count in
            unsafe sallyport_bio_clear_retry_flags(bio)
            guard let memory = unsafe memory, count > 0,
                let transport = unsafe transport(of: bio)
            else { return 0 }
            let taken = unsafe transport.pointee.write(memory, count: Int(count))
            if taken > 0 { return CInt(taken) }
            unsafe sallyport_bio_set_retry_write(bio)
            return -1
        }

    /// Flushing is nothing to do; every other request is refused as unknown.
    private static let controlCallback:
        @convention(c) (OpaquePointer?, CInt, CLong, UnsafeMutableRawPointer?) -> CLong = {
            _,
            command,
            _,
            _ in
            command == BIO_CTRL_FLUSH ? 1 : 0
        }

    /// What the BIO moves bytes through.
    static func transport(of bio: OpaquePointer?) -> UnsafeMutablePointer<Transport>? {
        unsafe BIO_get_data(bio)?.assumingMemoryBound(to: Transport.self)
    }
}
