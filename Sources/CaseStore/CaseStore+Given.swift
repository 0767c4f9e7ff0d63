import Federation
import FoundationEssentials
import Postgres
import Reports

/// A report that a peer has from us, as whoever answers for the peer sees it.
package struct GivenReport: Sendable, Equatable {
    package let id: Report.ID
    package let jurisdiction: Jurisdiction.ID
    package let service: Service.Code
    package let title: String?
    package let description: String?
    package let address: String?
    /// Entries as in `Report.media`.
    package let media: [String]
    package let detail: Detail
    /// What was said last about the status.
    package let statusNotes: String?
    package let requested: Date
    /// The report as the peer calls it.
    package let ticket: String

    package init(
        id: Report.ID, jurisdiction: Jurisdiction.ID, service: Service.Code, title: String?,
        description: String?, address: String?, media: [String] = [], detail: Detail,
        statusNotes: String? = nil, requested: Date, ticket: String
    ) {
        self.id = id
        self.jurisdiction = jurisdiction
        self.service = service
        self.title = title
        self.description = description
        self.address = address
        self.media = media
        self.detail = detail
        self.statusNotes = statusNotes
        self.requested = requested
        self.ticket = ticket
    }
}

extension CaseStore {
    /// A report that was given to a peer; `nil` if it was not, or is not there any more.
    package func given(
        _ id: Report.ID, to peer: Peer.Name
    ) async throws(CaseStoreError) -> GivenReport? {
        let rows = try await query(
            """
            SELECT report.id, report.jurisdiction, report.service, report.title,
                report.description, report.address, report.media,
                coalesce(report.detail, upper(report.status)), report.status_notes,
                report.requested, ticket.remote_id
            FROM ticket JOIN report ON report.id = ticket.report
            WHERE ticket.peer = \(peer.rawValue) AND ticket.report = \(id.rawValue)
                AND ticket.remote_id IS NOT NULL
            ORDER BY ticket.round DESC LIMIT 1
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            guard var cells = rows.first?.cells else { return nil }
            return try GivenReport(
                id: ReportRow.named(Report.ID.self, cells.next(), column: 0),
                jurisdiction: ReportRow.named(Jurisdiction.ID.self, cells.next(), column: 1),
                service: ReportRow.named(Service.Code.self, cells.next(), column: 2),
                title: cells.next(), description: cells.next(), address: cells.next(),
                media: cells.next(),
                detail: Detail(rawValue: cells.next(String.self)) ?? .open,
                statusNotes: cells.next(), requested: cells.next(), ticket: cells.next())
        }
    }
}
