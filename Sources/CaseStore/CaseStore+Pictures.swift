import FoundationEssentials
import Postgres
import Reports

/// A picture that is only an address yet, and whose turn to be fetched has come.
package struct DuePicture: Sendable, Equatable {
    package let id: ID
    /// The address that a client gave; nobody has checked where it leads.
    package let source: String
    /// Who told us of it.
    package let client: Client.ID?
    /// How often it was claimed, this time included.
    package let attempts: Int

    package init(id: ID, source: String, client: Client.ID? = nil, attempts: Int) {
        self.id = id
        self.source = source
        self.client = client
        self.attempts = attempts
    }

    /// The number of its row.
    package struct ID: Sendable, Hashable {
        package let rawValue: Int64

        package init(rawValue: Int64) {
            self.rawValue = rawValue
        }
    }
}

extension CaseStore {
    /// Claims pictures whose turn has come, the longest due first, and nobody else gets them before
    /// the lease is over.
    ///
    /// A crash simply makes them due again. Those of a client that has brought in its share of the
    /// day wait for the next one (M8).
    package func duePictures(
        limit: Int, now: Date, lease: Duration
    ) async throws(CaseStoreError) -> [DuePicture] {
        let rows = try await query(
            """
            WITH claimed AS MATERIALIZED (
                SELECT id FROM media
                WHERE state = 'pending' AND due <= \(now) AND NOT EXISTS (
                    SELECT FROM media_quota AS used
                    WHERE used.client = media.client AND used.day = \(Self.day(now))
                        AND used.bytes >= \(settings.pictureQuota))
                ORDER BY due, id
                LIMIT \(limit)
                FOR UPDATE SKIP LOCKED
            )
            UPDATE media SET attempts = attempts + 1, due = \(now.advanced(by: lease))
            FROM claimed WHERE media.id = claimed.id
            RETURNING media.id, source, media.client, attempts
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var pictures: [DuePicture] = []
            for row in rows {
                var cells = row.cells
                pictures.append(
                    DuePicture(
                        id: DuePicture.ID(rawValue: try cells.next()), source: try cells.next(),
                        client: Client.ID(rawValue: try cells.next()),
                        attempts: Int(try cells.next(Int32.self))))
            }
            return pictures
        }
    }

    /// Tries a picture again, no sooner than that; one that is decided stays as it is.
    package func postpone(
        _ id: DuePicture.ID, until due: Date
    ) async throws(CaseStoreError) {
        _ = try await query(
            """
            UPDATE media SET due = \(due) WHERE id = \(id.rawValue) AND state = 'pending'
            """)
    }

    /// Gives a picture up for good: it is never shown. One that is decided stays as it is.
    package func abandon(_ id: DuePicture.ID) async throws(CaseStoreError) {
        _ = try await query(
            """
            UPDATE media SET state = 'failed', due = NULL
            WHERE id = \(id.rawValue) AND state = 'pending'
            """)
    }

    /// The first of these pictures that may be shown: a report names it that the public may see
    /// now, so that a report's pictures go when it goes (P5).
    package func shown(
        _ names: [StoredPicture.Name], now: Date
    ) async throws(CaseStoreError) -> StoredPicture.Name? {
        let rows = try await query(
            """
            SELECT media.name FROM media JOIN report ON report.id = media.report
            WHERE media.name = ANY (\(names.map(\.rawValue))) AND report.visibility = 'public'
                AND report.published <= \(now)
            LIMIT 1
            """)
        return try Self.names(in: rows).first
    }

    /// Those of the digests, as names begin with, that no report and no update has: the files may go
    /// if they are old, as a younger one may belong to a report that is just being stored (M9).
    package func unreferenced(_ digests: [String]) async throws(CaseStoreError) -> Set<String> {
        // The sign behind the dot bounds the range.
        let rows = try await query(
            """
            SELECT digest FROM unnest(\(digests)) AS given (digest)
            WHERE NOT EXISTS (
                SELECT FROM media WHERE name > digest || '.' AND name < digest || '/')
            """)
        return try await CaseStoreError.told { () throws(PostgresError) in
            var free: Set<String> = []
            for row in rows {
                var cells = row.cells
                free.insert(try cells.next())
            }
            return free
        }
    }

    /// The names of all stored pictures behind this one in their order, each once: for a check
    /// that every file is there.
    package func storedPictures(
        after name: StoredPicture.Name? = nil, limit: Int
    ) async throws(CaseStoreError) -> [StoredPicture.Name] {
        let rows = try await query(
            """
            SELECT DISTINCT name FROM media WHERE name > \(name?.rawValue ?? "")
            ORDER BY name LIMIT \(limit)
            """)
        return try Self.names(in: rows)
    }

    /// Counts bytes of pictures that a client is about to store, before the first one is written.
    ///
    /// They count whatever becomes of the report, so that refused and repeated POSTs cannot fill the
    /// disk. Fails with `quotaUsedUp`, and counts nothing, if the client has no room left today (M8).
    package func charge(
        _ bytes: Int, to client: Client.ID, now: Date
    ) async throws(CaseStoreError) {
        _ = try await query(
            """
            INSERT INTO media_quota AS used (client, day, bytes, most)
            VALUES (\(client.rawValue), \(Self.day(now)), \(bytes), \(settings.pictureQuota))
            ON CONFLICT (client, day) DO UPDATE
            SET bytes = used.bytes + excluded.bytes, most = excluded.most
            """)
    }

    private static func names(
        in rows: Rows
    ) throws(CaseStoreError) -> [StoredPicture.Name] {
        do throws(PostgresError) {
            var names: [StoredPicture.Name] = []
            for row in rows {
                var cells = row.cells
                names.append(try ReportRow.named(StoredPicture.Name.self, cells.next(), column: 0))
            }
            return names
        } catch {
            throw CaseStoreError(error)
        }
    }

    /// The day of a moment, in UTC.
    static func day(_ now: Date) -> SQL {
        "(\(now)::timestamptz AT TIME ZONE 'UTC')::date"
    }
}
