import Bytes
import Glibc
import TLS
import Testing

@Suite struct CertificateTests {
    private let folder = TemporaryFolder()

    /// The failure of loading these, which must fail.
    private func failure(certificate: [UInt8]?, key: [UInt8]?) throws -> TLSFailure {
        let files = folder.files(certificate: certificate, key: key)
        return try #require(throws: TLSFailure.self) { try CertificateMaterial.load(files) }
    }

    private func made(_ names: [String] = ["app.example.com"]) throws -> SelfSignedCertificate {
        try SelfSignedCertificate(names: names)
    }

    @Test func loadsAPairAndReadsItsNames() throws {
        let pair = try made(["App.Example.com", "*.example.com", "192.0.2.1", "2001:db8::1"])
        let files = folder.files(certificate: pair.certificatePEM, key: pair.privateKeyPEM)
        let material = try CertificateMaterial.load(files)
        #expect(
            material.names == ["app.example.com", "*.example.com", "192.0.2.1", "[2001:db8::1]"]
        )
        let now = Int64(time(nil))
        #expect(material.notAfter > now + 89 * 86_400)
        #expect(material.notAfter < now + 91 * 86_400)
        #expect(material.warnings(at: now).isEmpty)
        #expect(material.warnings(at: material.notAfter).isEmpty)
        #expect(material.warnings(at: material.notAfter + 1).first?.contains("expired") == true)
        #expect(material.warnings(at: now - 7200).first?.contains("not valid yet") == true)
    }

    @Test func tellsHowToMakeAMissingPair() throws {
        let failure = try failure(certificate: nil, key: nil)
        #expect(failure.position?.line == 4)
        #expect(failure.problem == "\(folder.path)/app.crt does not exist")
        let command =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 "
            + "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
            + "-keyout \(folder.path)/app.key -out \(folder.path)/app.crt"
        #expect(failure.remedy == "make one with: " + command)
        #expect(failure.description.hasPrefix("sallyport.yaml:4:22: "))
    }

    @Test func makesAMissingCertificateOfTheKeyThatIsThere() throws {
        let failure = try failure(certificate: nil, key: made().privateKeyPEM)
        #expect(failure.remedy.contains("req -x509 -key \(folder.path)/app.key "))
        #expect(!failure.remedy.contains("-newkey"))
    }

    @Test func tellsOfAMissingKey() throws {
        let failure = try failure(certificate: made().certificatePEM, key: nil)
        #expect(failure.position?.line == 5)
        #expect(failure.problem == "\(folder.path)/app.key does not exist")
        #expect(failure.remedy.contains("-newkey ec"))
    }

    @Test func quotesPathsForTheShell() throws {
        let here = SourcePosition.builtIn
        let files = CertificateFiles(
            certificate: "/nowhere/it's here.crt",
            certificatePosition: here,
            privateKey: "/nowhere/a.key",
            privateKeyPosition: here
        )
        let failure = #expect(throws: TLSFailure.self) { try CertificateMaterial.load(files) }
        #expect(failure?.remedy.hasSuffix("-out '/nowhere/it'\\''s here.crt'") == true)
    }

    @Test func refusesTheKeyOfAnotherCertificate() throws {
        let failure = try failure(
            certificate: made().certificatePEM,
            key: made().privateKeyPEM
        )
        #expect(failure.position?.line == 5)
        #expect(failure.problem.contains("is not the key of"))
    }

    @Test func refusesAnEncryptedKey() throws {
        let failure = try failure(
            certificate: made().certificatePEM,
            key: CertificateFixtures.encryptedKey()
        )
        #expect(failure.problem.hasSuffix("app.key is encrypted"))
        #expect(failure.remedy.contains("openssl pkey -in ENCRYPTED -out \(folder.path)/app.key"))
    }

    @Test func refusesFilesInTheWrongOrder() throws {
        let pair = try made()
        let swapped = try failure(certificate: pair.privateKeyPEM, key: pair.certificatePEM)
        #expect(swapped.problem.contains("no `BEGIN CERTIFICATE` block"))
        let twice = try failure(certificate: pair.certificatePEM, key: pair.certificatePEM)
        #expect(twice.problem.contains("no `BEGIN PRIVATE KEY` block"))
    }

    @Test func refusesAChainWhoseLeafIsNotFirst() throws {
        let issuer = try made(["issuer.test"])
        let leaf = try made()
        let wrong = try failure(
            certificate: issuer.certificatePEM + leaf.certificatePEM,
            key: leaf.privateKeyPEM
        )
        #expect(wrong.problem.contains("is not the one the key belongs to"))
        let right = folder.files(
            certificate: leaf.certificatePEM + issuer.certificatePEM,
            key: leaf.privateKeyPEM
        )
        #expect(try CertificateMaterial.load(right).names == ["app.example.com"])
        let long = try failure(
            certificate: leaf.certificatePEM
                + (0..<16).flatMap { _ in issuer.certificatePEM },
            key: leaf.privateKeyPEM
        )
        #expect(long.problem.contains("more than 16 certificates"))
    }

    @Test func refusesABrokenBlock() throws {
        let pair = try made()
        var broken = pair.certificatePEM
        broken[100] = UInt8(ascii: "!")
        let certificate = try failure(certificate: broken, key: pair.privateKeyPEM)
        #expect(certificate.problem.contains("does not decode"))
        var key = pair.privateKeyPEM
        key[60] = UInt8(ascii: "!")
        let second = try failure(certificate: pair.certificatePEM, key: key)
        #expect(second.problem.contains("does not decode"))
        let empty = try failure(certificate: [], key: [])
        #expect(empty.problem.contains("no `BEGIN CERTIFICATE` block"))
    }

    @Test func refusesAFileThatIsTooLarge() throws {
        let failure = try failure(
            certificate: [UInt8](repeating: 10, count: 1 << 20 + 1),
            key: made().privateKeyPEM
        )
        #expect(failure.problem.contains("larger than 1 MiB"))
    }

    @Test func refusesAKeyThatIsTooShort() throws {
        let weak = CertificateFixtures.rsa(bits: 1024)
        let failure = try failure(certificate: weak.certificate, key: weak.key)
        #expect(failure.problem.contains("too short"))
    }

    @Test func warnsOfACertificateWithoutNames() throws {
        let plain = CertificateFixtures.rsa(bits: 2048)
        let material = try CertificateMaterial(
            certificatePEM: plain.certificate,
            privateKeyPEM: plain.key
        )
        #expect(material.names.isEmpty)
        let warnings = material.warnings(at: Int64(time(nil)))
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("no subject alternative name") == true)
        // It serves all the same.
        let context = try makeContext([material])
        let pair = try TLSPair(context)
        #expect(pair.handshake())
    }

    @Test(arguments: ["", "a,DNS:b", "a\n", "x y", "é.test", "a/b"])
    func makesNoCertificateForWhatIsNoName(_ name: String) {
        #expect(throws: TLSFailure.self) { try SelfSignedCertificate(names: [name]) }
    }
}
