public import Bytes
import COpenSSL

/// One end of a TLS connection, without I/O: bytes in, bytes out.
///
///     handshaking ──▶ established ──▶ peerClosed
///          │               │              │
///          │               ├──── close ───┴──▶ closed
///          │               └──── close(readsOn) ──▶ halfClosed ──▶ closed
///          └──▶ failed ◀── (from handshaking and established)
@safe
public struct TLSConnection: ~Copyable {
    /// How far a call came.
    public enum Progress: Equatable, Sendable {
        /// All that was given is eaten; more is wanted.
        case needsMore
        /// The room for plaintext or for ciphertext is full: drain it and call again.
        case roomSpent
        /// The peer's close_notify came (RFC 8446 §6.1); nothing more will.
        case closed
        /// The connection is of no more use; an alert may wait among the replies.
        case failed(TLSFault)
    }

    /// What ALPN chose (RFC 7301).
    public enum ApplicationProtocol: Sendable {
        /// The client named none.
        case none
        case http11
        case http2
        case other
    }

    private enum Phase {
        case handshaking
        case established
        /// The client sent close_notify; we may still send.
        case peerClosed
        /// We sent close_notify; what still comes is read.
        case halfClosed
        /// We sent close_notify; what still comes is dropped.
        case closed
        case failed(TLSFault)
    }

    /// Room that a record takes beyond its plaintext, with a pending key update before it.
    public static let recordOverhead = 128
    private static let recordMaximum = 16 * 1024
    /// Ciphertext that may come without any plaintext: a whole record and then some. More is a
    /// flood of key updates or renegotiation requests, which cost us more than the client.
    private static let fruitlessMaximum = 32 * 1024
    /// Rather than fill a little room with a small record, `send` waits for this much.
    private static let recordMinimum = 1024

    private let ssl: OpaquePointer
    private let transport: UnsafeMutablePointer<Transport>
    /// What OpenSSL's callbacks read, kept as long as they may be called; nil for a client.
    private let tables: ServerTables?
    private var phase = Phase.handshaking
    private var fruitlessBytes = 0

    /// The server's end: waits for a client's first bytes.
    public init(context: borrowing TLSServerContext) throws(TLSFailure) {
        let (ssl, transport) = try unsafe Self.make(context.tables.fallback)
        unsafe SSL_set_accept_state(ssl)
        tables = context.tables
        unsafe self.ssl = unsafe ssl
        unsafe self.transport = unsafe transport
    }

    /// The client's end: the first `receive`, of nothing, begins the handshake.
    ///
    /// - Parameters:
    ///   - context: whom it trusts, and what it shows.
    ///   - serverName: the name or address that the server's certificate must have.
    ///   - session: one to resume, of the same context and name.
    /// - Throws: when the name is none, or OpenSSL has no memory.
    public init(
        context: TLSClientContext,
        serverName: String,
        session: TLSSession?
    ) throws(TLSFailure) {
        let (ssl, transport) = try unsafe Self.make(context.tables.context)
        unsafe SSL_set_connect_state(ssl)
        let isExpected = unsafe ClientTables.expect(serverName, ssl)
        // One that OpenSSL does not take any more is not resumed: the handshake is a whole one.
        if let session { _ = unsafe SSL_set_session(ssl, session.pointer) }
        clearErrors()
        guard isExpected else {
            unsafe SSL_free(ssl)
            unsafe transport.deallocate()
            throw TLSFailure(
                problem: "OpenSSL cannot verify that server name",
                remedy: "write a host name or an IP address"
            )
        }
        tables = nil
        unsafe self.ssl = unsafe ssl
        unsafe self.transport = unsafe transport
    }

    private static func make(
        _ context: OpaquePointer
    ) throws(TLSFailure) -> (OpaquePointer, UnsafeMutablePointer<Transport>) {
        clearErrors()
        guard let ssl = unsafe SSL_new(context) else { throw .openSSL }
        let transport = UnsafeMutablePointer<Transport>.allocate(capacity: 1)
        unsafe transport.initialize(to: Transport())
        guard let bio = unsafe TransportBIO.make(transport) else {
            unsafe SSL_free(ssl)
            unsafe transport.deallocate()
            throw .openSSL
        }
        unsafe SSL_set_bio(ssl, bio, bio)
        return unsafe (ssl, transport)
    }

    deinit {
        if let session = unsafe transport.pointee.session { unsafe SSL_SESSION_free(session) }
        // A session of a connection that ends without close_notify is resumed all the same: else
        // OpenSSL would spoil it, even where others hold it. Not so after a failure.
        if isEstablished {
            unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        }
        unsafe SSL_free(ssl)
        unsafe transport.deallocate()
    }
}

