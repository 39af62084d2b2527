import Authority
import Control
import HTTPCore
import JSON

/// The demo's back end: the page, and the sign-in and sign-out that a SuperTokens SDK would do.
struct DemoBackEnd: Sendable {
    private let page: DemoPage

    init(_ configuration: DemoConfiguration) {
        page = DemoPage(configuration)
    }

    func respond(
        _ request: ServiceRequest,
        authority: inout DemoAuthority,
        nowMilliseconds: Int64
    ) -> ServiceResponse {
        switch (request.path, request.method) {
        case ("/", .get), ("/", .head):
            return page.response
        case ("/auth/signin", .post), ("/auth/signout", .post):
            // Pages of other sites sign nobody in or out.
            guard ["same-origin", "none", nil].contains(request.field("sec-fetch-site")) else {
                return Self.message(403, "not from another site")
            }
            guard request.path == "/auth/signin" else { return Self.signedOut }
            return signIn(request, &authority, nowMilliseconds)
        case ("/", _):
            return Self.allowing("GET, HEAD")
        case ("/auth/signin", _), ("/auth/signout", _):
            return Self.allowing("POST")
        default:
            return Self.message(404, "the demo's back end has no \(request.path)")
        }
    }

    private func signIn(
        _ request: ServiceRequest,
        _ authority: inout DemoAuthority,
        _ nowMilliseconds: Int64
    ) -> ServiceResponse {
        let signIn: DemoSignIn
        do throws(DemoFailure) {
            let contentType = request.field("content-type")
            signIn = try DemoSignIn(contentType: contentType, content: request.content)
        } catch {
            return Self.message(400, error.description)
        }
        let created = try? authority.createSession(signIn, nowMilliseconds: nowMilliseconds)
        guard let created else { return Self.message(500, "no session could be made") }
        var response = Self.json(
            200,
            ["status": "OK", "user": .object(["id": .string(signIn.user)])]
        )
        response.fields += DemoSessionFields.created(
            created,
            signIn,
            nowMilliseconds: nowMilliseconds
        )
        return response
    }

    /// SDKs of both eras: nothing is looked at, everything is cleared.
    private static var signedOut: ServiceResponse {
        var response = json(200, ["status": "OK"])
        response.fields += DemoSessionFields.cleared
        return response
    }

    private static func allowing(_ methods: String) -> ServiceResponse {
        var response = message(405, "use \(methods)")
        response.fields.append(("Allow", methods))
        return response
    }

    private static func message(_ status: UInt16, _ text: String) -> ServiceResponse {
        json(status, ["message": .string(text)])
    }

    private static func json(_ status: UInt16, _ object: JSONObject) -> ServiceResponse {
        let text = String(decoding: JSONValue.object(object).serialized(), as: UTF8.self)
        var response = ServiceResponse.json(status, text + "\n")
        response.fields.append(("Cache-Control", "no-store"))
        return response
    }
}
