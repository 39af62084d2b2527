import HTTPCore
import JSON
import Sessions
import Testing

/// What rules make of claims, in both eras, and what clients are told.
@Suite struct ClaimTests {
    /// One rule of the claim `c`, what the payload has there (nil = nothing), and the reason the
    /// rule is not met (nil = it is).
    struct Case: Sendable, CustomTestStringConvertible {
        var test: ClaimRule.Test?
        var age: Duration?
        var member: String?
        var reason: String?

        init(
            _ test: ClaimRule.Test?,
            _ member: String?,
            _ reason: String?,
            age: Duration? = nil
        ) {
            self.test = test
            self.age = age
            self.member = member
            self.reason = reason
        }

        var testDescription: String { "\(String(describing: test)) \(member ?? "absent")" }
    }

    private static func text(_ text: String) -> ClaimValue { .text(Array(text.utf8)) }

    private static func wrong(_ expected: String, _ actual: String) -> String {
        #"{"message":"wrong value",\#(expected),"actualValue":\#(actual)}"#
    }

    private static func absent(_ expected: String) -> String {
        #"{"message":"value does not exist",\#(expected)}"#
    }

    private static let isTrue = ClaimRule.Test.equals(.bool(true))

    static let equality: [Case] = [
        Case(isTrue, #"{"v":true,"t":1}"#, nil),
        Case(isTrue, "true", nil),
        Case(isTrue, #"{"v":false,"t":1}"#, wrong(#""expectedValue":true"#, "false")),
        Case(isTrue, #"{"v":"true"}"#, wrong(#""expectedValue":true"#, #""true""#)),
        Case(isTrue, "1", wrong(#""expectedValue":true"#, "1")),
        Case(isTrue, #"{"v":[true]}"#, wrong(#""expectedValue":true"#, "[true]")),
        Case(isTrue, #"{"v":{"v":true}}"#, wrong(#""expectedValue":true"#, #"{"v":true}"#)),
        Case(isTrue, nil, absent(#""expectedValue":true"#)),
        Case(isTrue, "null", absent(#""expectedValue":true"#)),
        Case(isTrue, #"{"t":1}"#, absent(#""expectedValue":true"#)),
        Case(.equals(.number(1)), "1.0", nil),
        Case(.equals(.number(1)), #"{"v":1e0}"#, nil),
        Case(.equals(.number(0)), "-0", nil),
        Case(.equals(.number(1)), #""1""#, wrong(#""expectedValue":1"#, #""1""#)),
        Case(.equals(.number(1)), "1.50", wrong(#""expectedValue":1"#, "1.5")),
        Case(.equals(.number(1)), "1e400", wrong(#""expectedValue":1"#, "null")),
        Case(.equals(text("1")), "1", wrong(#""expectedValue":"1""#, "1")),
        Case(.equals(text("a\"é")), #""a\"\u00e9""#, nil),
        Case(.equals(text("é")), #""e\u0301""#, wrong(#""expectedValue":"é""#, "\"e\u{301}\"")),
        Case(.equals(.null), #"{"v":null}"#, nil),
        Case(.equals(.null), "null", absent(#""expectedValue":null"#)),
        Case(.equals(.null), #"{"v":false}"#, wrong(#""expectedValue":null"#, "false")),
    ]

    static let arrays: [Case] = [
        Case(.includes(.one(text("a"))), #"{"v":["b","a"],"t":1}"#, nil),
        Case(.includes(.one(text("a"))), #"["a"]"#, nil),
        Case(
            .includes(.one(text("a"))),
            #"{"v":["aa",1]}"#,
            wrong(#""expectedToInclude":"a""#, #"["aa",1]"#)
        ),
        Case(
            .includes(.one(text("a"))),
            #"{"v":"aa"}"#,
            wrong(#""expectedToInclude":"a""#, #""aa""#)
        ),
        Case(
            .includes(.one(text("a"))),
            #"{"v":null}"#,
            wrong(#""expectedToInclude":"a""#, "null")
        ),
        Case(.includes(.one(text("a"))), nil, absent(#""expectedToInclude":"a""#)),
        Case(.includes(.all([text("a"), .number(2)])), #"[2.0,"x","a"]"#, nil),
        Case(
            .includes(.all([text("a"), .number(2)])),
            #"["2","a"]"#,
            wrong(#""expectedToInclude":["a",2]"#, #"["2","a"]"#)
        ),
        Case(.includes(.all([text("a")])), nil, absent(#""expectedToInclude":["a"]"#)),
        Case(.excludes(.one(text("a"))), #"{"v":["aa"]}"#, nil),
        Case(.excludes(.one(text("a"))), "[]", nil),
        Case(
            .excludes(.one(text("a"))),
            #"{"v":["a"]}"#,
            wrong(#""expectedToNotInclude":"a""#, #"["a"]"#)
        ),
        Case(
            .excludes(.one(text("a"))),
            #""b""#,
            wrong(#""expectedToNotInclude":"a""#, #""b""#)
        ),
        Case(.excludes(.one(text("a"))), nil, absent(#""expectedToNotInclude":"a""#)),
        Case(.excludes(.all([.null, text("a")])), #"["b",0,false]"#, nil),
        Case(
            .excludes(.all([.null, text("a")])),
            "[null]",
            wrong(#""expectedToNotInclude":[null,"a"]"#, "[null]")
        ),
        Case(.includesAny([text("a"), text("b")]), #"{"v":["b"]}"#, nil),
        Case(
            .includesAny([text("a"), text("b")]),
            #"{"v":["c"]}"#,
            wrong(#""expectedToIncludeAtLeastOneOf":["a","b"]"#, #"["c"]"#)
        ),
        Case(
            .includesAny([text("a")]),
            #"{"v":{"a":1}}"#,
            wrong(#""expectedToIncludeAtLeastOneOf":["a"]"#, #"{"a":1}"#)
        ),
        Case(.includesAny([text("a")]), nil, absent(#""expectedToNotInclude":["a"]"#)),
    ]

    private static func expired(_ age: String) -> String {
        #"{"message":"expired","ageInSeconds":\#(age),"maxAgeInSeconds":10.5}"#
    }

    private static func set(_ value: String, _ age: Int64) -> String {
        #"{"v":\#(value),"t":\#(TestTokens.now - age)}"#
    }

    private static let ages: [Case] = [
        Case(nil, set("0", 10_500), nil), Case(nil, set("0", -5), nil),
        Case(nil, set("0", 10_501), expired("10.501")),
        Case(nil, nil, #"{"message":"value does not exist"}"#),
        Case(nil, #"{"v":1}"#, expired("null")), Case(nil, "true", expired("null")),
        Case(nil, #"{"v":1,"t":"1800000000000"}"#, expired("null")),
        Case(nil, #"{"v":1,"t":-1e300}"#, expired("1e+297")),
        Case(nil, #"{"v":1,"t":1e300}"#, nil),
        Case(isTrue, set("true", 10_500), nil),
        Case(isTrue, set("false", 10_501), expired("10.501")),
        Case(isTrue, set("false", 10_500), wrong(#""expectedValue":true"#, "false")),
    ]

    static let aged = ages.map { item in
        var item = item
        item.age = .milliseconds(10_500)
        return item
    }

    @Test(arguments: equality + arrays + aged) func judges(_ item: Case) throws {
        var rule = ClaimRule(claim: Array("c".utf8), test: item.test, maximumAge: item.age)
        rule.id = Array("the \"id\"".utf8)
        var options = TestTokens.options
        options.jwtRequired = false
        options.claims = ClaimLists([rule])
        var payload: JSONObject = [:]
        if let member = item.member {
            payload["c"] = try JSONValue.parse(Array(member.utf8).span)
        }
        for token in [TestTokens.v5(payload), TestTokens.v2([:], userData: payload)] {
            for name in ["authorization", "cookie"] {
                var authenticator = TestTokens.authenticator(options)
                let value = name == "cookie" ? "sAccessToken=\(token)" : "Bearer \(token)"
                for _ in 0..<2 {
                    let session = try #require(authenticator.ask([(name, value)]).session)
                    #expect(session.claimFailures.contains(0) == (item.reason != nil))
                    let errors =
                        item.reason.map { #"{"id":"the \"id\"","reason":\#($0)}"# } ?? ""
                    let body = authenticator.invalidClaims(
                        0,
                        of: session,
                        wallMilliseconds: TestTokens.now
                    )
                    #expect(
                        String(decoding: body, as: UTF8.self)
                            == #"{"message":"invalid claim","claimValidationErrors":[\#(errors)]}"#
                    )
                }
                #expect(authenticator.signatureChecks == 1)
            }
        }
    }

    /// Lists end one after the other, without another look at the token.
    @Test func aRememberedVerdictEndsWithItsClaims() throws {
        var claims = ClaimLists()
        for age in [2, 1] as [Int64] {
            let rule = ClaimRule(claim: Array("c".utf8), test: nil, maximumAge: .seconds(age))
            #expect(claims.number(of: [rule]) != nil)
        }
        #expect(claims.number(of: [ClaimRule(claim: Array("c".utf8), test: Self.isTrue)]) == 3)
        var options = TestTokens.options
        options.claims = claims
        let set: JSONObject = ["v": .bool(true), "t": .integer(TestTokens.now)]
        let token = TestTokens.v5(["c": .object(set)])
        var authenticator = TestTokens.authenticator(options)
        for (after, failing) in [
            (0, []), (1000, []), (1001, [2]), (2000, [2]), (2001, [1, 2]), (1500, [2]),
        ] as [(Int64, [Int])] {
            let outcome = authenticator.bearer(token, at: TestTokens.now + after)
            let session = try #require(outcome.session)
            #expect((0..<4).filter { session.claimFailures.contains($0) } == failing)
            #expect(session.claimFailures.contains(4) && session.claimFailures.contains(-1))
            authenticator.release(session)
        }
        #expect(authenticator.signatureChecks == 1)
    }

    @Test func payloadsOfTheErasAreApart() throws {
        var options = TestTokens.options
        options.jwtRequired = false
        let user = ClaimRule(claim: Array("userId".utf8), test: .equals(Self.text("user-2")))
        let tenant = ClaimRule(claim: Array("tId".utf8), test: .equals(Self.text("public")))
        options.claims = ClaimLists([user])
        #expect(options.claims.number(of: [tenant]) == 1)
        var authenticator = TestTokens.authenticator(options)
        let old = try #require(authenticator.bearer(TestTokens.v2()).session)
        #expect(old.claimFailures.contains(0) && old.claimFailures.contains(1))
        let new = try #require(authenticator.bearer(TestTokens.v5()).session)
        #expect(new.claimFailures.contains(0) && !new.claimFailures.contains(1))
    }

    @Test func listsAreBounded() throws {
        func rules(_ number: Int) -> [ClaimRule] {
            [ClaimRule(claim: Array("c\(number)".utf8), test: Self.isTrue)]
        }
        var claims = ClaimLists()
        #expect(claims.number(of: []) == 0)
        for number in 1..<ClaimLists.maximumLists {
            #expect(claims.number(of: rules(number)) == number)
        }
        #expect(claims.number(of: rules(ClaimLists.maximumLists)) == nil)
        #expect(claims.number(of: rules(7)) == 7)
        var options = TestTokens.options
        options.claims = claims
        var authenticator = TestTokens.authenticator(options)
        let token = TestTokens.v5(["c31": .bool(true)])
        let session = try #require(authenticator.bearer(token).session)
        let met = (0..<33).filter { !session.claimFailures.contains($0) }
        #expect(met == [0, 31])
    }

    /// Rules that differ only in how a letter is composed are two.
    @Test func textsAreComparedByBytes() {
        let composed = ClaimRule(claim: Array("é".utf8), test: nil)
        let other = ClaimRule(claim: Array("e\u{301}".utf8), test: nil)
        #expect(composed != other)
        #expect(ClaimRule.Test.equals(Self.text("é")) != .equals(Self.text("e\u{301}")))
    }

    @Test func answersAreBounded() throws {
        let long = String(repeating: "x", count: 5000)
        let expected = Self.text(String(repeating: "y", count: 4000))
        var options = TestTokens.options
        options.claims = ClaimLists(
            (0..<5).map { number in
                var rule = ClaimRule(claim: Array("c".utf8), test: Self.isTrue)
                if number == 4 { rule.test = .equals(expected) }
                rule.id = Array("\(number)".utf8)
                return rule
            }
        )
        let errors = try errors(options, TestTokens.v5(["c": .string(long)]))
        #expect(errors.map { $0["id"]?.string } == ["0", "1", "2", "3"])
        let shown = errors.map { $0["reason"]?["actualValue"] != nil }
        #expect(shown == [true, true, true, false])
        #expect(errors[3]["reason"]?["expectedValue"] == .bool(true))
    }

    private func errors(_ options: SessionOptions, _ token: String) throws -> [JSONValue] {
        var authenticator = TestTokens.authenticator(options)
        let lines = [("authorization", "Bearer \(token)")]
        let session = try #require(authenticator.ask(lines).session)
        let body = authenticator.invalidClaims(
            0,
            of: session,
            wallMilliseconds: TestTokens.now
        )
        #expect(body.count <= Authenticator.maximumClaimAnswerBytes)
        return try JSONValue.parse(body.span)["claimValidationErrors"]?.array ?? []
    }
}
