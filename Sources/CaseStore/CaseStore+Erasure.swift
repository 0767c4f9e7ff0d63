import Federation
import FoundationEssentials
import Postgres
import Reports

/// What is erased of a report, and who is told.
package struct Erased: Sendable, Equatable {
    package let report: Report.ID
    /// All that is erased of it, now or before.
    package let erasure: Erasure
    /// `false`: there was nothing more to erase, and nobody was told again.
    package let isNew: Bool
    /// The peers that got the report from us and are told now; `viaduct deliveries` knows who has
    /// answered.
    package let told: [Peer.Name]
}

/// Who has something erased, and where.
package struct ErasureOrder: Sendable {
    package let report: Report.ID
    package let erasure: Erasure
    /// Where the report must be; `nil` is anywhere.
    package var place: (jurisdiction: Jurisdiction.ID, stage: Stage)?
    package var actor = Event.Actor.operator
    /// Of a peer's order: its key, and what it says of the order's way.
    package var client: Client.ID?
    package var provenance: Provenance?
    /// Whether the peers that got the report from us are told.
    package var tells = Update.Tells.everybody
    /// Whom the audit log names.
    package var party = AuditEntry.Party.viaduct

    package init(_ report: Report.ID, _ erasure: Erasure) {
        self.report = report
        self.erasure = erasure
    }
}

/// A place among all that was erased, by when it was.
package struct TombstonePlace: Sendable, Equatable {
    package let erased: Date
    fileprivate let event: String

    /// Before what was erased at this time.
    package init(from time: Date = Date(timeIntervalSince1970: 0)) {
        self.init(erased: time, event: "00000000-0000-0000-0000-000000000000")
    }

    fileprivate init(erased: Date, event: String) {
        self.erased = erased
        self.event = event
    }
}

