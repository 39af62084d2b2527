import Bytes
import EventLoop
import HTTPCore
import Policy
import Sessions

/// Sessions whose claims are not as a route wants them.
extension Worker {
    /// Tells the client which rules are not met, and by what.
    mutating func refuseClaims(_ exchange: Handle<Exchange>, _ denial: Denial) {
        let generation = exchanges[exchange].generation
        var failure = Failure(denial, sessions: generations[generation].options.sessions)
        if let session = exchanges[exchange].session {
            let shared = generations[generation].authenticator
            let list = generations[generation].routes.claimList(exchanges[exchange].route)
            failure.body = .claims(
                authenticators[shared].authenticator.invalidClaims(
                    list,
                    of: session,
                    wallMilliseconds: loop.wallMilliseconds
                )
            )
        }
        refuse(exchange, failure)
    }
}
