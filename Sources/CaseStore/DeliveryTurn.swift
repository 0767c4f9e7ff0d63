import Federation
import FoundationEssentials
import Reports

/// A relay's turn to try one delivery; nobody else tries it, or a later one of the same report at the
/// same peer, meanwhile.
package struct DeliveryTurn: Sendable {
    /// As it is now. `ambiguous` also says that a relay died during its turn.
    package let delivery: Delivery
    /// The report as the peer knows it: the newest round, with an id if there is one.
    package let ticket: Ticket?
    package let report: Report
    /// What the delivery is about, if it is an update.
    package let update: Update?
    /// When the update happened, by the clock of whoever told it.
    package let told: Date?
    /// What the update was for the report here; a comment leaves its status. `nil` if the status here
    /// is as this update told it.
    package let updateKind: Note.Kind?
    /// Who reported it; empty unless contact data may go to the peer.
    package let reporter: Reporter
    /// Who wrote the update; empty unless contact data may go to the peer.
    package let author: Reporter
    /// Where report or update began and whom it has passed, we the last.
    package let provenance: Provenance
    /// Of an erasure, what of the report; of what became private all of it, like of any that one may
    /// not know.
    package internal(set) var erasure = Erasure.everything
    /// Whether something of the report was erased since the first try: the message is another one now.
    package internal(set) var isErasedSince = false
    /// Which claim this is: once there is a later one, nothing that this one says counts (D9).
    package let lease: Int
    /// What had been done to the report's deliveries to the peer when this one was claimed.
    let changes: Int

    package init(
        delivery: Delivery, ticket: Ticket? = nil, report: Report, update: Update? = nil,
        told: Date? = nil, updateKind: Note.Kind? = nil, reporter: Reporter = Reporter(),
        author: Reporter = Reporter(),
        provenance: Provenance, lease: Int = 1, changes: Int = 0
    ) {
        self.delivery = delivery
        self.ticket = ticket
        self.report = report
        self.update = update
        self.told = told
        self.updateKind = updateKind
        self.reporter = reporter
        self.author = author
        self.provenance = provenance
        self.lease = lease
        self.changes = changes
    }
}
