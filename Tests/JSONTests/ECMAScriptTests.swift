import JSON
import Testing

/// What `JSON.stringify` writes; the numbers are RFC 8785's and ECMA-262's own limits.
@Suite("ECMAScript's JSON")
struct ECMAScriptTests {
    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-1, "-1"), (1.5, "1.5"), (300, "300"),
            (0.001, "0.001"), (0.000001, "0.000001"), (0.0000015, "0.0000015"),
            (1e-7, "1e-7"), (1.5e-7, "1.5e-7"), (.leastNonzeroMagnitude, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (9_007_199_254_740_992, "9007199254740992"), (1e16, "10000000000000000"),
            (0x1p68, "295147905179352830000"),
            (999_999_999_999_999_868_928, "999999999999999900000"), (1e21, "1e+21"),
            (1.0000000000000001e23, "1.0000000000000001e+23"),
            (9.999999999999997e-7, "9.999999999999997e-7"),
            (333_333_333.3333332, "333333333.3333332"), (-123_456.789, "-123456.789"),
            (1_424_953_923_781_206.2, "1424953923781206.2"),
        ] as [(Double, String)]
    )
    func `numbers`(_ value: Double, _ expected: String) {
        #expect(JSONNumber(ecmaScript: value)?.text == expected)
        #expect(JSONValue.ecmaScript(value).double == value)
    }

    @Test func `what is no number is null`() {
        for value in [Double.infinity, -.infinity, .nan] {
            #expect(JSONNumber(ecmaScript: value) == nil)
            #expect(JSONValue.ecmaScript(value) == .null)
        }
    }

    @Test(
        arguments: [
            (#"[1.0,1E3,1e400,"\u003d",null,true]"#, #"[1,1000,null,"=",null,true]"#),
            (#"{"b":1.50,"10":1,"2":[{"z":1,"0":2}]}"#, #"{"2":[{"0":2,"z":1}],"10":1,"b":1.5}"#),
            (
                #"{"01":1,"4294967295":2,"4294967294":3,"-1":4}"#,
                #"{"4294967294":3,"01":1,"4294967295":2,"-1":4}"#
            ),
            (#""\u2028\u0001\b""#, "\"\u{2028}\\u0001\\b\""),
        ]
    )
    func `values as a JavaScript program writes them again`(_ text: String, _ again: String) throws
    {
        let value = try JSONValue.parse(Array(text.utf8).span)
        #expect(String(decoding: value.ecmaScript.serialized(), as: UTF8.self) == again)
    }

    @Test func `an element's value is what is read alone`() throws {
        let text = #"{"a":[1,{"b":"c\n"},[]],"d":null,"e":{"f":{}}}"#
        let document = try JSONDocument(Array(text.utf8))
        let whole = try JSONValue.parse(Array(text.utf8).span)
        #expect(document.root.value == whole)
        #expect(document.root["a"]?.value == whole["a"])
        #expect(document.root["d"]?.value == JSONValue.null)
        #expect(document.root["e"]?["f"]?.value == .object([:]))
    }
}
