import JSON
import Testing

@Suite("JSON numbers")
struct JSONNumberTests {
    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("0.0", 0), ("0e99999999999999999999", 0), ("5", 5), ("5.0", 5),
            ("5e0", 5), ("5E+0", 5), ("50e-1", 5), ("0.5e1", 5), ("-1.20e1", -12), ("1e3", 1000),
            ("1.683203564365E12", 1_683_203_564_365), ("1700000100000", 1_700_000_100_000),
            ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775807.00", .max), ("922337203685477580.7e1", .max),
            ("1000000000000000000000e-3", 1_000_000_000_000_000_000),
        ] as [(String, Int64)]
    )
    func `integers however they are written`(_ text: String, _ expected: Int64) throws {
        #expect(try parse(text).int64 == expected)
    }

    @Test(
        arguments: [
            "0.5", "1.5", "1e-1", "-1.0001", "9223372036854775808", "-9223372036854775809",
            "1e19", "1e400", "-1e400", "1e99999999999999999999", "1e-99999999999999999999",
            "10000000000000000000000000", "0.1e0",
        ]
    )
    func `what is no Int64 is never rounded to one`(_ text: String) throws {
        #expect(try parse(text).int64 == nil)
    }

    @Test func `doubles`() throws {
        #expect(try parse("1.5").double == 1.5)
        #expect(try parse("-2.5e-3").double == -0.0025)
        #expect(try parse("4102444800").double == 4_102_444_800)
        #expect(try parse("1e-400").double == 0)
        #expect(try parse("1e400").double == nil)
        #expect(try parse("1e99999999999").double == nil)
        #expect(try parse("\"1\"").double == nil)
    }

    @Test func `numbers are equal by value`() throws {
        #expect(try parse("1.0") == parse("1"))
        #expect(try parse("15e-1") == parse("1.5"))
        #expect(try parse("9007199254740993") != parse("9007199254740992"))
        #expect(try parse("1") != parse("1.0000001"))
        #expect(try parse("1e400") == parse("1e400"))
        #expect(try parse("1e400") != parse("1e401"))
    }

    @Test func `numbers made here`() {
        #expect(JSONNumber(Int64.min).text == "-9223372036854775808")
        #expect(JSONNumber(1.5)?.text == "1.5")
        #expect(JSONNumber(Double.infinity) == nil)
        #expect(JSONNumber(Double.nan) == nil)
        #expect(JSONValue.integer(7).int64 == 7)
    }
}
