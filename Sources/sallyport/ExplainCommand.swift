import ArgumentParser
import Control
import EventLoop
import Foundation
import JSON
import Policy
import Proxy
import Sessions
import TLS

/// `sallyport explain`: what the gateway would do with one request, and why.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show what the gateway would do with a request, and why.",
        discussion: """
            A dry run of one request through the gateway itself: nothing is sent to an upstream, \
            and the core is asked only with --ask-core. Tokens, values of cookies and of queries \
            are masked. Ends with 0 when the request would be forwarded or answered as asked, \
            with 1 when it would be refused.
            """
    )

    @OptionGroup var config: ConfigurationOption

    @Option(name: [.customShort("X"), .customLong("request")], help: "The method.")
    var method = "GET"

    @Option(
        name: [.customShort("H"), .customLong("header")],
        parsing: .singleValue,
        help: ArgumentHelp("A field, as 'Name: value'; may be given again.", valueName: "field")
    )
    var fields: [String] = []

    @Option(
        name: [.customShort("b"), .customLong("cookie")],
        help: ArgumentHelp("The Cookie field, as 'name=value; name=value'.", valueName: "cookies")
    )
    var cookies: String?

    @Flag(help: "Ask the core for its keys, and what else the request needs.")
    var askCore = false

    @Flag(help: "Print one object instead.")
    var json = false

    @Argument(help: "The URL, with https:// or http://.")
    var url: String

    func run() throws {
        let request = try ExplainRequest(
            method: method,
            url: url,
            fields: fields,
            cookies: cookies
        )
        OpenSSLMemory.install()
        Signals.block([SIGTERM, SIGINT, SIGHUP])
        let loaded: LoadedConfiguration
        switch ServeCommand.load(config.path) {
        case .success(let success): loaded = success
        case .failure(let failure): throw Self.failure(failure.lines)
        }
        let explanation = try explain(request, loaded)
        if json {
            let text = String(decoding: explanation.json.serialized(), as: UTF8.self)
            print(PrintableText.escaped(text))
        } else {
            explanation.text.split(separator: "\n", omittingEmptySubsequences: false)
                .forEach { print(PrintableText.escaped(String($0))) }
        }
        if explanation.verdict == .refused || explanation.status == 0 { throw ExitCode.failure }
    }

    private func explain(
        _ request: ExplainRequest,
        _ loaded: LoadedConfiguration
    ) throws -> Explanation {
        let wall = Int64(Date().timeIntervalSince1970 * 1000)
        let kept = KeptKeys.read(loaded.options.sessions, wallMilliseconds: wall)
        var keys: KeySet?
        if case .keys(let found) = kept { keys = found }
        let folder = try Self.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let rehearsal = Rehearsal(
            loaded,
            listener: request.listener(among: loaded.options.listeners),
            asksCore: askCore,
            keys: keys,
            folder: folder
        )
        let outcome: Rehearsal.Outcome
        do {
            outcome = try rehearsal.run(request.bytes)
        } catch {
            throw Self.failure([error.message])
        }
        var explanation = Explanation(of: request, rehearsal, outcome, wallMilliseconds: wall)
        explanation.addNotes(loaded.options, kept, outcome, asksCore: askCore)
        return explanation
    }

    private static func makeFolder() throws -> String {
        let parent = FileManager.default.temporaryDirectory.path
        let path = "\(parent)/sallyport-explain-\(UUID().uuidString.lowercased())"
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        return path
    }

    private static func failure(_ lines: [String]) -> ExitCode {
        for line in lines { FileHandle.standardError.write(Data((line + "\n").utf8)) }
        return .failure
    }
}

extension Explanation {
    /// Where the keys are from, and what could not be told without the core.
    fileprivate mutating func addNotes(
        _ options: GatewayOptions,
        _ kept: KeptKeys,
        _ outcome: Rehearsal.Outcome,
        asksCore: Bool
    ) {
        guard let route, route.session == .required || route.session == .optional, !isPreflight
        else { return }
        let file = options.sessions.keysCacheFile
        switch kept {
        case .keys: notes.append("keys: of \(file)\(asksCore ? ", and of the core" : "")")
        case .unusable(let why): notes.append("keys: none of \(file): \(why)")
        case .none where asksCore: notes.append("keys: of the core")
        case .none where file.isEmpty:
            notes.append("keys: none, sessions.keys.cache_file is not set")
        case .none: notes.append("keys: none, \(file) is not there yet")
        }
        if asksCore {
            notes += outcome.warnings
            // The stand-in behind the gateway gives no tokens.
            if outcome.forwarded != nil, AnswerHead(outcome.answer).value(of: "front-token") != nil
            {
                notes.append("the core gave a new access token, which the client gets too")
            }
        } else if reason == "core_unreachable" {
            notes.append(contentsOf: withoutCore)
        }
    }

    private var withoutCore: [String] {
        let isOpen = steps.contains { $0.result == .open }
        var lines = [
            isOpen
                ? "the signature cannot be judged without the core: ask it with --ask-core"
                : "the core would be asked, and was not: ask it with --ask-core"
        ]
        if isOpen {
            let failed = steps.last { if case .failed = $0.result { true } else { false } }
            let next = failed.flatMap { step in
                step.name.description == "session" ? nil : "refused by the step \(step.name)"
            }
            lines.append(
                "with a good signature it would be \(next ?? "let through by these steps")"
            )
        }
        return lines
    }
}