extension TLSConnection {
    /// Eats `encrypted`, appends to `plaintext` what it holds, and to `replies` what the handshake
    /// or an alert answers.
    ///
    /// The caller has prepared room in both: 20 KiB of replies for the handshake, where the
    /// certificate chain goes out. `roomSpent` with room in `plaintext` left means that `replies`
    /// is full.
    public mutating func receive(
        _ encrypted: inout Buffer,
        plaintext: inout Buffer,
        replies: inout Buffer
    ) -> Progress {
        if let end = ended {
            encrypted.clear()
            return end
        }
        let before = plaintext.count
        let (progress, eaten, written) = unsafe encrypted.readable.withUnsafeBufferPointer {
            input in
            unsafe replies.withWritable { room in
                unsafe transport.pointee.lend(input: input)
                unsafe transport.pointee.lend(output: room)
                let progress = advance(&plaintext)
                let eaten = unsafe input.count - transport.pointee.inputLeft
                let written = unsafe room.count - transport.pointee.outputLeft
                unsafe transport.pointee.end()
                return (progress, eaten, written)
            }
        }
        replies.commit(written)
        encrypted.consume(eaten)
        return settle(progress, eaten: eaten, gained: plaintext.count - before, &encrypted)
    }

    /// Encrypts as much of `plaintext` as `encrypted` has room for and consumes it: see the other
    /// `send`.
    public mutating func send(_ plaintext: inout Buffer, into encrypted: inout Buffer) -> Progress {
        let (progress, sent) = send(plaintext.readable, into: &encrypted)
        plaintext.consume(sent)
        return progress
    }

    /// Encrypts as much of `plaintext` as `encrypted` has room for.
    ///
    /// A record takes up to 16 KiB and `recordOverhead`. `needsMore` = all is encrypted, or the
    /// handshake is not done; `closed` = close_notify has been sent and nothing more may be.
    public mutating func send(
        _ plaintext: Span<UInt8>,
        into encrypted: inout Buffer
    ) -> (progress: Progress, sent: Int) {
        switch phase {
        case .handshaking: return (.needsMore, 0)
        case .halfClosed, .closed: return (.closed, 0)
        case .failed(let fault): return (.failed(fault), 0)
        case .established, .peerClosed: break
        }
        let isFirst = encrypted.isEmpty
        let (progress, sent, written) = unsafe plaintext.withUnsafeBufferPointer { bytes in
            unsafe encrypted.withWritable { room in
                unsafe transport.pointee.lend(output: room)
                let (progress, sent) = unsafe write(bytes, least: isFirst ? 1 : Self.recordMinimum)
                let written = unsafe room.count - transport.pointee.outputLeft
                unsafe transport.pointee.end()
                return (progress, sent, written)
            }
        }
        encrypted.commit(written)
        return (progress, sent)
    }

    /// Appends close_notify (RFC 8446 §6.1), once, when the handshake is done and there is room for
    /// it (`recordOverhead` bytes); afterwards nothing is sent, and what is received is dropped
    /// unless it `readsOn`.
    public mutating func close(into encrypted: inout Buffer, readsOn: Bool = false) {
        switch phase {
        case .handshaking, .halfClosed, .closed, .failed: return
        case .established: phase = readsOn ? .halfClosed : .closed
        case .peerClosed: phase = .closed
        }
        guard encrypted.room >= Self.recordOverhead else { return }
        let written = unsafe encrypted.withWritable { room in
            unsafe transport.pointee.lend(output: room)
            clearErrors()
            _ = unsafe SSL_shutdown(ssl)
            clearErrors()
            let written = unsafe room.count - transport.pointee.outputLeft
            unsafe transport.pointee.end()
            return written
        }
        encrypted.commit(written)
    }
}

extension TLSConnection {
    /// Whether the handshake is done and the connection may carry data.
    public var isEstablished: Bool {
        switch phase {
        case .established, .peerClosed, .halfClosed: true
        case .handshaking, .closed, .failed: false
        }
    }

    /// Whether the client resumed a session with a ticket.
    public var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// The session that the server gave since this was asked last, to resume by later connections.
    public mutating func takeSession() -> TLSSession? {
        guard let session = unsafe transport.pointee.session else { return nil }
        unsafe transport.pointee.session = nil
        guard isEstablished else {
            unsafe SSL_SESSION_free(session)
            return nil
        }
        return unsafe TLSSession(session)
    }

    /// `TLSv1.3`, or what was agreed on so far; empty before.
    public var version: StaticString {
        switch unsafe SSL_version(ssl) {
        case TLS1_3_VERSION: "TLSv1.3"
        case TLS1_2_VERSION: "TLSv1.2"
        default: ""
        }
    }

