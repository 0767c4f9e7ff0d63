import FoundationEssentials
import Postgres
import Reports

/// Which entries of the audit log are wanted.
package struct AuditFilter: Sendable {
    /// Of these actions; `nil` is any.
    package var actions: Set<AuditEntry.Action>?
    package var report: Report.ID?
    package var since: Date?
    /// Only where this person was looked for.
    package var sought: Sought?
    package var place = Place.everywhere
    /// Only those with smaller numbers: the next page.
    package var before: Int?
    package var limit = 1000

    /// Where what was done belongs.
    package enum Place: Sendable, Equatable {
        /// Wherever, and what belongs nowhere.
        case everywhere
        case jurisdiction(Jurisdiction.ID)
        /// Also what belongs to no jurisdiction alone, as what is done with peers.
        case jurisdictionAndNowhere(Jurisdiction.ID)
    }

    package init() {}
}

extension CaseStore {
    /// Writes entries to the audit log; when it returns they are there to stay.
    ///
    /// Who comes second waits until the first has committed, so that the chain is in order; on a
    /// connection of his own, where nobody waits behind him.
    package func audit(_ entries: [AuditEntry], now: Date) async throws(CaseStoreError) {
        guard !entries.isEmpty else { return }
        try await CaseStoreError.told { () async throws(PostgresError) in
            try await pool.transaction { transaction async throws(PostgresError) in
                _ = try await transaction.query(AuditRow.adding(entries, now: now))
            }
        }
    }

    /// Entries of the audit log, the newest first.
    package func entries(_ filter: AuditFilter) async throws(CaseStoreError) -> [AuditEntry.Kept] {
        let keys = filter.sought == nil ? nil : try settings.sealer.keys()
        let subjects = keys.flatMap { filter.sought?.subjects(by: $0) }
        let rows = try await query(AuditRow.listed(filter, subjects))
        return try await CaseStoreError.told { () throws(PostgresError) in
            var entries: [AuditEntry.Kept] = []
            for row in rows { entries.append(try AuditRow.entry(in: row)) }
            return entries
        }
    }

    /// Of the exports that a filter is about, how many may be of anybody, because the key that their
    /// digests were made with is not here: by the key's id. Who is sought makes no difference.
    package func unjudged(_ filter: AuditFilter) async throws(CaseStoreError) -> [String: Int] {
        let held = try settings.sealer.keys().ids.map(\.description)
        let rows = try await query(AuditRow.unjudged(filter, held: held))
        return try await CaseStoreError.told { () throws(PostgresError) in
            var counts: [String: Int] = [:]
            for row in rows {
                var cells = row.cells
                counts[try cells.next(String.self)] = try cells.next(Int.self)
            }
            return counts
        }
    }
}

/// Whoever is looked for, as the audit log is told.
package struct Sought: Sendable, Equatable {
    private let names: [String]
    /// As the first version had a name where it is another one now: an address with its blanks, a
    /// number with the zeros of its 00.
    private let formerNames: [String]

    /// `nil` if nobody is named, or an address or a number is given that can be nobody's.
    package init?(email: String?, phone: String?) {
        let (address, number) = (
            SealedPerson.name(email: email), SealedPerson.name(phone: phone)
        )
        guard (address ?? number) != nil, (email == nil) == (address == nil),
            (phone == nil) == (number == nil)
        else { return nil }
        let names = [address, number].compactMap(\.self)
        self.names = names
        formerNames = [email?.lowercased(), number.map { "00" + $0 }].compactMap(\.self)
            .filter { !names.contains($0) }
    }

    /// A keyed digest of each address and number: who has no key cannot guess what it is.
    func subject(by key: DataKey) -> String {
        names.map { key.auditMark($0, of: .sought) }.joined(separator: ",")
    }

    /// All that may stand in an entry: a digest by each key, and those without a key of older entries.
    func subjects(by keys: DataKeys) -> [String] {
        names.flatMap { name in keys.all.map { $0.auditMark(name, of: .sought) } }
            + (names + formerNames).map { Fingerprint.plain($0).hexadecimal }
    }
}

extension CaseStore {
    /// As what the audit log is told who is looked for.
    package func subject(of sought: Sought) throws(CaseStoreError) -> String {
        sought.subject(by: try settings.sealer.keys().current)
    }
}

