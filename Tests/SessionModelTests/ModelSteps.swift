import HTTPCore
import Policy
import Sessions

/// How a request ended.
enum ModelVerdict: Equatable, CustomStringConvertible {
    /// With this token's JWT, and whether a new token is delivered.
    case passed(token: Int, delivers: Bool)
    case denied(Reason, Denial.Answer, clears: Bool)

    var description: String {
        switch self {
        case .passed(let token, let delivers): "passed(\(token), delivers: \(delivers))"
        case .denied(let reason, let answer, let clears):
            "denied(\(reason), \(answer), clears: \(clears))"
        }
    }
}

/// What became of a request in one event.
enum ModelStep {
    case awaitsKeys, awaitsOwner, awaitsDatabase
    case verdict(ModelVerdict)
}

/// What threads tell each other.
enum ModelMail: CustomStringConvertible {
    case keys(KeySet, number: Int)
    case keysAnswered(KeyQuestion, failed: Bool)
    case generation(ModelOptions)
    case childWanted(ChildToken, by: Int)
    case childAnswered([UInt8], CoreAnswer)
    case dropped(RevocationNews, session: Int)

    var description: String {
        switch self {
        case .keys(_, let number): "keys \(number)"
        case .keysAnswered(let question, let failed): "an answer to \(question): \(!failed)"
        case .generation(let options): "\(options)"
        case .childWanted(_, let worker): "that worker \(worker) asks about a child token"
        case .childAnswered: "what the core said of a child token"
        case .dropped(_, let session): "that session \(session) ended"
        }
    }
}

/// Where a worker's doings go.
struct WorkerOutput {
    var mail: [(to: Int, ModelMail)] = []
    /// To control, which tells every worker.
    var dropped: [(RevokedSession, session: Int)] = []
    var keysWanted: [KeyQuestion] = []
    var coreRequests: [(KeyFetcher.CoreRequest, isDatabase: Bool)] = []
    var steps: [(ModelRequest, ModelStep)] = []
    /// Whether what was asked of the core before is asked anew.
    var coreIsNew = false
    /// Questions that the core's client answered.
    var answers: [(child: ChildToken?, CoreAnswer)] = []
}
