internal import Bytes

extension JSONValue {
    /// Reads exactly one value, with nothing but whitespace around it (RFC 8259 §2).
    ///
    /// Stricter than many readers: two members of one name, half surrogate pairs and invalid UTF-8
    /// are refused, for another reader may see another value there. Does not recurse.
    public static func parse(
        _ bytes: Span<UInt8>,
        limits: JSONLimits = .standard
    ) throws(JSONFailure) -> JSONValue {
        let found = try JSONReader.nodes(of: bytes, limits: limits)
        var tree = JSONTree()
        let view = found.view(over: bytes)
        for index in found.nodes.indices.reversed() { tree.add(index, view) }
        return tree.outermost
    }
}

extension JSONElement {
    /// The value itself, copied.
    public var value: JSONValue {
        var tree = JSONTree()
        for node in (index..<view.next(after: index)).reversed() { tree.add(node, view) }
        return tree.outermost
    }
}

/// Makes values of nodes, from the last to the first: when a container is reached, all that is in
/// it was made, its first element last.
private struct JSONTree {
    private var made: [JSONValue] = []

    var outermost: JSONValue { made.last ?? .null }

    mutating func add(_ index: Int, _ view: JSONNodesView) {
        let node = view.nodes[index]
        switch node.kind {
        case .null:
            made.append(.null)
        case .bool:
            made.append(.bool(view.bytes[Int(node.start)] == UInt8(ascii: "t")))
        case .number:
            made.append(.number(JSONNumber(checked: view.text(of: index).text)))
        case .string:
            made.append(.string(view.text(of: index).text))
        case .array:
            var elements: [JSONValue] = []
            takeParts(of: index, view) { elements.append($0) }
            made.append(.array(elements))
        case .object:
            made.append(.object(object(index, view)))
        }
    }

    private mutating func object(_ index: Int, _ view: JSONNodesView) -> JSONObject {
        var object = JSONObject()
        var name: String?
        takeParts(of: index, view) { part in
            if let known = name {
                object.append(JSONObject.Member(name: known, value: part))
                name = nil
            } else {
                name = part.string
            }
        }
        return object
    }

    /// Takes out what a container's own nodes were made into, in their order.
    private mutating func takeParts(
        of index: Int,
        _ view: JSONNodesView,
        _ body: (JSONValue) -> Void
    ) {
        var part = index + 1
        while part < view.next(after: index) {
            body(made.removeLast())
            part = view.next(after: part)
        }
    }
}
