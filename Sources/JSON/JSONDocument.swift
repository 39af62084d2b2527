internal import Bytes

/// A JSON text (RFC 8259) that was read, and where each of its values stands: for those who want a
/// few of many values, and no copy of the rest.
public struct JSONDocument: Sendable {
    private let bytes: [UInt8]
    private let nodes: JSONNodes

    /// Reads exactly one value, by the rules of `JSONValue.parse`.
    public init(
        _ bytes: [UInt8],
        limits: JSONLimits = .standard
    ) throws(JSONFailure) {
        nodes = try JSONReader.nodes(of: bytes.span, limits: limits)
        self.bytes = bytes
    }

    /// The one value.
    public var root: JSONElement {
        @_lifetime(borrow self)
        get { JSONElement(nodes.view(over: bytes.span), index: 0) }
    }

    /// A value that was found before.
    @_lifetime(borrow self)
    public func element(at place: Place) -> JSONElement {
        JSONElement(nodes.view(over: bytes.span), index: place.index)
    }

    /// Which value of a document is meant.
    public struct Place: Sendable, Equatable {
        let index: Int
    }
}

/// One value of a `JSONDocument`, read from the text each time.
public struct JSONElement: ~Escapable {
    let view: JSONNodesView
    let index: Int

    @_lifetime(copy view)
    init(_ view: JSONNodesView, index: Int) {
        self.view = view
        self.index = index
    }

    private var kind: JSONNode.Kind { view.nodes[index].kind }

    /// Where it is in its document.
    public var place: JSONDocument.Place { JSONDocument.Place(index: index) }

    /// Whether it is an object.
    public var isObject: Bool { kind == .object }

    /// Whether it is a string.
    public var isString: Bool { kind == .string }

    /// Whether it is a string of exactly these bytes.
    public func isString(_ text: StaticString) -> Bool {
        isString && view.text(of: index).equals(text)
    }

    /// What it says where it is a string, in UTF-8.
    public var string: [UInt8]? { isString ? view.text(of: index).copied() : nil }

    /// As `JSONValue.int64`.
    public var int64: Int64? {
        guard kind == .number else { return nil }
        return view.text(of: index).fewDigits ?? number.int64
    }

    /// As `JSONValue.double`.
    public var double: Double? {
        guard kind == .number else { return nil }
        return view.text(of: index).fewDigits.map { Double($0) } ?? number.double
    }

    private var number: JSONNumber { JSONNumber(checked: view.text(of: index).text) }
}

extension JSONElement {
    /// The value of an object's member; nil where there is none, and for what is no object.
    public subscript(_ name: StaticString) -> JSONElement? {
        @_lifetime(copy self)
        get { member(place { $0.equals(name) }) }
    }

    /// As the other.
    public subscript(_ name: Span<UInt8>) -> JSONElement? {
        @_lifetime(copy self)
        get { member(place { $0.equals(name) }) }
    }

    @_lifetime(copy self)
    private func member(_ place: Int?) -> JSONElement? {
        guard let place else { return nil }
        return JSONElement(view, index: place)
    }

    /// Where the value of the first member stands whose name is the one looked for.
    @inline(__always)
    private func place(_ isName: (Span<UInt8>) -> Bool) -> Int? {
        guard isObject else { return nil }
        var member = index + 1
        let end = view.next(after: index)
        while member < end {
            if isName(view.text(of: member)) { return member + 1 }
            member = view.next(after: member + 1)
        }
        return nil
    }
}
