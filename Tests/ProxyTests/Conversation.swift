import HTTP1
import HTTPCore
import TestSupport

@testable import Proxy

/// What a client and the upstream behind a worker saw of one connection's requests.
struct Conversation: Equatable, CustomStringConvertible {
    /// Whole requests that reached the upstream, in their order.
    var requests: [String] = []
    /// What the client received, message by message; `cut` alone where the connection broke.
    var answers: [String] = []
    /// What the worker forgot to give back.
    var leftovers: [String] = []
    /// Whether the worker found work to do though nothing came.
    var isRestless = false

    var isClean: Bool { leftovers.isEmpty && !isRestless }

    var description: String { "\(requests) -> \(answers) \(leftovers) \(isRestless)" }
}

/// Plays clients one after another, and an upstream that answers every whole request with the same
/// bytes; connections to the upstream are kept as the worker keeps them.
final class Conversations {
    private let rig: WorkerRig
    private let answer: [UInt8]
    /// Whether the upstream closes after its answer.
    private let closes: Bool
    private var upstreams: [TestPeer] = []

    init(_ rig: WorkerRig, answer: String = ok("hello"), closes: Bool = false) {
        self.rig = rig
        self.answer = Array(answer.utf8)
        self.closes = closes
    }

    /// A client that sends its bytes cut at these places, then closes its sending.
    func converse(
        _ bytes: [UInt8],
        cuts: [Int] = [],
        answerCuts: [Int] = []
    ) throws -> Conversation {
        var seen = Conversation()
        let client = try rig.connect()
        for part in parts(of: bytes, cutAt: cuts) {
            try client.send(part)
            try turn(&seen, answerCuts)
        }
        client.shutdownWriting()
        var turns = 0
        while !client.isOver, turns < 200 {
            try turn(&seen, answerCuts)
            client.poll()
            turns += 1
        }
        while let message = client.takeMessage() { seen.answers.append(plain(message)) }
        if !client.received.isEmpty { seen.answers.append(plain(client.takeText())) }
        if client.hasFailed { seen.answers = ["cut"] }
        if !client.isOver { seen.answers.append("still open") }
        try turn(&seen, answerCuts)
        seen.leftovers = rig.leftovers
        return seen
    }

    /// Lets the worker go on, and answers what has reached the upstream.
    private func turn(_ seen: inout Conversation, _ answerCuts: [Int]) throws {
        try step(&seen)
        while let peer = try rig.upstream.acceptNow() { upstreams.append(peer) }
        for peer in upstreams {
            peer.poll()
            while let message = peer.takeMessage() {
                seen.requests.append(plain(message))
                for part in parts(of: answer, cutAt: answerCuts) {
                    try peer.send(part)
                    try step(&seen)
                }
                if closes { peer.shutdownWriting() }
                try step(&seen)
                peer.poll()
            }
        }
        upstreams.removeAll { $0.isOver }
    }

    /// A turn that reads what has come, one that sends what came of it, and as many more as the
    /// worker has something to do in: soon nothing, until something else comes.
    private func step(_ seen: inout Conversation) throws {
        var turns = 0
        try rig.run(until: "turns") {
            turns += 1
            return turns > 2 && (rig.worker.isResting || turns > 50)
        }
        if !rig.worker.isResting { seen.isRestless = true }
    }
}

extension Worker {
    /// Whether it would sleep until an event or a timer.
    fileprivate var isResting: Bool {
        clientQueue.isEmpty && upstreamQueue.isEmpty && exchangeQueue.isEmpty
            && dirtyClients.isEmpty && dirtyUpstreams.isEmpty
    }
}

/// A message without what differs each time, chunks joined however they were cut.
private func plain(_ message: String) -> String {
    let halves = message.split(
        separator: "\r\n\r\n",
        maxSplits: 1,
        omittingEmptySubsequences: false
    )
    let lines = halves[0].split(separator: "\r\n")
        .filter { !$0.hasPrefix("x-request-id: ") && !$0.hasPrefix("Date: ") }
    let head = lines.joined(separator: "\n")
    guard halves.count > 1 else { return head }
    let isChunked = lines.contains { $0.lowercased() == "transfer-encoding: chunked" }
    guard isChunked else { return "\(head)\n\n\(halves[1])" }
    let read = ReadChunks(String(halves[1]))
    return "\(head)\n\n\(read)"
}
