import EventLoop
import Foundation
import TLS

/// A directory that only the user can read, with the files of one demo; removed at its end.
struct DemoDirectory {
    /// The gateway's configuration file in it.
    static let configurationName = "sallyport.yaml"

    let path: String

    /// The path of the gateway's configuration.
    var configuration: String { "\(path)/\(Self.configurationName)" }

    /// Makes the directory below `TMPDIR`, or `/tmp`.
    init() throws(DemoFailure) {
        let parent = FileManager.default.temporaryDirectory.path
        path = "\(parent)/sallyport-demo-\(UUID().uuidString.prefix(8).lowercased())"
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw DemoFailure("cannot make \(path): \(error.localizedDescription)")
        }
    }

    /// Makes a certificate for every name of the machine itself, and its key.
    func writeCertificate() throws(DemoFailure) {
        let made: SelfSignedCertificate
        do throws(TLSFailure) {
            made = try SelfSignedCertificate(names: ["localhost", "127.0.0.1", "::1"])
        } catch {
            throw DemoFailure("cannot make a certificate: \(error)")
        }
        try write(made.certificatePEM, as: DemoConfiguration.certificate)
        try write(made.privateKeyPEM, as: DemoConfiguration.privateKey)
    }

    /// Writes a file that only the user can read.
    func write(_ bytes: [UInt8], as name: String) throws(DemoFailure) {
        do throws(SystemFailure) {
            try FileContents.replace("\(path)/\(name)", with: bytes)
        } catch {
            throw DemoFailure("cannot write \(path)/\(name): \(error.message)")
        }
    }

    /// Removes it with all it holds.
    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}
