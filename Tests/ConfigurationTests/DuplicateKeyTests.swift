import Testing

/// Equal keys are found in every layout, and the rest of the file is still read.
@Suite struct DuplicateKeyTests {
    @Test(arguments: [
        ("log:\n  level: info\n  level: debug\n", "11:3"),
        ("log:\n  level: info\n\n  # level: x\n  'level': debug\n", "13:3"),
        ("log: {level: info, level: debug}\n", "9:20"),
        ("log: {level: info,\n  access: {output: off, format: json},\n  level: debug}\n", "11:3"),
        ("log:\r\n  level: info\r\n  level: debug\r\n", "11:3"),
        ("log: {level: info}\nlog: {level: info}\n", "10:1"),
        ("log: {level: info}\nserver: {workers: 1}\n\"log\": {level: info}\n", "11:1"),
    ])
    func areFound(_ text: String, _ place: String) {
        let found = problems(in: smallest + text + "serv: 1\n")
        #expect(found.contains { $0.hasPrefix("\(place): error: duplicate key `") })
        #expect(found.contains { $0.contains("unknown key `serv`") })
        #expect(found.count == 2)
    }

    @Test func everyOneOfThem() {
        let text =
            smallest + "log:\n  level: info\n" + String(repeating: "  level: info\n", count: 9)
        #expect(problems(in: text).count == 9)
    }

    @Test func tooManyEndInFiniteTime() {
        let text = smallest + "log:\n" + String(repeating: "  level: info\n", count: 300)
        #expect(problems(in: text).count >= 50)
    }

    @Test func sameNamesInDifferentMappingsAreNone() {
        let text = """
            listeners: [{address: "127.0.0.1:1"}, {address: "127.0.0.1:2"}]
            upstreams:
              a: {targets: [http://a], max_connections: 1}
              b: {targets: [http://b], max_connections: 1}
            routes:
              - {path_prefix: /a, upstream: a}
              - {path_prefix: /b, upstream: b}
            """
        #expect(problems(in: text).isEmpty)
    }
}
