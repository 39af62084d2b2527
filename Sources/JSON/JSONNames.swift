internal import Bytes

/// The names of an object's members.
enum JSONNames {
    /// Whether no two members of the object at `place` have one name. Few are compared each with
    /// each, many by a set.
    static func areDistinct(
        ofObject place: Int,
        in found: borrowing JSONNodes,
        _ bytes: Span<UInt8>
    ) -> Bool {
        let view = found.view(over: bytes)
        let end = view.next(after: place)
        var count = 0
        var name = place + 1
        while name < end {
            if count == fewNames { return areDistinctByHash(ofObject: place, in: view) }
            let text = view.text(of: name)
            var earlier = place + 1
            while earlier < name {
                if view.text(of: earlier).equals(text) { return false }
                earlier = view.next(after: earlier + 1)
            }
            count += 1
            name = view.next(after: name + 1)
        }
        return true
    }

    private static let fewNames = 16

    private static func areDistinctByHash(ofObject place: Int, in view: JSONNodesView) -> Bool {
        var names: Set<[UInt8]> = []
        names.reserveCapacity(count(ofObject: place, in: view))
        let end = view.next(after: place)
        var name = place + 1
        while name < end {
            guard names.insert(view.text(of: name).copied()).inserted else { return false }
            name = view.next(after: name + 1)
        }
        return true
    }

    private static func count(ofObject place: Int, in view: JSONNodesView) -> Int {
        let end = view.next(after: place)
        var count = 0
        var name = place + 1
        while name < end {
            count += 1
            name = view.next(after: name + 1)
        }
        return count
    }
}
