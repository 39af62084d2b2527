import CLinux
import Glibc

/// A system call that failed.
public struct SystemFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The errno.
    public let code: CInt
    /// The call, as its manual page is named.
    public let operation: StaticString

    /// Of an errno, and of the call that gave it.
    public init(code: CInt, operation: StaticString) {
        self.code = code
        self.operation = operation
    }

    /// The system's words for the code.
    public var message: String { Self.message(for: code) }

    /// The call and the reason.
    public var description: String { "\(operation): \(message)" }

    /// Whether the same call failed for the same reason.
    public static func == (left: SystemFailure, right: SystemFailure) -> Bool {
        left.code == right.code && left.operation.description == right.operation.description
    }

    /// The system's words for an errno, as `Socket.takeError` and `IOResult.failed` give one.
    public static func message(for code: CInt) -> String {
        var text = [CChar](repeating: 0, count: 128)
        unsafe linux_error_text(code, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Turns a shim's answer, a value or a negated errno, into a value or a failure.
    static func check(_ result: CInt, _ operation: StaticString) throws(SystemFailure) -> CInt {
        guard result < 0 else { return result }
        throw SystemFailure(code: 0 &- result, operation: operation)
    }
}
