import ArgumentParser
import Configuration
import Foundation

/// `--config FILE`, and where the configuration is looked for without it.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration file.",
            discussion:
                "Without it: \(ConfigurationFile.defaultPaths.joined(separator: ", then ")).",
            valueName: "file"
        )
    )
    private var given: String?

    /// The path to load: the given one, else the first default that is there, else the first, so
    /// that loading says that it is missing.
    var path: String {
        if let given { return given }
        let defaults = ConfigurationFile.defaultPaths
        return defaults.first { FileManager.default.fileExists(atPath: $0) } ?? defaults[0]
    }
}
