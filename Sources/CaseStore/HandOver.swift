import Federation
import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// Notes that a peer will not handle a report ("not ours"): it goes on to who is next by the
    /// rules, or, if there is nobody, back to us for triage, which the public is told.
    ///
    /// What still waits for that peer is dropped. A peer that was only told of the report changes
    /// nothing else by it.
    package func refuseHandling(
        _ report: Report.ID, by peer: Peer.Name, _ reason: String, in transaction: Transaction,
        now: Date
    ) async throws(PostgresError) {
        let handOver = HandOver(report: report, settings: settings, now: now)
        try await handOver.refuse(by: peer, reason, in: transaction)
    }

    /// As the other one, in a transaction of its own; for a person who knows that it is not theirs.
    package func refuseHandling(
        _ report: Report.ID, by peer: Peer.Name, _ reason: String, now: Date
    ) async throws(CaseStoreError) {
        try await CaseStoreError.told { () async throws(PostgresError) in
            try await pool.transaction { transaction async throws(PostgresError) in
                try await refuseHandling(report, by: peer, reason, in: transaction, now: now)
            }
        }
    }
}

/// A report on its way from one who handles it to the next.
struct HandOver: Sendable {
    let report: Report.ID
    let settings: CaseStore.Settings
    let now: Date

    /// Takes hold of the report.
    static func lock(_ report: Report.ID) -> SQL {
        "SELECT handler FROM report WHERE id = \(report.rawValue) FOR NO KEY UPDATE"
    }

    /// Drops what waits for the peer; whoever is just sending it is too late. Who had the report before
    /// it said no is still told what to erase.
    static func dropping(
        _ report: Report.ID, at peer: Peer.Name, _ reason: String, now: Date
    ) -> SQL {
        """
        WITH dropped AS (
            UPDATE delivery SET state = 'dropped', reason = \(reason), sealed_reason = NULL,
                finished = \(now)
            WHERE peer = \(peer.rawValue) AND report = \(report.rawValue)
                AND state IN ('waiting', 'parked') AND (kind <> 'erasure' OR NOT EXISTS (
                    SELECT FROM ticket WHERE ticket.peer = delivery.peer
                        AND ticket.report = delivery.report))
        )
        UPDATE lane SET \(Ending.touch("\(now)"))
        WHERE peer = \(peer.rawValue) AND report = \(report.rawValue)
        """
    }

    /// Notes that the peer will not have the report, and passes it on if the peer was to handle it.
    func refuse(
        by peer: Peer.Name, _ reason: String, in transaction: Transaction
    ) async throws(PostgresError) {
        guard let holding = try await Holding(of: report, settings, in: transaction) else { return }
        let sealed = settings.sealer.held?.seal(
            reason, .delivery, DeliveryRow.name(of: report, at: peer))
        _ = try await transaction.query(
            """
            UPDATE delivery SET state = 'refused', reason = NULL, sealed_reason = \(sealed),
                finished = coalesce(finished, \(now))
            WHERE peer = \(peer.rawValue) AND report = \(report.rawValue) AND kind = 'report'
                AND state IN ('waiting', 'done', 'parked')
            """)
        _ = try await transaction.query(
            Self.dropping(report, at: peer, "the peer refused the report", now: now))
        guard holding.handler == peer else { return }
        let destinations = settings.peering.destinations(
            of: holding.subject(), by: holding.provenance,
            refused: holding.refused.union([peer]))
        try await hand(
            holding, to: destinations.handler, telling: destinations.handler.map { [$0] } ?? [],
            by: .peer, in: transaction)
        if destinations.handler == nil { try await askForTriage(holding, in: transaction) }
    }

    /// Follows a change that staff made: another service, or nothing for the public any more, may be
    /// for others. Who has the report is told of the change by the update itself.
    func follow(
        _ report: Report, from before: Report, _ event: Event.ID, in transaction: Transaction
    ) async throws(PostgresError) {
        let isMoved = report.service != before.service
        guard !settings.peering.peers.isEmpty, report.stage == .production,
            isMoved || report.visibility != before.visibility
        else { return }
        if report.visibility == .private, before.visibility == .public {
            try await withdraw(event, in: transaction)
        }
        guard
            let holding = try await Holding(of: report.id, settings, in: transaction)
        else { return }
        // Another service is another question: who refused the one may take the other.
        let destinations = settings.peering.destinations(
            of: holding.subject(report), by: holding.provenance,
            refused: isMoved ? [] : holding.refused)
        let giver = holding.handler.flatMap { holding.givers.contains($0) ? $0 : nil }
        let handler = destinations.handler ?? giver
        let isHanded = handler != holding.handler
        if isHanded, let old = holding.handler, holding.untried.contains(old) {
            _ = try await transaction.query(
                Self.dropping(report.id, at: old, "the report went to another", now: now))
        }
        if isHanded {
            try await hand(
                holding, to: handler, telling: destinations.all, by: .operator, in: transaction)
        } else {
            try await tell(holding, destinations.all, event, in: transaction)
        }
    }
}

