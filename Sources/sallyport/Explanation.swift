import Bytes
import Connections
import Control
import HTTP1
import HTTPCore
import JSON
import Policy
import Proxy
import Sessions
import Upstreams

/// What a rehearsal of one request showed, in the order of the walk.
struct Explanation {
    /// The request as it is read: method, host, path and its other readings, query.
    struct Canonical {
        var method: String
        var host: String
        var path: String
        var readings: [String]
        var query: String
    }

    /// What the gateway does.
    enum Verdict: String {
        case forwarded, answered, refused
    }

    var listener: String
    /// Nil when the request cannot be read; the verdict says why.
    var canonical: Canonical?
    var isPreflight = false
    var route: RouteOptions?
    var nearMisses: [(route: RouteOptions, cause: NearMiss.Cause)] = []
    var steps: [SessionStep] = []
    var verdict: Verdict
    var status: Int
    var reason: String?
    var detail: String?
    /// The answer's own fields; empty where an upstream would answer.
    var answerFields: [(name: String, value: String)] = []
    var upstream: UpstreamOptions?
    /// The request line as it goes upstream.
    var upstreamLine: String?
    var differences: [FieldDifference] = []
    var notes: [String] = []
    let jwtField: String

    /// Reads what a run left behind.
    init(
        of request: ExplainRequest,
        _ rehearsal: Rehearsal,
        _ outcome: Rehearsal.Outcome,
        wallMilliseconds: Int64
    ) {
        let options = rehearsal.configuration.options
        let record = (try? JSONValue.parse(outcome.record.span)) ?? .null
        let answer = AnswerHead(outcome.answer)
        let place = options.listeners[rehearsal.listener]
        listener = "\(place.address) (\(place.position))"
        jwtField = options.sessions.jwtField
        status = answer.status
        reason = answer.value(of: "sallyport-reason")
        detail = record["detail"]?.string
        let isOwn = reason == nil || reason == "\(Reason.redirect.code)"
        verdict = outcome.forwarded != nil ? .forwarded : isOwn ? .answered : .refused
        if outcome.forwarded == nil { answerFields = answer.fields }
        if let name = record["route"]?.string {
            route = options.routes.first { $0.name == name }
        }
        if outcome.forwarded != nil, let name = record["upstream"]?.string {
            upstream = options.upstreams.first { $0.name == name }
        }
        read(request.bytes, options, outcome.keys, wallMilliseconds)
        if let forwarded = outcome.forwarded { compare(request.bytes, forwarded, options.limits) }
        addWhatElseRefused()
    }

    /// The request's own meaning, by the code that serves.
    private mutating func read(
        _ bytes: [UInt8],
        _ options: GatewayOptions,
        _ keys: KeySet,
        _ wall: Int64
    ) {
        guard let head = (try? Head(bytes, limits: options.limits))?.head else { return }
        var target = RequestTarget()
        guard (try? target.read(head, in: bytes.span)) != nil else { return }
        let query = bytes.span.bytes(target.query).text
        canonical = Canonical(
            method: bytes.span.bytes(head.methodName).text,
            host: target.hasHost ? target.authority.text : "",
            path: Masking.tokens(target.path.text),
            readings: (0..<target.readings.count).map { Masking.tokens(target.readings[$0].text) },
            query: Masking.query(query)
        )
        let preflight = Preflight.named(head: head, bytes: bytes.span)
        let met = route
        let name = preflight?.name ?? head.methodName
        nearMisses = NearMiss.find(
            among: options.routes,
            target: target,
            method: preflight?.method ?? head.method,
            methodName: bytes.span.bytes(name),
            matched: options.routes.firstIndex { $0.name == met?.name }
        ).map { (options.routes[$0.route], $0.cause) }
        isPreflight = preflight != nil && !isRefusedForItsSession
        guard let met, met.session == .required || met.session == .optional, !isPreflight else {
            return
        }
        var authenticator = Authenticator(options: options.sessions, cacheBytes: 1 << 20)
        authenticator.replaceKeys(keys)
        steps = authenticator.steps(head: head, bytes: bytes.span, wallMilliseconds: wall)
        addAntiCSRF(head.method, options.sessions.antiCSRF)
    }

    private mutating func compare(_ client: [UInt8], _ upstream: [UInt8], _ limits: Limits) {
        var limits = limits
        let wide = Limits.forForwarded
        guard let sent = try? Head(upstream, limits: wide) else { return }
        limits.requestTarget = wide.requestTarget
        guard let came = try? Head(client, limits: limits) else { return }
        let path = sent.line.target.prefix { $0 != "?" }
        let query = String(sent.line.target.dropFirst(path.count))
        upstreamLine = "\(sent.line.method) \(Masking.tokens(String(path)))\(Masking.query(query))"
        differences = FieldDifference.between(came, sent)
    }
}

// What the steps leave out.
extension Explanation {
    private static let sessionReasons: [Reason] = [
        .noSession, .expired, .badSignature, .unknownKey, .notASessionToken, .wrongKeyKind,
        .antiCSRF, .duplicateCookie, .jwtMissing, .jwtExpired, .revoked, .invalidClaim,
        .coreUnreachable,
    ]

    private var isRefusedForItsSession: Bool {
        Self.sessionReasons.contains { "\($0.code)" == reason }
    }

    private var isCookieBorne: Bool {
        steps.contains { $0.name.description == "cookie" && $0.result == .passed }
    }

    private var hasFailed: Bool {
        steps.contains { if case .failed = $0.result { true } else { false } }
    }

    private mutating func addAntiCSRF(_ method: Method, _ mode: SessionOptions.AntiCSRF) {
        guard isCookieBorne, !hasFailed else { return }
        if reason == "\(Reason.antiCSRF.code)" {
            let text = "what sessions.anti_csrf \(mode) asks for is not met"
            steps.append(SessionStep("anti-csrf", .failed(.antiCSRF), text))
        } else {
            let text = method == .get ? "GET is never asked" : "sessions.anti_csrf is \(mode)"
            steps.append(SessionStep("anti-csrf", .passed, text))
        }
    }

    /// A check that the steps do not go into still names itself by its reason.
    private mutating func addWhatElseRefused() {
        guard !steps.isEmpty, isRefusedForItsSession, !hasFailed,
            let reason = Self.sessionReasons.first(where: { "\($0.code)" == self.reason })
        else { return }
        steps.append(SessionStep("session", .failed(reason), detail ?? "refused"))
    }
}

extension Limits {
    /// What the gateway sends itself may be larger than what it takes.
    fileprivate static var forForwarded: Limits {
        var limits = Limits()
        limits.requestHead = 4 << 20
        limits.requestFields = 16_384
        limits.requestTarget = 2 << 20
        return limits
    }
}

/// The head of the gateway's answer.
struct AnswerHead {
    var status = 0
    var fields: [(name: String, value: String)] = []

    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let head = text.firstRange(of: "\r\n\r\n").map { text[..<$0.lowerBound] } ?? text[...]
        let lines = head.split(separator: "\r\n")
        status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        fields = lines.dropFirst().compactMap { line in
            guard let colon = line.firstRange(of: ": ") else { return nil }
            return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
        }
    }

    func value(of name: String) -> String? {
        fields.first { $0.name.lowercased() == name }?.value
    }
}