/// A row of `audit_entry`; its number and its hash are given by a trigger.
enum AuditRow {
    /// Adds entries; as late in its transaction as can be, as who holds the end of the chain keeps
    /// others from it, but before the publication clock, for which more people wait.
    static func adding(_ entries: [AuditEntry], now: Date) -> SQL {
        let rows = entries.map { entry -> SQL in
            """
            (\(now)::timestamptz, \(entry.party.actor.rawValue), \(entry.party.name),
                \(entry.party.source)::text, \(entry.action.rawValue),
                \(entry.jurisdiction?.rawValue)::text, \(entry.reports.map(\.rawValue))::text[],
                \(entry.subject)::text, \(changes(entry.changes)))
            """
        }
        return """
            INSERT INTO audit_entry (
                recorded, actor, name, source, action, jurisdiction, reports, subject, changes)
            VALUES \(rows.joined())
            """
    }

    /// As JSON that PostgreSQL itself makes of the names and values; NULL for none.
    private static func changes(_ changes: [String: AuditEntry.Change]) -> SQL {
        guard !changes.isEmpty else { return "NULL::jsonb" }
        let sorted = changes.sorted { $0.key < $1.key }
        return """
            (SELECT jsonb_object_agg(name, jsonb_build_array(before, after)) FROM unnest(
                \(sorted.map(\.key)), \(sorted.map(\.value.before)), \(sorted.map(\.value.after))
            ) AS given (name, before, after))
            """
    }

    /// `subjects`: one of them at least is among those of the entry.
    static func listed(_ filter: AuditFilter, _ subjects: [String]? = nil) -> SQL {
        var conditions = conditions(filter)
        if let subjects {
            conditions.append("string_to_array(subject, ',') && \(subjects)")
        }
        return """
            SELECT number, recorded, actor, name, source, action, jurisdiction, reports, subject,
                changes::text, hash
            FROM audit_entry WHERE \(conditions.joined(separator: " AND "))
            ORDER BY number DESC LIMIT \(filter.limit)
            """
    }

    /// Exports by the key of their digests, but for those of the keys that are `held`. All digests of
    /// an entry are of one key; those without a key hold no colon.
    static func unjudged(_ filter: AuditFilter, held: [String]) -> SQL {
        let conditions =
            conditions(filter) + [
                "action = 'person.exported'", "subject LIKE '%:%'",
                "split_part(subject, ':', 1) <> ALL (\(held))",
            ]
        return """
            SELECT split_part(subject, ':', 1), count(*) FROM audit_entry
            WHERE \(conditions.joined(separator: " AND ")) GROUP BY 1
            """
    }

    /// What an entry must be, but for whom it is about.
    private static func conditions(_ filter: AuditFilter) -> [SQL] {
        var conditions: [SQL] = ["true"]
        if let actions = filter.actions {
            // What a partial index knows by its own words.
            conditions.append(
                actions == AuditEntry.Action.taking
                    ? "action IN ('person.exported', 'backup.made')"
                    : "action = ANY (\(actions.map(\.rawValue).sorted()))")
        }
        if let report = filter.report { conditions.append("reports @> \([report.rawValue])") }
        if let since = filter.since { conditions.append("recorded >= \(since)") }
        if let before = filter.before { conditions.append("number < \(before)") }
        switch filter.place {
        case .everywhere: break
        case .jurisdiction(let id): conditions.append("jurisdiction = \(id.rawValue)")
        case .jurisdictionAndNowhere(let id):
            conditions.append("(jurisdiction = \(id.rawValue) OR jurisdiction IS NULL)")
        }
        return conditions
    }

    static func entry(in row: Row) throws(PostgresError) -> AuditEntry.Kept {
        var cells = row.cells
        let (number, time) = try (cells.next(Int.self), cells.next(Date.self))
        let actor = Event.Actor(rawValue: try cells.next())
        let (name, source) = try (cells.next(String.self), cells.next(String?.self))
        guard let actor, let action = AuditEntry.Action(rawValue: try cells.next()) else {
            throw .undecodable(column: 2)
        }
        let jurisdiction = try cells.next(String?.self).flatMap(Jurisdiction.ID.init(rawValue:))
        let reports = try cells.next([String].self).compactMap(Report.ID.init(rawValue:))
        let (subject, changes) = try (cells.next(String?.self), cells.next(String?.self))
        let entry = AuditEntry(
            action, by: AuditEntry.Party(actor, name, from: source), in: jurisdiction,
            reports: reports, subject: subject, changes: try changes.map(Self.changes) ?? [:])
        return AuditEntry.Kept(number: number, time: time, entry: entry, hash: try cells.next())
    }

    private static func changes(
        in text: String
    ) throws(PostgresError) -> [String: AuditEntry.Change] {
        do {
            return try JSONDecoder().decode([String: [String?]].self, from: Data(text.utf8))
                .mapValues { AuditEntry.Change($0.first ?? nil, $0.last ?? nil) }
        } catch {
            throw .undecodable(column: 9)
        }
    }
}
