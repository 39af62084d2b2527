import Bytes
import HTTPCore
import JSON
import Policy
import Proxy
import Sessions
import Upstreams

extension Explanation {
    /// For machines: the same, every value masked.
    var json: JSONValue {
        .object([
            "request": .object([
                "listener": .string(listener),
                "method": Self.string(canonical?.method), "host": Self.string(canonical?.host),
                "path": Self.string(canonical?.path), "query": Self.string(canonical?.query),
                "readings": .array((canonical?.readings ?? []).map { .string($0) }),
                "preflight": .bool(isPreflight),
            ]),
            "route": route.map(Self.object) ?? .null,
            "near_misses": .array(
                nearMisses.map { miss in
                    .object([
                        "name": .string(miss.route.name), "why": .string(why(miss)),
                        "file": .string(miss.route.position.file),
                        "line": .integer(Int64(miss.route.position.line)),
                    ])
                }
            ),
            "session": .array(steps.map(Self.object)),
            "verdict": .object([
                "outcome": .string(verdict.rawValue), "status": .integer(Int64(status)),
                "reason": Self.string(reason), "detail": Self.string(detail),
                "fields": .array(
                    answerFields.map { field in
                        .object([
                            "name": .string(field.name),
                            "value": .string(masked(field.name, field.value)),
                        ])
                    }
                ),
            ]),
            "upstream": upstreamJSON,
            "notes": .array(notes.map { .string($0) }),
        ])
    }

    private var upstreamJSON: JSONValue {
        guard let upstream else { return .null }
        return .object([
            "name": .string(upstream.name),
            "targets": .array(upstream.targets.map { .string($0.url) }),
            "request": Self.string(upstreamLine),
            "fields": .array(
                differences.map { one in
                    .object([
                        "change": .string(one.change.rawValue), "name": .string(one.name),
                        "client": Self.string(one.client.map { masked(one.name, $0) }),
                        "upstream": Self.string(one.upstream.map { masked(one.name, $0) }),
                        "why": Self.string(one.why),
                    ])
                }
            ),
        ])
    }

    private static func string(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    private static func object(_ route: RouteOptions) -> JSONValue {
        .object([
            "name": .string(route.name), "file": .string(route.position.file),
            "line": .integer(Int64(route.position.line)), "session": .string("\(route.session)"),
        ])
    }

    private static func object(_ step: SessionStep) -> JSONValue {
        let (result, reason): (String, String?) =
            switch step.result {
            case .passed: ("passed", nil)
            case .noted: ("noted", nil)
            case .open: ("open", nil)
            case .failed(let reason): ("failed", "\(reason.code)")
            }
        return .object([
            "step": .string("\(step.name)"), "result": .string(result), "reason": string(reason),
            "text": .string(step.text),
        ])
    }
}
