public import Bytes
public import EventLoop
public import TLS

/// A socket, its TLS if any, and the bytes on their way: everything below HTTP.
///
/// It reads once and writes once a turn. Buffers are lent from the worker's pool while they hold
/// bytes, so an idle transport holds none.
public struct Transport: ~Copyable {
    /// Bytes one read asks for at the start, and once reads come back full.
    static let quietRead = 16 * 1024
    static let busyRead = 64 * 1024
    /// Room that TLS needs for what it answers by itself, and for a record's plaintext.
    static let handshakeRoom = 20 * 1024
    /// Ciphertext of one write.
    static let encryptedWrite = 96 * 1024
    /// What encryption may add to the plaintext of one record (RFC 8446 §5.2).
    static let recordOverhead = 256

    /// Non-blocking, and closed with the transport.
    public let socket: Socket
    private var tls: TLSConnection?
    /// Plaintext that came and was not consumed.
    public var input = Buffer()
    /// Plaintext to be sent.
    public var output = Buffer()
    private var encryptedInput = Buffer()
    private var encryptedOutput = Buffer()
    /// Whether an event announced bytes and no read has found their end yet.
    public private(set) var mayRead = false
    /// Whether the last write took all it was given.
    public private(set) var mayWrite: Bool
    /// Whether the peer ended its sending.
    public private(set) var ended = false
    /// Bytes at the front of `output` that were sent but are kept for a second sending.
    public private(set) var retained = 0
    /// Whether sent bytes are kept.
    private var retaining = false
    private var hungUp = false
    /// Whether a write failed. The system tells of a reset once, and that write was told.
    private var isBroken = false
    private var readsFull = false
    /// Whether close_notify was sent: what still comes is dropped unread.
    private var hasSaidGoodbye = false
    /// Why TLS failed; nil while it has not.
    public private(set) var fault: TLSFault?
    /// Whether close_notify came: what came before it is whole (RFC 8446 §6.1).
    private var hasHeardGoodbye = false
    /// Bytes that the last read brought, as they came over the wire.
    public private(set) var lastRead = 0

    /// Over a socket that is connected, or, where `connected` is false, is being connected.
    public init(socket: consuming Socket, tls: consuming TLSConnection?, connected: Bool) {
        self.socket = socket
        self.tls = tls
        mayWrite = connected
    }

    /// Whether the TLS handshake is over, or there is none.
    public var isEstablished: Bool {
        switch tls {
        case .none: true
        case .some(let tls): tls.isEstablished
        }
    }

    /// Whether bytes travel encrypted.
    public var isEncrypted: Bool {
        switch tls {
        case .none: false
        case .some: true
        }
    }

    /// The protocol version, such as `TLSv1.3`; nil for cleartext.
    public var tlsVersion: StaticString? {
        switch tls {
        case .none: nil
        case .some(let tls): tls.version
        }
    }

    /// Whether the TLS session was resumed.
    public var isResumed: Bool {
        switch tls {
        case .none: false
        case .some(let tls): tls.isResumed
        }
    }

    /// Whether the peer ended its sending without saying so in TLS: somebody between may have cut
    /// off an answer that ends with the connection (RFC 9112 §9.8).
    public var wasCut: Bool { isEncrypted && ended && !hasHeardGoodbye }

    /// The session that a TLS server gave since this was asked last.
    public mutating func takeSession() -> TLSSession? {
        guard var tls = tls.take() else { return nil }
        let session = tls.takeSession()
        self.tls = consume tls
        return session
    }

    /// Bytes that wait to be sent, as plaintext or encrypted.
    public var waiting: Int { output.count - retained + encryptedOutput.count }

    /// A write failed: reading will find what the peer sent before, and that it is broken.
    public mutating func expectEnd() {
        isBroken = true
        hungUp = true
        mayRead = true
    }

    /// Notes what an event announced.
    public mutating func announce(_ readiness: Readiness) {
        if readiness.contains(.readable) { mayRead = true }
        if readiness.contains(.writable) { mayWrite = true }
        if !readiness.isDisjoint(with: [.peerClosedWriting, .hungUp]) {
            hungUp = true
            mayRead = true
        }
    }
}

