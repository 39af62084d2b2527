import Foundation
import TestSupport

/// How many rounds each test runs, and from which seed: `SALLYPORT_FUZZ_ROUNDS` and
/// `SALLYPORT_FUZZ_SEED`. Without them a few thousand rounds from a fixed seed.
enum Fuzzing {
    static let rounds = number("SALLYPORT_FUZZ_ROUNDS") ?? 3000
    static let seed = UInt64(number("SALLYPORT_FUZZ_SEED") ?? 1)

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }
}

/// Makes inputs from a corpus: a member of it, changed in one to six places.
struct Mutator {
    let corpus: [[UInt8]]
    let dictionary: [[UInt8]]
    var numbers: SeededGenerator

    /// The dictionary is of pieces that the parsers treat specially.
    init(corpus: [String], dictionary: [String]) {
        self.corpus = corpus.map { Array($0.utf8) }
        self.dictionary = dictionary.map { Array($0.utf8) }
        numbers = SeededGenerator(seed: Fuzzing.seed)
    }

    mutating func next() -> [UInt8] {
        var bytes = corpus.randomElement(using: &numbers) ?? []
        for _ in 0..<Int.random(in: 0...6, using: &numbers) { change(&bytes) }
        return bytes
    }

    /// Cuts the input into pieces at random places.
    mutating func ends(of count: Int) -> [Int] {
        var ends = [count]
        for _ in 0..<Int.random(in: 0...5, using: &numbers) where count > 0 {
            ends.append(Int.random(in: 0...count, using: &numbers))
        }
        return ends.sorted()
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &numbers)
        switch Int.random(in: 0...6, using: &numbers) {
        case 0:
            bytes.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
        case 1:
            bytes.insert(contentsOf: dictionary.randomElement(using: &numbers) ?? [], at: place)
        case 2 where place < bytes.count:
            bytes[place] = UInt8.random(in: 0...255, using: &numbers)
        case 3 where place < bytes.count:
            bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &numbers)
        case 4:
            bytes.removeSubrange(place..<end(after: place, bytes.count))
        case 5:
            bytes.insert(
                contentsOf: Array(bytes[place..<end(after: place, bytes.count)]),
                at: place
            )
        default:
            let other = corpus.randomElement(using: &numbers) ?? []
            let start = Int.random(in: 0...other.count, using: &numbers)
            let piece = other[start..<end(after: start, other.count)]
            bytes.insert(contentsOf: Array(piece), at: place)
        }
    }

    private mutating func end(after start: Int, _ count: Int) -> Int {
        Int.random(in: start...min(count, start + 32), using: &numbers)
    }
}
