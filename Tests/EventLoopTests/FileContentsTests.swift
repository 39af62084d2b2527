import CLinux
import EventLoop
import Glibc
import Testing

/// Files that the program writes for itself.
@Suite struct FileContentsTests {
    @Test func nothingIsLeftOfWhatCannotBePutInPlace() throws {
        let folder = "/tmp/sallyport-\(getpid())-folder"
        try #require(unsafe mkdir(folder, 0o700) == 0)
        defer { _ = unsafe rmdir(folder) }
        #expect(throws: SystemFailure(code: EISDIR, operation: "rename")) {
            try FileContents.replace(folder, with: [1])
        }
        #expect(throws: SystemFailure(code: ENOENT, operation: "open")) {
            try FileContents.read("\(folder).new", maximum: 1)
        }
    }
}
