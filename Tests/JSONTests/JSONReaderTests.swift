import JSON
import Testing

/// Parses UTF-8 text.
func parse(_ text: String, limits: JSONLimits = .standard) throws(JSONFailure) -> JSONValue {
    try JSONValue.parse(Array(text.utf8).span, limits: limits)
}

/// Parses and writes again.
func rewritten(_ text: String) throws -> String {
    String(decoding: try parse(text).serialized(), as: UTF8.self)
}

private func failure(_ bytes: [UInt8], limits: JSONLimits = .standard) -> JSONFailure? {
    do {
        _ = try JSONValue.parse(bytes.span, limits: limits)
        return nil
    } catch {
        return error
    }
}

private func failure(_ text: String, limits: JSONLimits = .standard) -> JSONFailure? {
    failure(Array(text.utf8), limits: limits)
}

/// What a stranger may make expensive.
@Suite("JSON cost")
struct JSONCostTests {
    /// Characters with many combining marks are put in order before they are compared; bytes are
    /// not.
    @Test func namesAreComparedByBytes() throws {
        let marks = ["\u{301}", "\u{323}"]
        let names = (0..<16).map { name in
            "a" + (0..<20_000).map { marks[($0 >> (name & 7)) & 1] }.joined() + "\(name % 10)"
        }
        let members = names.enumerated().map { "\"\($0.element)\":\($0.offset)" }
        let bytes = Array("{\(members.joined(separator: ","))}".utf8)
        let limits = JSONLimits.standard
        let elapsed = try ContinuousClock().measure {
            let object = try JSONValue.parse(bytes.span, limits: limits).object
            #expect(object?.count == 16)
        }
        #expect(elapsed < .milliseconds(500))
    }
}

