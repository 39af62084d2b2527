import Testing

@testable import Configuration

/// Durations, sizes and "did you mean".
@Suite struct QuantityTests {
    @Test(arguments: ["0s", "1ms", "250ms", "5s", "90s", "10m", "4h", "24h"])
    func durationsRoundTrip(_ text: String) throws {
        let duration = try #require(Quantities.duration(text))
        #expect(Quantities.duration(Quantities.text(duration)) == duration)
    }

    @Test(arguments: ["0", "1", "1023", "16KiB", "1MiB", "3GiB", "1536KiB"])
    func sizesRoundTrip(_ text: String) throws {
        let size = try #require(Quantities.size(text))
        #expect(Quantities.size(Quantities.text(bytes: size)) == size)
    }

    @Test func valuesAreWhatTheySay() {
        #expect(Quantities.duration("250ms") == .milliseconds(250))
        #expect(Quantities.duration("10m") == .seconds(600))
        #expect(Quantities.duration("0") == .zero)
        #expect(Quantities.size("16KiB") == 16_384)
        #expect(Quantities.size("7") == 7)
        #expect(Quantities.size("7B") == 7)
        #expect(Quantities.text(.seconds(5400)) == "90m")
        #expect(Quantities.text(bytes: 1536) == "1536")
    }

    @Test(arguments: [
        "", "s", "5", "5 s", "-5s", "+5s", "1.5s", "5S", "5d", "1h30m", "99999999999999999999s",
        "9223372036854775807h", "9223372036854775807ms", "٣s",
    ])
    func notDurations(_ text: String) {
        #expect(Quantities.duration(text) == nil)
    }

    @Test(arguments: [
        "", "KiB", "1KB", "1k", "-1", "1.5MiB", "18446744073709551616", "99999999999999GiB",
    ])
    func notSizes(_ text: String) {
        #expect(Quantities.size(text) == nil)
    }

    @Test func formsOfNumbersTooLarge() {
        #expect(Quantities.isDuration("99999999999999999999h") && Quantities.isDuration("5ms"))
        #expect(!Quantities.isDuration("5") && !Quantities.isDuration("h"))
        #expect(Quantities.isSize("99999999999999GiB") && Quantities.isSize("99999999999999999999"))
        #expect(!Quantities.isSize("1KB") && !Quantities.isSize("KiB") && !Quantities.isSize(""))
    }

    @Test func nearestNames() {
        let known = ["address", "protocols", "tls", "redirect_to_https"]
        #expect(Spelling.nearest(to: "adress", among: known) == "address")
        #expect(Spelling.nearest(to: "protcools", among: known) == "protocols")
        #expect(Spelling.nearest(to: "TLS", among: known) == "tls")
        #expect(Spelling.nearest(to: "redirect", among: known) == nil)
        #expect(Spelling.nearest(to: "", among: known) == nil)
        #expect(Spelling.distance(Array("ab".utf8), Array("ba".utf8)) == 1)
        #expect(Spelling.distance(Array("".utf8), Array("abc".utf8)) == 3)
        #expect(Spelling.distance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
    }
}
