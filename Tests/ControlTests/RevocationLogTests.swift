import Cryptography
import Sessions
import Testing

@testable import Control

@Suite struct RevocationLogTests {
    private static let key = KeyedHash128.Key(low: 3, high: 4)
    private static let sessions = (1...3).map { number in
        RevokedSession(
            fingerprint: SessionFingerprint(low: UInt64(number), high: 7),
            instant: 1_000 * Int64(number)
        )
    }

    private let file =
        RevocationLog.header(key) + RevocationLog.records(sessions, mark: 99, key: key)

    @Test func givesBackWhatWasWritten() {
        let content = RevocationLog.read(file)
        #expect(content?.key == Self.key && content?.news == Self.sessions)
        #expect(content?.mark == 99 && content?.isWhole == true)
        let empty = RevocationLog.read(RevocationLog.header(Self.key))
        #expect(empty == RevocationLog.Content(key: Self.key))
    }

    /// A flipped bit anywhere is noticed, and what comes before it is used.
    @Test func damageIsNoticed() {
        for index in file.indices {
            var damaged = file
            damaged[index] ^= 1 << UInt8(index % 8)
            let content = RevocationLog.read(damaged)
            guard index >= RevocationLog.headerBytes else {
                #expect(content == nil, "byte \(index)")
                continue
            }
            let whole = (index - RevocationLog.headerBytes) / RevocationLog.recordBytes
            #expect(content?.isWhole == false && content?.mark == .min, "byte \(index)")
            #expect(content?.news == Array(Self.sessions.prefix(whole)), "byte \(index)")
        }
    }

    @Test func aCutIsNoticed() {
        for count in 0..<file.count {
            let content = RevocationLog.read(Array(file[..<count]))
            let isCut = (count - RevocationLog.headerBytes) % RevocationLog.recordBytes != 0
            #expect((content == nil) == (count < RevocationLog.headerBytes))
            #expect(content.map(\.isWhole) ?? !isCut == !isCut || content == nil, "\(count) bytes")
        }
    }
}
