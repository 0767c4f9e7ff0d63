import Federation
import FoundationEssentials
import Postgres
import Reports

extension Receiving {
    /// Publishes what the peer said, once.
    func publish(
        _ change: Arrival.Change, about held: HeldReport?, in transaction: Transaction
    ) async throws(PostgresError) -> Update.ID? {
        guard let held, !change.isEmpty else { return nil }
        var draft = draft(about: held, told: change.told)
        draft.detail = change.detail
        draft.description = change.text
        draft.pictures = change.pictures
        draft.addresses = sources(of: change.media)
        draft.externalStatus = change.externalStatus
        draft.customerReference = change.customerReference
        draft.changes = Update.Draft.Changes(agency: change.agency, expected: change.expected)
        draft.tells = change.tells
        return try await take(draft, in: transaction, by: way)
    }

    /// Publishes what is a comment, and writes the rest down for staff.
    func propose(
        _ change: Arrival.Change, _ proposal: String, about held: HeldReport?,
        in transaction: Transaction
    ) async throws(PostgresError) -> Update.ID? {
        guard let held else { return nil }
        let update = try await publish(change, about: held, in: transaction)
        var note = draft(about: held, told: change.told, " (proposal)", visibility: .private)
        note.description = proposal
        // Its origin stands with one of them.
        let noted = try await take(note, in: transaction, by: update == nil ? way : nil)
        return update ?? noted
    }

    /// Publishes what the peer said to it, and lets the report go on.
    func handBack(
        _ change: Arrival.Change, about held: HeldReport?, in transaction: Transaction
    ) async throws(PostgresError) -> Update.ID? {
        guard let held else { return nil }
        let update = try await publish(change, about: held, in: transaction)
        try await HandOver(report: held.id, settings: settings, now: now)
            .refuse(by: peer.name, "the peer says that it is not its own", in: transaction)
        return update
    }

    /// Where the pictures that the peer named are fetched.
    func sources(of media: [String]) -> [String] {
        media.map { PeerPicture.source(of: $0, from: peer.name) }
    }

    private func draft(
        about held: HeldReport, told: Date, _ suffix: String = "",
        visibility: Visibility = .public
    ) -> Update.Draft {
        var draft = Update.Draft(
            report: held.id, jurisdiction: held.jurisdiction, stage: held.stage,
            foreignID: name + suffix, told: told, detail: nil, visibility: visibility)
        draft.masking = catalogue.jurisdiction(held.jurisdiction)?.privacy.masking ?? .on
        return draft
    }

    /// The name of what the peer said; a state has none, and is told apart by when we saw it.
    private var name: String {
        switch item.incoming {
        case .update: item.remoteID
        case .report: stateID
        }
    }

    /// The row of a report is about the report; what its state said has rows of its own.
    var stateID: String {
        guard item.kind == .report else { return item.remoteID }
        let digits = Array(item.content.prefix(8)).hexadecimal
        let seconds = Int64(exactly: now.timeIntervalSince1970.rounded(.down)) ?? 0
        return "\(item.remoteID)/state \(digits) \(seconds)"
    }

    private func take(
        _ draft: Update.Draft, in transaction: Transaction, by way: Provenance?
    ) async throws(PostgresError) -> Update.ID? {
        let submission = UpdateSubmission(
            draft, by: client, actor: .peer, provenance: way, now: now, settings: settings,
            keys: keys)
        let published = try await submission.take(in: transaction)
        try await LateUpdate(published)?.eraseAgain(in: transaction)
        switch published {
        case .published(let id), .repeated(let id), .proposed(let id): return id
        case .unknownReport, .unfitParent, .unknownOrigin: return nil
        }
    }
}

extension Receiving {
    /// Writes down what became of it; what is yet to be judged by a person is kept whole.
    func note(
        _ arrival: Arrival, held: HeldReport?, report: Report.ID? = nil, update: Update.ID? = nil,
        in transaction: Transaction
    ) async throws(PostgresError) {
        let (state, reason) = arrival.row
        let isState = item.kind == .report && held != nil
        // A state that brings nothing new is not worth a row.
        if isState, state == "known" || state == "echo" { return }
        let (kind, name) = (
            isState ? "update" : item.kind.rawValue,
            occasion == .told && isState ? stateID : item.remoteID
        )
        let sealed =
            state == "quarantined"
            ? keys.seal(
                InboxPayload(item.incoming).text, .inbox,
                InboxPayload.row(peer: peer.name, kind, name)) : nil
        _ = try await transaction.query(
            """
            INSERT INTO inbox AS held (
                peer, kind, remote_id, content, state, reason, report, "update", is_change,
                received, sealed)
            VALUES (
                \(peer.name.rawValue), \(kind), \(name), \(item.content), \(state), \(reason),
                \((held?.id ?? report)?.rawValue), \(update?.rawValue), \(arrival.changes(held)),
                \(now), \(sealed))
            ON CONFLICT (peer, kind, remote_id) DO UPDATE
            SET content = excluded.content, state = excluded.state, reason = excluded.reason,
                report = excluded.report, "update" = excluded."update",
                is_change = excluded.is_change, sealed = excluded.sealed, payload = NULL
            """)
    }

    /// The first words stay, and people see that there were others (block F, 113).
    func flag(in transaction: Transaction) async throws(PostgresError) {
        _ = try await transaction.query(
            """
            UPDATE inbox SET reason = 'it came again with other words'
            WHERE peer = \(peer.name.rawValue) AND kind = \(item.kind.rawValue)
                AND remote_id = \(item.remoteID) AND state <> 'quarantined'
            """)
    }

    /// Notes that a report of ours is the peer's too.
    func link(_ ours: Report.ID, in transaction: Transaction) async throws(PostgresError) {
        _ = try await transaction.query(
            """
            WITH named AS (
                UPDATE ticket SET remote_id = \(item.ticket), token_due = NULL
                WHERE peer = \(peer.name.rawValue) AND report = \(ours.rawValue)
                    AND remote_id IS NULL
                RETURNING report
            )
            INSERT INTO ticket (peer, report, round, remote_id, direction, recorded)
            SELECT \(peer.name.rawValue), id,
                1 + coalesce((SELECT max(round) FROM ticket
                    WHERE peer = \(peer.name.rawValue) AND report = \(ours.rawValue)), 0),
                \(item.ticket),
                CASE WHEN EXISTS (
                    SELECT FROM delivery WHERE peer = \(peer.name.rawValue)
                        AND report = \(ours.rawValue) AND kind = 'report'
                ) THEN 'out' ELSE 'known' END, \(now)
            FROM report WHERE id = \(ours.rawValue) AND NOT EXISTS (SELECT FROM named)
            ON CONFLICT (peer, remote_id) DO NOTHING
            """)
    }
}

extension Arrival {
    /// The state and the reason of its row.
    fileprivate var row: (String, String?) {
        switch self {
        case .taken(let taking): ("applied", taking.remark)
        case .applied: ("applied", nil)
        case .proposed(_, let proposal): ("proposed", proposal)
        case .handedBack: ("applied", "it is not theirs")
        case .echo: ("echo", nil)
        case .known, .passed, .contradicted: ("known", nil)
        case .quarantined(let reason): ("quarantined", reason)
        case .ignored(let reason): ("ignored", reason)
        }
    }

    /// Whether it changes the status.
    fileprivate func changes(_ held: HeldReport?) -> Bool {
        guard case .applied(let change) = self, let detail = change.detail else { return false }
        return detail != held?.detail
    }
}
