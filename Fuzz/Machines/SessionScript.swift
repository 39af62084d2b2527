/// Who does something to a worker.
enum SessionPeer: Equatable {
    /// One of two clients; it connects when it first sends.
    case client(Int)
    /// The connections that the worker opened to the upstream, in their order.
    case upstream(Int)
}

/// One thing that happens to a worker.
enum SessionStep {
    /// Bytes arrive.
    case send(SessionPeer, [UInt8])
    /// The peer ends its sending.
    case end(SessionPeer)
    /// The peer closes the connection.
    case close(SessionPeer)
    /// The peer resets it.
    case reset(SessionPeer)
    /// The loop turns once.
    case turn
    /// Control publishes the keys.
    case keys
    /// Control publishes that there are none.
    case noKeys
    /// Control answers every question for keys.
    case keysAnswered
    /// A configuration takes the place of the one before.
    case reload
    /// The worker is told to stop.
    case drain
}

/// What happens to a worker, as an input says it: bytes of the peer in turn, and, after each byte
/// 0xFE, one letter that does something.
///
/// | letter | |
/// |---|---|
/// | `a` `b` | what follows is sent by this client |
/// | `0`–`3` | … by the upstream over this connection |
/// | `T` `L` | a session token is sent: V5, or V2 without a JWT |
/// | `e` `c` `r` | the peer ends its sending, closes, resets |
/// | `t` | the loop turns |
/// | `K` `k` `q` | keys, no keys, an answer to who waits for keys |
/// | `g` `d` | reload, drain |
enum SessionScript {
    static let mark: UInt8 = 0xFE
    private static let stepsMaximum = 256

    static func steps(_ input: [UInt8]) -> [SessionStep] {
        var steps: [SessionStep] = []
        var peer = SessionPeer.client(0)
        var data: [UInt8] = []
        var isMarked = false
        for byte in input where steps.count < stepsMaximum {
            guard isMarked || byte == mark else {
                data.append(byte)
                continue
            }
            isMarked.toggle()
            if isMarked { continue }
            if let token = token(byte) {
                data += token
                continue
            }
            if !data.isEmpty { steps.append(.send(peer, data)) }
            data = []
            if let next = self.peer(byte) { peer = next }
            if let step = step(byte, of: peer) { steps.append(step) }
        }
        if !data.isEmpty { steps.append(.send(peer, data)) }
        return steps
    }

    private static func token(_ letter: UInt8) -> [UInt8]? {
        switch letter {
        case UInt8(ascii: "T"): Array(KnownTokens.recent.utf8)
        case UInt8(ascii: "L"): Array(KnownTokens.legacy.utf8)
        case mark: [mark]
        default: nil
        }
    }

    private static func peer(_ letter: UInt8) -> SessionPeer? {
        switch letter {
        case UInt8(ascii: "a"): .client(0)
        case UInt8(ascii: "b"): .client(1)
        case UInt8(ascii: "0")...UInt8(ascii: "3"): .upstream(Int(letter - UInt8(ascii: "0")))
        default: nil
        }
    }

    private static func step(_ letter: UInt8, of peer: SessionPeer) -> SessionStep? {
        switch letter {
        case UInt8(ascii: "t"): .turn
        case UInt8(ascii: "e"): .end(peer)
        case UInt8(ascii: "c"): .close(peer)
        case UInt8(ascii: "r"): .reset(peer)
        case UInt8(ascii: "K"): .keys
        case UInt8(ascii: "k"): .noKeys
        case UInt8(ascii: "q"): .keysAnswered
        case UInt8(ascii: "g"): .reload
        case UInt8(ascii: "d"): .drain
        default: nil
        }
    }
}
