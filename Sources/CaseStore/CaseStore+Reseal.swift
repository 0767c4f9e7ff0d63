import FoundationEssentials
import Postgres
import Reports

/// What `reseal` did.
package struct Resealed: Sendable, Equatable {
    /// What was plain, or under another key, and is under the current one now: rows.
    package var rows = 0
    /// What no key of ours opens: it stays as it is.
    package var unreadable = 0
    /// Reports whose answers to private questions were shown apart.
    package var reports = 0

    package init() {}
}

/// What `reseal` seals anew.
package enum ResealScope: Sendable {
    /// What came before anything was sealed.
    case plain
    /// Also what is under another key than the current one.
    case everything
}

extension CaseStore {
    /// Seals what is plain or under an older key with the current one; anybody may read and write
    /// meanwhile.
    ///
    /// In batches, each whole or not at all, so that it may be stopped anywhere and goes on with the
    /// next call. Once nothing is under other keys they are forgotten here, and may be taken from the
    /// nodes; backups from before need them.
    package func reseal(
        _ scope: ResealScope, in catalogue: Catalogue, pace: Pace = .full,
        progress: @Sendable (Resealed) -> Void = { _ in }
    ) async throws(CaseStoreError) -> Resealed {
        let keys = try settings.sealer.keys()
        var all = Resealed()
        var isDone = false
        // What others write meanwhile, behind us, the next pass finds.
        for _ in 0..<10 where !isDone && !Task.isCancelled {
            var pass = Resealed()
            for rows in SealedRows.all {
                try await walk(rows, scope, keys, pace) { batch in
                    pass.rows += batch.rows
                    pass.unreadable += batch.unreadable
                    all.rows += batch.rows
                    progress(all)
                }
            }
            all.unreadable = pass.unreadable
            isDone = pass.rows == 0 || scope == .plain
        }
        all.reports = try await hideAnswers(in: catalogue, keys, pace)
        if scope == .everything, isDone, all.unreadable == 0, !Task.isCancelled {
            try await retireDataKeys(but: keys.current.id)
        }
        return all
    }

    /// Whether anything is plain that `reseal` would seal, but for answers in reports.
    package func isPlain() async throws(CaseStoreError) -> Bool {
        let ends = SealedRows.all.map { rows in "(\(rows.end(.plain, after: rows.lowest)))" as SQL }
        let rows = try await query("SELECT num_nonnulls(\(ends.joined())) > 0")
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return false }
            return try cells.next()
        }
    }

    private func walk(
        _ rows: SealedRows, _ scope: ResealScope, _ keys: DataKeys, _ pace: Pace,
        _ noting: (Resealed) -> Void
    ) async throws(CaseStoreError) {
        var low = rows.lowest
        while !Task.isCancelled {
            let begin = ContinuousClock.now
            let done = try await reseal(
                SealedBatch(rows: rows, keys: keys), scope, after: low)
            guard let high = done.high else { return }
            low = high
            noting(done.resealed)
            await pace.rest(after: begin.duration(to: .now))
        }
    }

    /// Once more where a supporter was counted by a node with the new key at that very moment.
    private func reseal(
        _ batch: SealedBatch, _ scope: ResealScope, after low: String
    ) async throws(CaseStoreError) -> (high: String?, resealed: Resealed) {
        for _ in 0..<10 {
            do throws(PostgresError) {
                return try await pool.transaction { transaction async throws(PostgresError) in
                    try await batch.reseal(scope, after: low, in: transaction)
                }
            } catch {
                guard error == .conflict(constraint: "supporter_pkey") else {
                    throw CaseStoreError(error)
                }
            }
        }
        throw .unavailable
    }
}

/// A table with sealed data, which is read in the order of its keys.
private struct SealedRows: Sendable {
    let content: Content
    let table: SQL
    /// Called `held` in it.
    let key: SQL
    /// Before every key, as text.
    var lowest = ""

    enum Content: Sendable {
        case person(PersonRow.Table)
        case original, supporter, payload, reason, refusal
    }

    static let all = [
        SealedRows(content: .person(.contact), table: "contact.contact", key: "held.report"),
        SealedRows(content: .person(.author), table: "contact.author", key: "held.\"update\""),
        SealedRows(content: .person(.author), table: "contact.author", key: "held.internal_note"),
        SealedRows(content: .original, table: "contact.original", key: "held.report"),
        SealedRows(content: .original, table: "contact.original", key: "held.\"update\""),
        SealedRows(content: .supporter, table: "contact.supporter", key: "held.report"),
        SealedRows(
            content: .payload, table: "inbox",
            key: "(held.peer || '/' || held.kind || '/' || held.remote_id)"),
        SealedRows(content: .reason, table: "attempt", key: "held.delivery", lowest: "-1"),
        SealedRows(content: .refusal, table: "delivery", key: "held.id", lowest: "-1"),
    ]

