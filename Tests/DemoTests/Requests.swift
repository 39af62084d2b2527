import Control
import HTTPCore

@testable import Control

/// A request as a service of the demo gets it.
func request(
    _ method: HTTPCore.Method,
    _ path: String,
    fields: [(name: String, value: String)] = [],
    content: String = ""
) -> ServiceRequest {
    ServiceRequest(
        method: method,
        path: path,
        query: "",
        host: "localhost",
        fields: fields,
        content: Array(content.utf8)
    )
}

extension ServiceResponse {
    var text: String { String(decoding: content, as: UTF8.self) }

    func values(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }
}
