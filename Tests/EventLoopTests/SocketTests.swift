import Bytes
import CLinux
import EventLoop
import Glibc
import Testing

private let loopback = SocketAddress.v4(0x7F00_0001, port: 0)

/// A connection over 127.0.0.1, both ends registered edge-triggered.
struct Pair: ~Copyable {
    let client: Socket
    let server: Socket

    init(_ loop: inout EventLoop) throws {
        let listener = try Socket.listen(on: loopback, sharesPort: false)
        let client = try Socket.connect(to: try boundAddress(listener))
        let server = try Pair.accept(listener)
        try loop.add(client, token: EventToken(kind: 1, bits: 1))
        try loop.add(server, token: EventToken(kind: 2, bits: 2))
        self.client = client
        self.server = server
    }

    static func accept(_ listener: borrowing Socket) throws -> Socket {
        var loop = try EventLoop()
        try loop.addLevelTriggered(
            descriptor: listener.descriptor,
            token: EventToken(kind: 0, bits: 0)
        )
        _ = try loop.wait(until: .now + .seconds(5))
        switch listener.accept() {
        case .accepted(let socket, _): return socket
        default: throw SystemFailure(code: EAGAIN, operation: "accept")
        }
    }
}

/// Where a socket is bound.
func boundAddress(_ socket: borrowing Socket) throws -> SocketAddress {
    guard let address = socket.localAddress else {
        throw SystemFailure(code: EBADF, operation: "getsockname")
    }
    return address
}

@Suite struct SocketTests {
    /// All that becomes ready for one kind before the time is over.
    private func readiness(
        _ loop: inout EventLoop,
        kind: UInt8,
        until wanted: Readiness
    ) throws -> Readiness {
        var found: Readiness = []
        let deadline = Instant.now + .seconds(5)
        while !found.isSuperset(of: wanted), Instant.now < deadline {
            for index in 0..<(try loop.wait(until: deadline)) {
                let event = loop.event(at: index)
                if event.token.kind == kind { found.formUnion(event.readiness) }
            }
        }
        return found
    }

    @Test func movesBytesBothWaysUntilTheEnd() throws {
        var loop = try EventLoop()
        let pair = try Pair(&loop)
        var buffer = Buffer(capacity: 64)
        let nothing = pair.server.receive(into: &buffer)
        let sent = pair.client.send([1, 2, 3].span)
        _ = try readiness(&loop, kind: 2, until: .readable)
        let limited = pair.server.receive(into: &buffer, maximum: 2)
        let rest = pair.server.receive(into: &buffer)
        let bytes = buffer.readable.copied()
        #expect(nothing == .wouldBlock && sent == .bytes(3))
        #expect(limited == .bytes(2) && rest == .bytes(1) && bytes == [1, 2, 3])
        pair.client.shutdownWriting()
        let end = try readiness(&loop, kind: 2, until: .peerClosedWriting)
        let received = pair.server.receive(into: &buffer)
        let answered = pair.server.send([4].span)
        #expect(end.contains(.readable) && received == .endOfStream && answered == .bytes(1))
    }

    @Test func fillsTheKernelsBufferAndBecomesWritableAgain() throws {
        var loop = try EventLoop()
        let pair = try Pair(&loop)
        _ = try readiness(&loop, kind: 1, until: .writable)
        let block = [UInt8](repeating: 7, count: 64 * 1024)
        var sent = 0
        filling: for _ in 0..<10_000 {
            switch pair.client.send(block.span) {
            case .bytes(let count): sent += count
            default: break filling
            }
        }
        var received = 0
        var buffer = Buffer(capacity: 256 * 1024)
        while received < sent {
            switch pair.server.receive(into: &buffer) {
            case .bytes(let count): received += count
            case .wouldBlock: _ = try readiness(&loop, kind: 2, until: .readable)
            default: received = .max
            }
            buffer.clear()
        }
        let again = try readiness(&loop, kind: 1, until: .writable)
        #expect(sent > 64 * 1024 && received == sent && again.contains(.writable))
    }

    @Test func asksNothingWithoutRoom() throws {
        var loop = try EventLoop()
        let pair = try Pair(&loop)
        _ = pair.client.send([1].span)
        _ = try readiness(&loop, kind: 2, until: .readable)
        var buffer = Buffer()
        let received = pair.server.receive(into: &buffer)
        let sent = pair.server.send([UInt8]().span)
        #expect(received == .bytes(0) && sent == .bytes(0))
    }

    @Test func resetsOnClose() throws {
        var loop = try EventLoop()
        let client = try Pair(&loop).reset()
        let ready = try readiness(&loop, kind: 1, until: .hungUp)
        let error = client.takeError()
        #expect(ready.contains(.hungUp) && error == ECONNRESET)
    }

    @Test func tellsARefusedConnect() throws {
        var loop = try EventLoop()
        let address = try freeAddress()
        let client = try Socket.connect(to: address)
        try loop.add(client, token: EventToken(kind: 1, bits: 1))
        let ready = try readiness(&loop, kind: 1, until: .hungUp)
        let error = client.takeError()
        #expect(ready.contains(.writable) && error == ECONNREFUSED)
        #expect(SystemFailure.message(for: error) == "Connection refused")
    }

    @Test func sendsToAClosedPeerWithoutASignal() throws {
        var loop = try EventLoop()
        let pair = try Pair(&loop)
        pair.client.shutdownWriting()
        let result = pair.client.send([1].span)
        #expect(result == .failed(EPIPE))
    }

    private func freeAddress() throws -> SocketAddress {
        let listener = try Socket.listen(on: loopback, sharesPort: false)
        return try boundAddress(listener)
    }
}

extension Pair {
    /// Closes the server's end with a reset.
    fileprivate consuming func reset() -> Socket {
        server.resetOnClose()
        return client
    }
}
