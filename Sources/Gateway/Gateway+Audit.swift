import CaseStore
import GeoReport
import Reports

/// What the audit log is told (A11): whatever staff are shown that the public is not.
extension Gateway {
    /// Whoever calls, as the audit log names him.
    func party(_ client: Client, at address: String) -> AuditEntry.Party {
        let network = Self.blurred(address)
        return AuditEntry.Party(.client, client.id.rawValue, from: network.isEmpty ? nil : network)
    }

    /// Writes down who is shown more of these reports than the public, before the answer goes out.
    ///
    /// What cannot be written down is not shown: 503. Who is shown nothing more, as in each answer to
    /// the public, pays nothing.
    func record(
        _ action: AuditEntry.Action, of reports: some Collection<Report.ID>,
        in jurisdiction: Jurisdiction, by client: Client?, at address: String
    ) async throws(Fault) {
        guard !reports.isEmpty, let client else { return }
        let entry = AuditEntry(
            action, by: party(client, at: address), in: jurisdiction.id,
            reports: reports.sorted { $0.rawValue < $1.rawValue })
        do {
            try await store.audit([entry], now: now())
        } catch {
            logger.error(
                "the audit log cannot be written, and personal data was not shown",
                metadata: ["reason": .string("\(error)")])
            throw Fault(
                .unavailable(retryAfter: .seconds(2)),
                "The server cannot write down who reads this, and shows it to nobody until it can.")
        }
    }

    /// A page of the audit log, the newest entry first: for auditors, and of one report for supervisors.
    func audit(_ call: Call) async throws(Fault) -> EdgeResponse {
        let jurisdiction = try call.jurisdiction()
        let wish = try Calls.audit(call.parameters)
        let client = try await client(
            call, mayDo: wish.report == nil ? .audit : .auditOfReport, in: jurisdiction)
        var filter = AuditFilter()
        (filter.report, filter.before, filter.limit) = (wish.report, wish.before, wish.limit)
        // What belongs to no jurisdiction alone is for whoever may see all of them.
        filter.place =
            client.jurisdictions.isEmpty && client.scopes.contains(.auditor)
            ? .jurisdictionAndNowhere(jurisdiction.id) : .jurisdiction(jurisdiction.id)
        let entries = try await asking { [filter] () async throws(CaseStoreError) in
            try await store.entries(filter)
        }
        let next = entries.count == wish.limit ? entries.last?.number : nil
        return Self.private(Documents.audit(entries, next: next))
    }

    /// The reports of which whoever asks is shown more than the public.
    static func uncovered(
        for audience: ChangeFilter.Audience, _ originals: [Report.ID: Original],
        _ notes: [Report.ID: [Note]]
    ) -> Set<Report.ID> {
        guard audience == .staff else { return [] }
        let told = notes.filter { $0.value.contains { $0.isOriginal } }
        return Set(originals.keys).union(told.keys)
    }
}