extension HandOver {
    /// Makes another peer, or nobody, the one whose word on the status decides from now on, and gives
    /// the report to those who do not have it yet.
    private func hand(
        _ holding: Holding, to handler: Peer.Name?, telling peers: [Peer.Name],
        by actor: Event.Actor, in transaction: Transaction
    ) async throws(PostgresError) {
        var source = SystemRandomNumberGenerator()
        let event = Event.ID(at: now, using: &source)
        let content = Fingerprint.of { hash in
            hash.add(report.rawValue)
            hash.add(handler?.rawValue)
        }
        // The new owner's first word counts, whatever its clock says: so the epoch begins long ago.
        _ = try await transaction.query(
            """
            WITH owned AS (
                UPDATE report SET handler = \(handler?.rawValue),
                    standing_epoch = coalesce(standing_epoch, 0) + 1,
                    standing_time = 'epoch'::timestamptz, standing_told = 'epoch'::timestamptz,
                    standing_origin = '', standing_event = \(event.uuid)
                WHERE id = \(report.rawValue)
            )
            INSERT INTO event (id, report, kind, actor, recorded, path, content)
            VALUES (
                \(event.uuid), \(report.rawValue), 'handed', \(actor.rawValue), \(now),
                \(holding.path.map(\.rawValue)), \(content))
            """)
        try await tell(holding, peers, event, in: transaction)
    }

    /// Gives the report to those of the peers that do not have it yet.
    private func tell(
        _ holding: Holding, _ peers: [Peer.Name], _ event: Event.ID, in transaction: Transaction
    ) async throws(PostgresError) {
        let new = peers.filter { !holding.knowing.contains($0) }
        guard !new.isEmpty else { return }
        let due = max(now, holding.report.published ?? now)
        _ = try await transaction.query(
            """
            WITH handed AS (SELECT \(report.rawValue)::text AS report)\(DeliveryRows.report(
                "handed.report", to: new, event: event.uuid, created: now, due: due,
                from: "handed"))
            SELECT FROM handed
            """)
    }

    /// Tells everybody that the report waits for somebody to say whose it is.
    private func askForTriage(
        _ holding: Holding, in transaction: Transaction
    ) async throws(PostgresError) {
        let report = holding.report
        guard report.status == .open, report.parent == nil,
            let client = Client.ID(rawValue: "viaduct")
        else { return }
        var source = SystemRandomNumberGenerator()
        let draft = Update.Draft(
            report: report.id, jurisdiction: report.jurisdiction, stage: report.stage,
            foreignID: "triage-\(Event.ID(at: now, using: &source).uuid)", told: now,
            detail: .forTriage)
        _ = try await UpdateSubmission(
            draft, by: client, actor: .system, now: now, settings: settings, keys: nil
        ).take(in: transaction)
    }

    /// Takes a report that became private back from those who may not know of such: what they were
    /// not told yet they are never told, and who may have it is asked to forget it.
    private func withdraw(
        _ event: Event.ID, in transaction: Transaction
    ) async throws(PostgresError) {
        let trusted = settings.peering.peers
            .filter { $0.privacy.allowed.contains(.handlerOnly) }.map(\.name.rawValue)
        _ = try await transaction.query(
            """
            WITH dropped AS (
                UPDATE delivery
                SET state = 'dropped', reason = 'the report became private',
                    sealed_reason = NULL, finished = \(now)
                WHERE report = \(report.rawValue) AND peer <> ALL (\(trusted))
                    AND state IN ('waiting', 'parked') AND first_tried IS NULL
                RETURNING peer
            )
            UPDATE lane SET \(Ending.touch("\(now)"))
            WHERE report = \(report.rawValue) AND peer IN (SELECT peer FROM dropped)
            """)
        _ = try await transaction.query(
            """
            WITH knowing AS (
                SELECT name FROM peer WHERE name <> ALL (\(trusted))
                    AND \(DeliveryRows.got(report: "\(report.rawValue)", peer: "peer.name"))
            )\(DeliveryRows.queueing(
                """
                SELECT name, \(report.rawValue), \(event.uuid), 'erasure', NULL, \(now), \(now)
                FROM knowing
                """))
            SELECT FROM knowing
            """)
    }
}
