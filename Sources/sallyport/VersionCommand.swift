import ArgumentParser
import Patterns
import TLS

/// `sallyport version`: this program's version, and those of the libraries it runs with.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version, and the versions of OpenSSL and PCRE2 in use."
    )

    /// The program's version (semver.org).
    static let number = "0.1.0"

    static var text: String {
        """
        sallyport \(number)
        OpenSSL \(OpenSSLVersion.text)
        PCRE2 \(PatternLibraryVersion.text)
        """
    }

    func run() {
        print(Self.text)
    }
}
