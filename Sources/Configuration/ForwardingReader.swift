import Bytes
import HTTPCore
import Proxy

/// `forwarding`.
enum ForwardingReader {
    /// Reads the section; the request ID's field must be another than `jwtField`, the JWT's.
    static func read(
        _ section: inout Section,
        jwtField: String,
        into options: inout ForwardingOptions
    ) {
        if let fields = section.set("pass_fields", FieldNames.override) {
            options.passFields = fields
        }
        section.section("cors") { cors(&$0, into: &options) }
        if let blocks = section.set("trusted_proxies", NetworkBlock.read) {
            options.trustedProxies = blocks
        }
        if let text = section.text("request_id"),
            let name = FieldNames.settable(text, besides: .xRequestID, section.report)
        {
            options.requestIDField = name
        }
        if options.requestIDField == jwtField {
            section.report.error(
                section.keyPosition("request_id") ?? section.position,
                "`forwarding.request_id` is also `sessions.jwt.field`",
                "write another field, such as x-request-id"
            )
        }
    }

    private static func cors(_ section: inout Section, into options: inout ForwardingOptions) {
        if let origins = section.set("origins", URLs.origin) { options.corsOrigins = origins }
        let fields = section.set("allow_headers") { text, report -> String? in
            guard text.value == "*" else { return FieldNames.token(text, report) }
            report.error(
                text.position,
                "`*` does not cover Authorization, nor requests with credentials",
                "list the field names"
            )
            return nil
        }
        if let fields { options.corsAllowHeaders = fields }
        section.duration(
            "max_age",
            in: .zero...(.seconds(24 * 3600)),
            into: &options.corsMaximumAge
        )
    }
}
