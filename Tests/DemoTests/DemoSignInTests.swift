import Authority
import Testing

@testable import sallyport

@Suite struct DemoSignInTests {
    static func read(_ content: String, _ type: String? = nil) throws -> DemoSignIn {
        try DemoSignIn(contentType: type, content: Array(content.utf8))
    }

    @Test func formWithDefaults() throws {
        let signIn = try Self.read("user=alice")
        #expect(signIn.user == "alice")
        #expect(signIn.era == .recent)
        #expect(signIn.transfer == .cookie)
    }

    @Test func formWithEscapes() throws {
        let signIn = try Self.read(
            "era=seed&user=J%C3%B8rgen+M%C3%bcller&user=other&transfer=header"
        )
        #expect(signIn.user == "Jørgen Müller")
        #expect(signIn.era == .seed)
        #expect(signIn.transfer == .header)
    }

    @Test(arguments: ["user=100%", "user=100%2", "user=100%zz"])
    func percentThatBeginsNoEscape(_ form: String) throws {
        #expect(try Self.read(form).user == String(form.dropFirst(5)))
    }

    @Test func json() throws {
        let signIn = try Self.read(
            #"{"user":"bob","era":"seed","more":1}"#,
            "application/json; charset=utf-8"
        )
        #expect(signIn.user == "bob")
        #expect(signIn.era == .seed)
    }

    @Test(arguments: [
        "", "user=", "era=seed", "user=a%00b", "user=a%0d%0ab", "user=a&era=old",
        "user=a&transfer=both",
    ])
    func refusedForms(_ form: String) {
        #expect(throws: DemoFailure.self) { try Self.read(form) }
    }

    @Test(arguments: ["", "[]", "{", #"{"user":1}"#, #"{"user":"a","user":"b"}"#])
    func refusedJSON(_ json: String) {
        #expect(throws: DemoFailure.self) { try Self.read(json, "application/json") }
    }

    @Test func longestName() throws {
        let name = String(repeating: "é", count: DemoSignIn.userMaximum)
        #expect(try Self.read("user=\(name)").user == name)
        #expect(throws: DemoFailure.self) { try Self.read("user=\(name)e") }
    }
}
