import Configuration
import Foundation
import Testing

/// Each file of `Fixtures/broken` ends with what must be said of it: `#: LINE:COLUMN: …` lines.
@Suite struct BrokenConfigurationTests {
    static let folder = packageFolder.appending(path: "Tests/ConfigurationTests/Fixtures/broken")

    static let names: [String] = {
        let found = try? FileManager.default.contentsOfDirectory(
            atPath: folder.path(percentEncoded: false)
        )
        return (found ?? []).filter { $0.hasSuffix(".yaml") }.sorted()
    }()

    static let environment = ["SALLYPORT_TEST_SECRET": "hunter2"]

    @Test func thereAreEnough() {
        #expect(Self.names.count >= 25)
    }

    @Test(arguments: names) func saysPlaceAndRemedy(_ name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        let expected = text.split(separator: "\n")
            .filter { $0.hasPrefix("#: ") }
            .map { String($0.dropFirst(3)) }
        let folder = try TemporaryFolder()
        try folder.makeCertificate("app", for: "app.example.com")
        try folder.makeCertificate("other", for: "other.example.com")
        try folder.write("secret\n", to: "secret.txt")
        let found = problems(
            in: text,
            directory: folder.path,
            environment: Self.environment
        )
        #expect(found == expected)
        #expect(!expected.isEmpty)
    }

    @Test(arguments: names) func tellsNoSecret(_ name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        let found = problems(in: text, environment: Self.environment)
        #expect(!found.contains { $0.contains("hunter2") })
    }
}
