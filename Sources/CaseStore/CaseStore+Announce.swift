import FoundationEssentials
import Postgres
import Reports

extension CaseStore {
    /// Tells the feed of reports whose time to be listed has come, each exactly once, and answers how
    /// many they were.
    ///
    /// The event and the end of its row are one statement, so a crash leaves both or neither, and any
    /// number of nodes may do it at once. A report that became private waits until it is public.
    package func announceDue(now: Date) async throws(CaseStoreError) -> Int {
        var total = 0
        while !Task.isCancelled {
            let announced = try await announce(now: now)
            total += announced
            if announced < Self.announcements { break }
        }
        return total
    }

    private static let announcements = 500

    private func announce(now: Date) async throws(CaseStoreError) -> Int {
        var source = SystemRandomNumberGenerator()
        let ids = (0..<Self.announcements).map { _ in Event.ID(at: now, using: &source).uuid }
        return try await query(
            """
            WITH due AS MATERIALIZED (
                SELECT publication_due.report, publication_due.due, report.jurisdiction
                FROM publication_due JOIN report ON report.id = publication_due.report
                WHERE publication_due.due <= \(now) AND report.published <= \(now)
                    AND report.visibility = 'public'
                ORDER BY publication_due.due, publication_due.report
                LIMIT \(Self.announcements) FOR UPDATE OF publication_due SKIP LOCKED
            ), numbered AS (
                SELECT report, jurisdiction, row_number() OVER (ORDER BY due, report)::integer AS number
                FROM due
            ), done AS (
                DELETE FROM publication_due USING due WHERE publication_due.report = due.report
            )
            INSERT INTO event (id, report, kind, actor, recorded, path, content)
            SELECT (\(ids))[number], numbered.report, 'published', 'system', \(now),
                ARRAY[jurisdiction], latest.content
            FROM numbered, LATERAL (
                SELECT content FROM event WHERE event.report = numbered.report
                ORDER BY id DESC LIMIT 1
            ) AS latest
            """
        ).affected
    }
}
