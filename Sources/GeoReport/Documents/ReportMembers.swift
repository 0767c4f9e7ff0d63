import FoundationEssentials
import Reports

/// Writes the members of reports: the seventeen of the standard in its order, then the extensions.
struct ReportMembers {
    private let extensions: ReportView.Extensions
    private let languages: [Language]
    private let habits: ReportHabits
    private let pictures: PictureAddresses
    private let notes: [Report.ID: [Note]]
    private var names: ServiceNames

    init(_ view: ReportView) {
        extensions = view.extensions
        languages = view.languages
        pictures = PictureAddresses(view.mediaBase)
        habits = ReportHabits(view.dialects, pictures: pictures)
        notes = view.notes
        names = ServiceNames(in: view.languages)
    }

    /// The label of a report's service.
    mutating func serviceName(of report: Report, in jurisdiction: Jurisdiction) -> String {
        names.name(for: report, in: jurisdiction)
    }

    /// The address of the first picture.
    func picture(of report: Report) -> String? {
        report.media.first.map(pictures.address)
    }

    /// Whether the client can read the report at all.
    func shows(_ report: Report) -> Bool { habits.shows(report) }

    /// Writes one report as an object (GR-8.3).
    ///
    /// `distance` is how many metres it is from where it was looked for.
    mutating func write(
        _ report: Report, in jurisdiction: Jurisdiction, distance: Double? = nil,
        to sink: inout some Sink
    ) {
        if habits.areNone {
            write(plain: report, in: jurisdiction, distance: distance, to: &sink)
        } else {
            write(plain: habits.shown(report), in: jurisdiction, distance: distance, to: &sink)
        }
    }

    private mutating func write(
        plain report: Report, in jurisdiction: Jurisdiction, distance: Double?,
        to sink: inout some Sink
    ) {
        sink.beginObject("request", as: .item)
        sink.text("service_request_id", report.id.rawValue)
        sink.text("status", habits.status(of: report))
        sink.text("status_notes", report.statusNotes)
        sink.text("service_name", names.name(for: report, in: jurisdiction))
        sink.text("service_code", report.service.rawValue)
        sink.text("description", report.description.map { Self.cut($0) })
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

    /// One picture, as the standard has it, or all for whom exactly one is a fault (GR-13.7).
    private func write(picturesOf report: Report, to sink: inout some Sink) {
        guard habits.isAdapter else { return sink.text("media_url", picture(of: report)) }
        sink.texts("media_url", pictures.addresses(of: report.media))
    }

    /// The text as the standard limits it: 4000 scalars, the last one `…` if it was cut (GR-A36).
    static func cut(_ text: String, to limit: Int = limit) -> String {
        // A scalar takes at least one byte, so most texts need no counting.
        guard text.utf8.count > limit, text.unicodeScalars.count > limit else { return text }
        var cut = String.UnicodeScalarView()
        cut.append(contentsOf: text.unicodeScalars.prefix(limit - 1))
        cut.append("…")
        return String(cut)
    }

    static let limit = 4000

    /// GR-15.4: what FixMyStreet reads beside the standard's members.
    private func write(
        habitsOf report: Report, in jurisdiction: Jurisdiction, to sink: inout some Sink
    ) {
        sink.text("title", report.title)
        if let service = jurisdiction.service(report.service) {
            sink.beginObject("extras", as: .member)
            sink.text("group", Labels(of: jurisdiction, in: languages).group(of: service))
            sink.endObject()
        }
        // Perl takes the text `false` for true.
        sink.integer("non_public", report.visibility == .private ? 1 : 0)
    }

    /// GR-15.4: what there is; `detailed_status` is CitySDK's word, `detail` the finer one.
    private func write(
        extensionsOf report: Report, in jurisdiction: Jurisdiction, distance: Double?,
        to sink: inout some Sink
    ) {
        write(answersOf: report, in: jurisdiction, to: &sink)
        sink.beginObject("extended_attributes", as: .member)
        if let title = report.title { sink.text("title", title) }
        if let detail = report.detail {
            sink.text("detailed_status", CivicStatus(detail).rawValue)
            sink.text("detail", detail.rawValue)
        }
        if !report.media.isEmpty {
            sink.beginList("media_urls", as: .member)
            for address in report.media { sink.item("media_url", pictures.address(of: address)) }
            sink.endList()
        }
        sink.text("channel", report.channel)
        write(linksOf: report, distance: distance, to: &sink)
        sink.endObject()
        if let notes = notes[report.id] {
            sink.notes(notes, labels: Labels(of: jurisdiction, in: languages))
        }
    }

    /// What ties a report to people, to other reports and to the place where it was looked for.
    private func write(linksOf report: Report, distance: Double?, to sink: inout some Sink) {
        if report.supports > 0 { sink.integer("supports", report.supports) }
        if let parent = report.parent {
            sink.text("parent_service_request_id", parent.rawValue)
        }
        if report.parent != nil || report.detail == .duplicate { sink.truth("duplicate", true) }
        if let distance { sink.integer("distance", Int(exactly: distance.rounded()) ?? 0) }
    }

    private func write(
        answersOf report: Report, in jurisdiction: Jurisdiction, to sink: inout some Sink
    ) {
        let labels = Labels(of: jurisdiction, in: languages)
        let questions = jurisdiction.service(report.service)?.attributes ?? []
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
