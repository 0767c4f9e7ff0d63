import FoundationEssentials
import Reports
import XML

/// Writes the members of reports: the seventeen of the standard in its order, then the extensions.
///
/// A class, as each of a list's reports is written with it and it would be copied for each.
final class ReportMembers: Sendable {
    private let extensions: ReportView.Extensions
    private let languages: [Language]
    private let habits: ReportHabits
    private let pictures: PictureAddresses
    private let notes: [Report.ID: [Note]]
    private let provenances: [Report.ID: ShownProvenance]

    init(_ view: ReportView) {
        extensions = view.extensions
        languages = view.languages
        pictures = PictureAddresses(view.mediaBase)
        habits = ReportHabits(view.dialects, pictures: pictures)
        notes = view.notes
        provenances = view.provenances
    }

    /// Whether the client can read the report at all.
    func shows(_ report: ReportBytes) -> Bool { habits.shows(report) }

    /// Writes one report as a row of GeoReport Bulk.
    func write(
        _ report: ReportBytes, _ serviceName: ReportBytes.Text, to bulk: inout BulkWriter
    ) {
        withPicture(of: report) { bulk.append(report, serviceName: serviceName, picture: $0) }
    }

    /// Writes one report as an object (GR-8.3).
    ///
    /// `distance` is how many metres it is from where it was looked for.
    func write(
        _ report: ReportBytes, _ serviceName: ReportBytes.Text, in jurisdiction: Jurisdiction,
        distance: Double? = nil, to sink: inout some Sink
    ) {
        habits.withShown(report) { shown in
            write(shown: shown, serviceName, in: jurisdiction, distance: distance, to: &sink)
        }
    }

    private func write(
        shown report: ReportBytes, _ serviceName: ReportBytes.Text, in jurisdiction: Jurisdiction,
        distance: Double?, to sink: inout some Sink
    ) {
        sink.beginObject("request", as: .item)
        sink.text("service_request_id", report.id)
        write(statusOf: report, to: &sink)
        sink.text("status_notes", report.statusNotes)
        sink.text("service_name", serviceName)
        sink.text("service_code", report.service)
        write(description: report.description, to: &sink)
        sink.text("agency_responsible", report.agency)
        sink.text("service_notice", report.notice)
        sink.time("requested_datetime", report.requested)
        sink.time("updated_datetime", report.updated)
        sink.time("expected_datetime", report.expected)
        sink.text("address", report.address)
        sink.text("address_id", report.addressID)
        sink.text("zipcode", report.zipcode)
        sink.degrees("lat", report.coordinate?.latitude)
        sink.degrees("long", report.coordinate?.longitude)
        write(picturesOf: report, to: &sink)
        if habits.isFixMyStreet { write(habitsOf: report, in: jurisdiction, to: &sink) }
        if extensions == .included {
            write(extensionsOf: report, in: jurisdiction, distance: distance, to: &sink)
        }
        sink.endObject()
    }

    private func write(statusOf report: ReportBytes, to sink: inout some Sink) {
        guard habits.isFixMyStreet else {
            return sink.word("status", report.status == .open ? "open" : "closed")
        }
        sink.text("status", habits.status(of: report))
    }

    private func write(description: ReportBytes.Text, to sink: inout some Sink) {
        // A scalar takes at least one byte, so most texts need no counting.
        guard description.count > Self.limit else { return sink.text("description", description) }
        sink.text("description", Self.cut(String(decoding: description, as: UTF8.self)))
    }

    /// One picture, as the standard has it, or all for whom exactly one is a fault (GR-13.7).
    private func write(picturesOf report: ReportBytes, to sink: inout some Sink) {
        guard habits.isAdapter else {
            return withPicture(of: report) { sink.text("media_url", $0) }
        }
        let entries = report.media.map { String(decoding: $0, as: UTF8.self) }
        sink.texts("media_url", pictures.addresses(of: entries))
    }

    /// Hands out the address of the first picture, or that there is none.
    private func withPicture(of report: ReportBytes, _ body: (ReportBytes.Text) -> Void) {
        guard let entry = report.media.first else {
            return body(ReportBytes.Text(start: nil, count: 0))
        }
        pictures.withAddress(of: entry, body)
    }

