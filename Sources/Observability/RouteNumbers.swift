/// Which routes' names the numbers in a worker's counters mean, over all configurations it has had.
struct RouteNumbers: Sendable {
    /// Names in use, without repetition; the first is that of no route.
    private(set) var names = [""]
    /// For each route of each adopted list the number of its name.
    private var numbers: [UInt32] = []
    private var lists: [(base: Int, names: [String])] = []

    private var numbersByName: [String: UInt32] = ["": 0]

    /// Names beyond so many count as no route.
    private static let maximumNames = 1 << 16
    /// Lists that are known again.
    private static let maximumLists = 64

    /// Adds a list and answers where it begins; a list it still knows begins where it did.
    mutating func adopt(_ list: [String]) -> Int {
        if let known = lists.first(where: { $0.names == list }) { return known.base }
        if lists.count == Self.maximumLists { lists.removeFirst() }
        let base = numbers.count
        for name in list { numbers.append(number(ofName: name)) }
        lists.append((base, list))
        return base
    }

    /// The number of a route's name; 0 for no route, or one that no list has.
    func number(of route: Int) -> UInt32 {
        route >= 0 && route < numbers.count ? numbers[route] : 0
    }

    private mutating func number(ofName name: String) -> UInt32 {
        if let number = numbersByName[name] { return number }
        guard names.count < Self.maximumNames else { return 0 }
        let number = UInt32(names.count)
        names.append(name)
        numbersByName[name] = number
        return number
    }
}
