import Bytes
import CLinux
import EventLoop
import Glibc
import Testing

@Suite struct ListenerTests {
    private let loopback = SocketAddress.v4(0x7F00_0001, port: 0)

    private func temporaryPath(_ name: String) -> String {
        "/tmp/sallyport-\(getpid())-\(name).sock"
    }

    @Test func acceptedSocketsInheritNoDelay() throws {
        let listener = try Socket.listen(on: loopback, sharesPort: false)
        let client = try Socket.connect(to: try boundAddress(listener))
        let server = try Pair.accept(listener)
        let flags = [hasNoDelay(server.descriptor), hasNoDelay(client.descriptor)]
        #expect(flags == [true, true])
    }

    private func hasNoDelay(_ descriptor: CInt) -> Bool {
        var value: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        let level = CInt(IPPROTO_TCP)
        let result = unsafe getsockopt(descriptor, level, TCP_NODELAY, &value, &size)
        return result == 0 && value != 0
    }

    @Test func tellsWhoCame() throws {
        try expectWhoCame { listener in listener.accept() }
    }

    @Test func theReserveAdmitsWhileDescriptorsAreFree() throws {
        try expectWhoCame { listener in ReserveDescriptor.shared.accept(listener) }
    }

    /// Nobody at first, then the client with its address.
    private func expectWhoCame(_ accept: (borrowing Socket) -> AcceptResult) throws {
        let listener = try Socket.listen(on: loopback, sharesPort: false)
        switch accept(listener) {
        case .wouldBlock: break
        default: Issue.record("accepted nobody")
        }
        let client = try Socket.connect(to: try boundAddress(listener))
        var loop = try EventLoop()
        let token = EventToken(kind: 0, bits: 0)
        try loop.addLevelTriggered(descriptor: listener.descriptor, token: token)
        _ = try loop.wait(until: .now + .seconds(5))
        switch accept(listener) {
        case .accepted(_, let peer):
            let address = try boundAddress(client)
            #expect(peer == address)
        default: Issue.record("not accepted")
        }
    }

    @Test func sharesAPortOnlyWhenAsked() throws {
        let first = try Socket.listen(on: loopback, sharesPort: true)
        let address = try boundAddress(first)
        let second = try Socket.listen(on: address, sharesPort: true)
        let shared = try boundAddress(second)
        #expect(shared == address)
        #expect(throws: SystemFailure(code: EADDRINUSE, operation: "bind")) {
            _ = try Socket.listen(on: address, sharesPort: false)
        }
    }

    @Test func ipv6ListenersLeaveIPv4Alone() throws {
        let any = SocketAddress.v6(high: 0, low: 0, port: 0, scope: 0)
        guard let six = try? Socket.listen(on: any, sharesPort: false) else { return }
        guard let port = try boundAddress(six).port else { return }
        let four = try? Socket.listen(on: .v4(0, port: port), sharesPort: false)
        switch four {
        case .some: break
        case .none: Issue.record("the IPv4 port was taken")
        }
    }

    @Test func replacesAStaleSocketFileButNoOther() throws {
        let path = temporaryPath("stale")
        defer { _ = unsafe linux_unlink(path) }
        let address = SocketAddress.unix(path: path)
        do { _ = try Socket.listen(on: address, sharesPort: false) }
        let live = try Socket.listen(on: address, sharesPort: false)
        let bound = try boundAddress(live)
        #expect(bound == address)
        #expect(throws: SystemFailure(code: EADDRINUSE, operation: "bind")) {
            _ = try Socket.listen(on: address, sharesPort: false)
        }
        let client = try Socket.connect(to: address)
        let copy = try live.duplicate()
        let server = try Pair.accept(copy)
        let sent = client.send([1].span)
        let error = server.takeError()
        #expect(sent == .bytes(1) && error == 0)
    }

    @Test func leavesAPlainFileAlone() throws {
        let path = temporaryPath("file")
        defer { _ = unsafe linux_unlink(path) }
        try FileContents.replace(path, with: [1, 2])
        #expect(throws: SystemFailure(code: EADDRINUSE, operation: "bind")) {
            _ = try Socket.listen(on: .unix(path: path), sharesPort: false)
        }
        #expect(try FileContents.read(path, maximum: 10) == [1, 2])
    }

    @Test func refusesImpossiblePaths() {
        let long = String(repeating: "x", count: 200)
        for (path, code) in [("", ENOENT), (long, ENAMETOOLONG), ("a\0b", EINVAL)] {
            #expect(throws: SystemFailure(code: code, operation: "bind")) {
                _ = try Socket.listen(on: .unix(path: path), sharesPort: false)
            }
        }
    }
}
