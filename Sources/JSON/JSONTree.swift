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
        let nodes = try JSONReader.nodes(of: bytes, limits: limits)
        var tree = JSONTree()
        for index in nodes.indices.reversed() { tree.add(index, nodes.span, bytes) }
        return tree.outermost
    }
}

/// Makes values of nodes, from the last to the first: when a container is reached, all that is in
/// it was made, its first element last.
private struct JSONTree {
    private var made: [JSONValue] = []

    var outermost: JSONValue { made.last ?? .null }

    mutating func add(_ index: Int, _ nodes: Span<JSONNode>, _ bytes: Span<UInt8>) {
        let node = nodes[index]
        switch node.kind {
        case .null:
            made.append(.null)
        case .bool:
            made.append(.bool(bytes[Int(node.start)] == UInt8(ascii: "t")))
        case .number:
            made.append(.number(JSONNumber(checked: bytes.extracting(node.range).text)))
        case .string:
            made.append(.string(node.text(in: bytes).span.text))
        case .array:
            var elements: [JSONValue] = []
            takeParts(of: index, nodes) { elements.append($0) }
            made.append(.array(elements))
        case .object:
            made.append(.object(object(index, nodes)))
        }
    }

    private mutating func object(_ index: Int, _ nodes: Span<JSONNode>) -> JSONObject {
        var object = JSONObject()
        var name: String?
        takeParts(of: index, nodes) { part in
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
        _ nodes: Span<JSONNode>,
        _ body: (JSONValue) -> Void
    ) {
        var part = index + 1
        while part < Int(nodes[index].next) {
            body(made.removeLast())
            part = Int(nodes[part].next)
        }
    }
}
