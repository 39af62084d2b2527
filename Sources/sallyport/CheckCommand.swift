import ArgumentParser
import Bytes
import Configuration
import EventLoop
import Foundation
import JSON

/// `sallyport check`: loads everything `serve` would, and prints everything that is wrong.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration, and the certificates, keys and secrets it names.",
        discussion: """
            Prints every error and warning as FILE:LINE:COLUMN: SEVERITY: what is wrong; what to \
            write instead. Ends with 0 when there is no error, else with 1.
            """
    )

    @OptionGroup var config: ConfigurationOption

    @Flag(help: "Print an array of objects instead, empty when nothing is wrong.")
    var json = false

    func run() throws {
        let path = config.path
        let result = ConfigurationFile.load(
            path: path,
            environment: ProcessInfo.processInfo.environment,
            descriptorLimit: DescriptorLimit.raise().hard
        )
        switch result {
        case .success(let loaded):
            show(loaded.warnings)
            if !json { print("\(path): ok") }
        case .failure(let failure):
            show(failure.all)
            throw ExitCode.failure
        }
    }

    private func show(_ problems: [ConfigurationProblem]) {
        guard json else {
            for problem in problems { print(problem) }
            return
        }
        let array = JSONValue.array(problems.map(Self.object))
        print(String(decoding: array.serialized(), as: UTF8.self))
    }

    private static func object(_ problem: ConfigurationProblem) -> JSONValue {
        .object([
            "file": .string(problem.position.file),
            "line": .integer(Int64(problem.position.line)),
            "column": .integer(Int64(problem.position.column)),
            "severity": .string(problem.severity.rawValue),
            "message": .string(problem.message),
            "remedy": .string(problem.remedy),
        ])
    }
}
