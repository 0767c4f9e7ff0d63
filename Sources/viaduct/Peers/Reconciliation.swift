import CaseStore
import Federation
import Foundation
import Reports

/// What a peer showed when all of it was read.
struct PeerShow {
    var reports: [IncomingReport] = []
    var updates: [IncomingUpdate] = []
    /// Tickets that it was asked for one by one.
    var asked: Set<String> = []

    /// The word for the status of each ticket: the report's own, or of the last update about it.
    var words: [String: String] {
        var words: [String: String] = [:]
        for update in updates.sorted(by: { $0.told < $1.told }) {
            if let status = update.status { words[update.report] = status }
        }
        for report in reports { words[report.id] = report.status }
        return words
    }
}

/// Where a peer and we do not agree about the reports that both have.
struct Reconciliation: Encodable, Equatable {
    /// Tickets that both have.
    private(set) var common = 0
    /// Ours that the peer does not show, though it shows others.
    private(set) var missing: [Item] = []
    /// Ours of which a peer that shows no reports has said nothing yet.
    private(set) var silent = 0
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
    init(_ tickets: [HeldTicket], with show: PeerShow, mapping: Mapping) {
        var theirs = show.words
        var strange: Set<String> = []
        for ticket in tickets {
            guard let word = theirs.removeValue(forKey: ticket.id) else {
                if show.reports.isEmpty, !show.asked.contains(ticket.id) {
                    silent += 1
                } else {
                    missing.append(Item(ticket, theirs: nil))
                }
                continue
            }
            common += 1
            guard let meaning = mapping.statusesIn[Mapping.StatusWord(word)] else {
                strange.insert(word)
                continue
            }
            if !meaning.agrees(with: ticket.detail) {
                different.append(Item(ticket, theirs: word))
            }
        }
        unknown = theirs.keys.sorted()
        unmapped = strange.sorted()
    }

    var isClean: Bool { missing.isEmpty && different.isEmpty && unmapped.isEmpty }
}

extension Mapping.Meaning {
    /// A peer that says only open and closed agrees with every detail of these.
    fileprivate func agrees(with ours: Detail) -> Bool {
        guard let detail else { return true }
        return detail == ours
            || detail.status == ours.status && [.open, .closed].contains(detail)
    }
}

extension Reconciliation.Item {
    fileprivate init(_ ticket: HeldTicket, theirs: String?) {
        report = ticket.report.rawValue
        self.ticket = ticket.id
        ours = ticket.detail.rawValue
        self.theirs = theirs
    }
}
