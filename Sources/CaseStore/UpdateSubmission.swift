import Faults
import Federation
import FoundationEssentials
import Postgres
import Reports

/// One update on its way into the case store: the names it was given, and its statements.
struct UpdateSubmission: Sendable {
    private(set) var draft: Update.Draft
    let client: Client.ID
    let actor: Event.Actor
    let provenance: Provenance?
    let settings: CaseStore.Settings
    /// `nil` where nobody said it and nothing is masked.
    private let keys: DataKeys?
    let now: Date
    let told: Date
    /// What it says where the public is shown that with masks.
    let original: String?
    /// Whom the audit log names; `nil`: nobody whose updates are audited.
    let party: AuditEntry.Party?
    private(set) var id: Update.ID
    private(set) var event: Event.ID
    private var unknownOutcomes = 0

    init(
        _ draft: Update.Draft, by client: Client.ID, actor: Event.Actor,
        provenance: Provenance? = nil, party: AuditEntry.Party? = nil, now: Date,
        settings: CaseStore.Settings, keys: DataKeys?
    ) {
        self.client = client
        self.keys = keys
        self.party = party
        self.actor = settings.peering.peer(of: client) == nil ? actor : .peer
        var shown = draft
        if draft.visibility == .public, self.actor != .operator {
            shown.description = draft.description.map(draft.masking.masked)
        }
        self.draft = shown
        original = shown.description == draft.description ? nil : draft.description
        self.provenance = provenance
        self.settings = settings
        self.now = now
        told = draft.told(believedAt: now)
        (id, event) = Self.names(now: now)
    }

    /// The keys; throws `unavailable` if there is something to seal and they are not here.
    func sealingKeys() throws(PostgresError) -> DataKeys {
        guard let keys else { throw .unavailable }
        return keys
    }

    private static func names(now: Date) -> (Update.ID, Event.ID) {
        var source = SystemRandomNumberGenerator()
        return (Update.ID(using: &source), Event.ID(at: now, using: &source))
    }

    /// Makes the submission ready for another try, or says why there is none.
    mutating func recover(from error: PostgresError) throws(CaseStoreError) {
        switch error {
        case .outcomeUnknown where unknownOutcomes == 0:
            unknownOutcomes += 1
        case .conflict(constraint: "update_told_once"),
            .conflict(constraint: "internal_note_told_once"),
            .conflict(constraint: "origin_pkey"):
            // The report was merged or taken apart in between, so two did not wait for each other.
            return
        case .conflict(constraint: "update_pkey"), .conflict(constraint: "internal_note_pkey"),
            .conflict(constraint: "event_pkey"):
            (id, event) = Self.names(now: now)
        default:
            throw CaseStoreError(error)
        }
    }

    /// Does all of it, as far as the transaction commits.
    func take(in transaction: Transaction) async throws(PostgresError) -> PublishedUpdate {
        if provenance?.hasPassed(peering.node) == true {
            return try await own(in: transaction).map(PublishedUpdate.repeated) ?? .unknownOrigin
        }
        if draft.meansNamedReport(by: actor) { try await chain.lockMerging(in: transaction) }
        guard let target = try await lock(in: transaction) else { return .unknownReport }
        if let earlier = try await earlier(in: transaction) {
            // With our id it was our own first try, whose answer was lost.
            return earlier == id ? .published(id) : .repeated(earlier)
        }
        if draft.visibility == .private {
            _ = try await transaction.query(noting(draft.description ?? "", at: target.id))
            try await auditNote(at: target.id, in: transaction)
            return .published(id)
        }
        if let proposal = try await proposal(at: target, in: transaction) {
            return try await propose(proposal, at: target, in: transaction)
        }
        if let parent = draft.changes.parent {
            guard try await chain.takes(parent, in: transaction) else { return .unfitParent }
        }
        try await publish(at: target, in: transaction)
        return .published(id)
    }

    /// Publishes what is a comment, and writes the status down for staff, if it is news.
    private func propose(
        _ proposal: Proposal, at target: Target, in transaction: Transaction
    ) async throws(PostgresError) -> PublishedUpdate {
        var comment = draft
        comment.detail = nil
        guard comment.saysAnything else {
            _ = try await transaction.query(noting(proposal.text, at: target.id))
            return .proposed(id)
        }
        try await speaking(comment).publish(at: target, in: transaction)
        guard proposal.isNews else { return .published(id) }
        // Its origin stands with the comment.
        let note = UpdateSubmission(
            draft.named(draft.foreignID + " (status)"), by: client, actor: actor, now: now,
            settings: settings, keys: keys)
        _ = try await transaction.query(note.noting(proposal.text, at: target.id))
        return .published(id)
    }

