import Bytes
import JSON

/// What `POST /sessions/revoke` asks for.
package struct RevocationCommand: Equatable {
    /// Whose sessions.
    package enum Target: Equatable {
        case sessions([String])
        case user(String)
    }

    /// Whose sessions are to end.
    package var target: Target
    /// Whether the core is told, so that the sessions end everywhere.
    package var tellsCore = true

    /// A command with all its parts.
    package init(target: Target, tellsCore: Bool = true) {
        self.target = target
        self.tellsCore = tellsCore
    }

    /// Handles of one request.
    package static let maximumHandles = 10_000
    /// Bytes of a handle, or of a user's ID.
    package static let maximumNameBytes = 1024

    /// Why a content is no command, for whoever sent it.
    package struct Problem: Error, Equatable {
        /// The reason, without a byte of the content.
        package var words: String
    }

    /// Reads `{"sessionHandles": […]}` or `{"userId": …}`, and `"core"`. Nothing else is taken: a
    /// misspelt member would be taken for its absence.
    package static func parse(_ content: [UInt8]) throws(Problem) -> RevocationCommand {
        guard let value = try? JSONValue.parse(content.span), let object = value.object else {
            throw Problem(words: "the content is no JSON object")
        }
        for member in object.members
        where !["sessionHandles", "userId", "core"].contains(member.name) {
            throw Problem(words: "sessionHandles, userId and core are all there can be")
        }
        var command = RevocationCommand(target: try target(object))
        if let core = object["core"] {
            guard let tellsCore = core.bool else { throw Problem(words: "core is no boolean") }
            command.tellsCore = tellsCore
        }
        if case .user = command.target, !command.tellsCore {
            throw Problem(words: "only the core knows a user's sessions")
        }
        return command
    }

    private static func target(_ object: JSONObject) throws(Problem) -> Target {
        switch (object["sessionHandles"], object["userId"]) {
        case (.some(let handles), .none): return .sessions(try self.handles(handles))
        case (.none, .some(let user)):
            guard let name = user.string, isName(name) else {
                throw Problem(words: "userId is no text of 1 to \(maximumNameBytes) bytes")
            }
            return .user(name)
        case (.some, .some), (.none, .none):
            throw Problem(words: "write either sessionHandles or userId")
        }
    }

    private static func handles(_ value: JSONValue) throws(Problem) -> [String] {
        guard let list = value.array, list.count <= maximumHandles else {
            throw Problem(words: "sessionHandles is no list of at most \(maximumHandles)")
        }
        var handles: [String] = []
        for item in list {
            guard let handle = item.string, isName(handle) else {
                throw Problem(words: "a handle is no text of 1 to \(maximumNameBytes) bytes")
            }
            handles.append(handle)
        }
        return handles
    }

    private static func isName(_ text: String) -> Bool {
        (1...maximumNameBytes).contains(text.utf8.count)
    }
}
