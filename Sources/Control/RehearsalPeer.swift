import Bytes
import EventLoop

/// One connection of a rehearsal, from either side. It never waits: the stage's loop does.
final class RehearsalPeer {
    private let socket: Socket
    private var buffer = Buffer(capacity: 64 * 1024)
    private var unsent: ArraySlice<UInt8>
    /// What came.
    private(set) var received: [UInt8] = []
    /// Whether nothing more will come.
    private(set) var isOver = false

    /// The longest that is kept: more than any head may have.
    private static let maximumBytes = 4 << 20

    init(_ socket: consuming Socket, sending bytes: [UInt8] = []) {
        self.socket = socket
        unsent = bytes[...]
    }

    var descriptor: CInt { socket.descriptor }

    func send(_ bytes: [UInt8]) {
        unsent += bytes
        move()
    }

    /// Sends and takes what can be sent and has come.
    func move() {
        while !isOver, !unsent.isEmpty {
            switch socket.send(Array(unsent).span) {
            case .bytes(let count): unsent.removeFirst(count)
            case .wouldBlock: return receive()
            case .endOfStream, .failed: isOver = true
            }
        }
        receive()
    }

    private func receive() {
        while !isOver, received.count < Self.maximumBytes {
            switch socket.receive(into: &buffer) {
            case .bytes(let count):
                guard count > 0 else { return }
                received += buffer.readable.copied()
                buffer.clear()
            case .wouldBlock: return
            case .endOfStream, .failed: isOver = true
            }
        }
    }

    /// The head with its empty line, once it is whole.
    var head: [UInt8]? {
        guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        return Array(received[..<end.upperBound])
    }
}

/// Everybody that a rehearsed gateway meets: its one client, an upstream that answers 204 to the
/// first head, and a core that answers nothing. All listen on free ports of 127.0.0.1.
final class RehearsalStage {
    let upstream: SocketAddress
    let core: SocketAddress
    private let upstreamSocket: Socket
    private let coreSocket: Socket
    private var loop: EventLoop
    private var peers: [RehearsalPeer] = []
    private var client: RehearsalPeer?
    /// The head that went upstream.
    private(set) var forwarded: [UInt8]?

    private static let answer = Array("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".utf8)
    private static let any = SocketAddress.v4(0x7F00_0001, port: 0)

    init() throws(SystemFailure) {
        upstreamSocket = try Socket.listen(on: Self.any, sharesPort: false)
        coreSocket = try Socket.listen(on: Self.any, sharesPort: false)
        upstream = upstreamSocket.localAddress ?? Self.any
        core = coreSocket.localAddress ?? Self.any
        loop = try EventLoop(maximumEvents: 16)
        for descriptor in [upstreamSocket.descriptor, coreSocket.descriptor] {
            try watch(descriptor)
        }
    }

    /// A port that nobody has now.
    static func freeAddress() throws(SystemFailure) -> SocketAddress {
        let socket = try Socket.listen(on: any, sharesPort: false)
        return socket.localAddress ?? any
    }

    /// Sends the request, and serves everybody until its answer's head is there, the gateway hangs
    /// up, or the time is over.
    ///
    /// - Returns: what came of the answer.
    func ask(
        _ request: [UInt8],
        of gateway: SocketAddress,
        until deadline: Instant
    ) throws(SystemFailure) -> [UInt8] {
        let client = RehearsalPeer(try Socket.connect(to: gateway), sending: request)
        try watch(client.descriptor)
        let hasContent = !request.starts(with: "HEAD ".utf8)
        while Instant.now < deadline {
            client.move()
            if client.isOver || client.isAnswered(hasContent: hasContent) { break }
            try acceptEverybody()
            for peer in peers { serve(peer) }
            // A connection that is begun or to be written to tells nothing to a loop that reads.
            _ = try loop.wait(until: min(deadline, Instant.now + .milliseconds(2)))
        }
        return client.received
    }

    private func acceptEverybody() throws(SystemFailure) {
        while case .accepted(let socket, _) = upstreamSocket.accept() {
            let peer = RehearsalPeer(socket)
            try watch(peer.descriptor)
            peers.append(peer)
        }
        while case .accepted = coreSocket.accept() {}
    }

    private func serve(_ peer: RehearsalPeer) {
        peer.move()
        guard forwarded == nil, let head = peer.head else { return }
        forwarded = head
        peer.send(Self.answer)
    }

    private func watch(_ descriptor: CInt) throws(SystemFailure) {
        try loop.addLevelTriggered(descriptor: descriptor, token: EventToken(kind: 1, bits: 0))
    }
}

extension RehearsalPeer {
    /// Whether the final answer is there: its head, and its content where it has a length. An
    /// answer to HEAD has a length only (RFC 9110, 8.6).
    fileprivate func isAnswered(hasContent: Bool) -> Bool {
        guard let head else { return false }
        guard hasContent else { return true }
        let lines = String(decoding: head, as: UTF8.self).lowercased().split(separator: "\r\n")
        let length = lines.first { $0.hasPrefix("content-length: ") }
        return received.count >= head.count + (length.flatMap { Int($0.dropFirst(16)) } ?? 0)
    }
}
