import Bytes
import HTTPCore

/// The names of the two fields that a configuration lets the gateway set under names of its choice.
struct OwnFields: Sendable {
    /// The field the JWT goes into, lower case, and its meaning.
    let jwt: [UInt8]
    let jwtID: FieldName
    let requestID: [UInt8]
    let requestIDID: FieldName

    init(jwt: [UInt8], requestID: [UInt8]) {
        self.jwt = jwt
        jwtID = FieldName.lookup(jwt.span).id
        self.requestID = requestID
        requestIDID = FieldName.lookup(requestID.span).id
    }

    /// Whether both have their usual names, which the field table knows.
    var areUsual: Bool { jwtID == .authorization && requestIDID == .xRequestID }

    /// Whether a field's name, folded, is one of the two, so that the client's may not stand beside
    /// the gateway's; the JWT's only where one is set.
    func contains(_ name: Span<UInt8>, settingJWT: Bool) -> Bool {
        if areUsual { return false }
        if settingJWT, Self.foldsEqual(name, jwt.span) { return true }
        return isRequestID(name)
    }

    func isRequestID(_ name: Span<UInt8>) -> Bool {
        Self.foldsEqual(name, requestID.span)
    }

    /// Whether two names are the same for a server that takes `_` and `.` for `-`.
    static func foldsEqual(_ name: Span<UInt8>, _ own: Span<UInt8>) -> Bool {
        guard name.count == own.count else { return false }
        for index in name.indices where folded(name[index]) != folded(own[index]) { return false }
        return true
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") ? UInt8(ascii: "-") : byte.lowercased
    }
}