    private func speaking(_ draft: Update.Draft) -> UpdateSubmission {
        var other = self
        other.draft = draft
        return other
    }

    private func publish(
        at target: Target, in transaction: Transaction
    ) async throws(PostgresError) {
        // Before the clock: whoever holds one of them may wait for it.
        let duplicates = try await duplicates(of: target.id, in: transaction)
        guard let report = try await report(target.id, in: transaction) else { return }
        try await auditUpdate(of: report, at: target, in: transaction)
        let clock = PublicationClock(jurisdiction: draft.jurisdiction, stage: draft.stage)
        let stamp = try await clock.stamp(now, in: transaction)
        let revision = report.revised(
            by: draft, telling, standing: target.standing(of: report), published: stamp)
        // What belongs to a report that is listed later becomes visible with it.
        let published = max(stamp, report.published ?? stamp)
        _ = try await transaction.query(publication(of: revision, after: report, at: published))
        KillPoint.inserted.pass()
        if let word = revision.wordToDuplicates, !duplicates.isEmpty {
            _ = try await transaction.query(telling(duplicates, word, at: stamp))
        }
        if actor == .operator {
            let handOver = HandOver(report: target.id, settings: settings, now: now)
            try await handOver.follow(revision.report, from: report, event, in: transaction)
        }
    }
}

extension UpdateSubmission {
    /// The report that the update is about, and the change that decided its status.
    struct Target {
        let id: Report.ID
        let parent: String?
        let isImported: Bool
        let handler: String?
        let decided: Decided?

        /// The columns of the change that decided.
        struct Decided {
            let epoch: Int
            let time: Date
            let told: Date
            let origin: String
            let event: UUID
        }

        init(in row: Row) throws(PostgresError) {
            var cells = row.cells
            id = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
            parent = try cells.next()
            isImported = try cells.next(Bool.self)
            handler = try cells.next()
            let (epoch, time, told) = try (
                cells.next(Int32?.self), cells.next(Date?.self), cells.next(Date?.self)
            )
            let (origin, event) = try (cells.next(String?.self), cells.next(UUID?.self))
            guard let epoch, let time, let told, let origin, let event else {
                decided = nil
                return
            }
            decided = Decided(
                epoch: Int(epoch), time: time, told: told, origin: origin, event: event)
        }

        /// Where the report stands. Before the first change: of history as its source said last, of
        /// our own in a state that every change supersedes, whatever its sender's clock says.
        func standing(of report: Report) -> Standing {
            let detail = report.detail ?? (report.status == .open ? .open : .closed)
            guard let decided else {
                return Standing(
                    Standing.StatusChange(
                        time: isImported ? report.updated : .distantPast, origin: "",
                        event: Event.ID(uuid: UUID(uuid: UUID.lowest)), detail: detail))
            }
            return Standing(
                Standing.StatusChange(
                    epoch: decided.epoch, time: decided.time, told: decided.told,
                    origin: decided.origin, event: Event.ID(uuid: decided.event), detail: detail))
        }
    }

    private var chain: ReportChain {
        ReportChain(report: draft.report, jurisdiction: draft.jurisdiction, stage: draft.stage)
    }

    /// Takes hold of the report that the update is about; `nil` if there is none.
    private func lock(in transaction: Transaction) async throws(PostgresError) -> Target? {
        let meansNamed = draft.meansNamedReport(by: actor)
        for _ in 0..<8 {
            let rows = try await transaction.query(
                """
                SELECT id, parent, source_id IS NOT NULL, handler, standing_epoch,
                    standing_time, standing_told, standing_origin, standing_event
                FROM report
                WHERE id = \(meansNamed ? "\(draft.report.rawValue)" : chain.survivor)
                    AND jurisdiction = \(draft.jurisdiction.rawValue)
                    AND stage = \(draft.stage.rawValue)
                FOR NO KEY UPDATE
                """)
            guard
                let target = try rows.first.map({ row throws(PostgresError) in
                    try Target(in: row)
                })
            else { return nil }
            // Merged while we waited: the survivor is another one now.
            if meansNamed || target.parent == nil { return target }
        }
        throw .retry
    }