    /// The text as the standard limits it: 4000 scalars, the last one `…` if it was cut (GR-A36).
    static func cut(_ text: String, to limit: Int = limit) -> String {
        guard text.utf8.count > limit, text.unicodeScalars.count > limit else { return text }
        var cut = String.UnicodeScalarView()
        cut.append(contentsOf: text.unicodeScalars.prefix(limit - 1))
        cut.append("…")
        return String(cut)
    }

    static let limit = 4000

    /// GR-15.4: what FixMyStreet reads beside the standard's members.
    private func write(
        habitsOf report: ReportBytes, in jurisdiction: Jurisdiction, to sink: inout some Sink
    ) {
        sink.text("title", report.title)
        if let service = jurisdiction.service(of: report) {
            sink.beginObject("extras", as: .member)
            sink.text("group", Labels(of: jurisdiction, in: languages).group(of: service))
            sink.endObject()
        }
        // Perl takes the text `false` for true.
        sink.integer("non_public", report.visibility == .private ? 1 : 0)
    }

    /// GR-15.4: what there is; `detailed_status` is CitySDK's word, `detail` the finer one.
    private func write(
        extensionsOf report: ReportBytes, in jurisdiction: Jurisdiction, distance: Double?,
        to sink: inout some Sink
    ) {
        write(answersOf: report, in: jurisdiction, to: &sink)
        sink.beginObject("extended_attributes", as: .member)
        if report.title.baseAddress != nil { sink.text("title", report.title) }
        if let detail = report.detail {
            sink.text("detailed_status", CivicStatus(detail).rawValue)
            sink.text("detail", detail.rawValue)
        }
        if !report.media.isEmpty {
            sink.beginList("media_urls", as: .member)
            for entry in report.media {
                pictures.withAddress(of: entry) { sink.item("media_url", $0) }
            }
            sink.endList()
        }
        sink.text("channel", report.channel)
        write(linksOf: report, distance: distance, to: &sink)
        if let provenance = entry(of: report, in: provenances) { sink.provenance(provenance) }
        sink.endObject()
        write(notesOf: report, in: jurisdiction, to: &sink)
    }

    private func write(
        notesOf report: ReportBytes, in jurisdiction: Jurisdiction, to sink: inout some Sink
    ) {
        guard let notes = entry(of: report, in: notes) else { return }
        sink.notes(notes, labels: Labels(of: jurisdiction, in: languages))
    }

    private func entry<Entry>(of report: ReportBytes, in entries: [Report.ID: Entry]) -> Entry? {
        guard !entries.isEmpty else { return nil }
        return Report.ID(rawValue: String(decoding: report.id, as: UTF8.self)).flatMap {
            entries[$0]
        }
    }

    /// What ties a report to people, to other reports and to the place where it was looked for.
    private func write(linksOf report: ReportBytes, distance: Double?, to sink: inout some Sink) {
        if report.supports > 0 { sink.integer("supports", report.supports) }
        let isMerged = report.parent.baseAddress != nil
        if isMerged { sink.text("parent_service_request_id", report.parent) }
        if isMerged || report.detail == .duplicate { sink.truth("duplicate", true) }
        if let distance { sink.integer("distance", Int(exactly: distance.rounded()) ?? 0) }
    }

    private func write(
        answersOf report: ReportBytes, in jurisdiction: Jurisdiction, to sink: inout some Sink
    ) {
        let labels = Labels(of: jurisdiction, in: languages)
        let questions = jurisdiction.service(of: report)?.attributes ?? []
        sink.beginList("attributes", as: .member)
        for answer in report.answers {
            let attribute = questions.first { $0.code == answer.code }
            guard attribute?.visibility != .private else { continue }
            sink.beginObject("attribute", as: .item)
            sink.text("code", answer.code.rawValue)
            sink.text("name", (attribute?.question).flatMap(labels.text) ?? answer.code.rawValue)
            sink.texts("value", answer.values)
            sink.endObject()
        }
        sink.endList()
    }
}

extension Jurisdiction {
    /// A report's service, if the catalogue has it.
    func service(of report: ReportBytes) -> Service? {
        Service.Code(rawValue: String(decoding: report.service, as: UTF8.self)).flatMap(service)
    }
}
