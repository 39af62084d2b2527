import Connections
import EventLoop
import TLS

/// Loads every certificate and key, as `serve` does.
struct CertificateChecks {
    let report: Report
    /// What the clock says, in seconds since the epoch.
    let now: Int64

    func apply(to listeners: [ListenerOptions]) {
        for listener in listeners {
            for files in listener.tls?.certificates ?? [] { load(files) }
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
