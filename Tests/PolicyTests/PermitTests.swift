import HTTPCore
import Policy
import Sessions
import Testing

/// Who may pass.
@Suite struct PermitTests {
    private static let forward = RouteAction.forward(upstream: 0)
    private static let respond = RouteAction.respondJWT(exposesAccessToken: false)
    private static let expose = RouteAction.respondJWT(exposesAccessToken: true)

    private static func session(
        cookie: Bool = true,
        format: TokenFormat = .v5,
        isToken: Bool = true,
        claimFailures: ClaimFailures = .none
    ) -> SessionReference {
        SessionReference(
            slot: 1,
            generation: 2,
            isCookieBorne: cookie,
            format: format,
            jwtIsAccessToken: isToken,
            claimFailures: claimFailures
        )
    }

    private enum Outcome: Equatable {
        case permit(SessionReference?, Permit.Credentials)
        case denial(Denial)
    }

    private func outcome(
        _ rule: SessionRule,
        _ action: RouteAction,
        _ found: Authentication?,
        claimList: Int = 31,
        admitsCookie: Bool = true,
        admitsOrigin: Bool = true
    ) -> Outcome {
        do {
            let permit = try authorize(
                rule: rule,
                action: action,
                route: 7,
                authentication: found,
                claimList: claimList,
                admitsCookie: admitsCookie,
                admitsOrigin: admitsOrigin
            )
            let (route, session, credentials) = (permit.route, permit.session, permit.credentials)
            #expect(route == 7)
            return .permit(session, credentials)
        } catch {
            return .denial(error)
        }
    }

    @Test func routesWithoutASessionNeverLookAtOne() {
        let refusal = SessionRefusal(reason: .expired, answer: .tryRefreshToken)
        for found in [
            nil, Authentication.noToken, .session(PermitTests.session()), .refused(refusal),
        ] {
            #expect(outcome(.public, PermitTests.forward, found) == .permit(nil, .none))
            #expect(outcome(.passthrough, PermitTests.forward, found) == .permit(nil, .untouched))
        }
    }

    /// Whatever carries the session, and on `optional` without one: after the session, so that a
    /// foreign page learns nothing of it.
    @Test(arguments: [SessionRule.required, .optional])
    func aWebSocketOfAForeignPageDoesNotPass(_ rule: SessionRule) {
        let forward = PermitTests.forward
        let denial = Denial(reason: .originNotAllowed, answer: .originNotAllowed)
        for session in [PermitTests.session(), PermitTests.session(cookie: false)] {
            let found = outcome(rule, forward, .session(session), admitsOrigin: false)
            #expect(found == .denial(denial))
        }
        let without = outcome(rule, forward, .noToken, admitsOrigin: false)
        let unauthorised = Denial(reason: .noSession, answer: .unauthorised)
        #expect(without == .denial(rule == .optional ? denial : unauthorised))
        let refusal = SessionRefusal(reason: .expired, answer: .tryRefreshToken)
        let expired = Denial(reason: .expired, answer: .tryRefreshToken)
        #expect(outcome(rule, forward, .refused(refusal), admitsOrigin: false) == .denial(expired))
    }