    /// What there is to seal at all.
    private var isHeld: SQL {
        switch content {
        case .person, .original, .supporter: "true"
        case .payload: "held.state = 'quarantined'"
        case .reason, .refusal: "(held.reason IS NOT NULL OR held.sealed_reason IS NOT NULL)"
        }
    }

    private var isPlain: SQL {
        switch content {
        case .person, .original, .supporter: "held.sealed IS NULL"
        case .payload: "held.state = 'quarantined' AND held.payload IS NOT NULL"
        case .reason: "held.reason IS NOT NULL AND held.reason <> \(AttemptRow.lost)"
        // What nobody tells any more, or has, says why in our own words.
        case .refusal:
            """
            held.reason IS NOT NULL AND held.state IN ('waiting', 'parked', 'refused')
                AND NOT starts_with(held.reason, \(DeliveryRow.taken))
            """
        }
    }

    private var sealed: SQL {
        switch content {
        case .reason, .refusal: "held.sealed_reason"
        default: "held.sealed"
        }
    }

    private func bound(_ key: String) -> SQL {
        switch content {
        case .reason, .refusal: "\(Int64(key) ?? 0)"
        default: "\(key)"
        }
    }

    /// The last key of the next rows that may have to be sealed; `NULL` if there are none.
    func end(_ scope: ResealScope, after low: String) -> SQL {
        """
        SELECT max(key)::text FROM (
            SELECT \(key) AS key FROM \(table) AS held
            WHERE \(scope == .plain ? isPlain : isHeld) AND \(key) > \(bound(low))
            ORDER BY \(key) LIMIT 1000) AS next
        """
    }

    /// The rows of the window that are to be sealed.
    func due(
        _ scope: ResealScope, after low: String, upTo high: String, current: DataKey.ID
    ) -> SQL {
        let isDue: SQL =
            scope == .plain
            ? isPlain
            : """
            \(isHeld) AND (\(isPlain)
                OR substring(\(sealed) FROM 2 FOR \(Int32(DataKey.ID.size))) <> \(current.bytes))
            """
        return """
            SELECT \(key)::text, \(columns) FROM \(table) AS held
            WHERE \(key) > \(bound(low)) AND \(key) <= \(bound(high)) AND \(isDue)
            ORDER BY \(key) FOR UPDATE
            """
    }

    private var columns: SQL {
        switch content {
        case .person(.contact): "\(PersonRow.columns(of: "held")), held.unknown::text"
        case .person(.author): "\(PersonRow.columns(of: "held")), NULL::text"
        case .original: OriginalRow.columns(sealedIn: "held")
        case .supporter: "held.person, held.sealed"
        case .payload: "held.payload::text, held.sealed"
        case .reason: "held.started, held.reason, held.sealed_reason"
        case .refusal: "held.peer || '/' || held.report, held.reason, held.sealed_reason"
        }
    }
}

/// Some rows that are sealed together.
private struct SealedBatch: Sendable {
    let rows: SealedRows
    let keys: DataKeys

    func reseal(
        _ scope: ResealScope, after low: String, in transaction: Transaction
    ) async throws(PostgresError) -> (high: String?, resealed: Resealed) {
        var resealed = Resealed()
        guard var cells = try await transaction.query(rows.end(scope, after: low)).first?.cells,
            let high = try cells.next(String?.self)
        else { return (nil, resealed) }
        let due = try await transaction.query(
            rows.due(scope, after: low, upTo: high, current: keys.current.id))
        var columns = Columns()
        for row in due {
            if try add(row, to: &columns) { resealed.rows += 1 } else { resealed.unreadable += 1 }
        }
        if case .supporter = rows.content, resealed.rows > 0 {
            _ = try await transaction.query(removal(columns))
        }
        if resealed.rows > 0 { _ = try await transaction.query(update(columns)) }
        return (high, resealed)
    }

    /// What the rows hold once they are sealed, as one array a column.
    private struct Columns {
        var keys: [String] = []
        var sealed: [Octets] = []
        var devices: [Octets?] = []
        var emails: [Octets?] = []
        var phones: [Octets?] = []
        /// What tells rows of one key apart.
        var persons: [Octets] = []
        var moments: [Date] = []
    }