extension CaseStore {
    /// Erases data of a report for good, and has every peer told that got the report from us; `nil`
    /// if there is no such report.
    ///
    /// One transaction: what is erased, a tombstone, an event that holds nothing of it, a delivery
    /// for each peer. Said twice it is the same; what has come since is erased as well, and told. What
    /// may bring the data back finds the tombstone: an import, a peer, a repeated POST whose key
    /// would have been forgotten by now (P5). `catalogue` says which questions are private; of a
    /// jurisdiction that is not in it all answers count as private.
    package func erase(
        _ order: ErasureOrder, in catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> Erased? {
        try await erase([order], in: catalogue, now: now).first ?? nil
    }

    /// The same for several reports, in one transaction.
    func erase(
        _ orders: [ErasureOrder], in catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> [Erased?] {
        var failure = PostgresError.unavailable
        for _ in 0..<4 {
            do throws(PostgresError) {
                return try await pool.transaction { transaction async throws(PostgresError) in
                    var erased: [Erased?] = []
                    var entries = ErasureEntries()
                    for order in orders {
                        let done = try await erase(
                            order, in: catalogue, now: now, in: transaction)
                        erased.append(done?.erased)
                        if let done { entries.add(done.erased, order, done.jurisdiction) }
                    }
                    if !entries.all.isEmpty {
                        _ = try await transaction.query(
                            AuditRow.adding(entries.all, now: now))
                    }
                    return erased
                }
            } catch {
                // What the first try did the second one finds.
                guard error == .retry || error == .outcomeUnknown else {
                    throw CaseStoreError(error)
                }
                failure = error
            }
        }
        throw CaseStoreError(failure)
    }

    private func erase(
        _ order: ErasureOrder, in catalogue: Catalogue, now: Date, in transaction: Transaction
    ) async throws(PostgresError) -> (erased: Erased, jurisdiction: Jurisdiction.ID)? {
        guard let place = try await lock(order, in: transaction) else { return nil }
        let services = catalogue.jurisdiction(place.jurisdiction)?.services
        let erasing = ReportErasure(
            report: order.report, erasure: order.erasure, place: place,
            privateQuestions: services.map { services in
                services.flatMap(\.attributes).filter { $0.visibility == .private }.map(\.code)
            }, now: now)
        var count = 0
        for statement in erasing.statements {
            count += try await transaction.query(statement).affected
        }
        for statement in erasing.keeping { _ = try await transaction.query(statement) }
        let standing = try await parts(of: order.report, in: transaction)
        var told: [Peer.Name] = []
        let isNew = count > 0 || !standing.isSuperset(of: order.erasure.parts)
        if isNew { told = try await tell(order, now: now, in: transaction) }
        let parts = standing.union(order.erasure.parts)
        let erased = Erased(
            report: order.report, erasure: Erasure(parts) ?? order.erasure, isNew: isNew,
            told: told)
        return (erased, place.jurisdiction)
    }

    /// Takes hold of the report, with no import of its history beside it.
    private func lock(
        _ order: ErasureOrder, in transaction: Transaction
    ) async throws(PostgresError) -> ReportErasure.Place? {
        let place = order.place
        let rows = try await transaction.query(
            """
            SELECT jurisdiction, stage FROM report
            WHERE id = \(order.report.rawValue)
                AND (\(place?.jurisdiction.rawValue)::text IS NULL
                    OR jurisdiction = \(place?.jurisdiction.rawValue)
                        AND stage = \(place?.stage.rawValue))
            """)
        guard var cells = rows.first?.cells else { return nil }
        let (jurisdiction, stage) = try (
            ReportRow.named(Jurisdiction.ID.self, cells.next(), column: 0),
            Stage(rawValue: cells.next()) ?? .production
        )
        _ = try await transaction.query(HistoryBatch.lock(jurisdiction.rawValue, stage.rawValue))
        _ = try await transaction.query(HandOver.lock(order.report))
        return (jurisdiction, stage)
    }

    private func parts(
        of report: Report.ID, in transaction: Transaction
    ) async throws(PostgresError) -> Set<Erasure.Part> {
        let rows = try await transaction.query(
            "SELECT DISTINCT part FROM tombstone WHERE report = \(report.rawValue)")
        var parts: Set<Erasure.Part> = []
        for row in rows {
            var cells = row.cells
            if let part = Erasure.Part(rawValue: try cells.next()) { parts.insert(part) }
        }
        return parts
    }

    /// Writes event, tombstone and deliveries; answers whom it is for.
    private func tell(
        _ order: ErasureOrder, now: Date, in transaction: Transaction
    ) async throws(PostgresError) -> [Peer.Name] {
        let peering = settings.peering
        let way = order.client.map { peering.provenance(order.provenance, from: $0) } ?? nil
        let passed = peering.peers.filter { way?.hasPassed($0.authority) == true }
        var source = SystemRandomNumberGenerator()
        let event = Event.ID(at: now, using: &source)
        let content = Fingerprint.of { hash in
            hash.add(order.report.rawValue)
            hash.add(order.erasure.text)
        }
        _ = try await transaction.query(
            """
            INSERT INTO event (id, report, kind, actor, recorded, path, content)
            VALUES (
                \(event.uuid), \(order.report.rawValue), 'erased', \(order.actor.rawValue), \(now),
                \(peering.path(by: way).map(\.rawValue)), \(content))
            """)
        let rows = try await transaction.query(
            """
            WITH buried AS (
                INSERT INTO tombstone (report, part, erased, event)
                SELECT \(order.report.rawValue), given, \(now), \(event.uuid)
                FROM unnest(\(order.erasure.parts.map(\.rawValue))) AS given
            ), knowing AS (
                SELECT name FROM peer
                WHERE \(order.tells == .everybody) AND name <> ALL (\(passed.map(\.name.rawValue)))
                    AND \(DeliveryRows.got(report: "\(order.report.rawValue)", peer: "peer.name"))
            )\(DeliveryRows.queueing(
                """
                SELECT name, \(order.report.rawValue), \(event.uuid), 'erasure', NULL, \(now), \(now)
                FROM knowing
                """))
            SELECT name FROM knowing ORDER BY name
            """)
        var told: [Peer.Name] = []
        for row in rows {
            var cells = row.cells
            told.append(try ReportRow.named(Peer.Name.self, try cells.next(), column: 0))
        }
        return told
    }

    /// Whether we have the report from the peer, the first or not, or it came to us by its way: then
    /// the peer may have it erased here. Who handles it only, or has a copy from us, may not.
    package func has(
        _ report: Report.ID, from reader: PeerReader
    ) async throws(CaseStoreError) -> Bool {
        let rows = try await query(
            """
            SELECT FROM report
            WHERE id = \(report.rawValue) AND (\(reader.gave) OR \(reader.hasSeen) OR EXISTS (
                SELECT FROM ticket WHERE ticket.peer = \(reader.name.rawValue)
                    AND ticket.report = report.id AND direction = 'in'))
            """)
        return !rows.isEmpty
    }
}

/// What the audit log is told of erasures: those that are alike are one entry.
private struct ErasureEntries {
    private(set) var all: [AuditEntry] = []

    mutating func add(_ erased: Erased, _ order: ErasureOrder, _ jurisdiction: Jurisdiction.ID) {
        guard erased.isNew else { return }
        let entry = AuditEntry(
            .erased, by: order.party, in: jurisdiction, reports: [erased.report],
            subject: order.erasure.text)
        let alike = all.firstIndex {
            $0.party == entry.party && $0.jurisdiction == jurisdiction
                && $0.subject == entry.subject
        }
        guard let alike else { return all.append(entry) }
        all[alike].reports.append(erased.report)
    }
}

/// A tombstone, as it is written down outside the database: whoever restores a backup that is older
/// does its erasures again (P12).
package struct Tombstone: Sendable, Equatable {
    package let report: Report.ID
    package let erasure: Erasure
    package let erased: Date
    /// Whether somebody wanted it, or only its time was over (P4): then peers were not told.
    package let cause: Cause

    package enum Cause: String, Sendable, Codable {
        case order, retention
    }

    package init(report: Report.ID, erasure: Erasure, erased: Date, cause: Cause) {
        self.report = report
        self.erasure = erasure
        self.erased = erased
        self.cause = cause
    }
}

extension CaseStore {
    /// What was erased behind this place, the oldest first, some thousand at a time, and where the
    /// next begin; a report of which something was erased twice stands there twice.
    package func tombstones(
        behind place: TombstonePlace
    ) async throws(CaseStoreError) -> (tombstones: [Tombstone], end: TombstonePlace?) {
        let rows = try await query(
            """
            SELECT tombstone.report, string_agg(part, ',' ORDER BY part), erased,
                bool_or(event.actor = 'system'), tombstone.event::text
            FROM tombstone JOIN event ON event.id = tombstone.event
            WHERE (erased, tombstone.event) > (\(place.erased), \(place.event)::uuid)
            GROUP BY tombstone.event, tombstone.report, erased
            ORDER BY erased, tombstone.event LIMIT 5000
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var tombstones: [Tombstone] = []
            var end: TombstonePlace?
            for row in rows {
                var cells = row.cells
                let report = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
                guard let erasure = Erasure(parsing: try cells.next()) else {
                    throw .undecodable(column: 1)
                }
                let erased = try cells.next(Date.self)
                tombstones.append(
                    Tombstone(
                        report: report, erasure: erasure, erased: erased,
                        cause: try cells.next(Bool.self) ? .retention : .order))
                end = TombstonePlace(erased: erased, event: try cells.next())
            }
            return (tombstones, end)
        }
    }

    /// Does erasures again, after a backup from before was restored: how many found something, and
    /// which reports are not here.
    package func replay(
        _ tombstones: [Tombstone], in catalogue: Catalogue,
        by party: AuditEntry.Party = .viaduct, now: Date
    ) async throws(CaseStoreError) -> (done: Int, missing: [Report.ID]) {
        var (done, missing) = (0, [Report.ID]())
        for tombstone in tombstones {
            var order = ErasureOrder(tombstone.report, tombstone.erasure)
            if tombstone.cause == .retention { (order.actor, order.tells) = (.system, .nobody) }
            order.party = party
            let erased = try await erase(order, in: catalogue, now: now)
            if erased?.isNew == true { done += 1 }
            if erased == nil { missing.append(tombstone.report) }
        }
        return (done, missing)
    }

    /// When anything was recorded last: how far a restored database goes. `nil` if nothing was.
    package func newestEvent() async throws(CaseStoreError) -> Date? {
        let rows = try await query("SELECT max(recorded) FROM event")
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return nil }
            return try cells.next(Date?.self)
        }
    }
}