    /// The id under which it was taken before. A statement of its own: one that began before the
    /// report was ours would not see what was committed meanwhile.
    private func earlier(in transaction: Transaction) async throws(PostgresError) -> Update.ID? {
        let same: SQL = """
            client = \(client.rawValue) AND named = \(draft.report.rawValue)
                AND foreign_id = \(draft.foreignID)
            """
        let rows = try await transaction.query(
            """
            SELECT id FROM "update" WHERE \(same)
            UNION ALL SELECT id FROM internal_note WHERE \(same)
            \(earlierOrigin)
            """)
        guard var cells = rows.first?.cells else { return nil }
        return try ReportRow.named(Update.ID.self, try cells.next(), column: 0)
    }

    private func report(
        _ id: Report.ID, in transaction: Transaction
    ) async throws(PostgresError) -> Report? {
        let rows = try await transaction.query(
            "SELECT \(ReportRow.columns) FROM report WHERE id = \(id.rawValue)")
        return try ReportRow.reports(in: rows, of: draft.jurisdiction, stage: draft.stage).first
    }

    /// All reports that were merged into this one, directly or not, if it may be theirs to hear;
    /// they are ours from here on.
    private func duplicates(
        of id: Report.ID, in transaction: Transaction
    ) async throws(PostgresError) -> [String] {
        guard draft.detail?.status == .closed else { return [] }
        let rows = try await transaction.query(
            """
            WITH RECURSIVE below AS (
                SELECT id FROM report WHERE parent = \(id.rawValue)
                UNION
                SELECT report.id FROM below JOIN report ON report.parent = below.id
            )
            SELECT report.id FROM report JOIN below USING (id)
            ORDER BY report.id FOR NO KEY UPDATE OF report
            """)
        var ids: [String] = []
        for row in rows {
            var cells = row.cells
            ids.append(try cells.next())
        }
        return ids
    }
}

extension UpdateSubmission {
    /// Stores the update, its author and its events, and the report as it is after them.
    private func publication(
        of revision: Revision, after before: Report, at time: Date
    ) throws(PostgresError) -> SQL {
        let report = revision.report
        let service = report.service == before.service ? nil : report.service.rawValue
        return try """
        WITH told AS (
            INSERT INTO "update" (
                id, report, named, jurisdiction, stage, client, foreign_id, told, told_ahead,
                kind, detail, description, media, external_status, customer_reference, service,
                notify, published)
            VALUES (
                \(id.rawValue), \(report.id.rawValue), \(draft.report.rawValue),
                \(draft.jurisdiction.rawValue), \(draft.stage.rawValue), \(client.rawValue),
                \(draft.foreignID), \(revision.time), \(draft.told.wholeSeconds > told ? draft.told : nil),
                \(revision.kind.rawValue), \(revision.standing.detail.rawValue),
                \(draft.text), \(shown.isEmpty ? nil : shown),
                \(draft.externalStatus), \(draft.customerReference), \(service),
                \(draft.tells == .everybody), \(time))
            RETURNING id, report
        ), revised AS (\(Self.revising(revision)))\(author("\"update\""))
        \(kept)\(began(at: report.id))
        \(deliveries(of: revision, at: time))
        \(pictures.part(report: "told.report", update: "told.id", from: "told"))
        \(events(revision.events, of: report.id))
        """
    }

    /// Keeps what it says where the public is shown that with masks.
    private var kept: SQL {
        get throws(PostgresError) {
            guard let original else { return "" }
            return OriginalRow.part(ofUpdate: id, original, keys: try sealingKeys())
        }
    }

    private var pictures: MediaRows {
        MediaRows(pictures: draft.pictures, addresses: draft.addresses, by: client, now: now)
    }

    /// The pictures that are there already.
    private var shown: [String] { draft.media + pictures.names }

    private static func revising(_ revision: Revision) -> SQL {
        let (report, last) = (revision.report, revision.standing.last)
        return """
            UPDATE report SET service = \(report.service.rawValue),
                service_name = \(report.serviceName), status = \(report.status.rawValue),
                detail = \(report.detail?.rawValue), status_notes = \(report.statusNotes),
                agency = \(report.agency), updated = \(report.updated),
                expected = \(report.expected), visibility = \(report.visibility.rawValue),
                parent = \(report.parent?.rawValue), standing_epoch = \(Int32(clamping: last.epoch)),
                standing_time = \(last.time), standing_told = \(last.told),
                standing_origin = \(last.origin), standing_event = \(last.event.uuid)
            WHERE id = \(report.id.rawValue)
            """
    }

