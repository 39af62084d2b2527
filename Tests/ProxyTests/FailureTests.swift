import Bytes
import HTTP1
import HTTPCore
import JSON
import Policy
import Sessions
import Testing

@testable import Proxy

/// The failure table, row by row: what the interface promises of each.
@Suite struct FailureTests {
    struct Row: Sendable {
        var failure: Failure
        var status: UInt16
        var code: String
        var closes = false
        var retryAfter: Int?
        var allowed: Int?
    }

    static let rows: [Row] = [
        Row(failure: .badRequest("x"), status: 400, code: "bad_request", closes: true),
        Row(failure: .noRoute, status: 404, code: "no_route"),
        Row(failure: .requestTimeout, status: 408, code: "timeout", closes: true),
        Row(failure: .bodyTooLarge, status: 413, code: "body_too_large", closes: true),
        Row(failure: .headTooLarge, status: 431, code: "head_too_large", closes: true),
        Row(failure: .originNotAllowed, status: 403, code: "origin_not_allowed"),
        Row(failure: .upstreamUnreachable, status: 502, code: "upstream_unreachable"),
        Row(failure: .upstreamTimeout, status: 504, code: "upstream_timeout"),
        Row(failure: .upstreamProtocol("x"), status: 502, code: "upstream_protocol"),
        Row(failure: .overloaded, status: 503, code: "overloaded", retryAfter: 1),
        Row(failure: .tooManyTunnels, status: 503, code: "overloaded", retryAfter: 1),
        Row(failure: .webSocketKey, status: 400, code: "bad_request", closes: true),
        Row(failure: .webSocketVersionMissing, status: 400, code: "bad_request", closes: true),
        Row(failure: .webSocketVersion, status: 426, code: "bad_request"),
        Row(
            failure: .shuttingDown,
            status: 503,
            code: "shutting_down",
            closes: true,
            retryAfter: 1
        ),
        Row(
            failure: .methodNotAllowed(allowed: 3),
            status: 405,
            code: "method_not_allowed",
            allowed: 3
        ),
        Row(failure: .respondMethod, status: 405, code: "method_not_allowed"),
        Row(failure: .methodRefused, status: 405, code: "method_not_allowed", closes: true),
    ]

    @Test(arguments: rows)
    func rowIsAsPromised(_ row: Row) throws {
        let failure = row.failure
        #expect(failure.status == row.status && failure.reason.code.description == row.code)
        #expect(failure.closes == row.closes && failure.retryAfter == row.retryAfter)
        #expect(failure.allowed == row.allowed && failure.body == .problem)
        try checkProblem(failure)
    }

    private func object(_ failure: Failure) throws -> JSONObject {
        let content = failure.content()
        guard case .object(let object) = try JSONValue.parse(content.span) else {
            Issue.record("no object")
            return [:]
        }
        return object
    }

    /// RFC 9457, with the reason beside the registered members.
    private func checkProblem(_ failure: Failure) throws {
        let object = try object(failure)
        #expect(object["type"] == .string("about:blank"))
        #expect(object["status"] == .integer(Int64(failure.status)))
        #expect(
            object["title"] == .string(Status.reasonPhrase(failure.status).description)
        )
        #expect(object["title"] != .string(""))
        #expect(object["reason"] == .string(failure.reason.code.description))
        #expect(object.members.count == (failure.told == nil ? 4 : 5))
        #expect(failure.contentType.description == "application/problem+json")
    }

    /// Where the next request begins is unknown: the connection closes, whatever the rule.
    @Test(arguments: HTTP1Failure.allCases)
    func brokenHTTPCloses(_ broken: HTTP1Failure) throws {
        let failure = Failure(broken)
        #expect(failure.closes && failure.status == broken.status)
        #expect(failure.detail?.description == broken.detail.description)
        let code =
            switch failure.status {
            case 413: "body_too_large"
            case 414, 431: "head_too_large"
            default: "bad_request"
            }
        #expect(failure.reason.code.description == code)
        try checkProblem(failure)
    }

    /// The SDKs read the message, and nothing else, to know whether to refresh.
    @Test(arguments: [401, 440] as [UInt16])
    func denialsSpeakAsTheSDKsDo(_ status: UInt16) throws {
        var sessions = Fixture.options().sessions
        sessions.expiredStatus = status
        let answers: [(Denial.Answer, String)] = [
            (.unauthorised, #"{"message":"unauthorised"}"#),
            (.tryRefreshToken, #"{"message":"try refresh token"}"#),
        ]
        for (answer, body) in answers {
            let failure = Failure(Denial(reason: .expired, answer: answer), sessions: sessions)
            #expect(failure.status == status && failure.reason == .expired && !failure.closes)
            #expect(String(decoding: failure.content(), as: UTF8.self) == body)
            #expect(failure.contentType.description == "application/json; charset=utf-8")
            #expect(failure.retryAfter == nil && failure.body != .problem)
        }
    }

    @Test(arguments: [403, 418] as [UInt16])
    func claimsAreToldAsTheSDKsDo(_ status: UInt16) {
        var sessions = Fixture.options().sessions
        sessions.invalidClaimStatus = status
        let denial = Denial(reason: .invalidClaim, answer: .invalidClaim)
        var failure = Failure(denial, sessions: sessions)
        #expect(failure.status == status && failure.reason == .invalidClaim && !failure.closes)
        failure.body = .claims(Array("{}".utf8))
        #expect(failure.content() == Array("{}".utf8) && failure.retryAfter == nil)
        #expect(failure.contentType.description == "application/json; charset=utf-8")
        #expect(failure != Failure(denial, sessions: sessions))
    }

    @Test func otherDenialsAreProblems() throws {
        let sessions = Fixture.options().sessions
        let rows: [(Denial.Answer, Reason, UInt16, Int?)] = [
            (.jwtMissing, .jwtMissing, 500, nil),
            (.unavailable, .coreUnreachable, 503, 1),
            (.tokenNotExposed, .tokenNotExposed, 403, nil),
        ]
        for (answer, reason, status, retryAfter) in rows {
            let failure = Failure(Denial(reason: reason, answer: answer), sessions: sessions)
            #expect(failure.status == status && failure.reason == reason && !failure.closes)
            #expect(failure.retryAfter == retryAfter)
            try checkProblem(failure)
        }
    }

    @Test func onlyTheMissingJWTIsExplainedToTheClient() throws {
        let denial = Denial(reason: .jwtMissing, answer: .jwtMissing)
        let explained = try object(Failure(denial, sessions: Fixture.options().sessions))
        #expect(
            explained["detail"]
                == .string("jwt feature is off: Session.init({jwt: {enable: true}})")
        )
        let tooLong = Denial(reason: .jwtMissing, answer: .jwtMissing, isTooLong: true)
        let named = try object(Failure(tooLong, sessions: Fixture.options().sessions))
        #expect(named["detail"] == .string("the session's JWT is longer than 8 KiB"))
        #expect(try object(.badRequest("secret_detail"))["detail"] == nil)
    }

    @Test func rowsAreToldApart() {
        #expect(Failure.respondMethod != .methodRefused && Failure.noRoute == .noRoute)
        #expect(Failure.overloaded != .shuttingDown)
        #expect(Failure.upstreamUnreachable != .upstreamProtocol("x"))
        #expect(Failure.Body.message("unauthorised") != .message("try refresh token"))
        #expect(Failure.Body.message("unauthorised") != .problem)
    }
}
