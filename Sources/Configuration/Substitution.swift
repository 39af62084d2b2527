import Bytes

/// `${NAME}` and `${NAME:-default}` inside a scalar.
enum Substitution {
    struct Failure: Error {
        var message: String
        var remedy: String
    }

    /// The text with the environment's values in place; a value is not looked at again.
    ///
    /// As in the shell, the default is taken where the variable is unset or empty.
    static func expand(
        _ written: String,
        environment: [String: String]
    ) throws(Failure) -> String {
        var result = ""
        var rest = written[...]
        while let start = rest.firstRange(of: "${") {
            result += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw Failure(
                    message: "`${` has no `}`",
                    remedy: "write ${NAME} or ${NAME:-default}"
                )
            }
            result += try value(rest[start.upperBound..<end], environment)
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func value(
        _ inside: Substring,
        _ environment: [String: String]
    ) throws(Failure) -> String {
        let separator = inside.firstRange(of: ":-")
        let name = String(inside[..<(separator?.lowerBound ?? inside.endIndex)])
        guard isName(name) else {
            throw Failure(
                message: "`${\(inside)}` names no environment variable",
                remedy: "write ${NAME} or ${NAME:-default}, the name of letters, digits and `_`"
            )
        }
        if let separator {
            let found = environment[name] ?? ""
            return found.isEmpty ? String(inside[separator.upperBound...]) : found
        }
        guard let found = environment[name] else {
            throw Failure(
                message: "the environment variable \(name) is not set",
                remedy: "set it, or write ${\(name):-default}"
            )
        }
        return found
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !first.isDigit else { return false }
        return name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0.isLetter || $0.isDigit }
    }
}
