import Connections
import Control
import EventLoop
import JOSE

/// The demo's service: it understands JWTs and nothing of SuperTokens. It fetches the key set by
/// HTTP, verifies the bearer token of each request, and answers with what it received.
struct DemoService {
    private var keys: [JSONWebKey] = []
    /// Requests whose key is not known yet.
    private var waiting: [(ServiceTicket, ServiceRequest)] = []
    private var isFetching = false
    private var wantsFetch = true
    private var nextFetch = Instant(nanoseconds: 0)

    /// Tokens with made-up key IDs have the keys fetched this often at most.
    private static let fetchInterval = Duration.seconds(1)
    private static let waitingMaximum = 64

    /// - Returns: nil when the answer has to wait for keys.
    mutating func respond(
        _ request: ServiceRequest,
        _ ticket: ServiceTicket,
        now: Instant,
        wallMilliseconds: Int64
    ) -> ServiceResponse? {
        do throws(DemoToken.Failure) {
            let token = try verify(request, wallMilliseconds)
            return DemoReport.accepted(request, token)
        } catch {
            let mayFetch = isFetching || now >= nextFetch
            guard error == .unknownKey, mayFetch, waiting.count < Self.waitingMaximum else {
                return DemoReport.refused(request, error)
            }
            waiting.append((ticket, request))
            wantsFetch = !isFetching
            return nil
        }
    }

    /// The answer to a request that waited, with the keys there are now.
    func conclude(_ request: ServiceRequest, wallMilliseconds: Int64) -> ServiceResponse {
        do throws(DemoToken.Failure) {
            return DemoReport.accepted(request, try verify(request, wallMilliseconds))
        } catch {
            return DemoReport.refused(request, error)
        }
    }

    /// Whether the key set is to be fetched now; `endFetch` must follow.
    mutating func beginFetch(now: Instant) -> Bool {
        guard wantsFetch, !isFetching else { return false }
        wantsFetch = false
        isFetching = true
        nextFetch = now + Self.fetchInterval
        return true
    }

    /// Takes a fetched key set; without one the old keys stay.
    ///
    /// - Returns: what waited for it.
    mutating func endFetch(_ outcome: CallOutcome) -> [(ServiceTicket, ServiceRequest)] {
        isFetching = false
        if let answer = outcome.answer, answer.status == 200,
            let set = try? JSONWebKey.set(from: answer.content.span)
        {
            keys = set
        }
        defer { waiting = [] }
        return waiting
    }

    private func verify(
        _ request: ServiceRequest,
        _ wallMilliseconds: Int64
    ) throws(DemoToken.Failure) -> DemoToken {
        try DemoToken(
            authorization: request.fields.filter { $0.name == "authorization" }.map(\.value),
            keys: keys,
            nowSeconds: wallMilliseconds / 1000
        )
    }
}
