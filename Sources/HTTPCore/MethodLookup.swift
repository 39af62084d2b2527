import Bytes

extension Method {
    /// The method with exactly this name; `other` for every other token, `get` in lower case too.
    public static func lookup(_ name: Span<UInt8>) -> Method {
        switch name.count {
        case 3: name.equals("GET") ? .get : name.equals("PUT") ? .put : .other
        case 4: name.equals("POST") ? .post : name.equals("HEAD") ? .head : .other
        case 5: name.equals("PATCH") ? .patch : name.equals("TRACE") ? .trace : .other
        case 6: name.equals("DELETE") ? .delete : .other
        case 7: name.equals("OPTIONS") ? .options : name.equals("CONNECT") ? .connect : .other
        default: .other
        }
    }
}
