public import HTTPCore

// What goes in and comes out.
extension KeyFetcher {
    /// One reading of both clocks.
    public struct Time: Sendable, Equatable {
        /// The monotonic clock, in nanoseconds: for waiting.
        public var nanoseconds: UInt64
        /// Milliseconds since the epoch: for what keys say of themselves.
        public var wallMilliseconds: Int64

        /// Both clocks, read at one moment.
        public init(nanoseconds: UInt64, wallMilliseconds: Int64) {
            self.nanoseconds = nanoseconds
            self.wallMilliseconds = wallMilliseconds
        }
    }

    /// A request to a core. The driver gives it `core.timeout` and answers with `answered` or
    /// `failed`.
    public struct CoreRequest: Sendable, Equatable {
        /// Names the request in `answered` and `failed`; never used twice.
        public var id: UInt64
        /// Which of `core.locations` to ask.
        public var location: Int
        /// GET or POST.
        public var method: Method
        /// The whole target, base path included.
        public var path: String
        /// In lower case; `host` and the framing are the driver's.
        public var headers: [(name: String, value: String)]
        /// The content; empty for GET.
        public var body: [UInt8]

        /// Whether all parts are equal, the fields in their order.
        public static func == (left: CoreRequest, right: CoreRequest) -> Bool {
            left.id == right.id && left.location == right.location && left.method == right.method
                && left.path == right.path && left.body == right.body
                && left.headers.elementsEqual(right.headers) { $0 == $1 }
        }
    }

    /// What a worker that asked is told, after the set of that sequence was published.
    public struct KeysAnswer: Sendable, Equatable {
        /// What was asked.
        public var question: KeyQuestion
        /// The newest set's.
        public var sequence: UInt64
        /// Whether no core could be asked, so that an unknown key means nothing.
        public var failed: Bool

        /// An answer to `question`.
        public init(question: KeyQuestion, sequence: UInt64, failed: Bool) {
            self.question = question
            self.sequence = sequence
            self.failed = failed
        }
    }

    /// What the driver does next.
    public enum Action: Sendable, Equatable {
        case send(CoreRequest)
        /// To every worker, before any later answer.
        case publish(KeySet)
        case answer(worker: Int, KeysAnswer)
    }
}
