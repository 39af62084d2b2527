import ArgumentParser
import Configuration
import Control
import EventLoop
import Foundation
import JSON
import Proxy

/// `sallyport sessions`: users' sessions and their JWTs without a request.
struct SessionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "List, show and end sessions, and print the JWTs of a user without a request.",
        discussion: """
            Asks the admin listener of the configuration, which needs `admin.token_file`; where \
            none answers, the core, and then no gateway is told. Ends with 0 when all was done, \
            else with 1.
            """,
        subcommands: [List.self, Show.self, JWT.self, Revoke.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The sessions of a user.")
        @Option(name: .customLong("user"), help: "The user's ID.") var user: String
        @OptionGroup var common: SessionsOptions

        func run() throws { try common.run(.list(user: user)) }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "One session.")
        @Argument(help: "The session handle.") var handle: String
        @OptionGroup var common: SessionsOptions

        func run() throws { try common.run(.show(handle: handle)) }
    }

    struct JWT: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "jwt",
            abstract: "The JWT of each session of a user, as the core keeps it."
        )
        @Option(name: .customLong("user"), help: "The user's ID.") var user: String
        @OptionGroup var common: SessionsOptions

        func run() throws { try common.run(.jwts(user: user)) }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End sessions, at the core and at every worker of the gateway."
        )
        @Argument(help: "Session handles.") var handles: [String] = []
        @Option(name: .customLong("user"), help: "All sessions of this user.") var user: String?
        @OptionGroup var common: SessionsOptions

        func validate() throws {
            guard handles.isEmpty == (user != nil) else {
                throw ValidationError("write either handles or --user")
            }
        }

        func run() throws {
            let all = user.map { SessionsErrand.revokeAll(user: $0) }
            try common.run(all ?? .revoke(handles: handles))
        }
    }
}

/// What the commands have in common.
struct SessionsOptions: ParsableArguments {
    @OptionGroup var config: ConfigurationOption

    @Flag(help: "Print the whole answer as JSON.")
    var json = false

    func run(_ errand: SessionsErrand) throws {
        let result = ConfigurationFile.load(
            path: config.path,
            environment: ProcessInfo.processInfo.environment,
            descriptorLimit: DescriptorLimit.raise().hard
        )
        guard case .success(let loaded) = result else {
            if case .failure(let failure) = result { failure.all.forEach { warn("\($0)") } }
            throw ExitCode.failure
        }
        var console = try SessionsConsole(
            LoadedConfiguration(
                options: loaded.options,
                certificates: [],
                clientTLS: try ClientTLSMaterials.load(loaded.options),
                warnings: []
            )
        )
        let outcome = console.run(errand)
        if let warning = outcome.warning { warn(warning) }
        let answer = try? JSONValue.parse(outcome.content.span)
        if json || answer == nil {
            let text = String(decoding: outcome.content, as: UTF8.self)
            print(PrintableText.escaped(text.trimmingCharacters(in: .newlines)))
        } else if let answer {
            Self.lines(answer).forEach { print(PrintableText.escaped($0)) }
            if let detail = answer["detail"]?.string { warn(PrintableText.escaped(detail)) }
        }
        if !outcome.succeeded { throw ExitCode.failure }
    }

    private func warn(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    /// One line for each session.
    private static func lines(_ answer: JSONValue) -> [String] {
        if let status = answer["status"]?.string, status != "OK" { return [status] }
        var lines: [String] = []
        let sessions = answer["sessions"]?.array ?? answer["session"].map { [$0] } ?? []
        for session in sessions {
            let handle = session["handle"]?.string ?? ""
            let user = session["userId"]?.string ?? ""
            let ends = date(session["expiry"]?.int64)
            let payload = session["payload"]?.serialized() ?? []
            let text = String(decoding: payload, as: UTF8.self)
            lines.append("\(handle)  \(user)  until \(ends)  \(text)")
        }
        for jwt in answer["jwts"]?.array ?? [] {
            let handle = jwt["handle"]?.string ?? ""
            let token = jwt["jwt"]?.string ?? jwt["detail"]?.string ?? ""
            lines.append("\(handle)  \(token)\(jwt["expired"]?.bool == true ? "  expired" : "")")
        }
        lines += (answer["sessionHandlesRevoked"]?.array ?? []).compactMap { $0.string }
            .map { "revoked \($0)" }
        return lines
    }

    private static func date(_ milliseconds: Int64?) -> String {
        guard let milliseconds else { return "?" }
        return Date(timeIntervalSince1970: Double(milliseconds) / 1000).ISO8601Format()
    }
}
