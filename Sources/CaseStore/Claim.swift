import Federation
import FoundationEssentials
import Postgres
import Reports

/// One look at what waits for a peer, and what of it is claimed.
///
/// One statement, so that a relay that stops in the middle of it holds no lock. Claims of one peer
/// wait for each other at the peer's row; but what a statement reads of other rows is as old as its
/// beginning, so whoever waited has counted wrongly: its number of claims tells, and it looks again.
/// For the same reason a lane is only changed if nothing was done to its deliveries meanwhile.
struct Claim {
    let peer: Peer
    let limit: Int
    let lease: Duration
    let nextProbe: Date
    let now: Date

    /// How many may be claimed at all.
    var most: Int { min(limit, peer.pace.concurrency) }

    var statement: SQL {
        """
        WITH seen AS MATERIALIZED (
            SELECT claims FROM peer WHERE name = \(name)
        ), held AS MATERIALIZED (
            SELECT claims, probe_due IS NOT NULL AS is_probe, \(tokens) AS tokens FROM peer
            WHERE name = \(name) AND paused IS NULL AND (probe_due IS NULL OR probe_due <= \(now))
            FOR NO KEY UPDATE
        ), room AS MATERIALIZED (
            SELECT held.is_probe, held.tokens, least(
                \(most), \(peer.pace.concurrency) - claimed.count, floor(held.tokens)::bigint,
                CASE WHEN held.is_probe THEN 1 END) AS most
            FROM held JOIN seen ON seen.claims = held.claims, (
                SELECT count(*) FROM lane
                WHERE peer = \(name) AND lease_until > clock_timestamp()) AS claimed
        ), looked AS MATERIALIZED (
            SELECT report, changes, delivery, due FROM lane
            WHERE peer = \(name) AND due <= \(now) AND (SELECT most FROM room) > 0
                AND (lease_until IS NULL OR lease_until <= clock_timestamp())
            ORDER BY due, report \(Self.limit(most)) FOR UPDATE SKIP LOCKED
        ), judged AS MATERIALIZED (\(judged)), turned AS (\(turned)), cleared AS (
            DELETE FROM lane USING judged
            WHERE lane.peer = \(name) AND lane.report = judged.report
                AND lane.changes = judged.changes AND judged.verdict = 'empty'
        ), claimed AS (\(claimed)), lost AS (\(lost)), paced AS (
            UPDATE peer SET claims = claims + 1, allowance = room.tokens - taken.count,
                refilled = clock_timestamp(),
                probe_due = CASE WHEN room.is_probe THEN \(nextProbe) ELSE peer.probe_due END
            FROM room, (SELECT count(*) FROM claimed) AS taken
            WHERE peer.name = \(name) AND taken.count > 0
        )
        \(told)
        """
    }

    private var name: String { peer.name.rawValue }

    /// What the peer's pace allows to begin now: by the database's clock, which all relays share.
    /// What was not begun in half a second is lost, so that a pause ends in no rush.
    private var tokens: SQL {
        guard let rate = peer.pace.perSecond else { return "1e9::double precision" }
        return """
            least(
                \(max(rate / 2, 1)),
                allowance + \(rate) * greatest(0, extract(
                    epoch FROM clock_timestamp() - coalesce(refilled, 'epoch'))::double precision))
            """
    }

    /// Few numbers, that the planner can read (see `Search`); some more than are wanted, because not
    /// every lane that is looked at has something to claim.
    private static func limit(_ most: Int) -> SQL {
        let enough = [2, 8, 24, 128].first { $0 >= most } ?? 512
        return SQL(verbatim: "LIMIT \(enough)")
    }

    /// The first unfinished delivery of each lane, and what is to be done with it.
    private var judged: SQL {
        """
        SELECT looked.report, looked.changes, head.id, head.lease,
            head.id = looked.delivery AS is_lost, verdict.word AS verdict, head.due,
            row_number() OVER (PARTITION BY verdict.word ORDER BY looked.due, looked.report) AS place
        FROM looked LEFT JOIN LATERAL (\(head)) AS head ON true, LATERAL (
            SELECT CASE
                WHEN head.id IS NULL THEN 'empty'
                WHEN head.state = 'parked' THEN 'parked'
                WHEN head.due > \(now) THEN 'early'
                WHEN head.kind <> 'report' AND NOT EXISTS (
                    SELECT FROM ticket WHERE ticket.peer = \(name)
                        AND ticket.report = looked.report AND ticket.remote_id IS NOT NULL)
                THEN 'unnamed'
                ELSE 'ready' END AS word
        ) AS verdict
        """
    }

