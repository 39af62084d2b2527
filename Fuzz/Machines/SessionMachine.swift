import Bytes
import HTTP1
import HTTPCore

/// A whole worker under arbitrary bytes and orders of events: what goes upstream is one well-formed
/// request after the other, each with what its route asks for; what goes to a client is one
/// well-formed answer for each request at most; and nothing is held when everybody has left.
enum SessionMachine {
    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        guard var rig = try? SessionRig() else { return }
        for step in SessionScript.steps(input) { rig.perform(step) }
        for _ in 0..<12 { rig.turn() }
        for _ in 0..<64 where rig.isBusy { rig.turn() }
        try require(!rig.isBusy, "a worker that is told nothing new rests")
        var forwarded = 0
        for upstream in rig.upstreams {
            forwarded += try ForwardedRequests.check(upstream.received)
        }
        var relayed = 0
        for client in rig.clients { relayed += try ClientAnswers.check(client) }
        try require(relayed <= forwarded, "an answer follows a request that went on")
        let leftovers = rig.finish()
        try require(leftovers.isEmpty, "nothing is held when everybody has left")
    }
}

/// What a worker sent to an upstream over one connection.
enum ForwardedRequests {
    private static let once = [
        "host", "content-length", "transfer-encoding", "authorization", "x-forwarded-for",
        "x-forwarded-proto", "x-real-ip", "x-request-id",
    ]
    private static let never = [
        "proxy", "keep-alive", "x-original-url", "x-http-method-override",
    ]

    /// - Returns: how many there are.
    static func check(_ bytes: [UInt8]) throws(BrokenRule) -> Int {
        let messages = try MessageStream.requests(bytes, isComplete: true).messages
        for message in messages { try check(message.head, message.bytes) }
        return messages.count
    }

    private static func check(_ head: HeadRecord, _ bytes: [UInt8]) throws(BrokenRule) {
        try head.check(in: bytes, limits: MessageStream.limits)
        try require(head.version == .http11, "requests go on in HTTP/1.1")
        let target = String(decoding: bytes[head.startLine[1].indices], as: UTF8.self)
        let isUntouched = target.hasPrefix("/untouched")
        let names = head.fields.map { Octets.folded(bytes[$0.name.indices]) }
        for name in once where !(isUntouched && name == "authorization") {
            let count = names.count { $0.elementsEqual(name.utf8) }
            try require(count <= 1, "a field that counts stands once")
        }
        for name in never {
            try require(!names.contains { $0.elementsEqual(name.utf8) }, "no hop-by-hop field")
        }
        // Only a WebSocket is asked for, and only as the gateway writes it.
        let upgrades = head.values(of: "upgrade", in: bytes)
        let isHandshake = upgrades == [Array("websocket".utf8)]
        try require(isHandshake || upgrades.isEmpty, "no other protocol")
        let connection = head.values(of: "connection", in: bytes)
        let expected = isHandshake ? [Array("Upgrade".utf8)] : []
        try require(connection == expected, "the connection is the gateway's own")
        try require(head.values(of: "host", in: bytes).count == 1, "a request has its host")
        let addresses = head.values(of: "x-forwarded-for", in: bytes)
        try require(addresses == [Array("127.0.0.1".utf8)], "a client does not say who it is")
        try checkCredentials(head, bytes, target)
    }

    private static func checkCredentials(
        _ head: HeadRecord,
        _ bytes: [UInt8],
        _ target: String
    ) throws(BrokenRule) {
        if target.hasPrefix("/untouched") { return }
        let isForRoute = ["/public", "/private", "/optional"].contains { target.hasPrefix($0) }
        try require(isForRoute, "a request has a route")
        let method = bytes[head.startLine[0].indices]
        let given = head.values(of: "authorization", in: bytes)
        let expected = Array("Bearer ".utf8) + Array(KnownTokens.recent.utf8)
        let isPreflight = method.elementsEqual("OPTIONS".utf8)
        if target.hasPrefix("/private"), !isPreflight {
            try require(given == [expected], "a session's request has its JWT")
        } else {
            try require(given.isEmpty || given == [expected], "no other JWT")
        }
        if target.hasPrefix("/public") {
            try require(given.isEmpty, "no JWT that is not asked for")
        }
        for cookies in head.values(of: "cookie", in: bytes) {
            for pair in cookies.split(separator: 0x3B) {
                let isSession = CookieFieldMachine.isSessionCookie(Array(pair))
                try require(!isSession, "no session cookie goes on")
            }
        }
    }
}

/// What a worker sent to a client over one connection.
enum ClientAnswers {
    /// - Returns: how many of the answers are an upstream's.
    static func check(_ client: PlayedConnection) throws(BrokenRule) -> Int {
        let asked = try MessageStream.requests(client.sent, isComplete: false)
        var methods = asked.messages.map(\.method)[...]
        // What is no whole request may have an answer of its own.
        if asked.hasRest { methods.append(.other) }
        let answers = try MessageStream.responses(client.received, to: methods)
        var final = 0
        var relayed = 0
        var isLast = false
        for answer in answers {
            try require(!isLast, "nothing follows the last answer")
            try answer.head.check(in: answer.bytes, limits: MessageStream.limits)
            try checkFields(answer.head, answer.bytes)
            if answer.head.status >= 200 {
                if final < asked.messages.count, isRelayed(answer, to: asked.messages[final]) {
                    relayed += 1
                }
                final += 1
                isLast = !answer.head.keepsAlive
            }
        }
        try require(final <= methods.count, "a request has one answer")
        return relayed
    }

    /// The gateway's own answers give a reason, or are to preflights or from its route of JWTs.
    private static func isRelayed(
        _ answer: MessageStream.Message,
        to request: MessageStream.Message
    ) -> Bool {
        let target = request.bytes[request.head.startLine[1].indices]
        return answer.head.values(of: "sallyport-reason", in: answer.bytes).isEmpty
            && request.method != .options && target.firstRange(of: Array("jwt".utf8)) == nil
    }

    private static func checkFields(_ head: HeadRecord, _ bytes: [UInt8]) throws(BrokenRule) {
        for field in head.fields {
            let name = Octets.lowercased(bytes[field.name.indices])
            for hop in ["keep-alive", "proxy-connection", "upgrade", "te"] {
                try require(!name.elementsEqual(hop.utf8), "no hop-by-hop field comes back")
            }
        }
    }
}
