/// Where a value stands in a file a person wrote; printed as `FILE:LINE:COLUMN`.
public struct SourcePosition: Hashable, Sendable, CustomStringConvertible {
    /// The path as the user gave it.
    public var file: String
    /// From 1; 0 when the value stands in no file.
    public var line: Int
    /// From 1; 0 when the value stands in no file.
    public var column: Int

    /// A place in `file`; `line` and `column` count from 1.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// The position of a value that no file holds: a default.
    public static let builtIn = SourcePosition(file: "default", line: 0, column: 0)

    /// `FILE:LINE:COLUMN`, or the file alone where no line is known.
    public var description: String { line == 0 ? file : "\(file):\(line):\(column)" }
}