    /// The oldest one; but what is to be erased waits for nothing that was parked before it, once the
    /// peer has a ticket.
    private var head: SQL {
        """
        SELECT id, lease, state, kind, due FROM (
            (SELECT id, lease, state, kind, due, 0 AS rank FROM delivery
            WHERE peer = \(name) AND report = looked.report AND kind = 'erasure'
                AND state = 'waiting' AND EXISTS (
                    SELECT FROM ticket WHERE ticket.peer = \(name)
                        AND ticket.report = looked.report AND ticket.remote_id IS NOT NULL)
            ORDER BY id LIMIT 1)
            UNION ALL
            (SELECT id, lease, state, kind, due, 1 AS rank FROM delivery
            WHERE peer = \(name) AND report = looked.report AND state IN ('waiting', 'parked')
            ORDER BY id LIMIT 1)
        ) AS first ORDER BY rank LIMIT 1
        """
    }

    /// What cannot go now is looked at again when it might: at an update of a report that has only a
    /// token there, after a while, unless the token resolves before.
    private var turned: SQL {
        """
        UPDATE lane SET
            due = CASE judged.verdict
                WHEN 'parked' THEN 'infinity'::timestamptz
                WHEN 'early' THEN judged.due
                WHEN 'unnamed' THEN \(now.advanced(by: .seconds(300)))
                ELSE lane.due END,
            changes = lane.changes + 1,
            delivery = CASE judged.verdict WHEN 'ready' THEN judged.id END,
            lease = CASE judged.verdict WHEN 'ready' THEN judged.lease + 1 END,
            lease_until = CASE judged.verdict WHEN 'ready' THEN \(SQL.end(of: lease)) END
        FROM judged
        WHERE lane.peer = \(name) AND lane.report = judged.report
            AND lane.changes = judged.changes
            AND (judged.verdict IN ('parked', 'early', 'unnamed')
                OR judged.verdict = 'ready' AND judged.place <= (SELECT most FROM room))
        RETURNING lane.changes, lane.delivery, judged.is_lost
        """
    }

    /// A turn that a relay died in counts as a try without an answer.
    private var claimed: SQL {
        """
        UPDATE delivery SET lease = delivery.lease + 1, claimed = \(now),
            first_tried = coalesce(first_tried, \(now)),
            attempts = attempts + CASE WHEN turned.is_lost THEN 1 ELSE 0 END,
            doubt = CASE WHEN turned.is_lost THEN 'ambiguous' ELSE doubt END
        FROM turned WHERE delivery.id = turned.delivery
        RETURNING \(DeliveryRow.columns), delivery.lease, turned.changes, turned.is_lost
        """
    }

    private var lost: SQL {
        """
        INSERT INTO attempt (delivery, number, started, ended, outcome, reason)
        SELECT claimed.id, \(CaseStore.nextAttempt(of: "claimed.id")), before.claimed, \(now),
            'ambiguous', \(AttemptRow.lost)
        FROM claimed JOIN delivery AS before ON before.id = claimed.id WHERE claimed.is_lost
        """
    }
}

extension Claim {
    /// What a look found.
    struct Found {
        var turns: [DeliveryTurn] = []
        /// Whether somebody else claimed meanwhile, or so much of what was looked at was not to be
        /// claimed that there may be more.
        var isWorthAnotherLook = false
    }

    /// One row at least, which tells of the look itself; the report comes first, because its columns
    /// are read by their numbers.
    private var told: SQL {
        let mayKnow = peer.privacy.allowsContact
        return """
            SELECT \(ReportRow.columns),
                (SELECT count(*) FROM held) > (SELECT count(*) FROM room)
                    OR (SELECT count(*) FROM looked WHERE (SELECT count(*) FROM claimed) = 0) > 0,
                report.jurisdiction, report.stage,
                (SELECT string_agg(part, ',') FROM tombstone WHERE event = claimed.event),
                EXISTS (SELECT FROM tombstone WHERE tombstone.report = claimed.report
                    AND tombstone.erased >= claimed.first_tried),
                \(DeliveryRow.columns(of: "claimed")),
                claimed.lease, claimed.changes, known.remote_id, known.token,
                way.path, origin.authority, origin.origin_id, "update".told,
                \(UpdateRow.tellsStatus) IS NOT FALSE,
                \(PersonRow.columns(of: "contact")), \(PersonRow.columns(of: "author")),
                \(OriginalRow.columns(sealedIn: "original")),
                \(OriginalRow.columns(sealedIn: "spoken")), \(UpdateRow.columns)
            FROM (SELECT 1) AS look LEFT JOIN claimed ON true
                LEFT JOIN report ON report.id = claimed.report
                LEFT JOIN "update" ON "update".id = claimed."update"
                LEFT JOIN foreign_number ON foreign_number.report = claimed.report
                    AND foreign_number.client = \(peer.client?.rawValue)
                LEFT JOIN contact.contact ON contact.report = claimed.report AND \(mayKnow)
                LEFT JOIN contact.author ON author."update" = claimed."update" AND \(mayKnow)
                LEFT JOIN contact.original ON original.report = claimed.report
                    AND \(mayKnow || !peer.mapping.questions.isEmpty)
                LEFT JOIN contact.original AS spoken
                    ON spoken."update" = claimed."update" AND \(mayKnow)
                LEFT JOIN event AS way ON way.id = claimed.event
                LEFT JOIN LATERAL (
                    SELECT remote_id, token FROM ticket
                    WHERE ticket.peer = claimed.peer AND ticket.report = claimed.report
                    ORDER BY remote_id IS NULL, round DESC LIMIT 1
                ) AS known ON true
                LEFT JOIN LATERAL (
                    SELECT authority, origin_id FROM origin
                    WHERE origin.report = claimed.report
                        AND origin."update" IS NOT DISTINCT FROM claimed."update"
                    LIMIT 1
                ) AS origin ON true
            ORDER BY claimed.id
            """
    }

