import Bytes
import Connections
import HTTPCore
import JSON
package import Sessions

/// What an operator asks of sessions, which the core answers.
package enum SessionsQuery: Equatable {
    /// `GET /users/{id}/sessions`.
    case sessions(user: String)
    /// `GET /users/{id}/jwts`.
    case jwts(user: String)
    /// `GET /sessions/{handle}`.
    case session(handle: String)

    /// Sessions of one answer.
    static let maximumSessions = 1000
    /// Bytes of the sessions in one answer: the command reads all of it in one call.
    static let maximumBytes = CallClient.contentMaximum - 1024
    /// Operators' questions that are worked on at one time.
    static let maximumAtOnce = 8
    /// Sessions asked for at one time: a user's many are no storm on the core.
    static let sessionsAtOnce = 8

    /// Nil for another path.
    package static func parse(_ path: String) -> SessionsQuery? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let names = parts.map { name(String($0)) }
        switch (parts.count, parts.first) {
        case (2, "sessions"): return names[1].map { .session(handle: $0) }
        case (3, "users") where parts.last == "sessions":
            return names[1].map { .sessions(user: $0) }
        case (3, "users") where parts.last == "jwts": return names[1].map { .jwts(user: $0) }
        default: return nil
        }
    }

    /// A segment with its escapes decoded.
    private static func name(_ segment: String) -> String? {
        guard let decoded = segment.percentDecoded,
            (1...RevocationCommand.maximumNameBytes).contains(decoded.utf8.count)
        else { return nil }
        return decoded
    }

    /// The first question of the core.
    package var question: CoreQuestion {
        switch self {
        case .sessions(let user), .jwts(let user): .sessions(user: user)
        case .session(let handle): .session(handle: handle)
        }
    }
}

extension String {
    /// Nil where an escape is none, or what it makes is no UTF-8.
    fileprivate var percentDecoded: String? {
        var bytes: [UInt8] = []
        let text = Array(utf8)
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "%") else {
                bytes.append(text[index])
                index += 1
                continue
            }
            guard index + 2 < text.count, let high = text[index + 1].hexadecimalValue,
                let low = text[index + 2].hexadecimalValue
            else { return nil }
            bytes.append(high << 4 | low)
            index += 3
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// What the core said so far of an operator's question.
package struct SessionsAnswer {
    let query: SessionsQuery
    let jwtProperty: String
    /// In the core's order.
    package var handles: [String] = []
    /// Handles whose sessions were asked for.
    package var asked = 0
    /// Questions that are not answered.
    var missing = 0
    /// What is said of each session, as JSON.
    private var found: [String: [UInt8]] = [:]
    /// Bytes of `found`.
    private var bytes = 0
    /// Sessions beyond `SessionsQuery.maximumSessions`, which are left out.
    private var leftOut = 0

    /// Nothing was said yet; `jwtProperty` is `sessions.jwt.property`.
    package init(query: SessionsQuery, jwtProperty: String) {
        self.query = query
        self.jwtProperty = jwtProperty
    }

    /// Takes the user's handles.
    package mutating func take(_ handles: [String]) {
        self.handles = Array(handles.prefix(SessionsQuery.maximumSessions))
        leftOut = handles.count - self.handles.count
    }

    /// Takes one session. Once there are bytes for a whole answer, no more are to be asked for.
    package mutating func take(_ session: SessionInformation, wallMilliseconds: Int64) {
        let value: JSONValue
        if case .jwts = query {
            value = jwt(session, wallMilliseconds)
        } else {
            value = Self.described(session)
        }
        let text = value.serialized()
        found[session.handle] = text
        bytes += text.count
        guard bytes >= SessionsQuery.maximumBytes else { return }
        leftOut += handles.count - asked
        handles.removeLast(handles.count - asked)
    }

    /// The whole answer, when the last question is answered.
    package var response: ServiceResponse {
        var sessions = handles.compactMap { found[$0] }
        var content = Array(#"{"status":"OK","#.utf8)
        if case .session = query {
            guard let session = sessions.first else {
                return .json(404, #"{"status":"UNKNOWN_SESSION"}"#)
            }
            content += Array("\"session\":".utf8) + session
        } else {
            let leftOut = leftOut + Self.shorten(&sessions)
            let name = if case .jwts = query { "jwts" } else { "sessions" }
            content += Array("\"\(name)\":[".utf8) + sessions.joined(separator: [0x2C])
            content.append(UInt8(ascii: "]"))
            if leftOut > 0 { content += Array(",\"leftOut\":\(leftOut)".utf8) }
        }
        content.append(UInt8(ascii: "}"))
        return ServiceResponse(
            status: 200,
            contentType: "application/json",
            fields: [("Cache-Control", "no-store")],
            content: content
        )
    }

    /// Leaves out what does not fit into an answer.
    private static func shorten(_ sessions: inout [[UInt8]]) -> Int {
        var bytes = 0
        let count = sessions.count
        let end = sessions.firstIndex { session in
            bytes += session.count + 1
            return bytes > SessionsQuery.maximumBytes
        }
        if let end { sessions.removeLast(count - end) }
        return count - sessions.count
    }

    private static func described(_ session: SessionInformation) -> JSONValue {
        .object([
            "handle": .string(session.handle), "userId": .string(session.user),
            "timeCreated": .integer(session.createdAt), "expiry": .integer(session.expiry),
            "payload": (try? JSONValue.parse(session.payload.span)) ?? .null,
        ])
    }

    private func jwt(_ session: SessionInformation, _ wall: Int64) -> JSONValue {
        var object: JSONObject = ["handle": .string(session.handle)]
        guard let jwt = StoredJWT(session, property: jwtProperty) else {
            object["jwt"] = .null
            object["detail"] = .string(
                "no JWT without a request: from V3 on the access token itself is the JWT"
            )
            return .object(object)
        }
        object["jwt"] = .string(jwt.token)
        object["expiry"] = jwt.expiry.map { .integer($0) } ?? .null
        object["expired"] = .bool(jwt.expiry.map { $0 <= wall } ?? false)
        return .object(object)
    }
}

extension CoreFailure {
    /// What an operator is told whom no core answered.
    var response: ServiceResponse {
        .json(503, #"{"status":"CORE_UNREACHABLE","detail":"\#(detail)"}"#)
    }
}
