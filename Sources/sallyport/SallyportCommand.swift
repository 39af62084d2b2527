import ArgumentParser

/// The program: one file per subcommand.
@main
struct SallyportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport",
        abstract:
            "A gateway that terminates TLS, verifies SuperTokens sessions and forwards their JWT.",
        version: VersionCommand.text,
        subcommands: [
            ServeCommand.self, CheckCommand.self, ExplainCommand.self, SessionsCommand.self,
            DemoCommand.self,
            VersionCommand.self,
        ]
    )
}
