import FuzzMachines
import Glibc

/// The target that `SALLYPORT_FUZZ_TARGET` names.
private let target: FuzzTarget = {
    let name = unsafe getenv("SALLYPORT_FUZZ_TARGET").map { unsafe String(cString: $0) }
    guard let target = FuzzTarget(rawValue: name ?? "") else {
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
        fatalError("SALLYPORT_FUZZ_TARGET has to be one of: \(names)")
    }
    return target
}()

/// What libFuzzer calls with each input. A broken rule ends the process: libFuzzer then keeps the
/// input as a file.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do {
        try target.feed(input)
    } catch {
        fatalError("broken: \(error.what)")
    }
    return 0
}
