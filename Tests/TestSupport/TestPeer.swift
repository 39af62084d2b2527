import Bytes
public import EventLoop
import Glibc

/// A test waited five seconds for something that did not come.
public struct TestTimeout: Error {
    public let what: StaticString

    public init(what: StaticString) { self.what = what }
}

/// One end of a connection over 127.0.0.1, played by a test.
public final class TestPeer {
    private let socket: Socket
    private var loop: EventLoop
    private var buffer = Buffer(capacity: 64 * 1024)
    /// What came and was not taken.
    public private(set) var received: [UInt8] = []
    /// Whether the other end closed its sending.
    public private(set) var hasEnded = false
    /// Whether the connection broke: it was reset.
    public private(set) var hasFailed = false

    public init(_ socket: consuming Socket) throws {
        loop = try EventLoop(maximumEvents: 4)
        try loop.addLevelTriggered(
            descriptor: socket.descriptor,
            token: EventToken(kind: 1, bits: 0)
        )
        self.socket = socket
    }

    /// Begins a connection to a listener.
    public static func connect(to address: SocketAddress) throws -> TestPeer {
        try TestPeer(try Socket.connect(to: address))
    }

    public var isOver: Bool { hasEnded || hasFailed }

    /// Sends all of it; the kernel's buffers hold what tests send.
    public func send(_ bytes: [UInt8]) throws {
        var start = 0
        let deadline = Instant.now + .seconds(5)
        while start < bytes.count {
            switch socket.send(bytes.span.extracting(start..<bytes.count)) {
            case .bytes(let count): start += count
            case .wouldBlock: guard Instant.now < deadline else { throw TestTimeout(what: "room") }
            case .endOfStream, .failed:
                hasFailed = true
                return
            }
        }
    }

    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends as much as the kernel takes now.
    ///
    /// - Returns: how many bytes that were.
    public func trySend(_ bytes: [UInt8]) -> Int {
        guard case .bytes(let count) = socket.send(bytes.span) else { return 0 }
        return count
    }

    /// Lets the kernel hold little of what this peer does not read.
    public func shrinkReceiveBuffer() {
        var bytes: CInt = 256 * 1024
        let size = socklen_t(MemoryLayout<CInt>.size)
        _ = unsafe setsockopt(socket.descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, size)
    }

    public func shutdownWriting() { socket.shutdownWriting() }

    /// The next drop of this peer resets the connection.
    public func resetOnClose() { socket.resetOnClose() }

    /// Takes what has come, without waiting.
    public func poll(atMost maximum: Int = .max) {
        var left = maximum
        while !isOver, left > 0 {
            switch socket.receive(into: &buffer, maximum: left) {
            case .bytes(let count):
                received += buffer.readable.copied()
                buffer.clear()
                left -= count
            case .wouldBlock: return
            case .endOfStream: hasEnded = true
            case .failed: hasFailed = true
            }
        }
    }

    /// Waits until `isDone`, for a thread of the test that runs no other part.
    public func wait(for what: StaticString, _ isDone: (TestPeer) -> Bool) throws {
        let deadline = Instant.now + .seconds(5)
        poll()
        while !isDone(self) {
            guard Instant.now < deadline, !isOver else { throw TestTimeout(what: what) }
            _ = try loop.wait(until: deadline)
            poll()
        }
    }

    /// The text of what came and was not taken.
    public var text: String { String(decoding: received, as: UTF8.self) }

    /// Drops all that came.
    ///
    /// - Returns: how many bytes that were.
    public func drop() -> Int {
        defer { received.removeAll(keepingCapacity: true) }
        return received.count
    }

    /// Takes all that came.
    public func takeText() -> String {
        defer { received = [] }
        return text
    }
}

extension TestPeer {
    /// Takes the first whole HTTP/1.1 message; nil when there is none yet. One without a length
    /// is its head alone.
    public func takeMessage() -> String? {
        guard let end = endOfMessage else { return nil }
        defer { received.removeFirst(end) }
        return String(decoding: received.prefix(end), as: UTF8.self)
    }

    public var hasMessage: Bool { endOfMessage != nil }

    /// Waits for a whole message and takes it.
    public func waitForMessage() throws -> String {
        try wait(for: "a message") { $0.hasMessage }
        return takeMessage() ?? ""
    }

    private var endOfMessage: Int? {
        guard let head = Self.end(of: "\r\n\r\n", in: received[...]) else { return nil }
        let text = String(decoding: received.prefix(head), as: UTF8.self).lowercased()
        let lines = text.split(separator: "\r\n")
        if lines.contains("transfer-encoding: chunked") {
            let tail = received[(head - 2)...]
            guard let last = Self.end(of: "\r\n0\r\n", in: tail) else { return nil }
            return Self.end(of: "\r\n\r\n", in: received[(last - 2)...])
        }
        let length = lines.first { $0.hasPrefix("content-length: ") }
        let count = length.flatMap { Int($0.dropFirst(16)) } ?? 0
        return received.count >= head + count ? head + count : nil
    }

    private static func end(of mark: String, in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.firstRange(of: Array(mark.utf8))?.upperBound
    }
}

/// A listener on a free port of 127.0.0.1.
public final class TestListener {
    private let socket: Socket
    private var loop: EventLoop
    public let address: SocketAddress

    public init() throws {
        let any = SocketAddress.v4(0x7F00_0001, port: 0)
        socket = try Socket.listen(on: any, sharesPort: false)
        loop = try EventLoop(maximumEvents: 4)
        address = socket.localAddress ?? any
        try loop.addLevelTriggered(
            descriptor: socket.descriptor,
            token: EventToken(kind: 1, bits: 0)
        )
    }

    /// Accepts who waits; nil when nobody does.
    public func acceptNow() throws -> TestPeer? {
        guard case .accepted(let accepted, _) = socket.accept() else { return nil }
        return try TestPeer(accepted)
    }

    /// The socket of the next connection, waiting for it up to five seconds.
    public func acceptSocket() throws -> Socket {
        let deadline = Instant.now + .seconds(5)
        while Instant.now < deadline {
            _ = try loop.wait(until: deadline)
            if case .accepted(let accepted, _) = socket.accept() { return accepted }
        }
        throw TestTimeout(what: "a connection")
    }

    /// The next connection, waiting for it up to five seconds.
    public func accept() throws -> TestPeer { try TestPeer(try acceptSocket()) }
}
