import Bytes
import EventLoop
public import Proxy

/// Makes checked options of a configuration file: the only place that knows the file.
public enum ConfigurationFile {
    /// What a usable configuration gives.
    public typealias Loaded = (options: GatewayOptions, warnings: [ConfigurationProblem])

    /// Where the configuration is looked for when no path is given, in this order.
    public static let defaultPaths = ["Config/sallyport.yaml", "/etc/sallyport/sallyport.yaml"]

    /// Reads and checks a configuration file, and the certificates, keys and secrets it names.
    ///
    /// - Parameters:
    ///   - path: as messages should show it.
    ///   - environment: what `${NAME}` stands for.
    ///   - descriptorLimit: how many descriptors the process may have; nil = not checked.
    /// - Returns: options with every path resolved, or every error that was found.
    public static func load(
        path: String,
        environment: [String: String],
        descriptorLimit: Int? = nil
    ) -> Result<Loaded, ConfigurationProblems> {
        let text: String
        do throws(TextFile.Failure) {
            text = try TextFile.read(path, maximumBytes: YAMLDocument.maximumBytes)
        } catch {
            let problem = ConfigurationProblem(
                position: SourcePosition(file: path, line: 1, column: 1),
                message: "the configuration \(error.message)",
                remedy: remedy(for: error, path)
            )
            return .failure(ConfigurationProblems([problem]))
        }
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return load(
            text: text,
            file: path,
            directory: directory,
            environment: environment,
            descriptorLimit: descriptorLimit
        )
    }

    /// Checks a configuration's text; `directory` is where relative paths begin, empty for the
    /// working directory.
    public static func load(
        text: String,
        file: String,
        directory: String,
        environment: [String: String],
        descriptorLimit: Int? = nil
    ) -> Result<Loaded, ConfigurationProblems> {
        let report = Report()
        let options = read(text, file, directory, environment, descriptorLimit, report)
        guard let options, !report.hasErrors else {
            return .failure(ConfigurationProblems(report.sorted))
        }
        return .success((options, report.sorted))
    }

    private static func remedy(for failure: TextFile.Failure, _ path: String) -> String {
        if let remedy = failure.remedy { return remedy }
        if case .tooLarge(let maximum) = failure {
            return "write at most \(Quantities.text(bytes: UInt64(maximum)))"
        }
        guard defaultPaths.contains(path) else { return "write its path after --config" }
        let others = defaultPaths.filter { $0 != path }.joined(separator: " or ")
        return "make it or \(others), or write its path after --config"
    }

    private static func read(
        _ text: String,
        _ file: String,
        _ directory: String,
        _ environment: [String: String],
        _ descriptorLimit: Int?,
        _ report: Report
    ) -> GatewayOptions? {
        let root = YAMLDocument.read(text, file: file, environment: environment, report: report)
        let reading = Reading(report: report, directory: directory)
        let reader = GatewayReader(reading: reading, processors: Processors.available)
        guard let root, var result = reader.read(root) else { return nil }
        let checks = CrossChecks(report: report)
        checks.apply(to: &result, file: root.position)
        if let descriptorLimit {
            let position = result.limitsPosition
            checks.descriptors(result.options, limit: descriptorLimit, at: position)
        }
        return result.options
    }
}
