import HTTPCore
import Testing

@Suite struct FieldNameTests {
    private func look(_ name: String) -> (FieldName, Bool) {
        let bytes = Array(name.utf8)
        let found = FieldName.lookup(bytes.span)
        return (found.id, found.isAlias)
    }

    @Test func findsEveryNameInAnyCase() {
        for id in FieldName.allCases where id != .other && id != .xForwardedOther {
            let name = id.name.description
            #expect(!name.isEmpty)
            #expect(look(name) == (id, false), "\(name)")
            #expect(look(name.uppercased()) == (id, false), "\(name)")
            #expect(look(String(name.reversed())).0 != id || name.count == 0, "\(name)")
        }
    }

    @Test func findsNamesThatFold() {
        for id in FieldName.allCases where id.name.description.contains("-") {
            let name = id.name.description
            for mark in ["_", "."] {
                let all = name.replacing("-", with: mark)
                #expect(look(all) == (id, true), "\(all)")
                #expect(look(all.uppercased()) == (id, true), "\(all)")
                let one = name.replacing("-", with: mark, maxReplacements: 1)
                #expect(look(one) == (id, true), "\(one)")
            }
        }
    }

    @Test func oneByteMoreOrLessOrOtherIsAnotherName() {
        for id in FieldName.allCases where !id.name.description.isEmpty {
            let name = Array(id.name.description.utf8)
            for index in name.indices {
                for byte in [UInt8(0x21), 0x40, 0x5B, 0x60, 0x7B, name[index] ^ 0x80, 0] {
                    var other = name
                    other[index] = byte
                    let found = FieldName.lookup(other.span).id
                    #expect(found != id || id == .proxy, "\(id) \(index) \(byte)")
                }
            }
            #expect(look(id.name.description + "x").0 != id)
            #expect(look("x" + id.name.description).0 != id)
            let shorter = FieldName.lookup(name.span.extracting(droppingLast: 1)).id
            #expect(shorter != id)
        }
    }

    @Test(arguments: [
        ("proxy", FieldName.proxy, false), ("Proxy-Connection", .proxy, false),
        ("PROXY-AUTHORIZATION", .proxy, false), ("proxy-", .proxy, false),
        ("proxy_authorization", .proxy, true), ("Proxy.X", .proxy, true),
        ("proxy-a_b", .proxy, false), ("proxyx", .other, false), ("prox-y", .other, false),
        ("x-forwarded-prefix", .xForwardedOther, false),
        ("X-Forwarded-A_B", .xForwardedOther, false),
        ("x_forwarded-prefix", .xForwardedOther, true),
        ("x-forwarded.tls-client-cert-info-and-more-than-that", .xForwardedOther, true),
        ("X-Forwarded-Client-Cert-And-Much-More", .xForwardedOther, false),
        ("x-forwarded-", .xForwardedOther, false), ("x-forwarded", .other, false),
        ("x-forwardedx-for", .other, false), ("_", .other, false), ("", .other, false),
        ("access-control-request-headersx", .other, false), ("user-agent", .other, false),
    ])
    func families(name: String, id: FieldName, isAlias: Bool) {
        #expect(look(name) == (id, isAlias))
    }

    @Test func longNamesAreNoShorterOnes() {
        let padded = "access-control-request-headers" + String(repeating: "\0", count: 2)
        #expect(look(padded).0 == .other || look(padded).0 == .accessControlRequestHeaders)
        #expect(look("access-control-request-headers-of-another-kind").0 == .other)
    }

    @Test func methods() {
        for method in Method.allCases where method != .other {
            let name = Array(method.name.description.utf8)
            #expect(Method.lookup(name.span) == method)
            let lower = Array(method.name.description.lowercased().utf8)
            #expect(Method.lookup(lower.span) == .other)
            let longer = name + [0x53]
            #expect(Method.lookup(longer.span) == .other)
        }
        #expect(Method.lookup([UInt8]().span) == .other)
    }
}
