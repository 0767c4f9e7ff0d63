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

    package init(jurisdiction: Jurisdiction.ID) {
        self.jurisdiction = jurisdiction
    }

    package var isNothing: Bool { contacts == 0 && devices == 0 && peerPayloads == 0 }
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
            expired.contacts = try await number(of: rule.contacts)
            expired.devices =
                try await number(of: rule.devices?.contacts)
                + number(of: rule.devices?.authors)
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
    /// again by its age.
    package func retain(
        in catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> [Expired] {
        var all: [Expired] = []
        for rule in try await rules(of: catalogue, now: now) {
            var gone = Expired(jurisdiction: rule.jurisdiction)
            gone.contacts = try await eraseContacts(by: rule, in: catalogue, now: now)
            gone.devices = try await forgetDevices(by: rule)
            gone.peerPayloads = try await forgetPayloads(by: rule)
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

    private func eraseContacts(
        by rule: RetentionRule, in catalogue: Catalogue, now: Date
    ) async throws(CaseStoreError) -> Int {
        guard let due = rule.contacts else { return 0 }
        var (count, last) = (0, "")
        while !Task.isCancelled {
            let ids = try await reports(among: due, after: last)
            guard let end = ids.last else { break }
            last = end.rawValue
            var rest = ids[...]
            while !rest.isEmpty, !Task.isCancelled {
                let orders = rest.prefix(50).map { id in
                    var order = ErasureOrder(id, .contact)
                    order.actor = .system
                    order.tells = .nobody
                    return order
                }
                count += try await erase(orders, in: catalogue, now: now)
                    .count { $0?.isNew == true }
                rest = rest.dropFirst(50)
            }
        }
        return count
    }

    /// In the order of their ids, so that one that cannot be erased does not come again and again.
    private func reports(
        among due: SQL, after last: String
    ) async throws(CaseStoreError) -> [Report.ID] {
        let rows = try await query("\(due) AND report.id > \(last) ORDER BY report.id LIMIT 10000")
        return try await CaseStoreError.told { () throws(PostgresError) in
            var ids: [Report.ID] = []
            for row in rows {
                var cells = row.cells
                ids.append(try ReportRow.named(Report.ID.self, try cells.next(), column: 0))
            }
            return ids
        }
    }

    private func forgetDevices(by rule: RetentionRule) async throws(CaseStoreError) -> Int {
        guard let due = rule.devices else { return 0 }
        let contacts = try await repeated(
            """
            UPDATE contact.contact SET device_id = NULL WHERE report IN (
                \(due.contacts) LIMIT 1000 FOR UPDATE OF contact SKIP LOCKED)
            """)
        let authors = try await repeated(
            """
            UPDATE contact.author SET device_id = NULL
            WHERE coalesce("update", internal_note) IN (
                \(due.authors) LIMIT 1000 FOR UPDATE OF author SKIP LOCKED)
            """)
        return contacts + authors
    }

    private func forgetPayloads(by rule: RetentionRule) async throws(CaseStoreError) -> Int {
        guard let due = rule.payloads else { return 0 }
        let inbox = try await repeated(
            """
            UPDATE inbox SET state = 'ignored', reason = 'it was kept long enough', payload = NULL
            WHERE (peer, kind, remote_id) IN (
                \(due.inbox) LIMIT 1000 FOR UPDATE OF inbox SKIP LOCKED)
            """)
        let attempts = try await repeated(
            """
            UPDATE attempt SET reason = NULL WHERE (delivery, number) IN (
                \(due.attempts) LIMIT 1000 FOR UPDATE OF attempt SKIP LOCKED)
            """)
        return inbox + attempts
    }
}
