import Bytes
import HTTPCore
import Policy
import Sessions

/// `routes`.
enum RouteReader {
    /// A route whose upstream is still a name.
    struct Route {
        var options: RouteOptions
        /// nil = the gateway answers by itself, or what is wrong has been reported.
        var upstream: Text?
        /// The rules of its own; nil = the sessions'.
        var claims: Located<[ClaimRule]>?
        /// Whether the name was given in the file.
        var isNamed: Bool
        /// Whether all of it could be read.
        var isWhole: Bool
    }

    static func read(_ file: inout Section) -> [Route] {
        let form = "write at least one, such as `- {path_prefix: /, upstream: NAME}`"
        guard let position = file.keyPosition("routes") else {
            file.report.error(file.position, "`routes` is missing", form)
            _ = file.value("routes")
            return []
        }
        guard let items = file.list("routes") else { return [] }
        if items.isEmpty { file.report.error(position, "`routes` is empty", form) }
        return items.enumerated().compactMap { index, item in
            Section(item, path: "routes[\(index)]", reading: file.reading).map(route)
        }
    }

    private static func checksDatabase(
        _ section: inout Section,
        into options: inout RouteOptions
    ) {
        guard let position = section.keyPosition("check_database") else {
            _ = section.value("check_database")
            return
        }
        var isChecked = false
        section.boolean("check_database", into: &isChecked)
        options.checksDatabase = isChecked
        guard isChecked, options.session == .public || options.session == .passthrough else {
            return
        }
        section.report.error(
            position,
            "`check_database` where the session is not looked at",
            "leave it out, or write session: required"
        )
    }

    private static func route(_ section: consuming Section) -> Route {
        let errorsBefore = section.report.problems.count
        let path = path(&section)
        var options = RouteOptions(
            name: "",
            position: section.position,
            path: path?.value ?? .prefix("/"),
            action: .forward(upstream: 0)
        )
        options.pathPosition = path?.position ?? section.position
        if let text = section.text("name") { name(text, into: &options.name, section.report) }
        if let hosts = section.set("hosts", Names.hostPattern) {
            options.hosts = hosts
            emptyHosts(&section)
        }
        options.methods = section.set("methods", method) ?? []
        stripPrefix(&section, into: &options)
        section.choice(
            "session",
            [
                "required": .required, "optional": .optional, "public": .public,
                "passthrough": .passthrough,
            ],
            into: &options.session
        )
        signIn(&section, into: &options)
        let claims = claims(&section, options.session)
        checksDatabase(&section, into: &options)
        origins(&section, into: &options)
        responseIdle(&section, into: &options)
        let upstream = action(&section, into: &options)
        section.finish()
        return Route(
            options: options,
            upstream: upstream,
            claims: claims,
            isNamed: !options.name.isEmpty,
            isWhole: path != nil && section.report.problems.count == errorsBefore
        )
    }

    private static func name(_ text: Text, into name: inout String, _ report: Report) {
        if Names.isLabel(text.value) {
            name = text.value
        } else {
            report.error(
                text.position,
                "\(text.quoted) is not a name for a route",
                "write up to 128 bytes without control characters, or leave `name` out"
            )
        }
    }

    /// An empty list would match no host, and an absent one any.
    private static func emptyHosts(_ section: inout Section) {
        guard case .list(let items, let position)? = section.peek("hosts"), items.isEmpty else {
            return
        }
        section.report.error(
            position,
            "`\(section.name("hosts"))` is empty",
            "leave it out for any host, or write a host"
        )
    }

    // MARK: - Path

    private static func path(_ section: inout Section) -> Located<PathPattern>? {
        let exact = section.path("path_exact")
        let prefix = section.path("path_prefix")
        let pattern = section.text("path_regex")
        if let exact, let other = prefix ?? pattern {
            let later = exact.position.isAfter(other.position) ? exact.position : other.position
            section.report.error(
                later,
                "a route with `path_exact` and another path",
                "keep one; a `path_prefix` can stand beside a `path_regex` only"
            )
            return nil
        }
        if let exact { return Located(.exact(exact.value), exact.position) }
        if let pattern {
            guard !pattern.value.isEmpty else {
                section.report.error(
                    pattern.position,
                    "`\(section.name("path_regex"))` is empty",
                    "write a pattern such as \"/orders/[0-9]+\""
                )
                return nil
            }
            return Located(
                .pattern(pattern.value, prefix: prefix?.value ?? "/"),
                pattern.position
            )
        }
        if let prefix { return Located(.prefix(prefix.value), prefix.position) }
        let keys = ["path_exact", "path_prefix", "path_regex"]
        if keys.allSatisfy({ section.keyPosition($0) == nil }) {
            section.report.error(
                section.position,
                "a route without a path",
                "write `path_prefix: /` for every path, or path_exact or path_regex"
            )
        }
        return nil
    }

    /// Where browsers go that open a page without a session.
    private static func signIn(_ section: inout Section, into options: inout RouteOptions) {
        guard let text = section.text("sign_in"), let page = URLs.page(text, section.report) else {
            return
        }
        switch options.session {
        case .required, .optional: options.signIn = page
        case .public, .passthrough:
            section.report.error(
                text.position,
                "`sign_in` on a route that asks for no session",
                "leave it out, or write `session: required`"
            )
        }
    }

