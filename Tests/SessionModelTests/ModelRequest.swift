import Bytes
import HTTPCore
import Sessions

/// What a client sends; one for each way to send a token.
struct ModelMessage: Hashable {
    enum Carrier: Hashable, CaseIterable {
        case cookie, bearer
        /// The token in a cookie, beside a bearer that is no session token.
        case cookieBesideForeign
    }

    enum AntiCSRF: Hashable, CaseIterable {
        case right, wrong, absent
    }

    /// Nil = none.
    var token: Int?
    var carrier = Carrier.cookie
    var isGET = true
    var antiCSRF = AntiCSRF.absent

    var isCookieBorne: Bool { carrier != .bearer }
}

/// A message's head, as the parser leaves it.
struct ModelHead {
    let bytes: [UInt8]
    let head: RequestHead

    init(_ message: ModelMessage, _ token: ModelToken?) {
        var lines: [(String, [UInt8])] = []
        switch message.carrier {
        case .cookieBesideForeign:
            lines.append(("authorization", Array("Bearer eyJhbGciOiJub25lIn0.eyJ4Ijp9.YQ".utf8)))
            fallthrough
        case .cookie:
            if let token { lines.append(("cookie", Array("sAccessToken=".utf8) + token.bytes)) }
        case .bearer:
            if let token { lines.append(("authorization", Array("Bearer ".utf8) + token.bytes)) }
        }
        switch message.antiCSRF {
        case .right:
            lines.append(("anti-csrf", Array((token?.antiCSRF ?? "").utf8)))
            lines.append(("rid", Array("session".utf8)))
        case .wrong: lines.append(("anti-csrf", Array("wrong".utf8)))
        case .absent: break
        }
        var bytes: [UInt8] = []
        var head = RequestHead()
        head.method = message.isGET ? .get : .post
        for (name, value) in lines {
            let start = bytes.count
            bytes += Array(name.utf8)
            let middle = bytes.count
            bytes += value
            let found = FieldName.lookup(Array(name.utf8).span)
            head.fields.append(
                FieldLine(
                    name: ByteRange(start..<middle),
                    value: ByteRange(middle..<bytes.count),
                    id: found.id,
                    isAlias: found.isAlias
                )
            )
        }
        self.bytes = bytes
        self.head = head
    }
}

/// Tokens and heads: the same for every order.
final class ModelWorld {
    var tokens = ModelTokens()
    private var heads: [ModelMessage: ModelHead] = [:]

    func head(_ message: ModelMessage) -> ModelHead {
        if let known = heads[message] { return known }
        let made = ModelHead(message, message.token.map { tokens.all[$0] })
        heads[message] = made
        return made
    }
}

/// One request on its way through a worker.
final class ModelRequest {
    let number: Int
    let worker: Int
    let message: ModelMessage
    let head: ModelHead
    /// Whether its route asks for a look into the database.
    let checksDatabase: Bool
    let generation: ModelGeneration

    // What a worker keeps with an exchange.
    var keyQuestion: KeyQuestion?
    var keyFetchFailed = false
    var coreAnswer: CoreAnswer?
    var session: SessionReference?
    var askedMark: Int64?
    var state = State.judging
    /// What it was woken with last, for the reference to judge.
    var evidence: CoreAnswer?

    enum State {
        case judging, awaitingKeys, awaitingCore, done
    }

    init(
        number: Int,
        worker: Int,
        message: ModelMessage,
        head: ModelHead,
        checksDatabase: Bool,
        generation: ModelGeneration
    ) {
        self.number = number
        self.worker = worker
        self.message = message
        self.head = head
        self.checksDatabase = checksDatabase
        self.generation = generation
    }
}

/// What an operator configures.
struct ModelOptions: Equatable {
    var antiCSRF = SessionOptions.AntiCSRF.token
    var takesStaticKeys = true
    var apiKey = ""
    var entries = 1000
    var keepSeconds: Int64 = 86_400

    var sessions: SessionOptions {
        var options = SessionOptions(core: core)
        options.antiCSRF = antiCSRF
        options.signingKeys = takesStaticKeys ? .any : .dynamic
        options.claims = Self.claims
        return options
    }

    private static let claims = ClaimLists([
        ClaimRule(
            claim: Array("role".utf8),
            test: .equals(.text(Array("admin".utf8)))
        )
    ])

    var core: CoreOptions {
        var core = CoreOptions(locations: [
            .init(host: "core", port: 3567, basePath: "", position: .builtIn)
        ])
        core.apiKey = apiKey
        return core
    }
}

/// One configuration in one worker.
final class ModelGeneration {
    let options: ModelOptions
    let antiCSRF: AntiCSRF
    var authenticator: Authenticator

    init(_ options: ModelOptions, keys: KeySet) {
        self.options = options
        antiCSRF = AntiCSRF(mode: options.antiCSRF, origins: OriginList([]))
        authenticator = Authenticator(options: options.sessions, cacheBytes: 16 * 1024)
        authenticator.replaceKeys(keys)
    }
}

extension Authenticator {
    func copiedAntiCSRFToken(_ session: SessionReference) -> [UInt8] {
        antiCSRFToken(session).copied()
    }

    func copiedJWT(_ session: SessionReference) -> [UInt8] { token(session).copied() }
    func copiedHandle(_ session: SessionReference) -> [UInt8] { sessionHandle(session).copied() }
}
