import Bytes
import EventLoop

/// Commands to try, each as it is printed, and what they show.
struct DemoInstructions {
    struct Step {
        let title: String
        let commands: [String]
    }

    private let configuration: DemoConfiguration
    private let wanted: UInt16

    /// Those for one demo; `wanted` is the port that was asked for.
    init(_ configuration: DemoConfiguration, wanted: UInt16) {
        self.configuration = configuration
        self.wanted = wanted
    }

    /// What is printed when everything is there.
    func text(after duration: Duration) -> String {
        var text = ""
        if wanted != configuration.port, wanted != 0 {
            text += "Port \(wanted) is in use, so this demo has port \(configuration.port).\n"
        }
        let milliseconds = max(duration.milliseconds, 0)
        text += """
            The demo is ready after \(milliseconds) ms. Open

              \(configuration.origin)/

            and accept the certificate, which was made for this run; or try:

            """
        for step in Self.steps(configuration) {
            text += "\n  \(step.title)\n"
            for command in step.commands { text += "    \(command)\n" }
        }
        return text + "\nControl-C ends it.\n"
    }

    static func steps(_ configuration: DemoConfiguration) -> [Step] {
        let origin = configuration.origin
        let jar = "\(configuration.directory)/jar"
        return [
            Step(
                title: "A session of today, its token in an HttpOnly cookie: what the service gets",
                commands: [
                    "curl -sk -c \(quoted(jar)) -d user=alice \(origin)/auth/signin",
                    "curl -sk -b \(quoted(jar)) \(origin)/api",
                ]
            ),
            Step(
                title: "A session of 2023: the cookie's token is no JWT, but holds one",
                commands: [
                    "curl -sk -c \(quoted(jar + "-seed")) -d user=bob -d era=seed "
                        + "\(origin)/auth/signin",
                    "curl -sk -b \(quoted(jar + "-seed")) \(origin)/api",
                ]
            ),
            Step(
                title: "An app that sends its token itself",
                commands: [
                    "TOKEN=$(curl -sk -o /dev/null -w '%header{st-access-token}' "
                        + "-d user=carol -d transfer=header \(origin)/auth/signin)",
                    "curl -sk -H \"Authorization: Bearer $TOKEN\" \(origin)/api",
                ]
            ),
            Step(
                title: "No session: 401 by the gateway, which says why in sallyport-reason",
                commands: ["curl -ski \(origin)/api"]
            ),
            Step(
                title: "The service without the gateway gets no JWT: 401 in its own words",
                commands: ["curl -si http://127.0.0.1:\(configuration.service)/api"]
            ),
            Step(
                title: "The JWT itself; a route for everybody; the gateway's numbers",
                commands: [
                    "curl -sk -b \(quoted(jar)) \(origin)/getJWT",
                    "curl -sk \(origin)/optional",
                    "curl -s http://127.0.0.1:\(configuration.admin)/metrics",
                ]
            ),
        ]
    }

    /// A word of a shell's command.
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            byte.isDigit || byte.lowercased &- UInt8(ascii: "a") < 26 || "/._-".utf8.contains(byte)
        }
        guard !isPlain else { return word }
        return "'" + word.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'"
    }
}
