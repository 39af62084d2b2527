import COpenSSL
import Glibc

/// What a certificate says that the gateway needs.
struct CertificateDetails: Sendable {
    /// Lower-case DNS names, wildcards included, and addresses as a `Host` field has them.
    var names: [String]
    /// Seconds since the epoch.
    var notBefore: Int64
    /// Seconds since the epoch.
    var notAfter: Int64

    init(of certificate: OpaquePointer) {
        names = unsafe Self.names(of: certificate)
        notBefore = unsafe Self.seconds(X509_get0_notBefore(certificate)) ?? .min
        notAfter = unsafe Self.seconds(X509_get0_notAfter(certificate)) ?? .max
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var parts = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return unsafe Int64(timegm(&parts))
    }

    /// The subject alternative names (RFC 5280 §4.2.1.6); the subject's common name is none.
    private static func names(of certificate: OpaquePointer) -> [String] {
        guard let found = unsafe X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil)
        else {
            return []
        }
        let list = OpaquePointer(found)
        defer { unsafe GENERAL_NAMES_free(list) }
        var names: [String] = []
        for index in 0..<(unsafe sallyport_general_name_count(list)) {
            guard let name = unsafe sallyport_general_name(list, index),
                let string = unsafe sallyport_general_name_string(name),
                let start = unsafe ASN1_STRING_get0_data(string)
            else { continue }
            let bytes = unsafe UnsafeBufferPointer(
                start: start,
                count: Int(ASN1_STRING_length(string))
            )
            let isAddress = unsafe name.pointee.type == GEN_IPADD
            if let text = unsafe isAddress ? address(bytes) : domain(bytes) { names.append(text) }
        }
        return names
    }

    /// nil for what no server name can be: a NUL, say (CVE-2009-2408).
    private static func domain(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard !bytes.isEmpty, unsafe bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        return unsafe String(decoding: bytes, as: UTF8.self).lowercased()
    }

    private static func address(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        let isV4 = bytes.count == 4
        guard isV4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = isV4 ? AF_INET : AF_INET6
        guard
            unsafe inet_ntop(family, bytes.baseAddress, &text, socklen_t(text.count)) != nil
        else { return nil }
        let literal = String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        return isV4 ? literal : "[\(literal)]"
    }
}
