public import EventLoop
public import Observability
public import Sessions
public import TLS
public import Upstreams

/// Everything a worker needs to judge and forward requests by one configuration. Plain values: each
/// worker compiles its own tables from it, so that nothing is shared while requests run.
public struct GenerationSource: Sendable {
    /// Counts configurations from 1.
    public var number: Int
    /// Checked: a worker only compiles them.
    public var options: GatewayOptions
    /// One list for each listener, in its order; empty for cleartext.
    public var certificates: [[CertificateMaterial]]
    /// What https servers are trusted by, and shown.
    public var clientTLS: ClientTLSMaterials
    /// What each target's name last resolved to.
    public var addresses: [TargetID: [SocketAddress]]
    /// What each core's name last resolved to, in the order of `sessions.core`.
    public var coreAddresses: [[SocketAddress]]

    /// A configuration with what its files and names came to.
    public init(
        number: Int,
        options: GatewayOptions,
        certificates: [[CertificateMaterial]],
        clientTLS: ClientTLSMaterials? = nil,
        addresses: [TargetID: [SocketAddress]],
        coreAddresses: [[SocketAddress]] = []
    ) {
        self.number = number
        self.options = options
        self.certificates = certificates
        self.clientTLS =
            clientTLS ?? ClientTLSMaterials(upstreams: options.upstreams.map { _ in nil })
        self.addresses = addresses
        self.coreAddresses = coreAddresses
    }
}

/// What the `tls` of upstreams and cores came to, with the files that it names.
public struct ClientTLSMaterials: Sendable {
    /// One for each upstream; nil where no target is on https.
    public var upstreams: [TLSClientMaterial?]
    /// nil where no core is on https.
    public var core: TLSClientMaterial?

    /// One for each upstream, and the cores'.
    public init(upstreams: [TLSClientMaterial?], core: TLSClientMaterial? = nil) {
        self.upstreams = upstreams
        self.core = core
    }

    /// Reads the files.
    public static func load(_ options: GatewayOptions) throws(TLSFailure) -> ClientTLSMaterials {
        var materials = ClientTLSMaterials(upstreams: [])
        for tls in options.upstreamTLS {
            guard let tls else {
                materials.upstreams.append(nil)
                continue
            }
            materials.upstreams.append(try TLSClientMaterial.load(tls))
        }
        if options.sessions.core.locations.contains(where: \.isEncrypted) {
            materials.core = try TLSClientMaterial.load(options.coreTLS)
        }
        return materials
    }
}

/// What control tells a worker.
public enum WorkerMessage: Sendable {
    /// A checked configuration takes the place of the one before.
    case generation(GenerationSource)
    /// The keys a core published.
    case keys(KeySet)
    /// What came of the fetch this worker asked for, after any `keys` it brought.
    case keysAnswered(KeyFetcher.KeysAnswer)
    /// A name of the generation with this number resolved to other addresses.
    case addresses(generation: Int, TargetID, [SocketAddress])
    /// A core's name of the generation with this number resolved to other addresses.
    case coreAddresses(generation: Int, location: Int, [SocketAddress])
    /// Another worker has requests with a child token that this one owns.
    case childWanted(ChildToken, by: Int)
    /// What the owner of a child token heard of it.
    case childAnswered([UInt8], CoreAnswer)
    case ticketKeys(TicketKeys)
    /// Sessions that were dropped; a number other than 0 is answered with
    /// `ControlMessage.revocationsObeyed`.
    case revoked(RevocationNews)
    /// Send `ControlMessage.sessionsInUse` with the handles of this share.
    case collectSessions(SessionShare)
    /// Send `ControlMessage.metrics` with this number.
    case collectMetrics(Int)
    /// Stop accepting, finish what runs, and end at the deadline at the latest.
    case drain(until: Instant)
}

/// What a worker tells control.
public enum ControlMessage: Sendable {
    /// No known key fits a token; `seen` is the sequence of the keys it was tried with.
    case keysWanted(worker: Int, question: KeyQuestion, seen: UInt64)
    /// Sessions whose sign-outs this worker saw, and already refuses.
    case revoked(worker: Int, RevocationNews)
    /// The worker refuses what it was told to up to the news with this number.
    case revocationsObeyed(worker: Int, number: UInt64)
    /// Handles of sessions that requests brought since the worker told of them last.
    case sessionsInUse(worker: Int, [[UInt8]])
    case metrics(worker: Int, number: Int, MetricsSnapshot)
    /// A generation could not be put to use; the one before stays.
    case generationRefused(worker: Int, number: Int, String)
    case generationLive(worker: Int, number: Int)
    /// The worker's thread ends: every connection is closed.
    case drained(worker: Int)
    /// The worker cannot go on.
    case failed(worker: Int, String)
    /// The file of dropped sessions was written anew, with so many sessions; nil = it failed.
    case revocationFileWritten(count: Int?)
    /// What the resolver thread found for a target of the generation with this number.
    case resolved(generation: Int, TargetID, [SocketAddress]?)
    /// What the resolver thread found for a core's host, in the configuration with this number.
    case resolvedCore(generation: Int, location: Int, [SocketAddress]?)
    /// The file of the last keys was written; or why not.
    case keysKept(SystemFailure?)
}
