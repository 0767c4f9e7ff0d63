import FoundationEssentials
import Postgres
import Reports

/// How much personal data of one jurisdiction was kept for as long as it may be (P4).
package struct Expired: Sendable, Equatable {
    package let jurisdiction: Jurisdiction.ID
    /// Closed reports with contact data, originals or private answers.
    package var contacts = 0
    /// What names devices.
    package var devices = 0
    /// What peers said: things that nobody has judged, and answers to deliveries.
    package var peerPayloads = 0
    /// Why some of it stays for now.
    package var failure: CaseStoreError?

    package init(jurisdiction: Jurisdiction.ID) {
        self.jurisdiction = jurisdiction
    }

    package var isNothing: Bool { contacts == 0 && devices == 0 && peerPayloads == 0 }
}

/// How much of the database's time may be taken for what nobody waits for.
package enum Pace: Sendable {
    case full
    /// A quarter: calls come first.
    case quarter

    /// Rests for as long as the pace asks after work of this length.
    func rest(after work: Duration) async {
        guard self == .quarter else { return }
        try? await Task.sleep(for: work * 3)
    }
}

extension CaseStore {
    /// What `retain` would take away now.
    ///
    /// What peers said of no report of ours counts wherever it may be about.
    package func expired(
        in catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> [Expired] {
        var all: [Expired] = []
        for rule in try await rules(of: catalogue, now: now) {
            var expired = Expired(jurisdiction: rule.jurisdiction)
            var reports: Set<String> = []
            for rows in rule.contacts {
                try await walk(rows) { window throws(CaseStoreError) in
                    reports.formUnion(try await texts(rows.reports(in: window)))
                }
            }
            expired.contacts = reports.count
            for rows in rule.devices {
                try await walk(rows) { window throws(CaseStoreError) in
                    expired.devices += try await texts(rows.keys(in: window)).count
                }
            }
            expired.peerPayloads =
                try await number(of: rule.payloads?.inbox)
                + number(of: rule.payloads?.attempts)
            all.append(expired)
        }
        return all
    }

    /// Takes away what was kept for as long as it may be.
    ///
    /// In batches, each whole or not at all, so that it may be stopped anywhere and goes on with the
    /// next call; what is gone already is not found again. Of contact data an event and a tombstone
    /// stay, as of every erasure, so that nothing brings it back; peers have their own times and are
    /// not told. What names devices and what peers said goes without: a restored backup loses it
    /// again by its age. What fails of one jurisdiction, or of one report, keeps nothing else.
    package func retain(
        in catalogue: Catalogue, now: Date, pace: Pace = .full
    ) async throws(CaseStoreError) -> [Expired] {
        // A round may take hours, and what is erased is named by when that was.
        let began = ContinuousClock.now
        func time() -> Date { now.addingTimeInterval(began.duration(to: .now) / .seconds(1)) }
        var all: [Expired] = []
        for rule in try await rules(of: catalogue, now: now) {
            var gone = Expired(jurisdiction: rule.jurisdiction)
            do throws(CaseStoreError) {
                for rows in rule.contacts {
                    try await erase(rows, in: catalogue, at: time, pace, &gone)
                }
                for rows in rule.devices {
                    try await walk(rows, pace) { window throws(CaseStoreError) in
                        gone.devices += try await forgetDevices(rows, window)
                    }
                }
                gone.peerPayloads = try await forgetPayloads(by: rule)
            } catch {
                gone.failure = error
            }
            all.append(gone)
        }
        return all
    }

    /// One for each jurisdiction that has reports, whether it is published or not.
    private func rules(
        of catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> [RetentionRule] {
        let rows = try await query("SELECT id FROM jurisdiction ORDER BY id")
        return try await CaseStoreError.told { () throws(PostgresError) in
            var rules: [RetentionRule] = []
            for row in rows {
                var cells = row.cells
                let id = try ReportRow.named(Jurisdiction.ID.self, try cells.next(), column: 0)
                rules.append(
                    catalogue.jurisdiction(id).map { RetentionRule($0, now: now) }
                        ?? RetentionRule(unknown: id, now: now))
            }
            return rules
        }
    }

    private func number(of due: SQL?) async throws(CaseStoreError) -> Int {
        guard let due else { return 0 }
        let rows = try await query("SELECT count(*) FROM (\(due)) AS due")
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return 0 }
            return try cells.next(Int.self)
        }
    }

