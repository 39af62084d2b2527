import Bytes
import HTTP1
import HTTPCore
import Testing

@Suite struct RequestFieldTests {
    @Test func keepsOrderCaseAndBytes() throws {
        let record = try expectHead(get("X-B: 1", "x-a:2", "X-B:  a b\t c \t", "Y:", "Z: \t "))
        #expect(record.fields == ["Host: a", "X-B: 1", "x-a: 2", "X-B: a b\t c", "Y: ", "Z: "])
    }

    @Test func valuesMayHoldTabsAndBytesAboveASCII() throws {
        let record = try expectHead(get("X: é\t\u{80}ÿ", "Y: \"a;,=\\ (b)"))
        #expect(record.fields[1] == "X: é\t\u{80}ÿ" && record.fields[2] == "Y: \"a;,=\\ (b)")
    }

    @Test func marksAliases() throws {
        let record = try expectHead(get("X_Forwarded_For: 1", "x.real.ip: 2", "X-FORWARDED-FOR: 3"))
        #expect(
            record.fields.dropFirst()
                == ["~X_Forwarded_For: 1", "~x.real.ip: 2", "X-FORWARDED-FOR: 3"]
        )
    }

    static let refused: [(String, HTTP1Failure)] = [
        (" X: b", .obsoleteLineFolding),
        ("\tX: b", .obsoleteLineFolding),
        (" ", .obsoleteLineFolding),
        ("X : b", .whitespaceBeforeColon),
        ("X\t: b", .whitespaceBeforeColon),
        ("X Y: b", .whitespaceBeforeColon),
        (": b", .emptyFieldName),
        (":", .emptyFieldName),
        ("X", .missingColon),
        ("X\0: b", .invalidFieldName),
        ("X\": b", .invalidFieldName),
        ("X(: b", .invalidFieldName),
        ("X/: b", .invalidFieldName),
        ("X@: b", .invalidFieldName),
        ("X[: b", .invalidFieldName),
        ("X{: b", .invalidFieldName),
        ("Xé: b", .invalidFieldName),
        ("X\u{7F}: b", .invalidFieldName),
        ("X\r: b", .bareCarriageReturn),
        ("\rX: b", .bareCarriageReturn),
        ("X: b\rc", .bareCarriageReturn),
        ("X: b\r", .bareCarriageReturn),
        ("X:\r b", .bareCarriageReturn),
        ("X: \0", .invalidFieldValue),
        ("X: b\u{1}", .invalidFieldValue),
        ("X: \u{B}b", .invalidFieldValue),
        ("X: b\u{C}", .invalidFieldValue),
        ("X: b\u{1B}c", .invalidFieldValue),
        ("X: \u{7F}", .invalidFieldValue),
        ("X: b\nY: c", .bareLineFeed),
        ("X: b\n", .bareLineFeed),
        ("\nX: b", .bareLineFeed),
    ]

    @Test(arguments: refused)
    func refuses(line: String, failure: HTTP1Failure) {
        expectRefused(get(line), failure)
        expectRefused(get("A: b", line, "C: d"), failure)
        expectRefused("GET / HTTP/1.1\r\n\(line)\r\nHost: a\r\n\r\n", failure)
    }

    /// Long enough that names and values are scanned in blocks, at every alignment.
    @Test func everyByteAtEveryPlace() {
        let tokens = Set("!#$%&'*+-.^_`|~".utf8)
        for byte in UInt8.min...UInt8.max {
            let isLetterOrDigit =
                byte.isDigit || (byte.lowercased >= 0x61 && byte.lowercased <= 0x7A)
            let mayName = isLetterOrDigit || tokens.contains(byte)
            let mayValue = byte == 9 || (byte >= 0x20 && byte != 0x7F)
            for length in 0..<34 {
                let padding = [UInt8](repeating: 0x61, count: length)
                let name = Array("GET / HTTP/1.1\r\nHost: a\r\nx".utf8) + padding + [byte]
                let inName = parseRequest(name + Array("y: b\r\n\r\n".utf8))
                let isHead = if case .head = inName { true } else { false }
                #expect(isHead == (mayName || byte == 0x3A), "\(byte) in a name after \(length)")
                let value = Array("GET / HTTP/1.1\r\nHost: a\r\nx: b".utf8) + padding + [byte]
                let inValue = parseRequest(value + Array("c\r\n\r\n".utf8))
                let isValue = if case .head = inValue { true } else { false }
                #expect(isValue == mayValue, "\(byte) in a value after \(length)")
            }
        }
    }

    @Test(arguments: [255, 256, 270, 300, 4000])
    func longNamesAreWhole(length: Int) throws {
        let name = "X-" + String(repeating: "a", count: length - 2)
        let outcome = parseRequest(Array(get("\(name): b", "C: d").utf8))
        guard case .head(let record) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(record.fields == ["Host: a", "\(name): b", "C: d"])
    }
}
