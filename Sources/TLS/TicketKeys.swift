import COpenSSL

/// The keys that encrypt session tickets (RFC 5077 §4, RFC 8446 §4.6.1): one set for the process,
/// so that a ticket of one worker is good at every other, and across reloads.
public struct TicketKeys: Sendable {
    /// Makes no ticket yet; opens those of a worker that has rotated before this one.
    let next: TicketKey
    /// Makes every new ticket.
    let current: TicketKey
    /// Opens tickets made before the last rotation.
    let previous: TicketKey

    /// Three keys nobody knows.
    public static func generate() -> TicketKeys {
        TicketKeys(next: TicketKey(), current: TicketKey(), previous: TicketKey())
    }

    /// The set one step on: next becomes current, current becomes previous.
    ///
    /// Tickets of the former previous key are no longer good.
    public func rotated() -> TicketKeys {
        TicketKeys(next: TicketKey(), current: next, previous: current)
    }
}

/// One key: its name in the ticket, and the secrets.
struct TicketKey: Sendable {
    static let nameBytes = 16
    static let cipherKeyBytes = 32
    static let macKeyBytes = 32

    /// Name, cipher key and MAC key, in this order.
    let bytes = SecretBytes(random: nameBytes + cipherKeyBytes + macKeyBytes)
}

/// One worker's ticket keys. It is confined to the worker's thread.
@safe
public final class TicketKeyStore {
    private var keys: TicketKeys
    private let cipher: OpaquePointer?

    /// Begins with keys that all workers share.
    public init(_ keys: TicketKeys) {
        self.keys = keys
        unsafe cipher = EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)
    }

    deinit {
        unsafe EVP_CIPHER_free(cipher)
    }

    /// Uses another set from the next handshake on: after a rotation.
    public func replace(_ keys: TicketKeys) {
        self.keys = keys
    }
}

extension TicketKeyStore {
    /// What OpenSSL's ticket callback answers.
    enum Answer: CInt {
        case failed = -1
        /// No ticket is made, or the ticket is not ours: a full handshake.
        case none = 0
        case accepted = 1
        /// Accepted, and the client gets a new one.
        case renew = 2
    }

    /// Names the current key and readies both contexts to make a ticket.
    func prepareToSeal(
        _ name: UnsafeMutablePointer<UInt8>,
        _ vector: UnsafeMutablePointer<UInt8>,
        _ cipherContext: OpaquePointer,
        _ macContext: OpaquePointer
    ) -> Answer {
        guard unsafe RAND_bytes(vector, EVP_CIPHER_get_iv_length(cipher)) == 1 else {
            return .failed
        }
        return unsafe keys.current.bytes.withBytes { bytes in
            guard let base = bytes.baseAddress else { return .failed }
            unsafe name.update(from: base, count: TicketKey.nameBytes)
            let cipherKey = unsafe base + TicketKey.nameBytes
            guard unsafe EVP_EncryptInit_ex2(cipherContext, cipher, cipherKey, vector, nil) == 1,
                unsafe Self.setKey(of: macContext, cipherKey + TicketKey.cipherKeyBytes)
            else { return .failed }
            return .accepted
        }
    }

    /// Finds the key that made a ticket and readies both contexts to open it.
    func prepareToOpen(
        _ name: UnsafePointer<UInt8>,
        _ vector: UnsafePointer<UInt8>,
        _ cipherContext: OpaquePointer,
        _ macContext: OpaquePointer
    ) -> Answer {
        if let answer = unsafe open(keys.current, name, vector, cipherContext, macContext) {
            return answer ? .accepted : .failed
        }
        for key in [keys.previous, keys.next] {
            if let answer = unsafe open(key, name, vector, cipherContext, macContext) {
                return answer ? .renew : .failed
            }
        }
        return .none
    }

    /// nil when `key` did not make the ticket.
    private func open(
        _ key: TicketKey,
        _ name: UnsafePointer<UInt8>,
        _ vector: UnsafePointer<UInt8>,
        _ cipherContext: OpaquePointer,
        _ macContext: OpaquePointer
    ) -> Bool? {
        unsafe key.bytes.withBytes { bytes in
            guard let base = bytes.baseAddress,
                unsafe CRYPTO_memcmp(name, base, TicketKey.nameBytes) == 0
            else { return nil }
            let cipherKey = unsafe base + TicketKey.nameBytes
            return unsafe EVP_DecryptInit_ex2(cipherContext, cipher, cipherKey, vector, nil) == 1
                && Self.setKey(of: macContext, cipherKey + TicketKey.cipherKeyBytes)
        }
    }

    private static func setKey(of macContext: OpaquePointer, _ key: UnsafePointer<UInt8>) -> Bool {
        unsafe sallyport_mac_set_hmac_sha256_key(macContext, key, TicketKey.macKeyBytes) == 1
    }
}
