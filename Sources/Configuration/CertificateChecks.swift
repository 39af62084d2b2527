import Connections
import EventLoop
import Proxy
import Sessions
import TLS

/// Loads every certificate and key, as `serve` does.
struct CertificateChecks {
    let report: Report
    /// What the clock says, in seconds since the epoch.
    let now: Int64

    func apply(to options: GatewayOptions) {
        for listener in options.listeners {
            for files in listener.tls?.certificates ?? [] { load(files) }
        }
        for case .some(let tls) in options.upstreamTLS { load(tls) }
        if options.sessions.core.locations.contains(where: \.isEncrypted) {
            load(options.coreTLS)
        }
    }

    private func load(_ tls: TLSClientOptions) {
        do throws(TLSFailure) {
            let material = try TLSClientMaterial.load(tls)
            if let end = material.notAfter, end < now, let files = tls.certificate {
                report.warning(
                    files.certificatePosition,
                    "the certificate has expired",
                    "renew it, servers refuse it"
                )
            }
            if tls.verifies, tls.authorities == nil, !TLSClientMaterial.systemHasAuthorities {
                report.warning(
                    tls.authoritiesPosition,
                    "the system has no certificates of authorities, so no server is trusted",
                    "install ca-certificates, or write `tls: {ca_file: FILE}`"
                )
            }
        } catch {
            report.error(
                error.position ?? tls.authoritiesPosition,
                error.problem,
                error.remedy
            )
        }
    }

    private func load(_ files: CertificateFiles) {
        do throws(TLSFailure) {
            let material = try CertificateMaterial.load(files)
            for warning in material.warnings(at: now) {
                let parts = warning.split(separator: ";", maxSplits: 1)
                report.warning(
                    files.certificatePosition,
                    String(parts.first ?? ""),
                    String((parts.last ?? "").drop { $0 == " " })
                )
            }
        } catch {
            report.error(
                error.position ?? files.certificatePosition,
                error.problem,
                error.remedy
            )
        }
    }
}
