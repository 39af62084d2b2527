import Bytes
import Configuration
import Proxy

/// Configuration files: whatever stands in one, it gives options or errors that say where and what
/// to write instead.
enum ConfigurationMachine {
    private static let environment = ["A": "b", "EMPTY": "", "LINES": "a: b\nc: d\n"]

    static func feed(_ input: [UInt8]) throws(BrokenRule) {
        guard let text = String(validating: input, as: UTF8.self) else { return }
        let first = load(text)
        let second = load(text)
        switch (first, second) {
        case (.success(let one), .success(let other)):
            try require(one.options == other.options, "a file is read alike each time")
            try require(!one.options.listeners.isEmpty, "a gateway listens")
            try require(!one.options.routes.isEmpty, "a gateway has routes")
            try require(one.options.workers > 0, "a gateway works")
            try check(one.warnings, text, .warning)
        case (.failure(let one), .failure(let other)):
            try require(one == other, "a file is refused alike each time")
            try require(one.all.contains { $0.severity == .error }, "a refusal has a reason")
            try check(one.all, text, nil)
        default:
            throw BrokenRule(what: "a file is read alike each time")
        }
    }

    private static func load(
        _ text: String
    ) -> Result<ConfigurationFile.Loaded, ConfigurationProblems> {
        ConfigurationFile.load(
            text: text,
            file: "F",
            directory: "/nonexistent/",
            environment: environment,
            descriptorLimit: 1024
        )
    }

    private static func check(
        _ problems: [ConfigurationProblem],
        _ text: String,
        _ severity: ConfigurationProblem.Severity?
    ) throws(BrokenRule) {
        let lines =
            text.unicodeScalars.count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) }
            + 2
        var last = (0, 0)
        for problem in problems {
            let position = problem.position
            try require(position.file == "F", "a problem names its file")
            try require(position.line >= 1 && position.line <= lines, "a problem has a line")
            try require(position.column >= 1, "a problem has a column")
            try require(!problem.message.isEmpty && !problem.remedy.isEmpty, "it has a remedy")
            try require(severity == nil || problem.severity == severity, "warnings warn")
            try require(last <= (position.line, position.column), "in the order of the file")
            last = (position.line, position.column)
        }
    }
}