    /// Goes through all rows, some thousand at a time, until there are no more or it is cancelled.
    func walk(
        _ rows: KeptRows, _ pace: Pace = .full,
        _ work: (KeptRows.Window) async throws(CaseStoreError) -> Void
    ) async throws(CaseStoreError) {
        var low = ""
        while !Task.isCancelled {
            let begin = ContinuousClock.now
            guard let high = try await texts(rows.end(after: low)).first else { return }
            try await work(KeptRows.Window(low: low, high: high))
            await pace.rest(after: begin.duration(to: .now))
            low = high
        }
    }

    /// The first column of what is found, without `NULL`s.
    func texts(_ statement: SQL) async throws(CaseStoreError) -> [String] {
        let rows = try await query(statement)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var texts: [String] = []
            for row in rows {
                var cells = row.cells
                if let text = try cells.next(String?.self) { texts.append(text) }
            }
            return texts
        }
    }

    private func erase(
        _ rows: KeptRows, in catalogue: Catalogue, at time: () -> Date, _ pace: Pace,
        _ gone: inout Expired
    ) async throws(CaseStoreError) {
        try await walk(rows) { window throws(CaseStoreError) in
            var rest = try await texts(rows.reports(in: window))
                .compactMap(Report.ID.init(rawValue:))[...]
            while !rest.isEmpty, !Task.isCancelled {
                let begin = ContinuousClock.now
                try await erase(Array(rest.prefix(50)), in: catalogue, now: time(), &gone)
                rest = rest.dropFirst(50)
                await pace.rest(after: begin.duration(to: .now))
            }
        }
    }

    /// Erases the contact data of these; one that cannot be erased keeps none of the others.
    private func erase(
        _ reports: [Report.ID], in catalogue: Catalogue, now: Date, _ gone: inout Expired
    ) async throws(CaseStoreError) {
        let orders = reports.map { id in
            var order = ErasureOrder(id, .contact)
            order.actor = .system
            order.tells = .nobody
            return order
        }
        do {
            gone.contacts += try await erase(orders, in: catalogue, now: now)
                .count { $0?.isNew == true }
        } catch {
            guard error != .unavailable else { throw error }
            gone.failure = error
            guard reports.count > 1 else { return }
            for report in reports { try await erase([report], in: catalogue, now: now, &gone) }
        }
    }

    private func forgetDevices(
        _ rows: KeptRows, _ window: KeptRows.Window
    ) async throws(CaseStoreError) -> Int {
        try await query(
            """
            UPDATE \(rows.table) AS held SET device_id = NULL, sealed_device = NULL
            WHERE \(rows.key) IN (\(rows.keys(in: window)) FOR UPDATE OF held SKIP LOCKED)
            """
        ).affected
    }

    private func forgetPayloads(by rule: RetentionRule) async throws(CaseStoreError) -> Int {
        guard let due = rule.payloads else { return 0 }
        let inbox = try await repeated(
            """
            UPDATE inbox SET state = 'ignored', reason = 'it was kept long enough', payload = NULL,
                sealed = NULL
            WHERE (peer, kind, remote_id) IN (
                \(due.inbox) LIMIT 1000 FOR UPDATE OF inbox SKIP LOCKED)
            """)
        let attempts = try await repeated(
            """
            UPDATE attempt SET reason = NULL, sealed_reason = NULL WHERE (delivery, number) IN (
                \(due.attempts) LIMIT 1000 FOR UPDATE OF attempt SKIP LOCKED)
            """)
        return inbox + attempts
    }
}