    /// An internal note: nothing of it is ever published, and the report stays as it is.
    private func noting(
        _ text: String, at target: Report.ID
    ) throws(PostgresError) -> SQL {
        try """
        WITH told AS (
            INSERT INTO internal_note (
                id, report, named, client, foreign_id, told, recorded, description)
            VALUES (
                \(id.rawValue), \(target.rawValue), \(draft.report.rawValue), \(client.rawValue),
                \(draft.foreignID), \(told), \(now), \(text))
        )\(author("internal_note"))\(began(at: target))
        \(events([.noted], of: target))
        """
    }

    /// Only where there is something to keep.
    private func author(_ column: SQL) throws(PostgresError) -> SQL {
        let author = draft.author
        guard author != Reporter() else { return "" }
        let keys = try sealingKeys()
        let row = PersonRow(table: .author, row: id.rawValue)
        return """
            , author AS (
                INSERT INTO contact.author (\(column), \(PersonRow.written))
                VALUES (\(id.rawValue), \(row.values(author, keys: keys)))
            )
            """
    }

    private func events(_ kinds: [Event.Kind], of report: Report.ID) -> SQL {
        var source = SystemRandomNumberGenerator()
        let ids = kinds.indices.map { index in
            index == 0 ? event.uuid : Event.ID(at: now, using: &source).uuid
        }
        let subject = kinds.contains(.noted) ? nil : id.rawValue
        return """
            INSERT INTO event (id, report, "update", kind, actor, recorded, path, content)
            SELECT given.id, \(report.rawValue), \(subject), given.kind, \(actor.rawValue), \(now),
                \(path.map(\.rawValue)), \(content)
            FROM unnest(\(ids), \(kinds.map(\.rawValue))) AS given (id, kind)
            """
    }

    /// The digest of what the update says to the public.
    private var content: [UInt8] {
        Fingerprint.of { hash in
            hash.add(id.rawValue)
            guard draft.visibility == .public else { return }
            hash.add(draft.detail?.rawValue)
            hash.add(draft.text)
            hash.add(draft.media)
            for text in [draft.externalStatus, draft.customerReference] { hash.add(text) }
            for text in [draft.changes.service?.rawValue, draft.changes.agency] { hash.add(text) }
            hash.add(draft.changes.expected)
            hash.add(draft.changes.parent?.rawValue)
        }
    }

    /// Tells those whose reports were merged into this one, each with an update of its own (GR-18.8).
    ///
    /// They stay what they are, duplicates and closed; the text that explains it is the new one.
    private func telling(_ duplicates: [String], _ word: String, at stamp: Date) -> SQL {
        var source = SystemRandomNumberGenerator()
        let updates = duplicates.map { _ in Update.ID(using: &source).rawValue }
        let events = duplicates.map { _ in Event.ID(at: now, using: &source).uuid }
        return """
            WITH given AS (
                SELECT * FROM unnest(\(duplicates), \(updates), \(events))
                    AS given (report, "update", event)
            ), told AS (
                INSERT INTO "update" (
                    id, report, named, jurisdiction, stage, told, kind, detail, description, media,
                    external_status, notify, published)
                SELECT given."update", report.id, report.id, jurisdiction, stage, \(told),
                    'comment', coalesce(detail, upper(status)), \(word),
                    \(shown.isEmpty ? nil : shown), \(draft.externalStatus),
                    \(draft.tells == .everybody), greatest(\(stamp), report.published)
                FROM given JOIN report ON report.id = given.report
                RETURNING id AS "update", report, published AS due
            ), revised AS (
                UPDATE report SET status_notes = \(word), updated = greatest(updated, \(stamp))
                FROM given WHERE report.id = given.report
            )\(deliveriesToDuplicates)
            INSERT INTO event (id, report, "update", kind, actor, recorded, path, content)
            SELECT event, report, "update", 'updated', 'system', \(now),
                ARRAY[\(peering.node.rawValue)], \(content)
            FROM given
            """
    }
}

extension UUID {
    /// Comes before every other.
    fileprivate static var lowest: uuid_t { (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }
}