    /// The protocol that ALPN chose.
    public var applicationProtocol: ApplicationProtocol {
        var name: UnsafePointer<UInt8>?
        var count: CUnsignedInt = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name = unsafe name, count > 0 else { return .none }
        let bytes = unsafe Span(_unsafeStart: name, count: Int(count))
        if bytes.equals("http/1.1") { return .http11 }
        return bytes.equals("h2") ? .http2 : .other
    }

    /// The server name the client asked for (RFC 6066 §3); nil when it named none.
    public var serverName: String? {
        guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
            return nil
        }
        return unsafe String(cString: name)
    }
}

extension TLSConnection {
    /// Whether the server chose HTTP/1.1, the one protocol asked for, or none.
    private var speaksHTTP: Bool {
        switch applicationProtocol {
        case .none, .http11: true
        case .http2, .other: false
        }
    }

    private var ended: Progress? {
        switch phase {
        case .handshaking, .established, .halfClosed: nil
        case .peerClosed, .closed: .closed
        case .failed(let fault): .failed(fault)
        }
    }

    private mutating func advance(_ plaintext: inout Buffer) -> Progress {
        clearErrors()
        if case .handshaking = phase {
            let result = unsafe SSL_do_handshake(ssl)
            guard result == 1 else { return progress(after: result) }
            guard tables != nil || speaksHTTP else { return fail(.applicationProtocol) }
            phase = .established
            // What a handshake that succeeded left would be taken for the read's own.
            clearErrors()
        }
        return read(into: &plaintext)
    }

    /// Each turn spends ciphertext or room, so it ends.
    private mutating func read(into plaintext: inout Buffer) -> Progress {
        while plaintext.room > 0 {
            let count = unsafe plaintext.withWritable { room in
                unsafe SSL_read(ssl, room.baseAddress, CInt(clamping: room.count))
            }
            guard count > 0 else { return progress(after: count) }
            plaintext.commit(Int(count))
            // To ask OpenSSL for more when there is none costs as much as a small record.
            if unsafe transport.pointee.inputLeft == 0 && SSL_pending(ssl) == 0 {
                return .needsMore
            }
        }
        let waits = unsafe SSL_pending(ssl) > 0 || transport.pointee.inputLeft > 0
        return waits ? .roomSpent : .needsMore
    }

    /// Only writes records that fit, so that OpenSSL never keeps half of one for a next call.
    private mutating func write(
        _ bytes: UnsafeBufferPointer<UInt8>,
        least: Int
    ) -> (Progress, sent: Int) {
        clearErrors()
        var sent = 0
        while let start = bytes.baseAddress, sent < bytes.count {
            let waiting = bytes.count - sent
            let room = unsafe transport.pointee.outputLeft - Self.recordOverhead
            let wanted = sent == 0 ? least : Self.recordMinimum
            guard room >= min(waiting, wanted) else { return (.roomSpent, sent) }
            let count = unsafe SSL_write(
                ssl,
                start + sent,
                CInt(min(waiting, room, Self.recordMaximum))
            )
            guard count > 0 else { return (progress(after: count), sent) }
            sent += Int(count)
        }
        return (.needsMore, sent)
    }

    /// What a call that gave no bytes means; `result` is what OpenSSL returned.
    private mutating func progress(after result: CInt) -> Progress {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ:
            return .needsMore
        case SSL_ERROR_WANT_WRITE:
            return .roomSpent
        case SSL_ERROR_ZERO_RETURN:
            if case .halfClosed = phase { phase = .closed } else { phase = .peerClosed }
            return .closed
        default:
            let verification = unsafe SSL_get_verify_result(ssl)
            return fail(TLSFault.takingErrors(verification: verification))
        }
    }

    private mutating func fail(_ fault: TLSFault) -> Progress {
        phase = .failed(fault)
        return .failed(fault)
    }

    /// Drops ciphertext that nobody will read, and ends a peer that only sends fruitless records.
    private mutating func settle(
        _ progress: Progress,
        eaten: Int,
        gained: Int,
        _ encrypted: inout Buffer
    ) -> Progress {
        switch progress {
        case .closed, .failed:
            encrypted.clear()
        case .needsMore, .roomSpent:
            guard isEstablished else { break }
            fruitlessBytes = gained > 0 ? 0 : fruitlessBytes + eaten
            if fruitlessBytes > Self.fruitlessMaximum {
                encrypted.clear()
                return fail(.protocolViolation)
            }
        }
        return progress
    }
}

/// Empties this thread's error queue, which must be empty when OpenSSL is asked for an error:
/// before the first call of a step, since a step ends with the first that fails. To look first
/// costs a fraction of clearing an empty queue.
private func clearErrors() {
    if ERR_peek_error() != 0 { ERR_clear_error() }
}