    /// Opens a row and seals it; `false` if no key opens it.
    private func add(_ row: Row, to columns: inout Columns) throws(PostgresError) -> Bool {
        var cells = row.cells
        let key = try cells.next(String.self)
        switch rows.content {
        case .person(let table): return try addPerson(table, key, &cells, to: &columns)
        case .original:
            guard let original = try OriginalRow.Held(from: &cells).open(of: key, keys: keys)
            else { return false }
            columns.sealed.append(Octets(OriginalRow.sealed(original, of: key, keys)))
        case .supporter:
            let (person, sealed) = try (cells.next([UInt8].self), cells.next([UInt8]?.self))
            guard let name = SupporterName(person, sealed: sealed, at: key, keys) else {
                return false
            }
            columns.persons.append(Octets(person))
            columns.emails.append(Octets(name.mark(by: keys.current)))
            columns.sealed.append(Octets(name.sealed(at: key, keys)))
        case .payload:
            guard let text = try text(.inbox, key, &cells) else { return false }
            columns.sealed.append(Octets(keys.seal(text, .inbox, key)))
        case .reason:
            let started = try cells.next(Date.self)
            let name = "\(key)/\(started.postgresMicroseconds)"
            guard let text = try text(.attempt, name, &cells) else { return false }
            columns.moments.append(started)
            columns.sealed.append(Octets(keys.seal(text, .attempt, name)))
        case .refusal:
            let name = try cells.next(String.self)
            guard let text = try text(.delivery, name, &cells) else { return false }
            columns.sealed.append(Octets(keys.seal(text, .delivery, name)))
        }
        columns.keys.append(key)
        return true
    }

    private func text(
        _ column: SealedCell.Column, _ row: String, _ cells: inout Cells
    ) throws(PostgresError) -> String? {
        let (plain, sealed) = try (cells.next(String?.self), cells.next([UInt8]?.self))
        return plain ?? sealed.flatMap { keys.text($0, column, row) }
    }

    private func addPerson(
        _ table: PersonRow.Table, _ key: String, _ cells: inout Cells, to columns: inout Columns
    ) throws(PostgresError) -> Bool {
        let row = PersonRow(table: table, row: key)
        let held = try PersonRow.Held(from: &cells)
        let plain = try cells.next(String?.self)
        guard let opened = row.open(held, keys: keys) else { return false }
        let unknown = (opened.unknown ?? plain).flatMap(JSONText.unknown(in:)) ?? []
        let person = SealedPerson(opened.person, unknown: unknown)
        columns.keys.append(key)
        columns.sealed.append(Octets(keys.seal(person.bytes, table.column, key)))
        columns.devices.append(
            opened.person.deviceID.map { Octets(keys.seal($0, table.deviceColumn, key)) })
        columns.emails.append(
            person.emailName.map { Octets(keys.current.mark($0, of: .email)) })
        columns.phones.append(
            person.phoneName.map { Octets(keys.current.mark($0, of: .phone)) })
        return true
    }

    /// Takes away supporters who are there under another name as well: two nodes with different
    /// current keys counted them at once. The number that is shown stays.
    private func removal(_ columns: Columns) -> SQL {
        """
        DELETE FROM contact.supporter AS held USING (
            SELECT key, person, mark,
                row_number() OVER (PARTITION BY key, mark ORDER BY person) AS turn
            FROM unnest(\(columns.keys), \(columns.persons), \(columns.emails))
                AS one (key, person, mark)
        ) AS given
        WHERE held.report = given.key AND held.person = given.person
            AND held.person <> given.mark AND (given.turn > 1 OR EXISTS (
                SELECT FROM contact.supporter AS other
                WHERE other.report = given.key AND other.person = given.mark))
        """
    }

