import FoundationEssentials

/// Leaves a peer alone that fails again and again, and looks from time to time whether it is back
/// (D8).
///
/// The count is shared by all relays: while the breaker is open, one delivery goes as a probe each
/// `pause`, and no other does.
package struct Breaker: Sendable, Equatable {
    /// So many failures in a row open it.
    package var patience: Int
    package var pause: Duration

    package init(patience: Int, pause: Duration) {
        self.patience = patience
        self.pause = pause
    }

    package static let standard = Breaker(patience: 5, pause: .seconds(30))

    /// When the next probe may go after a failure while it is open: a peer that asked for a longer
    /// wait gets it.
    package func probe(after now: Date, asked: Duration? = nil) -> Date {
        now.addingTimeInterval(max(pause, asked ?? .zero) / .seconds(1))
    }
}
