import Federation
import Reports

/// A relay's turn to try one delivery; nobody else tries it, or a later one of the same report at the
/// same peer, meanwhile.
package struct DeliveryTurn: Sendable {
    /// What is delivered, as it is now: `ambiguous` also says that a relay died during its turn, the
    /// ticket is the newest round's, with an id if there is one, and people are empty unless contact
    /// data may go to the peer.
    package let subject: Translation.Subject
    /// Which claim this is: once there is a later one, nothing that this one says counts (D9).
    package let lease: Int
    /// What had been done to the report's deliveries to the peer when this one was claimed.
    let changes: Int

    package init(_ subject: Translation.Subject, lease: Int = 1, changes: Int = 0) {
        self.subject = subject
        self.lease = lease
        self.changes = changes
    }

    package var delivery: Delivery { subject.delivery }
    package var report: Report { subject.report }
    package var update: Update? { subject.update }
    package var ticket: Ticket? { subject.ticket }
}
