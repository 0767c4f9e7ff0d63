import CaseStore
import Federation
import Reports

/// Where a peer and we do not agree about the reports that both have.
struct Reconciliation: Encodable, Equatable {
    /// Tickets that both have.
    private(set) var common = 0
    /// Ours that the peer does not show.
    private(set) var missing: [Item] = []
    /// Those that stand differently there.
    private(set) var different: [Item] = []
    /// What the peer shows and we know nothing of.
    private(set) var unknown: [String] = []
    /// Its words for a status that no mapping explains.
    private(set) var unmapped: [String] = []

    struct Item: Encodable, Equatable {
        let report: String
        let ticket: String
        let ours: String
        let theirs: String?
    }

    /// Compares all that was read of the peer with our tickets.
    init(_ tickets: [HeldTicket], with shown: [IncomingReport], mapping: Mapping) {
        var theirs: [String: IncomingReport] = [:]
        for report in shown { theirs[report.id] = report }
        var words: Set<String> = []
        for ticket in tickets {
            guard let report = theirs.removeValue(forKey: ticket.id) else {
                missing.append(Item(ticket, theirs: nil))
                continue
            }
            common += 1
            guard let meaning = mapping.statusesIn[Mapping.StatusWord(report.status)] else {
                words.insert(report.status)
                continue
            }
            // A peer that says only open and closed agrees with every detail of these.
            let agrees = meaning.detail.map { detail in
                detail == ticket.detail
                    || detail.status == ticket.detail.status && [.open, .closed].contains(detail)
            }
            if agrees == false { different.append(Item(ticket, theirs: report.status)) }
        }
        unknown = theirs.keys.sorted()
        unmapped = words.sorted()
    }

    var isClean: Bool { missing.isEmpty && different.isEmpty && unmapped.isEmpty }
}

extension Reconciliation.Item {
    fileprivate init(_ ticket: HeldTicket, theirs: String?) {
        report = ticket.report.rawValue
        self.ticket = ticket.id
        ours = ticket.detail.rawValue
        self.theirs = theirs
    }
}
