import FoundationEssentials
import Postgres
import Reports

/// What is taken out of the tables when data of one report is erased.
struct ReportErasure {
    let report: Report.ID
    let erasure: Erasure
    let place: Place
    /// Whose answers count as contact data; `nil`: nobody knows, so all do.
    let privateQuestions: [Attribute.Code]?
    let now: Date

    typealias Place = (jurisdiction: Jurisdiction.ID, stage: Stage)

    /// Each erases something; together they change no row when there is nothing left.
    var statements: [SQL] {
        var statements = [revising]
        // Whoever wrote them is in them: that is why the public is not shown them.
        if erasure.parts != [.photos] { statements += originals }
        for part in erasure.parts {
            switch part {
            case .contact: statements += people
            case .text: statements += texts
            case .photos: statements += pictures
            }
        }
        return statements
    }

    /// What remains so that a repeated POST is known for ever: its sender would otherwise bring a
    /// second report with all that was erased of the first (P5).
    var keeping: [SQL] {
        let fingerprint = Fingerprint.of { $0.add(report.rawValue) }
        return [
            """
            UPDATE idempotency SET expires = 'infinity'
            WHERE report = \(report.rawValue) AND kind IN ('key', 'foreign')
            """,
            """
            INSERT INTO idempotency (
                client, stage, jurisdiction, kind, key, fingerprint, report, token, created, expires)
            SELECT client, \(place.stage.rawValue), \(place.jurisdiction.rawValue), 'foreign',
                number, \(fingerprint), report, (SELECT id FROM token WHERE token.report = given.report),
                \(now), 'infinity'
            FROM foreign_number AS given WHERE report = \(report.rawValue)
            ON CONFLICT DO NOTHING
            """,
        ]
    }
}

extension ReportErasure {
    private var id: SQL { "\(report.rawValue)" }

    /// What was told of this report, also where it was merged into another since, as a condition on a
    /// table of updates or notes.
    private var isAbout: SQL {
        let chain = ReportChain(
            report: report, jurisdiction: place.jurisdiction, stage: place.stage)
        return """
            (report = \(id) OR named = \(id))
                AND report IN (WITH RECURSIVE \(chain.table) SELECT id FROM chain)
            """
    }

    private var people: [SQL] {
        [
            "DELETE FROM contact.contact WHERE report = \(id)",
            "DELETE FROM contact.supporter WHERE report = \(id)",
            """
            DELETE FROM contact.author
            WHERE "update" IN (SELECT id FROM "update" WHERE \(isAbout))
            """,
            """
            DELETE FROM contact.author
            WHERE internal_note IN (SELECT id FROM internal_note WHERE \(isAbout))
            """,
        ]
    }

    private var originals: [SQL] {
        [
            "DELETE FROM contact.original WHERE report = \(id)",
            """
            DELETE FROM contact.original
            WHERE "update" IN (SELECT id FROM "update" WHERE \(isAbout))
            """,
        ]
    }

    /// What peers told and nobody has judged yet is given up: it holds texts.
    private var texts: [SQL] {
        [
            """
            UPDATE "update" SET description = NULL WHERE description IS NOT NULL AND \(isAbout)
            """,
            "UPDATE internal_note SET description = '' WHERE description <> '' AND \(isAbout)",
            """
            UPDATE inbox SET state = 'ignored', reason = 'it was erased', payload = NULL,
                sealed = NULL
            WHERE report = \(id) AND state = 'quarantined'
            """,
            """
            UPDATE inbox SET reason = NULL
            WHERE report = \(id) AND state = 'proposed' AND reason IS NOT NULL
            """,
        ]
    }

    /// Files that no row names are not shown any more, and are removed by the sweep.
    private var pictures: [SQL] {
        [
            "UPDATE \"update\" SET media = NULL WHERE media IS NOT NULL AND \(isAbout)",
            """
            DELETE FROM media
            WHERE "update" IS NULL AND report = \(id)
                OR "update" IN (SELECT id FROM "update" WHERE \(isAbout))
            """,
        ]
    }

    /// The report's own row, once; a closed report keeps the time of its closing (GR-A43).
    private var revising: SQL {
        var values: [SQL] = []
        var reasons: [SQL] = []
        if erasure.parts.contains(.text) {
            let columns: [SQL] = ["title", "description", "status_notes", "answers"]
            values += columns.map { "\($0) = NULL" }
            reasons += columns.map { "\($0) IS NOT NULL" }
        } else if erasure.parts.contains(.contact) {
            values.append("answers = \(remainingAnswers)")
            reasons.append("answers IS DISTINCT FROM \(remainingAnswers)")
        }
        if erasure.parts.contains(.photos) {
            values.append("media = NULL")
            reasons.append("media IS NOT NULL")
        }
        if erasure != .contact {
            values.append(
                """
                updated = CASE status WHEN 'open' THEN greatest(updated, \(now.wholeSeconds))
                    ELSE updated END
                """)
        }
        return """
            UPDATE report SET \(values.joined()) WHERE id = \(id)
                AND (\(reasons.joined(separator: " OR ")))
            """
    }

    private var remainingAnswers: SQL {
        guard let privateQuestions else { return "NULL" }
        return """
            (SELECT jsonb_agg(item ORDER BY place)
            FROM jsonb_array_elements(answers) WITH ORDINALITY AS list (item, place)
            WHERE item ->> 'code' <> ALL (\(privateQuestions.map(\.rawValue))))
            """
    }
}

/// An update or a note that has just been stored, and may have been told before an erasure: it came
/// late, and brings nothing back (P5).
struct LateUpdate {
    private let id: Update.ID

    /// What was stored, or `nil` if nothing was.
    init?(_ published: PublishedUpdate) {
        switch published {
        case .published(let id), .proposed(let id): self.id = id
        case .repeated, .unknownOrigin, .unknownReport, .unfitParent: return nil
        }
    }

    /// Takes from it what was erased of its report since it was told.
    func eraseAgain(in transaction: Transaction) async throws(PostgresError) {
        let told: SQL = """
            SELECT id, report, named, told FROM "update" WHERE id = \(id.rawValue)
            UNION ALL
            SELECT id, report, named, told FROM internal_note WHERE id = \(id.rawValue)
            """
        let rows = try await transaction.query(
            """
            SELECT DISTINCT tombstone.part FROM (\(told)) AS late JOIN tombstone
                ON tombstone.report IN (late.report, late.named) AND tombstone.erased >= late.told
            """)
        for row in rows {
            var cells = row.cells
            guard let part = Erasure.Part(rawValue: try cells.next()) else { continue }
            for statement in statements(part) { _ = try await transaction.query(statement) }
        }
    }

    private func statements(_ part: Erasure.Part) -> [SQL] {
        let id = id.rawValue
        switch part {
        case .contact:
            return [
                "DELETE FROM contact.author WHERE \"update\" = \(id) OR internal_note = \(id)",
                "DELETE FROM contact.original WHERE \"update\" = \(id)",
            ]
        case .text:
            return [
                """
                UPDATE report SET status_notes = NULL FROM "update" AS late
                WHERE late.id = \(id) AND report.id = late.report
                    AND report.status_notes = late.description
                """,
                "UPDATE \"update\" SET description = NULL WHERE id = \(id)",
                "DELETE FROM contact.original WHERE \"update\" = \(id)",
                "UPDATE internal_note SET description = '' WHERE id = \(id)",
            ]
        case .photos:
            return [
                "UPDATE \"update\" SET media = NULL WHERE id = \(id)",
                "DELETE FROM media WHERE \"update\" = \(id)",
            ]
        }
    }
}
