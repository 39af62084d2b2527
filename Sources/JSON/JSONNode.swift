internal import Bytes

/// Where one value, or one member's name, stands in a text that was read.
///
/// Nodes lie in the order of the text: an array is followed by its elements, an object by name and
/// value of each member.
struct JSONNode: Sendable {
    enum Kind: UInt8, Sendable { case null, bool, number, string, array, object }

    let kind: Kind
    /// Whether a string or name was written with escapes: it stands among `JSONNodes.unescaped`.
    var isEscaped = false
    /// The first byte; of a string the one after the quotation mark.
    let start: UInt32
    /// The byte after the last; of a string the closing quotation mark.
    var end: UInt32
    /// The node after this one and all inside it. While a container is open: the one around it.
    var next: UInt32

    /// No node: what is around the outermost container.
    static let none = UInt32.max

    var range: Range<Int> { Int(start)..<Int(end) }
}

/// All nodes of a text, and what its strings with escapes say.
struct JSONNodes: Sendable {
    var nodes: [JSONNode] = []
    /// Decoded once, one after the other: whoever looks for a name compares bytes.
    var unescaped: [UInt8] = []

    /// The nodes over the bytes that they were read from.
    @_lifetime(borrow self, copy bytes)
    func view(over bytes: Span<UInt8>) -> JSONNodesView {
        JSONNodesView(nodes: nodes.span, bytes: bytes, unescaped: unescaped.span)
    }
}

/// Nodes and what they stand in, to be looked at.
struct JSONNodesView: ~Escapable {
    let nodes: Span<JSONNode>
    let bytes: Span<UInt8>
    private let unescaped: Span<UInt8>

    @_lifetime(copy nodes, copy bytes, copy unescaped)
    init(nodes: Span<JSONNode>, bytes: Span<UInt8>, unescaped: Span<UInt8>) {
        self.nodes = nodes
        self.bytes = bytes
        self.unescaped = unescaped
    }

    /// The text of a number or literal; what a string or name says, in UTF-8.
    @_lifetime(copy self)
    func text(of index: Int) -> Span<UInt8> {
        let node = nodes[index]
        return (node.isEscaped ? unescaped : bytes).extracting(node.range)
    }

    /// The node after `index` and all inside it.
    func next(after index: Int) -> Int { Int(nodes[index].next) }
}