    private func update(_ columns: Columns) -> SQL {
        switch rows.content {
        case .person(let table):
            let unknown: SQL = table == .contact ? ", unknown = NULL" : ""
            return """
                UPDATE \(rows.table) AS held SET sealed = given.sealed,
                    sealed_device = given.device, email_mark = given.email,
                    phone_mark = given.phone, email = NULL, first_name = NULL, last_name = NULL,
                    phone = NULL, device_id = NULL, account_id = NULL\(unknown)
                FROM unnest(
                    \(columns.keys), \(columns.sealed), \(columns.devices), \(columns.emails),
                    \(columns.phones)) AS given (key, sealed, device, email, phone)
                WHERE \(rows.key) = given.key
                """
        case .original:
            return """
                UPDATE contact.original AS held SET sealed = given.sealed, title = NULL,
                    description = NULL, address = NULL, address_id = NULL, latitude = NULL,
                    longitude = NULL, answers = NULL
                FROM unnest(\(columns.keys), \(columns.sealed)) AS given (key, sealed)
                WHERE \(rows.key) = given.key
                """
        case .supporter:
            return """
                UPDATE contact.supporter AS held SET person = given.mark, sealed = given.sealed
                FROM unnest(
                    \(columns.keys), \(columns.persons), \(columns.emails), \(columns.sealed)
                ) AS given (key, person, mark, sealed)
                WHERE held.report = given.key AND held.person = given.person
                """
        case .payload:
            return """
                UPDATE inbox AS held SET sealed = given.sealed, payload = NULL
                FROM unnest(\(columns.keys), \(columns.sealed)) AS given (key, sealed)
                WHERE \(rows.key) = given.key
                """
        case .reason:
            return """
                UPDATE attempt AS held SET sealed_reason = given.sealed, reason = NULL
                FROM unnest(
                    \(columns.keys.map { Int64($0) ?? 0 }), \(columns.moments), \(columns.sealed)
                ) AS given (key, started, sealed)
                WHERE held.delivery = given.key AND held.started = given.started
                """
        case .refusal:
            return """
                UPDATE delivery AS held SET sealed_reason = given.sealed, reason = NULL
                FROM unnest(\(columns.keys.map { Int64($0) ?? 0 }), \(columns.sealed))
                    AS given (key, sealed)
                WHERE held.id = given.key
                """
        }
    }
}

extension CaseStore {
    /// Moves answers to private questions out of the reports: those that came before they were kept
    /// with the originals.
    private func hideAnswers(
        in catalogue: Catalogue, _ keys: DataKeys, _ pace: Pace
    ) async throws(CaseStoreError) -> Int {
        var count = 0
        for jurisdiction in catalogue.jurisdictions {
            let rule = RetentionRule(jurisdiction, now: .distantPast)
            let isHere: SQL = "report.jurisdiction = \(jurisdiction.id.rawValue)"
            guard let rows = rule.privateAnswers(isHere) else { continue }
            try await walk(rows, pace) { window throws(CaseStoreError) in
                var rest = try await texts(rows.keys(in: window))[...]
                while !rest.isEmpty {
                    let batch = PrivateAnswers(
                        reports: Array(rest.prefix(500)), jurisdiction: jurisdiction, keys: keys)
                    rest = rest.dropFirst(500)
                    count += try await CaseStoreError.told { () async throws(PostgresError) in
                        try await pool.transaction { transaction async throws(PostgresError) in
                            try await batch.hide(in: transaction)
                        }
                    }
                }
            }
        }
        return count
    }
}

/// Answers to private questions that stand in reports, and are to be kept with the originals.
private struct PrivateAnswers: Sendable {
    let reports: [String]
    let jurisdiction: Jurisdiction
    let keys: DataKeys

    /// How many reports were changed.
    func hide(in transaction: Transaction) async throws(PostgresError) -> Int {
        let rows = try await transaction.query(
            """
            SELECT report.id, report.service, report.answers::text,
                \(OriginalRow.columns(sealedIn: "original"))
            FROM report LEFT JOIN contact.original ON original.report = report.id
            WHERE report.id = ANY (\(reports)) ORDER BY report.id FOR UPDATE OF report
            """)
        var count = 0
        for row in rows {
            var cells = row.cells
            let id = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
            let code = try ReportRow.named(Service.Code.self, try cells.next(), column: 1)
            let answers = try cells.next(String?.self).flatMap(JSONText.answers(in:)) ?? []
            let held = try OriginalRow.Held(from: &cells)
            let hidden = Disclosure(jurisdiction, jurisdiction.service(code)).hidden
            let apart = answers.filter { hidden.contains($0.code) }
            guard !apart.isEmpty, var original = held.open(of: id.rawValue, keys: keys) else {
                continue
            }
            original.hidden = (original.hidden ?? []) + apart
            let shown = answers.filter { !hidden.contains($0.code) }
            for statement in statements(id, showing: shown, original) {
                _ = try await transaction.query(statement)
            }
            count += 1
        }
        return count
    }

    private func statements(
        _ id: Report.ID, showing answers: [Answer], _ original: Original
    ) -> [SQL] {
        [
            """
            UPDATE report SET answers = \(JSONText.of(answers))::jsonb WHERE id = \(id.rawValue)
            """,
            "DELETE FROM contact.original WHERE report = \(id.rawValue)",
            OriginalRow.keeping([(id, original)], keys: keys),
        ]
    }
}
