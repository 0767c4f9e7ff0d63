import FoundationEssentials

/// The target that `FUZZ_TARGET` names.
private let chosen: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        preconditionFailure("FUZZ_TARGET is none of \(names)")
    }
    return target
}()

/// Runs the target on one input; FuzzDriver calls it for libFuzzer.
@_cdecl("viaduct_fuzz_one")
package func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
