import Testing

@testable import Bytes

/// Counts how many of it live.
private final class Census {
    var living = 0
}

private struct Tenant: ~Copyable {
    let census: Census
    var name: String

    init(_ name: String, _ census: Census = Census()) {
        self.name = name
        self.census = census
        census.living += 1
    }

    deinit { census.living -= 1 }
}

@Suite struct SlabTests {
    /// A handle that the test knows to have been given.
    private func inserted(_ name: String, into slab: inout Slab<Tenant>) throws -> Handle<Tenant> {
        let handle = slab.insert(Tenant(name))
        return try #require(handle)
    }

    /// The name of who leaves; nil when nobody does.
    private func removed(_ handle: Handle<Tenant>, from slab: inout Slab<Tenant>) -> String? {
        guard let tenant = slab.remove(handle) else { return nil }
        return tenant.name
    }

    @Test func holdsAsManyAsItSays() throws {
        var slab = Slab<Tenant>(capacity: 2)
        let first = try inserted("a", into: &slab)
        let second = try inserted("b", into: &slab)
        let (full, third) = (slab.isFull, slab.insert(Tenant("c")))
        #expect(full && third == nil && first != second)
        let names = [slab[first].name, slab[second].name]
        #expect(names == ["a", "b"])
        let gone = removed(first, from: &slab)
        let (count, again) = (slab.count, slab.insert(Tenant("d")))
        #expect(gone == "a" && count == 1 && again != nil)
    }

    @Test func aHandleEndsWithItsTenancy() throws {
        var slab = Slab<Tenant>(capacity: 1)
        let old = try inserted("old", into: &slab)
        _ = slab.remove(old)
        let new = try inserted("new", into: &slab)
        let (sees, seesNew) = (slab.contains(old), slab.contains(new))
        #expect(old != new && old.slot == new.slot && !sees && seesNew)
        let left = removed(old, from: &slab) == nil
        let name = slab[new].name
        #expect(left && name == "new")
    }

    @Test func handlesFitBesideAKindInEpollsWord() throws {
        var slab = Slab<Tenant>(capacity: 3)
        for _ in 0..<10 {
            let handle = try inserted("x", into: &slab)
            #expect(Handle<Tenant>(bits: handle.bits) == handle)
            // 56 bits, and never the 0 that stands for nobody.
            #expect(handle.bits >> 56 == 0 && handle.bits != 0)
            _ = slab.remove(handle)
        }
    }

    @Test(arguments: [0, 1, 0x1_0000_0000, 0xFFFF_FFFF, 0x5_0000_0001, .max] as [UInt64])
    func bitsThatNobodyGaveAreStale(_ bits: UInt64) {
        var slab = Slab<Tenant>(capacity: 4)
        let handle = Handle<Tenant>(bits: bits)
        let contains = slab.contains(handle)
        let left = removed(handle, from: &slab) == nil
        #expect(!contains && left)
    }

    @Test func slotsTellTheirTenants() throws {
        var slab = Slab<Tenant>(capacity: 3)
        let a = try inserted("a", into: &slab)
        let b = try inserted("b", into: &slab)
        _ = slab.remove(a)
        let found = (0..<4).map { slab.handle(inSlot: $0) }
        #expect(found[a.slot] == nil && found[b.slot] == b && found[3] == nil)
        #expect(found.compactMap { $0 } == [b])
    }

    @Test func changesInPlaceAreSeen() throws {
        var slab = Slab<Tenant>(capacity: 1)
        let handle = try inserted("a", into: &slab)
        slab[handle].name += "b"
        slab[handle].name += "c"
        let name = slab[handle].name
        #expect(name == "abc")
    }

    @Test func everyTenantIsFreedOnce() {
        let census = Census()
        do {
            var slab = Slab<Tenant>(capacity: 3)
            var handles: [Handle<Tenant>] = []
            for name in ["a", "b", "c", "too many"] {
                if let handle = slab.insert(Tenant(name, census)) { handles.append(handle) }
            }
            #expect(census.living == 3)
            _ = slab.remove(handles[1])
            #expect(census.living == 2)
        }
        #expect(census.living == 0)
    }
}

@Suite struct SlabViewTests {
    @Test func oneElementIsReadWhileAnotherChanges() throws {
        var slab = Slab<Tenant>(capacity: 2)
        let read = slab.insert(Tenant("read"))
        let changed = slab.insert(Tenant("changed"))
        let (from, to) = (try #require(read), try #require(changed))
        let view = slab.view(from)
        slab[to].name = view.value.name + "!"
        let (name, same) = (slab[to].name, view.value.name)
        #expect(name == "read!" && same == "read")
    }
}
