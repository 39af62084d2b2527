import JSON
import TestSupport
import Testing

@Suite("JSON round trips")
struct JSONRoundTripTests {
    /// Random values as another writer (Python's) gives them: escaped to ASCII with spaces, and
    /// compact.
    @Test(
        arguments: [
            (
                ##"[[{"": "\u0001", "\n\u001f": "\u00e9"}], "", true]"##,
                ##"[[{"":"\u0001","\n\u001f":"é"}],"",true]"##
            ),
            (
                ##"{"\u00df": "X\\a\u20ac", "\"": 1e-07}"##,
                ##"{"ß":"X\\a€","\"":1e-07}"##
            ),
            (
                ##"{"\n\"\u0001": {}, "": []}"##,
                ##"{"\n\"\u0001":{},"":[]}"##
            ),
            (
                ##"{"": {"\\0Z ": "/\u001fa"}, "\u6f22": []}"##,
                ##"{"":{"\\0Z ":"/\u001fa"},"漢":[]}"##
            ),
            (
                ##"[[-824711642312759, 656712168921], {}]"##,
                ##"[[-824711642312759,656712168921],{}]"##
            ),
            (
                ##"{"0\u001fZ\u00df/": "\u001f\u00e9\u0001"}"##,
                ##"{"0\u001fZß/":"\u001fé\u0001"}"##
            ),
            (
                ##"[1.0, 784942429336031, "a"]"##,
                ##"[1.0,784942429336031,"a"]"##
            ),
            (
                ##"{"\\Z\u00df\n0": "\\"}"##,
                ##"{"\\Zß\n0":"\\"}"##
            ),
            (
                ##"[{"": 59169510502}]"##,
                ##"[{"":59169510502}]"##
            ),
            (
                ##"[[], {"\t\u001f\u0001": null}]"##,
                ##"[[],{"\t\u001f\u0001":null}]"##
            ),
            (
                ##"[["\u00dfZ", null], {}]"##,
                ##"[["ßZ",null],{}]"##
            ),
            (
                ##"[{"\u20acZ\u00e9\ud83d\ude00": "\u00dfaa\nX"}]"##,
                ##"[{"€Zé😀":"ßaa\nX"}]"##
            ),
            (
                ##"{"\t\"\"": -259, "\u001f0\u00e9/": 957201856257497, "": 1e+300}"##,
                ##"{"\t\"\"":-259,"\u001f0é/":957201856257497,"":1e+300}"##
            ),
            (
                ##"{"\\\u00e9\u20ac\u001fX": "\u6f220\u20ac", "": false}"##,
                ##"{"\\é€\u001fX":"漢0€","":false}"##
            ),
            (
                ##"{"": [["", -1.25, "\n\\"], -8538547384714, -467010409865707227]}"##,
                ##"{"":[["",-1.25,"\n\\"],-8538547384714,-467010409865707227]}"##
            ),
        ]
    )
    func `texts of another writer`(_ escaped: String, _ compact: String) throws {
        #expect(try rewritten(escaped) == compact)
        #expect(try rewritten(compact) == compact)
        #expect(try parse(escaped) == parse(compact))
    }

    @Test func `random values survive being written and read`() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let value = randomValue(depth: 0, using: &random)
            let text = value.serialized()
            let read = try JSONValue.parse(text.span)
            #expect(read == value)
            #expect(read.serialized() == text)
        }
    }

    @Test func `mutated texts never trap, and what is read has one meaning`() throws {
        var random = SeededGenerator(seed: 2)
        let alphabet =
            Array(#"{}[]",:\u0123456789eE+-.truefalsn dD8cC"#.utf8) + [0, 0xC3, 0xA9, 0xFF]
        for _ in 0..<20_000 {
            var text = randomValue(depth: 0, using: &random).serialized()
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<max(text.count, 1), using: &random)
                let byte = alphabet.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where !text.isEmpty: text[index] = byte
                case 1 where !text.isEmpty: text.remove(at: index)
                default: text.insert(byte, at: index)
                }
            }
            guard let value = try? JSONValue.parse(text.span) else { continue }
            _ = (value.int64, value.double)
            let again = try JSONValue.parse(value.serialized().span)
            #expect(again == value)
        }
    }

    @Test func `a value too deep to be read can be written`() {
        var value = JSONValue.null
        for _ in 0..<1000 { value = .array([value]) }
        let text = value.serialized()
        #expect(text.count == 2004)
    }
}

/// A value of at most four levels.
private func randomValue(depth: Int, using random: inout SeededGenerator) -> JSONValue {
    switch Int.random(in: 0..<(depth < 3 ? 8 : 5), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .integer(.random(in: .min ... .max, using: &random))
    case 3:
        let value = Double(bitPattern: random.next())
        return JSONNumber(value).map { .number($0) } ?? .null
    case 4: return .string(randomText(using: &random))
    case 5:
        let count = Int.random(in: 0..<4, using: &random)
        return .array((0..<count).map { _ in randomValue(depth: depth + 1, using: &random) })
    default:
        var object = JSONObject()
        for _ in 0..<Int.random(in: 0..<4, using: &random) {
            object[randomText(using: &random)] = randomValue(depth: depth + 1, using: &random)
        }
        return .object(object)
    }
}

private func randomText(using random: inout SeededGenerator) -> String {
    let scalars: [ClosedRange<UInt32>] = [0x00...0x7F, 0x80...0xD7FF, 0xE000...0x10_FFFF]
    var text = ""
    for _ in 0..<Int.random(in: 0..<8, using: &random) {
        let range = scalars.randomElement(using: &random) ?? 0x41...0x5A
        guard let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) else {
            continue
        }
        text.unicodeScalars.append(scalar)
    }
    return text
}
