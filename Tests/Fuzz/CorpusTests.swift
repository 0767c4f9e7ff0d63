import Foundation
import FuzzKit
import Testing

/// What `make fuzz` has found worth keeping, read again without its instruments (H8).
@Suite struct CorpusTests {
    private static func corpus(of target: FuzzTarget) throws -> [[UInt8]] {
        let folder = try #require(Bundle.module.resourceURL)
            .appending(components: "Corpus", target.rawValue)
        return try FileManager.default
            .contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { Array(try Data(contentsOf: $0)) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `what a fuzzer found is read without harm`(target: FuzzTarget) throws {
        let inputs = try Self.corpus(of: target)
        #expect(inputs.count >= 5)
        for input in inputs { target.run(input) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `what differs from it by some bytes is read without harm`(target: FuzzTarget) throws {
        let inputs = try Self.corpus(of: target)
        var random = Dice(state: 311)
        for _ in 0..<2_000 { target.run(Self.changed(inputs, &random)) }
    }

    /// One input with some bytes changed, taken away, repeated, or taken from another input.
    private static func changed(_ inputs: [[UInt8]], _ random: inout Dice) -> [UInt8] {
        var input = inputs.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...input.count, using: &random)
            let byte = UInt8.random(in: 0...255, using: &random)
            let length = Int.random(in: 1...16, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: input.insert(byte, at: place)
            case 1: input.removeSubrange(place..<min(place + length, input.count))
            case 2: input.insert(contentsOf: input[place...].prefix(length), at: place)
            case 3:
                let other = inputs.randomElement(using: &random) ?? []
                let start = Int.random(in: 0...other.count, using: &random)
                input.insert(contentsOf: other[start...].prefix(length), at: place)
            default: if place < input.count { input[place] = byte }
            }
        }
        return input
    }
}

/// Chance that is the same each time (SplitMix64).
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
