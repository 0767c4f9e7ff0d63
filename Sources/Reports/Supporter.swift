/// A person who says that a report is theirs as well ("me too").
///
/// Personal data: the count is public, the person is not (P1).
package struct Supporter: Sendable, Equatable, CustomStringConvertible {
    package let identity: Identity

    package init(_ identity: Identity) {
        self.identity = identity
    }

    /// What tells one person from another: the best that they gave.
    package enum Identity: Sendable, Equatable {
        /// In lower case.
        case email(String)
        case account(String)
        case device(String)
    }

    /// Never the data itself, so that no log can leak it.
    package var description: String { "•••" }
}
