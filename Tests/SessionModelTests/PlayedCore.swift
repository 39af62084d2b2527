import HTTPCore
import Sessions

/// What a core has to say.
enum CoreWord: Equatable {
    case yes, ended, tryRefresh
    /// A token in the old one's place: a good one, another session's, an expired one, or none.
    case promotes(Int)
    case noToken
    case wrongHandle, garbage
    case status(UInt16)
    /// The connection breaks.
    case cut
}

/// A request that a core has and did not answer.
struct CoreRequestInFlight {
    enum Kind: Equatable {
        case version, child, database
        /// The second half of a look into the database of an old core.
        case presence(after: CoreWord)
    }

    let worker: Int
    let id: UInt64
    let kind: Kind
    let token: Int
    /// When the question was first sent: an event.
    let sentAt: Int
    /// What the core found when it was asked; nil = it looks when it answers.
    var word: CoreWord?
}

/// The core: which sessions it ended, and what it says. It is no liar, but slow, and it breaks.
struct PlayedCore {
    private(set) var inFlight: [CoreRequestInFlight] = []
    private(set) var ended: Set<Int> = []
    let isOld: Bool

    init(isOld: Bool) {
        self.isOld = isOld
    }

    mutating func end(_ session: Int) { ended.insert(session) }

    /// Tokens about which child questions are open.
    var openChildren: [Int] {
        inFlight.compactMap { $0.kind == .child ? $0.token : nil }
    }

    /// The worker's core options changed: nobody waits for these any more.
    mutating func forget(_ worker: Int) { inFlight.removeAll { $0.worker == worker } }

    private static let tail = #"","doAntiCsrfCheck":false,"enableAntiCsrf":false}"#.utf8.count
    private static let checks = #","checkDatabase":"#.utf8.count

    /// Where the token of a `verify` ends; nil = it is another request.
    static func tokenEnd(_ request: KeyFetcher.CoreRequest) -> Int? {
        guard request.path == "/recipe/session/verify", request.body.count > tail else {
            return nil
        }
        // Before the last colon: `…Csrf":false}`, `…Database":false}` or `…Database":true}`.
        switch request.body[request.body.count - 9] {
        case UInt8(ascii: "f"): return request.body.count - tail
        case UInt8(ascii: "e"): return request.body.count - tail - checks - 5
        default: return request.body.count - tail - checks - 4
        }
    }

    /// Notes a request.
    ///
    /// - Parameters:
    ///   - request: as it is sent.
    ///   - isDatabase: whether it is of a look into the database.
    ///   - worker: whose.
    ///   - origin: the request whose answer made it follow, if any.
    ///   - event: now.
    ///   - tokens: all there are.
    /// - Returns: the request as the core has it; nil = it is none that a core knows.
    mutating func take(
        _ request: KeyFetcher.CoreRequest,
        isDatabase: Bool,
        _ worker: Int,
        after origin: CoreRequestInFlight?,
        event: Int,
        _ tokens: ModelTokens
    ) -> CoreRequestInFlight? {
        var kind = CoreRequestInFlight.Kind.version
        var place = 0
        var sentAt = event
        if let end = Self.tokenEnd(request) {
            guard let found = tokens.place(in: request.body, endingAt: end) else { return nil }
            place = found
            kind = isDatabase ? .database : .child
        } else if request.path != "/apiversion" {
            guard let origin, origin.kind == .database, let word = origin.word,
                request.path.hasPrefix("/recipe/session?sessionHandle=h")
            else { return nil }
            kind = .presence(after: word)
            place = origin.token
            sentAt = origin.sentAt
        }
        let taken = CoreRequestInFlight(
            worker: worker,
            id: request.id,
            kind: kind,
            token: place,
            sentAt: sentAt
        )
        inFlight.append(taken)
        return taken
    }

    mutating func look(_ place: Int, _ word: CoreWord) { inFlight[place].word = word }

    mutating func remove(_ place: Int) -> CoreRequestInFlight { inFlight.remove(at: place) }

    /// The answer as it is sent; nil = the connection breaks.
    func answer(
        _ word: CoreWord,
        to request: CoreRequestInFlight,
        _ tokens: ModelTokens
    ) -> (status: UInt16, body: [UInt8])? {
        if request.kind == .version {
            switch word {
            case .cut: return nil
            case .status(let status): return (status, [])
            default:
                let version = isOld ? "2.20" : "5.4"
                return (200, Array(#"{"versions":["2.9","\#(version)"]}"#.utf8))
            }
        }
        let session = tokens.all[request.token].session
        let handle = word == .wrongHandle ? "h9" : "h\(session)"
        switch word {
        case .cut: return nil
        case .status(let status): return (status, Array(#"{"status":"OK"}"#.utf8))
        case .garbage: return (200, Array(#"{"status":"OK","session":{"handle":"h0""#.utf8))
        case .ended: return (200, Array(#"{"status":"UNAUTHORISED","message":"m"}"#.utf8))
        case .tryRefresh: return (200, Array(#"{"status":"TRY_REFRESH_TOKEN"}"#.utf8))
        case .yes, .wrongHandle, .promotes, .noToken: break
        }
        if case .presence = request.kind {
            return (200, Array(#"{"status":"OK","sessionHandle":"\#(handle)"}"#.utf8))
        }
        var body = Array(#"{"status":"OK","session":{"handle":"\#(handle)"}"#.utf8)
        if case .promotes(let place) = word {
            body += Array(#","accessToken":{"token":""#.utf8) + tokens.all[place].bytes
            body += Array(#""}"#.utf8)
        } else if word == .noToken {
            body += Array(#","accessToken":{"token":"a.b"}"#.utf8)
        }
        return (200, body + [UInt8(ascii: "}")])
    }

    /// What a word means to who asked; nil = more is asked first.
    func meaning(
        _ word: CoreWord,
        to request: CoreRequestInFlight,
        _ tokens: ModelTokens
    ) -> CoreAnswer? {
        let session = tokens.all[request.token].session
        guard case .presence(let before) = request.kind else {
            let meaning = Self.meaning(word, session, tokens)
            if case .verified = meaning, request.kind == .database, isOld { return nil }
            return meaning
        }
        switch word {
        case .yes, .promotes, .noToken: return Self.meaning(before, session, tokens)
        case .tryRefresh: return .unreachable(.malformed)
        default: return Self.meaning(word, session, tokens)
        }
    }

    private static func meaning(
        _ word: CoreWord,
        _ session: Int,
        _ tokens: ModelTokens
    ) -> CoreAnswer {
        switch word {
        case .yes: .verified(newToken: nil)
        case .promotes(let place):
            tokens.all[place].session == session
                ? .verified(newToken: tokens.all[place].bytes) : .unreachable(.malformed)
        case .ended: .ended
        case .tryRefresh: .tryRefresh
        case .noToken, .wrongHandle, .garbage: .unreachable(.malformed)
        case .status(let status): .unreachable(.status(status))
        case .cut: .unreachable(.unreachable)
        }
    }
}
