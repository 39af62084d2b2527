import Bytes
import HTTPCore
import Policy

/// Pages: a browser that opens one without a session is sent to where it gets one.
enum SignIn {
    /// Bytes of the way back, encoded; a longer one is left out, and the user comes back to the
    /// sign-in's own default.
    static let maximumReturnBytes = 4096
    /// The query's name of the way back, as the front end SDK reads it.
    private static let parameter: StaticString = "redirectToPath="

    /// Whether a browser opens a page with the request (Fetch Metadata, section 2.2): then nobody
    /// reads a 401.
    static func isNavigation(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard head.method == .get || head.method == .head else { return false }
        var modes = 0
        var navigates = false
        for line in head.fields where line.id == .secFetchMode && !line.isAlias {
            modes += 1
            navigates = bytes.bytes(line.value).equals("navigate")
        }
        return navigates && modes == 1
    }

    /// Whether the request may be for a sign-in page, which would lead to itself for ever: it has
    /// that page's path, or was led here before.
    static func isItself(_ page: String, _ path: Span<UInt8>, _ query: Span<UInt8>) -> Bool {
        let bytes = Array(page.utf8)
        let end = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
        return bytes.span.extracting(0..<end).equals(path) || hasWayBack(query)
    }

    private static func hasWayBack(_ query: Span<UInt8>) -> Bool {
        let count = parameter.utf8CodeUnitCount
        var index = 0
        while index < query.count {
            let start = index + 1
            guard start + count <= query.count else { return false }
            if query.extracting(start..<start + count).equals(parameter) { return true }
            index = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
        }
        return false
    }

    /// Makes the sign-in page's URL with the way back in `redirectToPath`, as the front end SDK
    /// reads it.
    ///
    /// - Parameters:
    ///   - page: an absolute URL or a path, from the configuration: no request chooses the origin.
    ///   - path: the request's, canonical.
    ///   - query: the request's, with its `?`; may be empty.
    /// - Returns: the value of `Location`.
    static func location(page: [UInt8], path: Span<UInt8>, query: Span<UInt8>) -> [UInt8] {
        // Two slashes name another host to whoever resolves the path.
        let isForeign = path.count > 1 && path[1] == UInt8(ascii: "/")
        var back: [UInt8] = []
        PercentEncoding.append(path, to: &back)
        PercentEncoding.append(query, to: &back)
        guard !isForeign, back.count <= maximumReturnBytes else { return page }
        var location = page
        location.append(page.contains(UInt8(ascii: "?")) ? UInt8(ascii: "&") : UInt8(ascii: "?"))
        location.append(text: parameter)
        return location + back
    }
}
