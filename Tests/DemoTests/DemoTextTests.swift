import Bytes
import Control
import Cryptography
import JOSE
import JSON
import Testing

@testable import sallyport

@Suite struct DemoTextTests {
    static let configuration = DemoConfiguration(
        port: 8443,
        hasIPv6: true,
        directory: "/tmp/it's here",
        authority: 8444,
        service: 8445,
        backEnd: 8446,
        admin: 8447
    )

    @Test func escaping() {
        #expect(DemoText.escaped("<a b=\"c\">&") == "&lt;a b=&quot;c&quot;&gt;&amp;")
        // With a combining mark it is another character, but the same byte.
        #expect(DemoText.escaped("<\u{301}b") == "&lt;\u{301}b")
    }

    @Test func indentation() {
        let text = DemoText.indented([
            "a": .bool(true), "b": .array(["x", .array([])]), "c": .object(["d": .null]),
            "e": .object([:]),
        ])
        #expect(
            text == """
                {
                  "a": true,
                  "b": [
                    "x",
                    []
                  ],
                  "c": {
                    "d": null
                  },
                  "e": {}
                }

                """
        )
    }

    @Test func tokensAreShortened() {
        let token = String(repeating: "a", count: 25)
        #expect(DemoReport.shortened("Bearer \(token)") == "Bearer aaaaaaaaaaaa… (25 characters)")
        #expect(DemoReport.shortened(token) == "aaaaaaaaaaaa… (25 characters)")
        #expect(DemoReport.shortened("Bearer short") == "Bearer short")
    }

    @Test func wordsOfAShell() {
        #expect(DemoInstructions.quoted("/tmp/a-b_c.d") == "/tmp/a-b_c.d")
        #expect(DemoInstructions.quoted("/tmp/it's here") == #"'/tmp/it'\''s here'"#)
    }

    @Test func printedTextNamesAnotherPort() {
        let same = DemoInstructions(Self.configuration, wanted: 8443).text(
            after: .milliseconds(300)
        )
        #expect(same.hasPrefix("The demo is ready after 300 ms."))
        let other = DemoInstructions(Self.configuration, wanted: 80).text(after: .zero)
        #expect(other.hasPrefix("Port 80 is in use, so this demo has port 8443.\n"))
    }

    /// The page runs only what its policy names, and loads nothing.
    @Test func policyNamesScriptAndStyle() {
        let page = DemoPage(Self.configuration).response
        let policy = page.values("Content-Security-Policy").first ?? ""
        for (tag, text) in [("script", DemoPage.script), ("style", DemoPage.style)] {
            #expect(page.text.contains("<\(tag)>\(text)</\(tag)>"))
            let digest = Base64.encodeStandard(SHA256.digest(Array(text.utf8).span).span)
            #expect(policy.contains("'sha256-\(String(decoding: digest, as: UTF8.self))'"))
        }
        #expect(!policy.contains("unsafe"))
        for mark in ["src=", "innerHTML", " style=", "@import", "onclick"] {
            #expect(!page.text.contains(mark))
        }
    }

    @Test func configurationListensOnEveryLoopbackAddress() {
        #expect(Self.configuration.text.contains("  - address: \"[::1]:8443\"\n"))
        #expect(Self.configuration.text.contains("  - address: 127.0.0.1:8443\n"))
    }
}
