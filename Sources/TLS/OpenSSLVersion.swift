import COpenSSL

/// The OpenSSL this process runs with, which may be newer than the one it was built with.
public enum OpenSSLVersion {
    /// Such as `3.0.17`.
    public static var text: String {
        guard let version = unsafe OpenSSL_version(OPENSSL_VERSION_STRING) else { return "unknown" }
        return unsafe String(cString: version)
    }
}
