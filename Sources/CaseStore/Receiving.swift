import Federation
import FoundationEssentials
import Postgres
import Reports

/// One thing that a peer told, on its way into the case store: all in one transaction.
struct Receiving: Sendable {
    let item: InboxItem
    let peer: Peer
    let client: Client.ID
    let catalogue: Catalogue
    let settings: CaseStore.Settings
    let keys: DataKeys
    let now: Date
    /// Whether it comes from the peer, or out of the quarantine once more.
    let occasion: Occasion
    /// Whether it has a number of its own already, beside the report whose number it came under.
    var isRenamed = false

    enum Occasion {
        case told, replayed
    }

    /// Judges it by what is known now, and does what follows.
    func take(in transaction: Transaction) async throws(PostgresError) -> Arrival {
        // Two that bring the same thing at once wait for each other here.
        _ = try await transaction.query(
            """
            SELECT pg_advisory_xact_lock(hashtextextended(
                \("viaduct inbox \(peer.name) \(item.ticket)"), 0))
            """)
        let held = try await held(in: transaction)
        if let held, let other = renamed(beside: held) {
            return try await other.take(in: transaction)
        }
        let knowledge = try await knowledge(of: held, in: transaction)
        let arrival = try await judged(by: knowledge, in: transaction)
        try await act(on: arrival, held: held, in: transaction)
        return arrival
    }

    private func judged(
        by knowledge: Knowledge, in transaction: Transaction
    ) async throws(PostgresError) -> Arrival {
        switch item.incoming {
        case .update(let update): return peer.arrival(of: update, knowing: knowledge)
        case .report(let report):
            let arrival = peer.arrival(of: report, in: catalogue, knowing: knowledge)
            guard case .taken = arrival, report.provenance == nil,
                let ours = try await lookalike(of: report, in: transaction)
            else { return arrival }
            return .known(ours)
        }
    }

    private func act(
        on arrival: Arrival, held: HeldReport?, in transaction: Transaction
    ) async throws(PostgresError) {
        switch arrival {
        case .passed: break
        case .contradicted: try await flag(in: transaction)
        case .taken(let taking):
            try await add(taking, in: transaction)
        case .applied(let change):
            let update = try await publish(change, about: held, in: transaction)
            try await note(arrival, held: held, update: update, in: transaction)
        case .proposed(let change, let proposal):
            let update = try await propose(change, proposal, about: held, in: transaction)
            try await note(arrival, held: held, update: update, in: transaction)
        case .handedBack(let change):
            let update = try await handBack(change, about: held, in: transaction)
            try await note(arrival, held: held, update: update, in: transaction)
        case .known(let ours):
            if let ours { try await link(ours, in: transaction) }
            try await note(arrival, held: held, report: ours, in: transaction)
        case .echo, .quarantined, .ignored:
            try await note(arrival, held: held, in: transaction)
        }
        try await see(arrival, held: held, in: transaction)
    }
}

/// A report of ours that the peer has a ticket for, as the transaction holds it.
struct HeldReport: Sendable {
    let id: Report.ID
    let jurisdiction: Jurisdiction.ID
    let stage: Stage
    let requested: Date
    let description: String?
    let place: Coordinate?
    let detail: Detail
    let statusNotes: String?
    let agency: String?
    let expected: Date?
    let handler: Peer.Name?
    let direction: String
    let seenStatus: String?
    let seenContent: [UInt8]?
    let seen: Date?
}

extension Receiving {
    /// Takes hold of the report whose ticket this is about.
    private func held(in transaction: Transaction) async throws(PostgresError) -> HeldReport? {
        guard !item.ticket.utf8.contains(0) else { return nil }
        let rows = try await transaction.query(
            """
            SELECT report.id, report.jurisdiction, report.stage, report.requested,
                report.description, report.latitude, report.longitude,
                coalesce(report.detail, upper(report.status)), report.status_notes, report.agency,
                report.expected, report.handler, ticket.direction, ticket.seen_status,
                ticket.seen_content, ticket.seen
            FROM ticket JOIN report ON report.id = ticket.report
            WHERE ticket.peer = \(peer.name.rawValue) AND ticket.remote_id = \(item.ticket)
            FOR NO KEY UPDATE OF report
            """)
        guard var cells = rows.first?.cells else { return nil }
        return try HeldReport(
            id: ReportRow.named(Report.ID.self, cells.next(), column: 0),
            jurisdiction: ReportRow.named(Jurisdiction.ID.self, cells.next(), column: 1),
            stage: Stage(rawValue: cells.next()) ?? .production,
            requested: cells.next(), description: cells.next(), place: place(from: &cells),
            detail: Detail(rawValue: cells.next(String.self)) ?? .open,
            statusNotes: cells.next(), agency: cells.next(), expected: cells.next(),
            handler: cells.next(String?.self).flatMap(Peer.Name.init(rawValue:)),
            direction: cells.next(), seenStatus: cells.next(), seenContent: cells.next(),
            seen: cells.next())
    }

    private func place(from cells: inout Cells) throws(PostgresError) -> Coordinate? {
        let (latitude, longitude) = try (cells.next(Double?.self), cells.next(Double?.self))
        guard let latitude, let longitude else { return nil }
        return Coordinate(latitude: latitude, longitude: longitude)
    }

    /// The same under a number of its own, if the peer has given one number to two reports (Cologne
    /// does): the one that came first has it, and this one says another time, place and text.
    private func renamed(beside held: HeldReport) -> Receiving? {
        guard !isRenamed, held.direction == "in", case .report(let report) = item.incoming,
            report.provenance == nil, report.requested.wholeSeconds != held.requested.wholeSeconds,
            let text = report.description, let known = held.description,
            !Echo.isSame(text, as: known),
            let place = report.place?.coordinate, let knownPlace = held.place,
            place.distance(to: knownPlace) > 100
        else { return nil }
        let requested = report.requested.formatted(.iso8601)
        var other = Receiving(
            item: InboxItem(.report(report.named("\(report.id) \(requested)"))), peer: peer,
            client: client, catalogue: catalogue, settings: settings, keys: keys, now: now,
            occasion: occasion)
        other.isRenamed = true
        return other
    }

    /// Remembers the state that the peer shows, unless it may still be ours on its way: then it is
    /// looked at again.
    private func see(
        _ arrival: Arrival, held: HeldReport?, in transaction: Transaction
    ) async throws(PostgresError) {
        guard case .report(let report) = item.incoming, arrival != .passed,
            held != nil || arrival.linksTicket
        else { return }
        if arrival == .echo, let held, !peer.mapping.expresses(held.detail, as: report.status) {
            return
        }
        _ = try await transaction.query(
            """
            UPDATE ticket SET seen_status = \(report.status), seen_content = \(item.content),
                seen = \(now)
            WHERE peer = \(peer.name.rawValue) AND remote_id = \(report.id)
            """)
    }
}

extension Arrival {
    fileprivate var linksTicket: Bool {
        switch self {
        case .taken, .known(.some): true
        default: false
        }
    }
}
