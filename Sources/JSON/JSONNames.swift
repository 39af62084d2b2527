internal import Bytes

/// The names of an object's members.
enum JSONNames {
    /// Whether no two members of the object at `place` have one name. Few are compared each with
    /// each, many by a set.
    static func areDistinct(
        ofObject place: Int,
        in nodes: Span<JSONNode>,
        _ bytes: Span<UInt8>
    ) -> Bool {
        let end = Int(nodes[place].next)
        var count = 0
        var name = place + 1
        while name < end {
            if count == fewNames || nodes[name].isEscaped {
                return areDistinctByHash(ofObject: place, in: nodes, bytes)
            }
            let text = bytes.extracting(nodes[name].range)
            var earlier = place + 1
            while earlier < name {
                if bytes.extracting(nodes[earlier].range).equals(text) { return false }
                earlier = Int(nodes[earlier + 1].next)
            }
            count += 1
            name = Int(nodes[name + 1].next)
        }
        return true
    }

    private static let fewNames = 16

    private static func areDistinctByHash(
        ofObject place: Int,
        in nodes: Span<JSONNode>,
        _ bytes: Span<UInt8>
    ) -> Bool {
        let end = Int(nodes[place].next)
        var names: Set<[UInt8]> = []
        var name = place + 1
        while name < end {
            guard names.insert(nodes[name].text(in: bytes)).inserted else { return false }
            name = Int(nodes[name + 1].next)
        }
        return true
    }
}
