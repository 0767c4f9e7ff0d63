import FoundationEssentials
import Reports

/// Writes the members of reports: the seventeen of the standard in its order, then the extensions.
struct ReportMembers {
    private let extensions: ReportView.Extensions
    private let languages: [Language]
    private var names: ServiceNames

    init(_ view: ReportView) {
        extensions = view.extensions
        languages = view.languages
        names = ServiceNames(in: view.languages)
    }

    /// The label of a report's service.
    mutating func serviceName(of report: Report, in jurisdiction: Jurisdiction) -> String {
        names.name(for: report, in: jurisdiction)
    }

    /// Writes one report as an object (GR-8.3).
    mutating func write(
        _ report: Report, in jurisdiction: Jurisdiction, to sink: inout some Sink
    ) {
        sink.beginObject("request", as: .item)
        sink.text("service_request_id", report.id.rawValue)
        sink.text("status", report.status.rawValue)
        sink.text("status_notes", report.statusNotes)
        sink.text("service_name", names.name(for: report, in: jurisdiction))
        sink.text("service_code", report.service.rawValue)
        sink.text("description", report.description.map(Self.cut))
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
        sink.text("media_url", report.media.first)
        if extensions == .included { write(extensionsOf: report, in: jurisdiction, to: &sink) }
        sink.endObject()
    }

    /// The text as the standard limits it: 4000 scalars, the last one `…` if it was cut (GR-A36).
    static func cut(_ text: String) -> String {
        // A scalar takes at least one byte, so most texts need no counting.
        guard text.utf8.count > limit, text.unicodeScalars.count > limit else { return text }
        var cut = String.UnicodeScalarView()
        cut.append(contentsOf: text.unicodeScalars.prefix(limit - 1))
        cut.append("…")
        return String(cut)
    }

    private static let limit = 4000

    /// GR-15.4: what there is; `notes` come with the updates.
    private func write(
        extensionsOf report: Report, in jurisdiction: Jurisdiction, to sink: inout some Sink
    ) {
        write(answersOf: report, in: jurisdiction, to: &sink)
        sink.beginObject("extended_attributes", as: .member)
        if let title = report.title { sink.text("title", title) }
        if let detail = report.detail { sink.text("detailed_status", detail.rawValue) }
        if !report.media.isEmpty {
            sink.beginList("media_urls", as: .member)
            for address in report.media { sink.item("media_url", address) }
            sink.endList()
        }
        sink.text("channel", report.channel)
        sink.endObject()
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
