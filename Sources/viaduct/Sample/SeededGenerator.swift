import Foundation

/// A source of numbers that gives the same ones for the same seed (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Each stream of a seed is a sequence of its own.
    package init(seed: UInt64, stream: UInt64 = 0) {
        state = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15 &* (stream &+ 1))
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    private static func mix(_ number: UInt64) -> UInt64 {
        var z = number
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// Whether something of this likelihood happens.
    mutating func happens(_ likelihood: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < likelihood
    }

    /// A number of the normal distribution around 0, of variance 1 (Box and Muller).
    mutating func normal() -> Double {
        let radius = (-2 * log(Double.random(in: .leastNonzeroMagnitude..<1, using: &self)))
            .squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
    }

    /// One of the items, by their weights.
    mutating func pick<Item>(_ items: [(item: Item, weight: Int)]) -> Item? {
        let total = items.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return nil }
        var rest = Int.random(in: 0..<total, using: &self)
        for (item, weight) in items {
            if rest < weight { return item }
            rest -= weight
        }
        return nil
    }
}
