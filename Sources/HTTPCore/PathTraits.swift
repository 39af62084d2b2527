import Bytes

/// Which steps change a path, seen in one pass over it.
struct PathTraits: OptionSet, Sendable {
    let rawValue: UInt16

    /// Something to decode.
    static let escapes = PathTraits(rawValue: 1 << 8)

    init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// That of one step.
    init(_ step: PathStep) {
        rawValue = 1 &<< UInt16(step.rawValue)
    }

    /// Those of a path, which begins with a slash.
    init(_ path: Span<UInt8>) {
        var traits: PathTraits = []
        var previous: UInt8 = 0
        var index = 0
        while index < path.count {
            let byte = path[index]
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): traits.insert(PathTraits(.lowercase))
            case UInt8(ascii: "%"):
                if let value = PathEscapes.value(path, at: index) {
                    traits.formUnion(.escapes.union(PathTraits.ofEscaped(value, path, index)))
                }
            case UInt8(ascii: "/"):
                if previous == byte { traits.insert(PathTraits(.merge)) }
                if PathTraits.isDotOrSpace(previous) { traits.insert(PathTraits(.trailingDots)) }
            default: traits.formUnion(PathTraits.of(byte))
            }
            previous = byte
            index &+= 1
        }
        if PathTraits.isDotOrSpace(previous) { traits.insert(PathTraits(.trailingDots)) }
        if previous == UInt8(ascii: "/"), path.count > 1 { traits.insert(PathTraits(.finalSlash)) }
        self = traits
    }

    private static func of(_ byte: UInt8) -> PathTraits {
        switch byte {
        case UInt8(ascii: ";"): PathTraits(.parameters)
        case UInt8(ascii: "\\"): PathTraits(.slashes)
        case UInt8(ascii: "?"), UInt8(ascii: "#"): PathTraits(.end)
        default: []
        }
    }

    private static func ofEscaped(_ value: UInt8, _ path: Span<UInt8>, _ index: Int) -> PathTraits {
        switch value {
        case UInt8(ascii: "/"): return PathTraits(.slashes)
        case UInt8(ascii: " "):
            let end = index &+ 3
            let isLast = end == path.count || path[end] == UInt8(ascii: "/")
            return isLast ? PathTraits(.trailingDots) : []
        default: return of(value)
        }
    }

    private static func isDotOrSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: " ")
    }
}
