import Bytes
import Cryptography
import HTTPCore
import JOSE
import JSON
import Sessions
import Testing

@Suite struct RandomTokens {
    private static let now: Int64 = 1_800_000_000_000

    @Test func `JSON that was read is read again from what is written`() {
        let corpus = [
            #"{"a":1,"b":[true,false,null],"c":{"d":"e\u00e9\n"},"f":-1.5e3}"#, "[[[[]]]]", "0",
            "{}",
            #"{"iat":1700000000,"exp":4102444800,"sub":"u","sessionHandle":"h"}"#,
        ]
        let dictionary = [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\\udc00", "1e99999",
            "-0",
            "null", "true", "\"a\":", "\u{00}", "\u{7f}", "9223372036854775808", " ",
        ]
        var mutator = Mutator(corpus: corpus, dictionary: dictionary)
        for _ in 0..<Fuzzing.rounds {
            let bytes = mutator.next()
            guard let value = try? JSONValue.parse(bytes.span) else { continue }
            let written = value.serialized()
            let again = try? JSONValue.parse(written.span)
            #expect(again == value, "\(bytes)")
        }
    }

    @Test func `base64 that is accepted is the only spelling of its bytes`() {
        var mutator = Mutator(
            corpus: ["eyJhbGciOiJSUzI1NiJ9", "AAAA", "_-_-", "YQ", "YWI", "YQ==", "YWI="],
            dictionary: ["=", "==", "+", "/", "-", "_", ".", "\n", " ", "A", "B", "\0"]
        )
        for _ in 0..<Fuzzing.rounds {
            let bytes = mutator.next()
            if let data = Base64.decodeURL(bytes.span) {
                #expect(Base64.encodeURL(data.span) == bytes)
            }
            if let data = Base64.decodeStandard(bytes.span) {
                #expect(Base64.encodeStandard(data.span) == bytes)
            }
        }
    }

    @Test func `a filtered cookie field stays as it is when filtered again`() {
        let filter = CookieFilter(options: Self.options)
        var mutator = Mutator(
            corpus: ["a=b; sAccessToken=x; c=d", "sRefreshToken=\"a;b\"; x", "a=b;sFrontToken=;;"],
            dictionary: [";", "; ", "=", "\"", "sAccessToken", "%", "%73", "\t", " ", ",", "\\"]
        )
        for _ in 0..<Fuzzing.rounds {
            // A parser gives field values without blanks around them.
            let bytes = Self.trimmed(mutator.next())
            let once = Self.trimmed(Self.filtered(bytes, filter))
            #expect(Self.filtered(once, filter) == once, "\(bytes)")
            #expect(once.count <= bytes.count)
        }
    }

    /// The one token that is valid gives a session, and nothing made from it does.
    @Test func `only the token that was signed gives a session`() throws {
        let key = try RSAPrivateKey.generate()
        let tokens = try [Self.recent(key), Self.legacy(key)]
        var authenticator = Authenticator(options: Self.options, cacheBytes: 1 << 20)
        authenticator.replaceKeys(Self.keys(key))
        let dictionary = [
            ".", "=", "A", "e30", "e30=", "eyJhbGciOiJub25lIn0", "+", "/", "-", "_", " ",
        ]
        let texts = tokens.map { String(decoding: $0, as: UTF8.self) }
        var mutator = Mutator(corpus: texts, dictionary: dictionary)
        var accepted = 0
        for _ in 0..<Fuzzing.rounds / 10 {
            let bytes = mutator.next()
            authenticator.beginTurn()
            let outcome = Self.authenticate(bytes, &authenticator)
            guard case .session(let session) = outcome else { continue }
            accepted += 1
            authenticator.release(session)
            let trimmed = Self.trimmed(bytes)
            #expect(tokens.contains(trimmed), "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(accepted > 0)
    }

    private static var options: SessionOptions {
        let position = SourcePosition.builtIn
        let core = CoreOptions(
            locations: [.init(host: "127.0.0.1", port: 1, basePath: "", position: position)]
        )
        var options = SessionOptions(core: core)
        options.jwtRequired = false
        return options
    }

    private static func filtered(_ value: [UInt8], _ filter: CookieFilter) -> [UInt8] {
        var buffer = Buffer(capacity: value.count + 16)
        _ = filter.append(value: value.span, to: &buffer)
        return buffer.readable.copied()
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        let blank: Set<UInt8> = [0x20, 0x09]
        return Array(
            bytes.drop { blank.contains($0) }.reversed().drop { blank.contains($0) }.reversed()
        )
    }

    private static func authenticate(
        _ token: [UInt8],
        _ authenticator: inout Authenticator
    ) -> Authentication {
        let name = Array("Authorization".utf8)
        let value = Array("Bearer ".utf8) + token
        let bytes = name + value
        var head = RequestHead()
        head.fields = [
            FieldLine(
                name: ByteRange(0..<name.count),
                value: ByteRange(name.count..<bytes.count),
                id: .authorization,
                isAlias: false
            )
        ]
        return authenticator.authenticate(
            head: head,
            bytes: bytes.span,
            wallMilliseconds: now,
            mayAsk: false,
            lastFetchFailed: false
        )
    }

    private static func keys(_ key: borrowing RSAPrivateKey) -> KeySet {
        var set = KeySet()
        set.sequence = 1
        let numbers = key.modulusAndExponent
        set.webKeys = [
            JSONWebKey(
                keyID: Array("d-1".utf8),
                modulus: numbers.modulus,
                exponent: numbers.exponent
            )
        ]
        set.legacyKeys = [
            LegacyKey(
                subjectPublicKeyInfo: key.subjectPublicKeyInfo,
                createdAt: now - 1000,
                expiry: now + 3_600_000
            )
        ]
        set.webKnowledge = .known
        set.legacyKnowledge = .known
        set.webConfirmedAt = now
        set.legacyConfirmedAt = now
        return set
    }

    private static func recent(_ key: borrowing RSAPrivateKey) throws -> [UInt8] {
        let header = #"{"kid":"d-1","typ":"JWT","version":"5","alg":"RS256"}"#
        let payload =
            #"{"iat":1799999900,"exp":1800003600,"sub":"u","tId":"public","rsub":"u","#
            + #""sessionHandle":"h","refreshTokenHash1":"r","parentRefreshTokenHash1":null,"#
            + #""antiCsrfToken":null}"#
        return try JWSSigner.sign(
            header: Array(header.utf8),
            payload: Array(payload.utf8),
            key: key,
            encoding: .url
        )
    }

    private static func legacy(_ key: borrowing RSAPrivateKey) throws -> [UInt8] {
        let header = #"{"alg":"RS256","typ":"JWT","version":"2"}"#
        let payload =
            #"{"sessionHandle":"h","userId":"u","refreshTokenHash1":"r","#
            + #""parentRefreshTokenHash1":null,"userData":{},"antiCsrfToken":null,"#
            + #""expiryTime":1800003600000,"timeCreated":1799999900000,"lmrt":1799999900000}"#
        return try JWSSigner.sign(
            header: Array(header.utf8),
            payload: Array(payload.utf8),
            key: key,
            encoding: .standard
        )
    }
}
