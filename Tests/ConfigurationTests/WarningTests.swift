import Testing

/// What is worth saying of a configuration that works.
@Suite struct WarningTests {
    @Test func nothingOfTheSmallest() {
        #expect(problems(in: smallest, descriptorLimit: 1_000_000).isEmpty)
    }

    @Test func unusedUpstream() {
        let text = smallest.replacing(
            "upstreams:\n",
            with: "upstreams:\n  old: {targets: [http://a]}\n"
        )
        #expect(
            problems(in: text) == [
                "4:3: warning: no route uses the upstream `old`; "
                    + "write a route with `upstream: old`, or leave it out"
            ]
        )
    }

    @Test func descriptorsOneTooFew() {
        let text = smallest + "limits: {connections: 100}\nserver: {workers: 2}\n"
        #expect(problems(in: text, descriptorLimit: 100 + 1024 * 2).isEmpty)
        let found = problems(in: text, descriptorLimit: 100 + 1024 * 2 - 1)
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("9:1: warning: the process may open 2147 descriptors"))
    }

    @Test func lessGuardedWithoutHosts() {
        let text =
            smallest.replacing("path_prefix: /\n", with: "path_prefix: /\n    session: public\n")
            + "  - {hosts: [app.example.com], path_prefix: /, upstream: app}\n"
        let found = problems(in: text)
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.hasPrefix("7:5: warning: ") })
    }
}