    /// The turns in the rows of `statement`.
    func found(
        in rows: Rows, node: Authority, keys: DataKeys
    ) throws(PostgresError) -> Found {
        var found = Found()
        for index in rows.indices {
            var cells = rows[index].cells
            for _ in 0..<ReportRow.count { cells.nextBytes { _ in } }
            found.isWorthAnotherLook = try cells.next(Bool.self)
            guard let jurisdiction = try cells.next(String?.self) else { continue }
            let place = try ReportRow.named(
                Jurisdiction.ID.self, jurisdiction, column: ReportRow.count + 1)
            let stage = Stage(rawValue: try cells.next()) ?? .production
            let erasure = try cells.next(String?.self).flatMap(Erasure.init(parsing:))
            let isErased = try cells.next(Bool.self)
            let reports = try ReportRow.reports(
                in: rows, index..<index + 1, of: place, stage: stage)
            guard let report = reports.first else { continue }
            // Of what became private all of it, like of any that one may not know.
            found.turns.append(
                try turn(
                    of: report, from: &cells, node: node, keys: keys,
                    erasure: erasure ?? .everything, isErasedSince: isErased))
        }
        return found
    }

    private func turn(
        of report: Report, from cells: inout Cells, node: Authority, keys: DataKeys,
        erasure: Erasure, isErasedSince: Bool
    ) throws(PostgresError) -> DeliveryTurn {
        let delivery = try DeliveryRow.delivery(from: &cells, keys)
        let (lease, changes) = try (cells.next(Int.self), cells.next(Int.self))
        let ticket = try Self.ticket(from: &cells)
        let way = try Way(
            path: cells.next([String]?.self) ?? [], origin: cells.next(), id: cells.next())
        let told = try cells.next(Date?.self)
        let tellsStatus = try cells.next(Bool.self)
        let apart = try SetApart(from: &cells)
        var update = try delivery.update == nil ? nil : UpdateRow.update(from: &cells)
        let opened = apart.open(of: delivery, to: peer, keys: keys)
        if let spoken = opened?.spoken { update?.description = spoken }
        let subject = Translation.Subject(
            delivery: delivery, report: report.restored(by: opened?.original ?? Original()),
            update: update, told: told, tellsStatus: tellsStatus,
            reporter: opened?.reporter ?? Reporter(), author: opened?.author ?? Reporter(),
            provenance: way.provenance(
                of: delivery.update?.rawValue ?? report.id.rawValue, at: node), ticket: ticket,
            erasure: erasure, isErasedSince: isErasedSince, isReadable: opened != nil)
        return DeliveryTurn(subject, lease: lease, changes: changes)
    }

    private static func ticket(from cells: inout Cells) throws(PostgresError) -> Ticket? {
        let (id, token) = try (cells.next(String?.self), cells.next(String?.self))
        return id.map(Ticket.init(id:)) ?? token.map(Ticket.init(token:))
    }

}

/// What is kept apart from a report and its update, as it lies in a row of the claim.
private struct SetApart {
    private let reporter: PersonRow.Held
    private let author: PersonRow.Held
    private let original: OriginalRow.Held
    private let spoken: OriginalRow.Held

    init(from cells: inout Cells) throws(PostgresError) {
        (reporter, author) = try (.init(from: &cells), .init(from: &cells))
        (original, spoken) = try (.init(from: &cells), .init(from: &cells))
    }

    struct Opened {
        var reporter = Reporter()
        var author = Reporter()
        var original = Original()
        /// What the update says.
        var spoken: String?
    }

    /// What of it the peer may know; `nil` if no key of ours opens it. An erasure says nothing of it.
    ///
    /// Who has no purpose for contact data is told answers as the public would be, if it asks.
    func open(of delivery: Delivery, to peer: Peer, keys: DataKeys) -> Opened? {
        var opened = Opened()
        guard delivery.kind != .erasure else { return opened }
        let report = delivery.report.rawValue
        guard let whole = original.open(of: report, keys: keys) else { return nil }
        guard peer.privacy.allowsContact else {
            opened.original.hidden = whole.hidden
            return opened
        }
        let update = delivery.update?.rawValue ?? ""
        guard
            let reporter = PersonRow(table: .contact, row: report).open(self.reporter, keys: keys),
            let author = PersonRow(table: .author, row: update).open(self.author, keys: keys),
            let spoken = spoken.open(of: update, keys: keys)
        else { return nil }
        return Opened(
            reporter: reporter.person, author: author.person, original: whole,
            spoken: spoken.description)
    }
}
