import TestSupport

extension SeededGenerator {
    /// What peers with bad intentions put between good bytes.
    private static let fragments: [[UInt8]] = [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ",", ";", "=", "\"", "\\", "\r\n ", "\r\n\r\n",
        "\u{B}", "\u{7F}", "é", "0", "5", "ffffffff", "_", "-", ".", "HTTP/1.1", "HTTP/1.0",
        "Host: b\r\n", "Content-Length: 5\r\n", "Content-Length: 6\r\n",
        "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Expect: 100-continue\r\n",
        "X_Y: z\r\n", "0\r\n", "5;a=\"b\"\r\n",
    ].map { Array($0.utf8) }

    /// `bytes` with one to four changes.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            let end = min(bytes.count, place + Int.random(in: 1...12, using: &self))
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
            case 3 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 4 where place < bytes.count:
                bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &self)
            default:
                let fragment = Self.fragments.randomElement(using: &self) ?? []
                bytes.insert(contentsOf: fragment, at: place)
            }
        }
        return bytes
    }

    /// Up to five places to cut `bytes` at, in order.
    mutating func cuts(_ bytes: [UInt8]) -> [Int] {
        (0..<Int.random(in: 1...5, using: &self))
            .map { _ in Int.random(in: 0...bytes.count, using: &self) }
            .sorted()
    }
}
