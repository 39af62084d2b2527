import Foundation
import FuzzMachines
import Testing

/// What fuzzing kept: inputs that reach every branch it found, and each that once broke a rule or
/// ended the program.
@Suite struct ReplayTests {
    @Test(arguments: FuzzTarget.allCases)
    func `the corpus keeps the rules`(_ target: FuzzTarget) throws {
        let inputs = try Self.inputs(target, in: "Corpora")
        #expect(inputs.count > 20)
        Self.feed(inputs, to: target)
    }

    @Test(arguments: FuzzTarget.allCases)
    func `what once failed keeps the rules`(_ target: FuzzTarget) throws {
        Self.feed(try Self.inputs(target, in: "Failures"), to: target)
    }

    private static func feed(_ inputs: [URL], to target: FuzzTarget) {
        for input in inputs {
            do {
                try target.feed(Array(Data(contentsOf: input)))
            } catch {
                Issue.record("\(input.lastPathComponent): \(error)")
            }
        }
    }

    /// A target without failures has no folder of them.
    private static func inputs(_ target: FuzzTarget, in folder: String) throws -> [URL] {
        let package = URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let place = package.appending(path: "Fuzz/\(folder)/\(target.rawValue)")
        guard folder == "Corpora" || FileManager.default.fileExists(atPath: place.path()) else {
            return []
        }
        return try FileManager.default.contentsOfDirectory(
            at: place,
            includingPropertiesForKeys: nil
        ).sorted { $0.path() < $1.path() }
    }
}
