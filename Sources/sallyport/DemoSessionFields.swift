import Authority
import Bytes
import Foundation
import HTTPCore

/// The fields with which SuperTokens back-end SDKs give a session to a client and take it back.
/// There is no refresh token: the demo has no refresh.
enum DemoSessionFields {
    typealias Fields = [(name: String, value: String)]

    private static let day: Int64 = 86_400

    /// Fields of a sign-in's answer.
    static func created(
        _ session: CreatedSession,
        _ signIn: DemoSignIn,
        nowMilliseconds: Int64
    ) -> Fields {
        let now = nowMilliseconds / 1000
        var fields: Fields = [("front-token", session.frontToken)]
        var exposed = ["front-token"]
        switch (signIn.transfer, signIn.era) {
        case (.header, _):
            fields.append(("st-access-token", session.accessToken))
            exposed.append("st-access-token")
        case (.cookie, .recent):
            // SDKs since 2023: a year, whatever the token's own expiry.
            let expiry = now + 365 * day
            fields.append(cookie("sAccessToken", session.accessToken, expiry: expiry))
        case (.cookie, .seed):
            // Before: the token's expiry; a second cookie only tells that there is a session.
            let expiry = session.expiry / 1000
            fields.append(cookie("sAccessToken", session.accessToken, expiry: expiry))
            let marker = UUID().uuidString.lowercased()
            let markerExpiry = now + 100 * day
            fields.append(cookie("sIdRefreshToken", marker, expiry: markerExpiry))
            fields.append(("id-refresh-token", "\(marker);\(markerExpiry * 1000)"))
            exposed.append("id-refresh-token")
        }
        fields.append(("Access-Control-Expose-Headers", exposed.joined(separator: ", ")))
        return fields
    }

    /// Fields of a sign-out's answer, for either era and either transfer.
    static let cleared: Fields = [
        cookie("sAccessToken", "", expiry: 0),
        cookie("sRefreshToken", "", expiry: 0, path: "/auth/session/refresh"),
        cookie("sIdRefreshToken", "", expiry: 0),
        ("front-token", "remove"),
        ("id-refresh-token", "remove"),
        ("st-access-token", ""),
        ("st-refresh-token", ""),
        (
            "Access-Control-Expose-Headers",
            "front-token, id-refresh-token, st-access-token, st-refresh-token"
        ),
    ]

    /// A `Set-Cookie`; `expiry` is in seconds since the epoch.
    private static func cookie(
        _ name: String,
        _ value: String,
        expiry: Int64,
        path: String = "/"
    ) -> (name: String, value: String) {
        var date = Buffer(capacity: 64)
        var writer = HTTPDate()
        writer.append(secondsSinceEpoch: expiry, to: &date)
        return (
            "Set-Cookie",
            "\(name)=\(percentEncoded(value)); Path=\(path); Expires=\(date.readable.text); "
                + "HttpOnly; Secure; SameSite=Lax"
        )
    }

    /// As JavaScript's `encodeURIComponent`, which SDKs use.
    static func percentEncoded(_ text: String) -> String {
        let marks = Array("-_.!~*'()".utf8)
        var result = ""
        for byte in text.utf8 {
            let isLetter = byte.lowercased &- UInt8(ascii: "a") < 26
            if isLetter || byte.isDigit || marks.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
