import Bytes
import Control
import Cryptography
import JOSE

/// The demo's page: one document that loads nothing else.
struct DemoPage: Sendable {
    let response: ServiceResponse

    init(_ configuration: DemoConfiguration) {
        response = ServiceResponse(
            status: 200,
            contentType: "text/html; charset=utf-8",
            fields: [
                ("Cache-Control", "no-store"),
                ("Content-Security-Policy", Self.policy),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
            ],
            content: Array(Self.document(configuration).utf8)
        )
    }

    /// Only this style and this script, named by their digests, and requests to the gateway.
    private static var policy: String {
        """
        default-src 'none'; style-src '\(digest(style))'; script-src '\(digest(script))'; \
        connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'
        """
    }

    private static func digest(_ text: String) -> String {
        let digest = SHA256.digest(Array(text.utf8).span)
        return "sha256-\(String(decoding: Base64.encodeStandard(digest.span), as: UTF8.self))"
    }

    private static func document(_ configuration: DemoConfiguration) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Sallyport demo</title>
        <link rel="icon" href="data:,">
        <style>\(style)</style>
        </head>
        <body>
        \(introduction)
        \(controls)
        <section>
        <h2>The same with curl</h2>
        \(commands(configuration))
        </section>
        <section>
        <details>
        <summary>What the gateway runs with</summary>
        <pre>\(DemoText.escaped(configuration.text))</pre>
        </details>
        </section>
        <script>\(script)</script>
        </body>
        </html>

        """
    }

    private static func commands(_ configuration: DemoConfiguration) -> String {
        DemoInstructions.steps(configuration).map { step in
            let lines = step.commands.map(DemoText.escaped).joined(separator: "\n")
            return """
                <div class="step"><p>\(DemoText.escaped(step.title))</p>\
                <button class="copy" type="button">Copy</button><pre>\(lines)</pre></div>
                """
        }.joined(separator: "\n")
    }
}
