import Testing

@testable import Configuration

/// `${NAME}` and `${NAME:-default}`.
@Suite struct SubstitutionTests {
    private static let environment = ["A": "one", "B_2": "two", "EMPTY": "", "NESTED": "${A}"]

    @Test(arguments: [
        ("plain", "plain"), ("${A}", "one"), ("x${A}y${B_2}z", "xoneytwoz"), ("$A {A}", "$A {A}"),
        ("${EMPTY}", ""), ("${EMPTY:-d}", "d"), ("${NONE:-d}", "d"), ("${NONE:-}", ""),
        ("${NONE:-http://h:1}", "http://h:1"), ("${A:-d}", "one"), ("${NESTED}", "${A}"),
        ("a$", "a$"), ("${NONE:-a:-b}", "a:-b"),
    ])
    func expands(_ text: String, _ expected: String) throws {
        let expanded = try Substitution.expand(text, environment: Self.environment)
        #expect(expanded == expected)
    }

    @Test(arguments: ["${NONE}", "${", "${A", "${}", "${1A}", "${A-B}", "${A:d}", "a${A}${NONE}"])
    func refuses(_ text: String) {
        #expect(throws: Substitution.Failure.self) {
            try Substitution.expand(text, environment: Self.environment)
        }
    }
}