@Suite("JSON reader")
struct JSONReaderTests {
    @Test(
        arguments: [
            ("null", "null"), ("true", "true"), ("false", "false"), (" 1 ", "1"),
            ("\t[ ]\r\n", "[]"), ("{ }", "{}"), ("[1 , 2,3]", "[1,2,3]"), ("\"\"", "\"\""),
            (#"{"b":1,"a":{"d":[],"c":null}}"#, #"{"b":1,"a":{"d":[],"c":null}}"#),
            (#"[[[],[[]]],{"":{}},[{}]]"#, #"[[[],[[]]],{"":{}},[{}]]"#),
            (#""\u0041\/\"\\\b\f\n\r\t\u0000\u001F""#, #""A/\"\\\b\f\n\r\t\u0000\u001f""#),
            (#""\u00e9\u20AC\ud83d\uDE00""#, "\"é€😀\""), ("\"é€😀\u{7F}\"", "\"é€😀\u{7F}\""),
            ("[-0,0.10,1e5,-2.5E-3,1E+2]", "[-0,0.10,1e5,-2.5E-3,1E+2]"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ]
    )
    func `order, numbers and characters are kept`(_ text: String, _ expected: String) throws {
        #expect(try rewritten(text) == expected)
    }

    @Test func `members are found by their decoded names`() throws {
        let value = try parse(#"{"a":1,"\u0062":"x","c":[true],"d":{"e":null}}"#)
        #expect(value["a"]?.int64 == 1)
        #expect(value["b"]?.string == "x")
        #expect(value["c"]?.array == [.bool(true)])
        #expect(value["d"]?["e"] == .null)
        #expect(value["z"] == nil)
        #expect(value["a"]?["b"] == nil)
        #expect(value.object?.members.map(\.name) == ["a", "b", "c", "d"])
    }

    /// U+212A (Kelvin) and K are one character to Swift's `==`, and two names to everybody else.
    @Test func `names and strings are compared by bytes`() throws {
        let value = try parse("{\"\u{212A}\":1,\"K\":2}")
        #expect(value["K"]?.int64 == 2)
        #expect(JSONValue.string("\u{212A}") != .string("K"))
        #expect(try parse("\"e\u{301}\"") != parse("\"\u{E9}\""))
    }

    @Test(
        arguments: [
            ("", JSONFailure.unexpectedEnd), (" ", .unexpectedEnd), ("[", .unexpectedEnd),
            ("{\"a\":", .unexpectedEnd), ("\"a", .unexpectedEnd), ("\"\\", .unexpectedEnd),
            ("\"\\u00", .unexpectedEnd), ("tru", .unexpectedEnd), ("[1,", .unexpectedEnd),
            ("nulL", .unexpectedByte), ("True", .unexpectedByte), ("[1,]", .unexpectedByte),
            ("[,1]", .unexpectedByte), ("{,}", .unexpectedByte), ("{\"a\":1,}", .unexpectedByte),
            ("{a:1}", .unexpectedByte), ("{\"a\" 1}", .unexpectedByte), ("[1 2]", .unexpectedByte),
            ("[1}", .unexpectedByte), ("{\"a\":1]", .unexpectedByte), ("'a'", .unexpectedByte),
            ("{1:2}", .unexpectedByte), ("]", .unexpectedByte), ("/**/1", .unexpectedByte),
            ("\u{FEFF}1", .unexpectedByte), ("NaN", .unexpectedByte), ("+1", .unexpectedByte),
            (".5", .unexpectedByte), ("Infinity", .unexpectedByte), ("\u{B}1", .unexpectedByte),
            ("1 2", .trailingBytes), ("{}{}", .trailingBytes), ("1\0", .trailingBytes),
            ("nullx", .trailingBytes), ("\"\"\"", .trailingBytes), ("0x1", .trailingBytes),
            ("01", .malformedNumber), ("-", .malformedNumber), ("1.", .malformedNumber),
            ("1.e1", .malformedNumber), ("1e", .malformedNumber), ("1e+", .malformedNumber),
            ("-a", .malformedNumber), ("-01", .malformedNumber), ("00", .malformedNumber),
            ("\"\\x\"", .malformedEscape), ("\"\\u12G4\"", .malformedEscape),
            ("\"\\U0041\"", .malformedEscape), ("\"\\'\"", .malformedEscape),
            ("\"\\ud800\"", .loneSurrogate), ("\"\\udc00\"", .loneSurrogate),
            ("\"\\ud800\\n\"", .loneSurrogate), ("\"\\ud800\\ud800\"", .loneSurrogate),
            ("\"\\udc00\\ud800\"", .loneSurrogate), ("\"\\ud800\\u0041\"", .loneSurrogate),
            ("\"a\nb\"", .controlCharacter), ("\"\0\"", .controlCharacter),
            ("\"\\n\t\"", .controlCharacter), ("{\"a\":1,\"a\":1}", .duplicateMember),
            ("[{\"a\":1,\"b\":2,\"\\u0061\":3}]", .duplicateMember),
        ]
    )
    func `what is not JSON is refused`(_ text: String, _ expected: JSONFailure) {
        #expect(failure(text) == expected)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xC3], [0xE2, 0x82], [0xFF],
        ] as [[UInt8]]
    )
    func `what is not UTF-8 is refused`(_ bytes: [UInt8]) {
        let quote: [UInt8] = [0x22]
        #expect(failure(quote + bytes + quote) == .invalidUTF8)
        #expect(failure(quote + [0x5C, 0x6E] + bytes + quote) == .invalidUTF8)
        #expect(failure([0x7B, 0x22] + bytes + Array("\":1}".utf8)) == .invalidUTF8)
        #expect(failure(bytes) == .unexpectedByte)
    }

    @Test func `duplicates among many members are found`() {
        let members = (0..<200).map { "\"m\($0)\":0" }
        #expect(failure("{\(members.joined(separator: ","))}") == nil)
        #expect(failure("{\((members + ["\"m7\":0"]).joined(separator: ","))}") == .duplicateMember)
    }

    @Test func `one past every limit is refused`() {
        let limits = JSONLimits(bytes: 60, depth: 3, values: 5, numberBytes: 4)
        let inside = ["[[[]]]", "{\"a\":[{}]}", "[1,2,3,4]", "1234", "-1.5", "[1,[2,3]]"]
        for text in inside { #expect(failure(text, limits: limits) == nil) }
        #expect(failure("[[[[]]]]", limits: limits) == .tooDeep)
        #expect(failure("[[{\"a\":{}}]]", limits: limits) == .tooDeep)
        #expect(failure("[1,2,3,4,5]", limits: limits) == .tooManyValues)
        #expect(failure("12345", limits: limits) == .numberTooLong)
        let string = "\"" + String(repeating: "a", count: 58) + "\""
        #expect(failure(string, limits: limits) == nil)
        #expect(failure(string + " ", limits: limits) == .tooLarge)
        #expect(failure(String(repeating: "[", count: 100_000)) == .tooDeep)
        #expect(failure(String(repeating: "{\"a\":", count: 100_000)) == .tooDeep)
    }

    /// A reader that copied a container for each element would take minutes here.
    @Test func `as many values as the limit allows take no longer than their bytes`() throws {
        let elements = [String](repeating: "0", count: JSONLimits.standard.values - 1)
        let value = try parse("[\(elements.joined(separator: ","))]")
        #expect(value.array?.count == elements.count)
        let members = elements.indices.map { "\"\($0)\":0" }
        let object = try parse("{\(members.joined(separator: ","))}")
        #expect(object.object?.count == members.count)
    }

    @Test func `a text cut at any byte is refused`() {
        let text = Array(#"{"a":[1.5e3,"x\u00e9\ud83d\ude00é",{"b":null,"c":[true,false]}]}"#.utf8)
        #expect(failure(text) == nil)
        for count in text.indices { #expect(failure(Array(text[..<count])) != nil) }
    }
}
