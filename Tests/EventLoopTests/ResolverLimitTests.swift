import CLinux
import Testing

@Suite struct ResolverLimitTests {
    @Test func addressesOfANameAreBounded() {
        var addresses = [linux_address](repeating: linux_address(), count: 1)
        let first = unsafe linux_resolve("localhost", 80, &addresses, 1)
        #expect(first == 1)
        // One more than there may be is left out: then nothing was found.
        let none = unsafe linux_resolve("localhost", 80, &addresses, 0)
        #expect(none == linux_resolve_not_found)
    }
}