extension Transport {
    /// Reads once from the socket, and through TLS, into `input`.
    public mutating func receive(from pool: inout ChunkPool) -> Received {
        guard mayRead, !ended else { return ended ? .ended : .nothing }
        return isEncrypted ? receiveEncrypted(&pool) : receiveCleartext(&pool)
    }

    private mutating func receiveCleartext(_ pool: inout ChunkPool) -> Received {
        guard input.prepare(readsFull ? Self.busyRead : Self.quietRead, from: &pool) else {
            return .nothing
        }
        let offered = min(input.room, Self.busyRead)
        let result = socket.receive(into: &input, maximum: offered)
        switch note(result, offered: offered) {
        case .progressed:
            return .progressed
        case let other:
            input.release(to: &pool)
            return other
        }
    }

    /// Keeps what a read taught: a short one means that the socket is drained, unless its end was
    /// announced.
    private mutating func note(_ result: IOResult, offered: Int) -> Received {
        switch result {
        case .bytes(let count):
            lastRead = count
            readsFull = count == offered
            mayRead = readsFull || hungUp
            return .progressed
        case .wouldBlock:
            mayRead = false
            return .nothing
        case .endOfStream:
            mayRead = false
            ended = true
            return isBroken ? .failed : .ended
        case .failed:
            mayRead = false
            ended = true
            return .failed
        }
    }

    /// Begins the handshake of a TLS client: what it says first waits to be sent. Does nothing for
    /// cleartext.
    ///
    /// - Returns: false when TLS failed.
    public mutating func beginHandshake(_ pool: inout ChunkPool) -> Bool {
        guard isEncrypted else { return true }
        let outcome = decrypt(&pool)
        input.release(to: &pool)
        return outcome == .nothing
    }

    private mutating func receiveEncrypted(_ pool: inout ChunkPool) -> Received {
        guard input.prepare(Self.handshakeRoom, from: &pool) else { return .nothing }
        var outcome = Received.nothing
        if encryptedInput.count < Self.busyRead,
            encryptedInput.prepare(readsFull ? Self.busyRead : Self.quietRead, from: &pool)
        {
            let offered = min(encryptedInput.room, Self.busyRead)
            outcome = note(
                socket.receive(into: &encryptedInput, maximum: offered),
                offered: offered
            )
        }
        if hasSaidGoodbye {
            encryptedInput.discard(to: &pool)
            input.release(to: &pool)
            return outcome
        }
        let before = input.count
        let decrypted = decrypt(&pool)
        encryptedInput.release(to: &pool)
        encryptedOutput.release(to: &pool)
        if input.count > before {
            return decrypted == .failed ? .failed : .progressed
        }
        input.release(to: &pool)
        if decrypted != .nothing { return decrypted }
        // The end of the stream without close_notify ends the input all the same; a request or an
        // answer that it cuts is refused by its framing.
        return outcome == .progressed && !isEstablished ? .progressed : outcome
    }

    /// Moves ciphertext through TLS until it is eaten or `input` has no more room.
    private mutating func decrypt(_ pool: inout ChunkPool) -> Received {
        guard var tls = tls.take() else { return .nothing }
        let outcome = Self.decrypt(
            &tls,
            &encryptedInput,
            into: &input,
            replies: &encryptedOutput,
            pool: &pool
        )
        self.tls = consume tls
        switch outcome {
        case .needsMore:
            return .nothing
        case .roomSpent:
            mayRead = true
            return .nothing
        case .closed:
            hasHeardGoodbye = true
            ended = true
            mayRead = false
            return .ended
        case .failed(let fault):
            self.fault = fault
            ended = true
            mayRead = false
            return .failed
        }
    }

    private static func decrypt(
        _ tls: inout TLSConnection,
        _ encrypted: inout Buffer,
        into input: inout Buffer,
        replies: inout Buffer,
        pool: inout ChunkPool
    ) -> TLSConnection.Progress {
        let before = input.count
        var rounds = 0
        while rounds < 64 {
            rounds += 1
            let replyRoom = tls.isEstablished ? 4 * 1024 : handshakeRoom
            guard input.count - before < busyRead, input.prepare(handshakeRoom, from: &pool),
                replies.prepare(replyRoom, from: &pool)
            else { return .roomSpent }
            let progress = tls.receive(&encrypted, plaintext: &input, replies: &replies)
            if progress != .roomSpent { return progress }
        }
        return .roomSpent
    }
}

