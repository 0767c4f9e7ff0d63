import FoundationEssentials
import Postgres
import Reports

/// An imported report with the id it is kept under; written many at a time, as one array per column.
struct HistoryRow {
    /// As the public is shown it.
    private let report: ImportedReport
    let id: Report.ID
    /// What of it the public is not shown.
    let original: Original
    private let content: [UInt8]
    private let event: UUID

    init(_ report: ImportedReport, id: Report.ID, content: [UInt8], now: Date) {
        (self.report, original) = report.disclosed
        self.id = id
        self.content = content
        var source = SystemRandomNumberGenerator()
        event = Event.ID(at: now, using: &source).uuid
    }

    /// Adds reports, each with an event; of those that are listed later the change feed tells then.
    static func insert(
        _ rows: [HistoryRow], into jurisdiction: Jurisdiction.ID, stage: Stage, now: Date
    ) -> SQL {
        """
        WITH given AS (\(given(rows))), added AS (
            INSERT INTO report (
                id, jurisdiction, stage, service, service_name, status, detail, status_notes, title,
                description, agency, notice, requested, updated, expected, address, address_id,
                zipcode, latitude, longitude, media, answers, channel, visibility, published,
                source_id, source_content)
            SELECT id, \(jurisdiction.rawValue), \(stage.rawValue), service, service_name, status,
                detail, status_notes, title, description, agency, notice, requested, updated,
                expected, address, address_id, zipcode, latitude, longitude, \(media), answers,
                channel, visibility, published, source_id, content
            FROM given
        ), awaited AS (
            INSERT INTO publication_due (report, due)
            SELECT id, published FROM given WHERE visibility = 'public' AND published > \(now)
        )
        INSERT INTO event (id, report, kind, actor, recorded, path, content)
        SELECT event, id, 'imported', 'operator', \(now), ARRAY[source, \(jurisdiction.rawValue)],
            content
        FROM given
        """
    }

    /// Replaces what the source said before, each with an event.
    ///
    /// A status that was told to us after the source's last change stays (D15), what was erased here
    /// stays erased, and so does a report private that somebody made so here. One that the source makes private is gone for
    /// those who follow the changes.
    static func correct(_ rows: [HistoryRow], in jurisdiction: Jurisdiction.ID, now: Date) -> SQL {
        """
        WITH given AS (\(given(rows))), before AS MATERIALIZED (
            SELECT report.id, report.visibility FROM report JOIN given ON given.id = report.id
            FOR UPDATE OF report
        ), corrected AS (
            UPDATE report SET service = given.service, service_name = given.service_name,
                status = \(unlessToldLater("status")), detail = \(unlessToldLater("detail")),
                status_notes = \(unlessErased("status_notes", unlessToldLater("status_notes"))),
                standing_epoch = \(ifToldLater("standing_epoch")),
                standing_time = \(ifToldLater("standing_time")),
                standing_told = \(ifToldLater("standing_told")),
                standing_origin = \(ifToldLater("standing_origin")),
                standing_event = \(ifToldLater("standing_event")),
                title = \(unlessErased("title", "given.title")),
                description = \(unlessErased("description", "given.description")),
                agency = given.agency,
                notice = given.notice, requested = given.requested,
                updated = greatest(given.updated, \(ifToldLater("updated"))),
                expected = given.expected, address = given.address,
                address_id = given.address_id, zipcode = given.zipcode,
                latitude = given.latitude, longitude = given.longitude,
                media = \(unlessErased("media", media, as: .photos)),
                answers = \(unlessErased("answers", "given.answers", as: .contact, .text)),
                channel = given.channel,
                visibility = CASE WHEN EXISTS (
                        SELECT FROM event WHERE event.report = report.id AND kind = 'removed'
                            AND path[1] <> given.source)
                    THEN report.visibility ELSE given.visibility END,
                source_content = given.content
            FROM given JOIN before ON before.id = given.id WHERE report.id = given.id
            RETURNING report.id, before.visibility = 'public' AND report.visibility = 'private'
                AS is_gone
        )
        INSERT INTO event (id, report, kind, actor, recorded, path, content)
        SELECT event, given.id,
            CASE WHEN is_gone THEN 'removed' ELSE 'corrected' END, 'operator', \(now),
            ARRAY[source, \(jurisdiction.rawValue)], content
        FROM given JOIN corrected ON corrected.id = given.id
        """
    }

    /// What we erased does not come back with an import; of answers nobody knows which were private,
    /// so none is taken (P5).
    private static func unlessErased(
        _ column: SQL, _ value: SQL, as parts: Erasure.Part...
    ) -> SQL {
        let parts = parts.isEmpty ? [Erasure.Part.text] : parts
        return """
            CASE WHEN EXISTS (
                SELECT FROM tombstone WHERE tombstone.report = report.id
                    AND part = ANY (\(parts.map(\.rawValue))))
            THEN report.\(column) ELSE \(value) END
            """
    }

    private static func ifToldLater(_ column: SQL) -> SQL {
        "CASE WHEN report.standing_time > given.updated THEN report.\(column) END"
    }

    private static func unlessToldLater(_ column: SQL) -> SQL {
        """
        CASE WHEN report.standing_time > given.updated THEN report.\(column)
            ELSE given.\(column) END
        """
    }

    /// An array of arrays would have to be rectangular, so media travel as JSON.
    private static let media: SQL = """
        CASE WHEN given.media IS NOT NULL THEN ARRAY(
            SELECT item FROM jsonb_array_elements_text(given.media::jsonb)
                WITH ORDINALITY AS list (item, place) ORDER BY place) END
        """

    private static func given(_ rows: [HistoryRow]) -> SQL {
        let all = rows.map(\.report)
        return """
            SELECT id, event, decode(content, 'hex') AS content, source, source_id, service,
                service_name, status, detail, status_notes, title, description, agency, notice,
                requested, updated, expected, address, address_id, zipcode, latitude, longitude,
                media, answers::jsonb AS answers, channel, visibility, published
            FROM unnest(
                \(rows.map(\.id.rawValue)), \(rows.map(\.event)),
                \(rows.map(\.content.hexadecimal)), \(all.map(\.source)), \(all.map(\.sourceID)),
                \(all.map(\.service.rawValue)), \(all.map(\.serviceName)),
                \(all.map(\.status.rawValue)), \(all.map(\.detail?.rawValue)),
                \(all.map(\.statusNotes)), \(all.map(\.title)), \(all.map(\.description)),
                \(all.map(\.agency)), \(all.map(\.notice)), \(all.map(\.requested)),
                \(all.map(\.updated)), \(all.map(\.expected)), \(all.map(\.address)),
                \(all.map(\.addressID)), \(all.map(\.zipcode)),
                \(all.map(\.coordinate?.latitude)), \(all.map(\.coordinate?.longitude)),
                \(all.map { $0.media.isEmpty ? nil : JSONText.list($0.media) }),
                \(all.map { JSONText.of($0.answers) }), \(all.map(\.channel)),
                \(all.map(\.visibility.rawValue)), \(all.map(\.published))
            ) AS given (
                id, event, content, source, source_id, service, service_name, status, detail,
                status_notes, title, description, agency, notice, requested, updated, expected,
                address, address_id, zipcode, latitude, longitude, media, answers, channel,
                visibility, published)
            """
    }
}
