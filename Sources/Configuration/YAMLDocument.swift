import Bytes
import Yams

/// Makes a tree with positions of YAML text. The only file, with `DuplicateKeys`, that knows Yams.
struct YAMLDocument {
    /// More bytes than this are no configuration.
    static let maximumBytes = 1 << 20
    /// More values than this come from aliases of aliases.
    private static let maximumValues = 100_000
    /// Deeper than anything the configuration has.
    private static let maximumDepth = 32

    private let file: String
    private let environment: [String: String]
    private let report: Report
    private var values = 0

    /// The document's root; nil when it cannot be read, which has been reported then.
    static func read(
        _ text: String,
        file: String,
        environment: [String: String],
        report: Report
    ) -> YAMLValue? {
        var document = YAMLDocument(file: file, environment: environment, report: report)
        var text = withoutByteOrderMark(text)
        var duplicates = 0
        while true {
            do {
                guard let root = try Parser(yaml: text).singleRoot() else {
                    return .empty(SourcePosition(file: file, line: 1, column: 1))
                }
                return document.convert(root, depth: 0)
            } catch let failure as YamlError {
                guard duplicates < DuplicateKeys.maximum,
                    document.renamedDuplicate(failure, in: &text)
                else {
                    if duplicates == 0 { document.report(failure, in: text) }
                    return nil
                }
                duplicates += 1
            } catch {
                document.unreadable(1, 1, "the YAML cannot be read")
                return nil
            }
        }
    }

    /// Some editors begin a file with U+FEFF; to YAML it is part of the first key.
    private static func withoutByteOrderMark(_ text: String) -> String {
        let scalars = text.unicodeScalars
        return scalars.first == "\u{FEFF}" ? String(scalars.dropFirst()) : text
    }

    private init(file: String, environment: [String: String], report: Report) {
        self.file = file
        self.environment = environment
        self.report = report
    }

    // MARK: - Tree

    private mutating func convert(_ node: Node, depth: Int) -> YAMLValue {
        let position = position(node.mark)
        values += 1
        guard depth <= Self.maximumDepth, values <= Self.maximumValues else {
            report.error(position, "too many values", "write the values out without aliases")
            return .empty(position)
        }
        switch node {
        case .scalar(let scalar):
            return convert(scalar, position)
        case .sequence(let sequence):
            var items: [YAMLValue] = []
            for item in sequence where values <= Self.maximumValues {
                items.append(convert(item, depth: depth + 1))
            }
            return .list(items, position)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping where values <= Self.maximumValues {
                entry(key, value, depth, into: &entries)
            }
            return .mapping(entries, position)
        case .alias:
            report.error(position, "an alias that stands for nothing", "write the value out")
            return .empty(position)
        }
    }

    private mutating func entry(
        _ key: Node,
        _ value: Node,
        _ depth: Int,
        into entries: inout [Entry]
    ) {
        guard case .scalar(let scalar) = key else {
            let position = position(key.mark)
            report.error(position, "a key that is not a name", "write NAME: VALUE")
            return
        }
        guard !DuplicateKeys.isRenamed(scalar.string) else { return }
        let text = text(scalar, position(scalar.mark))
        if let first = entries.first(where: { $0.key.value == text.value }) {
            reportDuplicate(text.value, text.position, firstLine: first.key.position.line)
            return
        }
        entries.append(Entry(key: text, value: convert(value, depth: depth + 1)))
    }

    private func convert(_ scalar: Node.Scalar, _ position: SourcePosition) -> YAMLValue {
        if scalar.style == .plain, ["", "~"].contains(scalar.string) { return .empty(position) }
        return .text(text(scalar, position))
    }

    private func text(_ scalar: Node.Scalar, _ position: SourcePosition) -> Text {
        var text = Text(value: scalar.string, written: scalar.string, position: position)
        text.isQuoted = scalar.style != .plain
        do throws(Substitution.Failure) {
            text.value = try Substitution.expand(scalar.string, environment: environment)
        } catch {
            report.error(position, error.message, error.remedy)
            text.isBroken = true
        }
        return text
    }

    private func position(_ mark: Mark?) -> SourcePosition {
        SourcePosition(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    // MARK: - Errors of the parser

    /// Whether the failure was a duplicate key that could be found, reported and renamed in the
    /// text, so that the rest can be read too.
    private func renamedDuplicate(_ failure: YamlError, in text: inout String) -> Bool {
        guard case .duplicatedKeysInMapping(let names, let context) = failure,
            let name = names.first, Self.areInOrder(names),
            let found = DuplicateKeys.rename(name, first: position(context.mark), in: &text)
        else { return false }
        reportDuplicate(name, found, firstLine: context.mark.line)
        return true
    }

    /// Whether the parser sorts keys that are there twice, so that it tells of the same one each
    /// time: it cannot when two are written alike with different tags, or one is no scalar, which
    /// it calls by this name.
    private static func areInOrder(_ names: [String]) -> Bool {
        names.count == 1 || (Set(names).count == names.count && !names.contains("<uncovertable>"))
    }

    /// Where the first `?` begins a key, which only keys that are no names need.
    private func firstExplicitKey(in text: String) -> SourcePosition {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            guard let start = line.firstIndex(where: { $0 != " " }), line[start] == "?" else {
                continue
            }
            let column = line.distance(from: line.startIndex, to: start) + 1
            return SourcePosition(file: file, line: number + 1, column: column)
        }
        return SourcePosition(file: file, line: 1, column: 1)
    }

    private func reportDuplicate(_ name: String, _ position: SourcePosition, firstLine: Int) {
        report.error(
            position,
            "duplicate key `\(Text.printable(name))`, first on line \(firstLine)",
            "keep one of the two"
        )
    }

    private func report(_ failure: YamlError, in text: String) {
        switch failure {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            if Self.isTab(mark, problem, in: text) {
                unreadable(mark.line, mark.column, "a tab", "indent with spaces only")
                return
            }
            let place = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            unreadable(mark.line, mark.column, problem + place)
        case .reader(let problem, let offset, _, _):
            let before = text.prefix(offset ?? 0)
            let line = before.split(separator: "\n", omittingEmptySubsequences: false)
            let column = (line.last?.unicodeScalars.count ?? 0) + 1
            unreadable(line.count, column, problem, "take the character out")
        case .duplicatedKeysInMapping(let names, let context):
            report.error(
                Self.areInOrder(names) ? position(context.mark) : firstExplicitKey(in: text),
                "a key that this mapping has twice",
                "keep one of the two"
            )
        default:
            unreadable(1, 1, "the text cannot be read")
        }
    }

    /// Whether what the parser stumbled over is a tab.
    private static func isTab(_ mark: Mark, _ problem: String, in text: String) -> Bool {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(mark.line - 1), mark.column > 0 else { return false }
        return lines[mark.line - 1].dropFirst(mark.column - 1).first == "\t"
            || problem.contains("tab character")
    }

    private func unreadable(
        _ line: Int,
        _ column: Int,
        _ problem: String,
        _ remedy: String =
            "indent with spaces only, and quote values that begin with [ ] { } * & ! @ % or `"
    ) {
        report.error(
            SourcePosition(file: file, line: max(line, 1), column: max(column, 1)),
            "not YAML: \(problem)",
            remedy
        )
    }
}
