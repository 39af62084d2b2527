import Configuration
import Connections
import EventLoop
import Foundation
import Proxy
import Testing

/// What is said of files that cannot be read, and of bytes before the text.
@Suite struct FileTests {
    private func problem(of path: String) -> String {
        switch ConfigurationFile.load(path: path, environment: [:]) {
        case .success: "none"
        case .failure(let failure): failure.description
        }
    }

    @Test func missing() {
        #expect(
            problem(of: "/no/such.yaml") == "/no/such.yaml:1:1: error: the configuration cannot be"
                + " read: No such file or directory; write its path after --config"
        )
    }

    /// Tests run where there is `Config/`, so the other default is asked for.
    @Test func missingDefaultNamesBoth() throws {
        let path = "/etc/sallyport/sallyport.yaml"
        guard !FileManager.default.fileExists(atPath: path) else { return }
        #expect(
            problem(of: path).hasSuffix(
                "; make it or Config/sallyport.yaml, or write its path after --config"
            )
        )
    }

    @Test func tooLarge() throws {
        let folder = try TemporaryFolder()
        try folder.write(String(repeating: "#", count: (1 << 20) + 1), to: "c.yaml")
        let said = problem(of: folder.path + "/c.yaml")
        #expect(said.hasSuffix(": the configuration has more than 1MiB; write at most 1MiB"))
    }

    @Test func notReadable() throws {
        let folder = try TemporaryFolder()
        try folder.write(smallest, to: "c.yaml")
        let path = folder.path + "/c.yaml"
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        guard !FileManager.default.isReadableFile(atPath: path) else { return }
        #expect(problem(of: path).hasSuffix("Permission denied; let the gateway's user read it"))
    }

    @Test func folder() throws {
        let folder = try TemporaryFolder()
        let said = problem(of: folder.path)
        #expect(said.hasSuffix(": the configuration is a folder; write the path of a file"))
    }

    /// A FIFO that nobody writes to would be waited for.
    @Test(.timeLimit(.minutes(1))) func noRegularFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/fifo"
        try #require(unsafe mkfifo(path, 0o600) == 0)
        #expect(problem(of: path).hasSuffix(" is no regular file; write the path of a file"))
        let text = smallest + "sessions: {core: {api_key_file: fifo}}"
        #expect(
            problems(in: text, directory: folder.path) == [
                "9:33: error: the secret's file `fifo` is no regular file; write the path of a file"
            ]
        )
    }

    @Test func symbolicLinksAreFollowed() throws {
        let folder = try TemporaryFolder()
        try folder.write(smallest, to: "c.yaml")
        let link = folder.path + "/link.yaml"
        try FileManager.default.createSymbolicLink(
            atPath: link,
            withDestinationPath: "c.yaml"
        )
        #expect(problem(of: link) == "none")
    }

    @Test func byteOrderMarkIsSkipped() throws {
        let loaded = try options("\u{FEFF}" + smallest)
        #expect(loaded.routes.count == 1)
        #expect(problems(in: "\u{FEFF}x: 1\n" + smallest).first?.hasPrefix("1:1: ") == true)
    }

    @Test func valuesOfTheEnvironmentStandInNoRemedy() {
        let text = """
            listeners: [{address: "${SECRET}"}]
            upstreams: {app: {targets: ["${SECRET}"]}}
            routes: [{path_prefix: /, hosts: ["${ADDRESS}"], upstream: app}]
            forwarding: {cors: {origins: ["${SECRET}"]}}
            limits: {request_head: "${SIZE}"}
            """
        let values = ["SECRET": "hunter2", "ADDRESS": "::17", "SIZE": "17k"]
        let found = problems(in: text, environment: values)
        #expect(found.count == 5)
        #expect(!found.contains { $0.contains("hunter2") || $0.contains("17") })
    }

    /// A relative socket is made beside the configuration, not where the process was started.
    @Test func socketsBesideTheConfiguration() throws {
        let folder = try TemporaryFolder()
        let text = smallest.replacing("127.0.0.1:8080", with: "unix:x.sock")
        try folder.write(text, to: "c.yaml")
        let loaded = try load(folder.path + "/c.yaml")
        #expect(loaded.listeners.map(\.address) == [.unix(path: folder.path + "/x.sock")])
    }
}
