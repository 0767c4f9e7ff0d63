/// What is to be said about one side of a server, and what to do about it.
package struct ServerRemark: Sendable, Equatable {
    package let side: Side
    package let weight: Weight
    /// What is wrong.
    package let text: String
    /// What to do.
    package let advice: String

    /// What was looked at.
    package enum Side: String, Sendable, CaseIterable {
        case durability, encoding, version, role, checksums, standbys, collation, clock
        case autovacuum, timeouts, transactions, slots, age, bloat, connections, archiving
    }

    /// How bad it is.
    package enum Weight: Sendable {
        /// What is acknowledged may be lost: nothing may be served.
        case refusal
        /// An operator should know.
        case warning
    }

    init(_ side: Side, _ text: String, _ advice: String, weight: Weight = .warning) {
        self.side = side
        self.weight = weight
        self.text = text
        self.advice = advice
    }

    /// All of it as one paragraph.
    package var sentence: String { "\(text) \(advice)" }
}