    /// There the origin is the service's own matter.
    @Test func aWebSocketWhereNoSessionIsLookedAtPasses() {
        let forward = PermitTests.forward
        #expect(outcome(.public, forward, nil, admitsOrigin: false) == .permit(nil, .none))
        #expect(
            outcome(.passthrough, forward, nil, admitsOrigin: false) == .permit(nil, .untouched)
        )
    }

    @Test(arguments: [SessionRule.required, .optional])
    func aCookieOfAForeignPageDoesNotPassAndABearerDoes(_ rule: SessionRule) {
        let denial = Denial(reason: .antiCSRF, answer: .tryRefreshToken)
        let cookie = PermitTests.session()
        let bearer = PermitTests.session(cookie: false)
        #expect(
            outcome(rule, PermitTests.forward, .session(cookie), admitsCookie: false)
                == .denial(denial)
        )
        #expect(
            outcome(rule, PermitTests.forward, .session(bearer), admitsCookie: false)
                == .permit(bearer, .injected)
        )
    }

    @Test(arguments: [SessionRule.required, .optional])
    func claimsThatAreNotMetDeny(_ rule: SessionRule) {
        let denial = Outcome.denial(Denial(reason: .invalidClaim, answer: .invalidClaim))
        let unmet = Authentication.session(
            PermitTests.session(cookie: false, claimFailures: .all)
        )
        for action in [PermitTests.forward, PermitTests.respond, PermitTests.expose] {
            #expect(outcome(rule, action, unmet, claimList: 0) == denial)
            #expect(outcome(rule, action, unmet, claimList: 31) == denial)
        }
        // A list that there is not is never met.
        let met = Authentication.session(PermitTests.session())
        for list in [-1, 32, Int.max, .min] {
            #expect(outcome(rule, PermitTests.forward, met, claimList: list) == denial)
        }
        let foreign = PermitTests.session(claimFailures: .all)
        #expect(
            outcome(rule, PermitTests.forward, .session(foreign), admitsCookie: false)
                == .denial(Denial(reason: .antiCSRF, answer: .tryRefreshToken))
        )
    }

    @Test func claimsMatterOnlyWhereThereIsASession() {
        #expect(outcome(.optional, PermitTests.forward, .noToken) == .permit(nil, .none))
        let unmet = Authentication.session(PermitTests.session(claimFailures: .all))
        #expect(outcome(.public, PermitTests.forward, unmet) == .permit(nil, .none))
        #expect(outcome(.passthrough, PermitTests.forward, unmet) == .permit(nil, .untouched))
    }

    @Test(arguments: [SessionRule.required, .optional])
    func aSessionPasses(_ rule: SessionRule) {
        let session = PermitTests.session()
        #expect(
            outcome(rule, PermitTests.forward, .session(session)) == .permit(session, .injected)
        )
    }

    @Test func noTokenPassesOnlyWhereTheSessionIsOptional() {
        let denial = Outcome.denial(Denial(reason: .noSession, answer: .unauthorised))
        #expect(outcome(.required, PermitTests.forward, .noToken) == denial)
        #expect(outcome(.optional, PermitTests.forward, .noToken) == .permit(nil, .none))
        #expect(outcome(.optional, PermitTests.respond, .noToken) == denial)
    }

    /// CVE-2021-21378: an unacceptable token on an optional route is refused, never anonymous.
    @Test(arguments: [SessionRule.required, .optional])
    func aRefusedTokenNeverPasses(_ rule: SessionRule) {
        let pairs: [(SessionRefusal.Answer, Denial.Answer)] = [
            (.unauthorised, .unauthorised), (.tryRefreshToken, .tryRefreshToken),
            (.jwtMissing, .jwtMissing), (.unavailable, .unavailable),
        ]
        for (answer, expected) in pairs {
            for isLong in [false, true] {
                let refusal = SessionRefusal(
                    reason: .badSignature,
                    answer: answer,
                    isTooLong: isLong
                )
                let denial = Denial(reason: .badSignature, answer: expected, isTooLong: isLong)
                #expect(outcome(rule, PermitTests.forward, .refused(refusal)) == .denial(denial))
            }
        }
    }

    @Test(arguments: [SessionRule.required, .optional])
    func whatIsNoAnswerYetDenies(_ rule: SessionRule) {
        for found in [nil, Authentication.keysNeeded(.unknownKeyID), .budgetSpent] {
            guard case .denial = outcome(rule, PermitTests.forward, found) else {
                Issue.record("passed")
                continue
            }
        }
    }

    @Test func aCookiesAccessTokenIsNotGivenToScripts() {
        let denial = Outcome.denial(Denial(reason: .tokenNotExposed, answer: .tokenNotExposed))
        for format in [TokenFormat.v3, .v4, .v5] {
            let session = PermitTests.session(format: format)
            #expect(outcome(.required, PermitTests.respond, .session(session)) == denial)
            #expect(
                outcome(.required, PermitTests.expose, .session(session))
                    == .permit(session, .injected)
            )
        }
        for session in [
            PermitTests.session(cookie: false), PermitTests.session(format: .v2, isToken: false),
            PermitTests.session(isToken: false),
        ] {
            #expect(
                outcome(.required, PermitTests.respond, .session(session))
                    == .permit(session, .injected)
            )
        }
    }
}