extension Transport {
    /// Encrypts and sends what waits, as far as the socket takes it.
    public mutating func flush(_ pool: inout ChunkPool) -> Flushed {
        guard mayWrite else { return waiting == 0 ? .done : .blocked }
        let outcome = isEncrypted ? flushEncrypted(&pool) : flushCleartext()
        output.release(to: &pool)
        encryptedOutput.release(to: &pool)
        return outcome
    }

    private mutating func flushCleartext() -> Flushed {
        let count = output.count
        guard count > retained else { return .done }
        switch socket.send(output.readable.extracting(retained..<count)) {
        case .bytes(let sent):
            if retaining { retained += sent } else { output.consume(sent) }
            guard output.count > retained else { return .done }
            mayWrite = false
            return .blocked
        case .wouldBlock:
            mayWrite = false
            return .blocked
        case .endOfStream, .failed:
            return .failed
        }
    }

    private mutating func flushEncrypted(_ pool: inout ChunkPool) -> Flushed {
        while true {
            if isEstablished, output.count > retained, !encrypt(&pool) { return .failed }
            guard !encryptedOutput.isEmpty else { return .done }
            switch socket.send(encryptedOutput.readable) {
            case .bytes(let sent):
                encryptedOutput.consume(sent)
                guard encryptedOutput.isEmpty else {
                    mayWrite = false
                    return .blocked
                }
                if output.count == retained || !isEstablished { return .done }
            case .wouldBlock:
                mayWrite = false
                return .blocked
            case .endOfStream, .failed:
                return .failed
            }
        }
    }

    private mutating func encrypt(_ pool: inout ChunkPool) -> Bool {
        let unsent = output.count - retained
        let records = unsent / (16 * 1024) + 1
        let wanted = min(unsent + records * Self.recordOverhead, Self.encryptedWrite)
        guard encryptedOutput.count < Self.encryptedWrite,
            encryptedOutput.prepare(wanted, from: &pool)
        else { return true }
        guard var tls = tls.take() else { return false }
        let (progress, sent) = Self.encrypt(&tls, output, from: retained, into: &encryptedOutput)
        self.tls = consume tls
        if retaining { retained += sent } else { output.consume(sent) }
        guard case .failed(let fault) = progress else { return true }
        self.fault = fault
        return false
    }

    private static func encrypt(
        _ tls: inout TLSConnection,
        _ output: borrowing Buffer,
        from start: Int,
        into encrypted: inout Buffer
    ) -> (TLSConnection.Progress, sent: Int) {
        tls.send(output.readable.extracting(start..<output.count), into: &encrypted)
    }
}

extension Transport {
    /// From now on, what is sent stays in `output` for a second sending.
    public mutating func retainSent() {
        retaining = true
    }

    /// Drops what was kept: the peer has begun to answer, or content follows.
    public mutating func dropRetained(_ pool: inout ChunkPool) {
        guard retaining else { return }
        retaining = false
        output.consume(retained)
        retained = 0
        output.release(to: &pool)
    }

    /// Gives away everything sent and unsent, to be sent again over another transport.
    public mutating func takeOutput() -> Buffer {
        var taken = Buffer()
        swap(&taken, &output)
        retained = 0
        retaining = false
        return taken
    }

    /// Queues close_notify behind what waits, so that the peer knows that nothing was cut (RFC 8446
    /// §6.1). With `readsOn` the peer may still send (half-close), else what comes is dropped.
    public mutating func queueCloseNotify(_ pool: inout ChunkPool, readsOn: Bool = false) {
        guard var tls = tls.take() else { return }
        if tls.isEstablished, output.count == retained, encryptedOutput.prepare(1024, from: &pool) {
            tls.close(into: &encryptedOutput, readsOn: readsOn)
            hasSaidGoodbye = !readsOn
        }
        self.tls = consume tls
    }

    /// Gives all memory back: the connection ends.
    public mutating func discardBuffers(_ pool: inout ChunkPool) {
        input.discard(to: &pool)
        output.discard(to: &pool)
        encryptedInput.discard(to: &pool)
        encryptedOutput.discard(to: &pool)
    }
}