    private static func claims(
        _ section: inout Section,
        _ session: SessionRule
    ) -> Located<[ClaimRule]>? {
        guard let rules = ClaimReader.read(&section),
            let position = section.keyPosition("claims")
        else { return nil }
        switch session {
        case .required, .optional: break
        case .public, .passthrough:
            guard !rules.isEmpty else { break }
            section.report.error(
                position,
                "`claims` on a route that asks for no session",
                "leave it out, or write `session: required`"
            )
        }
        return Located(rules, position)
    }

    private static func responseIdle(_ section: inout Section, into options: inout RouteOptions) {
        var duration = Duration.zero
        section.duration("response_idle", into: &duration)
        if duration > .zero { options.responseIdle = duration }
    }

    /// Whose pages may open WebSockets with a session.
    private static func origins(_ section: inout Section, into options: inout RouteOptions) {
        options.origins = section.set("origins", URLs.origin) ?? []
        guard !options.origins.isEmpty, let position = section.keyPosition("origins") else {
            return
        }
        switch options.session {
        case .required, .optional: break
        case .public, .passthrough:
            section.report.error(
                position,
                "`origins` on a route that asks for no session",
                "leave it out, or write `session: required`"
            )
        }
    }

    private static func stripPrefix(_ section: inout Section, into options: inout RouteOptions) {
        section.boolean("strip_prefix", into: &options.stripsPrefix)
        let hasPath = ["path_exact", "path_regex"].contains { section.keyPosition($0) != nil }
        guard options.stripsPrefix, section.keyPosition("path_prefix") == nil, hasPath,
            let position = section.keyPosition("strip_prefix")
        else { return }
        options.stripsPrefix = false
        section.report.error(
            position,
            "`strip_prefix` on a route without `path_prefix`",
            "write the `path_prefix` to cut, or leave strip_prefix out"
        )
    }

    // MARK: - Methods

    private static let knownMethods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS",
    ]

    private static func method(_ text: Text, _ report: Report) -> String? {
        let upper = text.value.uppercased()
        switch text.value {
        case "TRACE", "CONNECT":
            report.error(
                text.position,
                "\(text.quoted) is refused on every route",
                "leave it out"
            )
        case let name where name != upper && knownMethods.contains(upper):
            report.error(
                text.position,
                "\(text.quoted) is not \(upper): methods are case-sensitive",
                "write \(upper)"
            )
        case let name where Names.isToken(name):
            return name
        default:
            report.error(
                text.position,
                "\(text.quoted) is not a method",
                "write methods such as GET and POST, or [] for any"
            )
        }
        return nil
    }

    // MARK: - Action

    private static func action(_ section: inout Section, into options: inout RouteOptions) -> Text?
    {
        let upstream = section.text("upstream")
        let respond = section.text("respond")
        var exposes = false
        section.boolean("expose_access_token", into: &exposes)
        guard let respond else {
            forwarding(&section, exposes: exposes)
            return upstream
        }
        if respond.value != "jwt" {
            section.unknownWord(respond, section.name("respond"), ["jwt"])
            return nil
        }
        options.action = .respondJWT(exposesAccessToken: exposes)
        conflicts(&section, options)
        return nil
    }

    private static func forwarding(_ section: inout Section, exposes: Bool) {
        if section.keyPosition("upstream") == nil, section.keyPosition("respond") == nil {
            section.report.error(
                section.position,
                "a route that goes nowhere",
                "write `upstream: NAME`, or `respond: jwt`"
            )
        }
        if exposes, let position = section.keyPosition("expose_access_token") {
            section.report.error(
                position,
                "`expose_access_token` on a route that does not respond with it",
                "write it beside `respond: jwt` only"
            )
        }
    }

    /// What makes no sense on a route the gateway answers by itself.
    private static func conflicts(_ section: inout Section, _ options: RouteOptions) {
        for key in ["upstream", "strip_prefix", "origins", "response_idle"] {
            guard let position = section.keyPosition(key) else { continue }
            if key == "strip_prefix", !options.stripsPrefix { continue }
            if key == "origins", options.origins.isEmpty { continue }
            section.report.error(
                position,
                "`\(key)` on a route with `respond`, which is not forwarded",
                "keep one of the two"
            )
        }
        if options.session != .required, let position = section.keyPosition("session") {
            section.report.error(
                position,
                "`respond: jwt` needs a session",
                "write `session: required`, or leave it out"
            )
        }
    }
}

extension Section {
    /// A path to match: it begins with a slash.
    fileprivate mutating func path(_ key: String) -> Text? {
        guard let text = text(key) else { return nil }
        if text.value.hasPrefix("/") {
            guard keepsEscapes(text.value) else { return text }
            report.error(
                text.position,
                "path \(text.quoted) has escapes that can be read in more than one way",
                "write it without \"%\""
            )
            return nil
        }
        report.error(
            text.position,
            "`\(name(key))` is \(text.quoted), which does not begin with `/`",
            "write `\(key): /\(text.written)`"
        )
        return nil
    }

    /// Whether the path has escapes also in the form that requests are matched in: `%2F` stays, so
    /// to write that form instead is no remedy.
    private func keepsEscapes(_ path: String) -> Bool {
        let bytes = Array(path.utf8)
        var target = RequestTarget()
        guard bytes.contains(UInt8(ascii: "%")), (try? target.read(path: bytes.span)) != nil else {
            return false
        }
        let canonical = target.path
        return canonical.indices.contains { canonical[$0] == UInt8(ascii: "%") }
    }
}

extension SourcePosition {
    /// Whether this place comes later in the file.
    func isAfter(_ other: SourcePosition) -> Bool {
        (line, column) > (other.line, other.column)
    }
}
