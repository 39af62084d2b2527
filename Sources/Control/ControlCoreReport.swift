import EventLoop
import Observability
import Proxy
import Sessions

/// What the log last said of one core.
struct CoreReport {
    var cause: String
    var at: Instant
}

/// Which core gives no keys, and why.
extension ControlLoop {
    /// How often the same cause is said again.
    private static let reportInterval = Duration.seconds(60)

    /// Says once that a core fails, again when the cause changes or a minute has passed, and when
    /// it is over.
    ///
    /// - Parameters:
    ///   - location: the core's place among `core.urls`; nil = a configuration that is gone.
    ///   - cause: why it gave no keys; nil = it answered.
    mutating func report(_ location: Int?, _ cause: String?) {
        guard let location, coreReports.indices.contains(location) else { return }
        let last = coreReports[location]
        guard let cause else {
            guard last != nil else { return }
            coreReports[location] = nil
            surroundings.log(.info, "a core answers again", [("core", name(ofCore: location))])
            return
        }
        if let last, last.cause == cause, loop.now - last.at < Self.reportInterval { return }
        coreReports[location] = CoreReport(cause: cause, at: loop.now)
        surroundings.log(
            .warning,
            "no keys from a core",
            [("core", name(ofCore: location)), ("cause", cause)]
        )
    }

    /// A core that answers 404 to every question is most likely another server.
    func warnWithoutKeys(_ set: KeySet) {
        guard set.webKeys.isEmpty, set.legacyKeys.isEmpty, set.webKnowledge != .unknown else {
            return
        }
        surroundings.log(
            .warning,
            "no core offers session keys (404): is `sessions.core.urls` right?",
            configuration.options.sessions.core.locations.indices.map {
                ("core", name(ofCore: $0))
            }
        )
    }

    private func name(ofCore index: Int) -> String {
        configuration.options.sessions.core.locations[index].url
    }
}
