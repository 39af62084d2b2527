import Bytes
import EventLoop
import HTTP1
import HTTPCore
import TLS

/// One connection of a `CallClient`.
///
///     connecting ──▶ calling ⇄ idle
///          └────────────┴───────┴──▶ gone
struct CallConnection: ~Copyable {
    enum State {
        /// The connect is under way.
        case connecting
        /// It carries `request`.
        case calling
        /// Kept for the next call.
        case idle
    }

    /// How far a call came.
    enum Progress {
        case needsMore, complete
        case failed(CallFailure)
    }

    /// Reads of one event: several times what the largest answer takes.
    private static let readsMaximum = 256
    /// Bytes of a request that are queued at a time.
    private static let sendBytes = 64 * 1024

    let destination: CallDestination
    var transport: Transport
    var state: State
    /// What it carries, or carried last.
    private(set) var request: CallRequest
    /// When the call's time is over.
    private(set) var deadline: Instant
    /// Whether it has carried a call before this one.
    private(set) var isReused = false
    /// Whether a byte of the answer has come.
    private(set) var hasAnswered = false
    private var answer = CallAnswer()
    private var unsent: [UInt8]
    private var sent = 0

    /// A connection whose connect has just begun.
    init(
        socket: consuming Socket,
        tls: consuming TLSConnection?,
        to destination: CallDestination,
        for request: CallRequest,
        deadline: Instant
    ) {
        transport = Transport(socket: socket, tls: tls, connected: false)
        state = .connecting
        self.destination = destination
        self.request = request
        self.deadline = deadline
        unsent = request.bytes
    }

    /// Gives an idle connection its next call.
    mutating func begin(_ request: CallRequest, deadline: Instant) {
        state = .calling
        self.request = request
        self.deadline = deadline
        isReused = true
        hasAnswered = false
        answer = CallAnswer()
        unsent = request.bytes
        sent = 0
    }

    /// The answer's.
    var status: UInt16 { answer.head.status }

    /// Takes the answer's content and makes the connection ready to be kept.
    mutating func rest(_ chunks: inout ChunkPool) -> [UInt8] {
        state = .idle
        transport.input.release(to: &chunks)
        unsent = []
        defer { answer = CallAnswer() }
        return answer.content
    }

    /// How long the connection may be kept for another call after this one: not at all after an
    /// answer that ends it, or one that was not asked for; at most a second less than the server
    /// said it keeps it.
    var keepTime: Duration? {
        guard answer.head.keepsAlive, transport.input.isEmpty, sent == unsent.count,
            transport.waiting == 0, !transport.ended
        else { return nil }
        guard let seconds = answer.head.keepAliveTimeout else { return CallClient.idleMaximum }
        guard seconds > 1 else { return nil }
        return min(.seconds(Int64(seconds) - 1), CallClient.idleMaximum)
    }

    /// Whether an idle connection can still be used after an event: nothing may come unasked.
    mutating func staysIdle(_ chunks: inout ChunkPool) -> Bool {
        for _ in 0..<Self.readsMaximum {
            switch transport.receive(from: &chunks) {
            case .progressed: guard transport.input.isEmpty else { return false }
            case .nothing: return transport.flush(&chunks) != .failed
            case .ended, .failed: return false
            }
        }
        return false
    }
}

extension CallConnection {
    /// Sends and reads as far as it goes now.
    mutating func advance(_ limits: Limits, _ chunks: inout ChunkPool) -> Progress {
        for _ in 0..<Self.readsMaximum {
            send(&chunks)
            let received = transport.receive(from: &chunks)
            if received == .nothing { return .needsMore }
            if !transport.input.isEmpty { hasAnswered = true }
            do throws(HTTP1Failure) {
                if try parse(limits) { return .complete }
                if received == .ended {
                    guard !transport.wasCut else { return .failed(.connectionLost) }
                    try answer.end()
                    return .complete
                }
            } catch {
                return .failed(error == .incompleteContent ? .connectionLost : .malformedAnswer)
            }
            if received == .failed { return .failed(lost(&chunks)) }
        }
        return .failed(.malformedAnswer)
    }

    /// Why the connection broke; an alert that says so to the server is sent.
    private mutating func lost(_ chunks: inout ChunkPool) -> CallFailure {
        guard let fault = transport.fault else { return .connectionLost }
        _ = transport.flush(&chunks)
        return .tls(fault)
    }

    /// Sends what the socket takes. A server that ended the connection may have answered before:
    /// then there is only reading left.
    private mutating func send(_ chunks: inout ChunkPool) {
        while true {
            if transport.output.isEmpty, sent < unsent.count {
                let end = min(sent + Self.sendBytes, unsent.count)
                guard transport.output.prepare(end - sent, from: &chunks) else { return }
                let part = Array(unsent[sent..<end])
                transport.output.append(part.span)
                sent = end
            }
            switch transport.flush(&chunks) {
            case .done:
                guard transport.output.isEmpty, sent < unsent.count else { return }
            case .blocked:
                return
            case .failed:
                transport.output.discard(to: &chunks)
                sent = unsent.count
                transport.expectEnd()
                return
            }
        }
    }

    /// - Returns: whether the answer is complete.
    private mutating func parse(_ limits: Limits) throws(HTTP1Failure) -> Bool {
        let bytes = transport.input.view
        let (isComplete, consumed) = try answer.read(
            bytes.span,
            to: request.method,
            limits: limits
        )
        transport.input.consume(consumed)
        return isComplete
    }
}
