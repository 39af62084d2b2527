import JOSE
import Testing

private enum Form: CaseIterable { case url, standard }

private func decode(_ text: String, _ form: Form) -> [UInt8]? {
    let text = Array(text.utf8)
    return switch form {
    case .url: Base64.decodeURL(text.span)
    case .standard: Base64.decodeStandard(text.span)
    }
}

@Suite("Base64")
struct Base64Tests {
    /// RFC 4648 §10.
    @Test(
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ]
    )
    func `RFC 4648's vectors`(_ bytes: String, _ padded: String) {
        let bytes = Array(bytes.utf8)
        let unpadded = String(padded.prefix { $0 != "=" })
        #expect(decode(padded, .standard) == bytes)
        #expect(decode(unpadded, .url) == bytes)
        let standard = Base64.encodeStandard(bytes.span)
        let url = Base64.encodeURL(bytes.span)
        #expect(standard == Array(padded.utf8))
        #expect(url == Array(unpadded.utf8))
        if padded != unpadded {
            #expect(decode(unpadded, .standard) == nil)
            #expect(decode(padded, .url) == nil)
        }
    }

    @Test func `each alphabet refuses the other's characters`() {
        #expect(decode("-_-_", .url) == [0xFB, 0xFF, 0xBF])
        #expect(decode("+/+/", .standard) == [0xFB, 0xFF, 0xBF])
        #expect(decode("+/+/", .url) == nil)
        #expect(decode("-/-_", .url) == nil)
        #expect(decode("-_-_", .standard) == nil)
    }

    /// `Zg` alone says "f"; `Zh` to `Zv` leave bits over that say nothing.
    @Test func `bits left over must be zero`() {
        for text in ["Zh", "Zv", "Zm9"] { #expect(decode(text, .url) == nil) }
        for text in ["Zh==", "Zv==", "Zm9="] { #expect(decode(text, .standard) == nil) }
    }

    @Test(
        arguments: [
            "Z", "Zm9vY", "=", "==", "===", "====", "Z===", "Zg=", "Zg===", "Zm8==", "Zm9v=",
            "Zm9v====", "Z=g=", "=Zg=", "Zg==Zg==", "Zm 9v", "Zm9v\n", "\r\nZm9v", "Zm9v\0", "Zm9ä",
            "Zm9.", "Zm=v", "Zg=\n", "Zm9v==", "Z m9", "Zm9v Zm9v",
        ]
    )
    func `wrong lengths, padding and characters are refused`(_ text: String) {
        for form in Form.allCases { #expect(decode(text, form) == nil) }
    }

    @Test func `every byte outside the alphabet is refused at every place`() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for byte in UInt8.min ... .max {
            for index in 0..<7 {
                var text = Array("AAAAAAA".utf8)
                text[index] = byte
                let isRefused = Base64.decodeURL(text.span) == nil
                let leavesBits = index == 6 && !"AEIMQUYcgkosw048".utf8.contains(byte)
                #expect(isRefused == (!alphabet.contains(byte) || leavesBits))
            }
        }
    }

    @Test func `bytes of any count survive, and storage is used again`() {
        var result = [UInt8](repeating: 9, count: 3)
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            let isDecoded = Base64.decodeURL(Base64.encodeURL(bytes.span).span, into: &result)
            #expect(isDecoded && result == bytes)
            let standard = Base64.encodeStandard(bytes.span)
            let isDecodedToo = Base64.decodeStandard(standard.span, into: &result)
            #expect(isDecodedToo && result == bytes)
            #expect(Base64.decodedCount(Base64.encodeURL(bytes.span).count) == count)
        }
        #expect(Base64.decodedCount(5) == nil)
    }
}
