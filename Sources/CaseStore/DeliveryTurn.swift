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
    /// Whether the update tells a status: a comment leaves the peer's too.
    package let tellsStatus: Bool
    /// Who reported it; empty unless contact data may go to the peer.
    package let reporter: Reporter
    /// Who wrote the update; empty unless contact data may go to the peer.
    package let author: Reporter
    /// Where report or update began and whom it has passed, we the last.
    package let provenance: Provenance
    /// Which claim this is: once there is a later one, nothing that this one says counts (D9).
    package let lease: Int
    /// What had been done to the report's deliveries to the peer when this one was claimed.
    let changes: Int

    package init(
        delivery: Delivery, ticket: Ticket? = nil, report: Report, update: Update? = nil,
        told: Date? = nil, tellsStatus: Bool = true, reporter: Reporter = Reporter(),
        author: Reporter = Reporter(),
        provenance: Provenance, lease: Int = 1, changes: Int = 0
    ) {
        self.delivery = delivery
        self.ticket = ticket
        self.report = report
        self.update = update
        self.told = told
        self.tellsStatus = tellsStatus
        self.reporter = reporter
        self.author = author
        self.provenance = provenance
        self.lease = lease
        self.changes = changes
    }
}
