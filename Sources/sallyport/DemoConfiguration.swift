/// Where everything of one demo is, and what follows from that: the gateway's configuration.
struct DemoConfiguration: Sendable {
    static let certificate = "demo.crt"
    static let privateKey = "demo.key"

    let port: UInt16
    let hasIPv6: Bool
    /// Where the cookie jars of the curl lines go.
    let directory: String
    let authority: UInt16
    let service: UInt16
    let backEnd: UInt16
    let admin: UInt16

    /// What a browser opens, without a path.
    var origin: String { "https://localhost:\(port)" }

    /// What the gateway runs with, as its operator would write it.
    var text: String {
        """
        # Sallyport's demo. Relative paths begin at this file.
        \(listeners)
        admin:
          address: 127.0.0.1:\(admin)
        sessions:
          core:
            urls: ["http://127.0.0.1:\(authority)"]     # here your SuperTokens core
        upstreams:
          back-end:
            targets: ["http://127.0.0.1:\(backEnd)"]   # here your back end with a SuperTokens SDK
          service:
            targets: ["http://127.0.0.1:\(service)"]   # here your service that only knows JWTs
        routes:
          - path_exact: /             # the page: session cookies do not go there
            session: public
            upstream: back-end
          - path_prefix: /auth        # sign-in and sign-out: untouched
            session: passthrough
            upstream: back-end
          - path_prefix: /api         # only with a session, and only with its JWT
            session: required
            upstream: service
          - path_prefix: /optional    # with the JWT if there is a session
            session: optional
            upstream: service
          - path_exact: /getJWT       # the JWT itself, for the page
            respond: jwt
            expose_access_token: true # of an HttpOnly cookie: in a demo only
        log:
          access: off
        server:
          shutdown_grace: 2s

        """
    }

    private var listeners: String {
        var text = "listeners:"
        for address in ["127.0.0.1:\(port)"] + (hasIPv6 ? ["\"[::1]:\(port)\""] : []) {
            text += """

                  - address: \(address)
                    tls:
                      certificates:
                        - certificate: \(Self.certificate)
                          private_key: \(Self.privateKey)
                """
        }
        return text
    }
}
