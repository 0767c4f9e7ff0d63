import Reports

extension Sink {
    /// GR-13.1: six members always, the others only where there is something to say.
    mutating func updates(
        _ updates: some Collection<Update>, in jurisdiction: Jurisdiction, view: ReportView
    ) {
        let members = UpdateMembers(view, of: jurisdiction)
        beginList("service_request_updates", as: .root)
        for update in updates { members.write(update, to: &self) }
        endList()
    }

    /// GR-13.2: an id and never a token, which FixMyStreet would look up as a report's.
    mutating func updateReceipt(_ id: Update.ID) {
        beginList("service_request_updates", as: .root)
        beginObject("request_update", as: .item)
        text("update_id", id.rawValue)
        endObject()
        endList()
    }
}

/// Writes the members of updates.
struct UpdateMembers {
    private let labels: Labels
    private let dialects: Set<Client.Profile.Dialect>
    private let pictures: PictureAddresses
    private let provenances: [Update.ID: ShownProvenance]
    private let extensions: ReportView.Extensions

    init(_ view: ReportView, of jurisdiction: Jurisdiction) {
        labels = Labels(of: jurisdiction, in: view.languages)
        dialects = view.dialects
        pictures = PictureAddresses(view.mediaBase)
        provenances = view.updateProvenances
        extensions = view.extensions
    }

    /// Writes one update as an object.
    func write(_ update: Update, to sink: inout some Sink) {
        let (description, media) = content(of: update)
        sink.beginObject("request_update", as: .item)
        sink.text("update_id", update.id.rawValue)
        sink.text("service_request_id", update.report.rawValue)
        sink.text("status", update.detail.rawValue)
        sink.time("updated_datetime", update.published)
        sink.text("description", description)
        sink.texts("media_url", media)
        if let word = update.externalStatus { sink.text("external_status_code", word) }
        if let number = update.customerReference { sink.text("customer_reference", number) }
        if let number = foreignReport(of: update) { sink.text("fixmystreet_id", number) }
        write(extrasOf: update, to: &sink)
        sink.endObject()
    }

    /// Text and pictures; an adapter fails on an empty text and on exactly one picture (GR-13.7,
    /// GR-A68).
    private func content(of update: Update) -> (text: String?, media: [String]) {
        let media = pictures.addresses(of: update.media)
        let text = update.description.map { ReportMembers.cut($0) }
        guard dialects.contains(.adapter) else { return (text, media) }
        let said = text.flatMap { $0.isEmpty ? nil : $0 } ?? labels.text(update.detail)
        guard media.count == 1 else { return (said, media) }
        return (ReportHabits.text(said, endingWith: media[0]), [])
    }

    /// FixMyStreet's own number, for FixMyStreet: there it wins over our id, so that the number of
    /// one site must not reach another (GR-13.1). It is made of digits.
    private func foreignReport(of update: Update) -> String? {
        guard dialects.contains(.fixmystreet), let number = update.foreignReport,
            !number.isEmpty,
            number.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        else { return nil }
        return number
    }

    private func write(extrasOf update: Update, to sink: inout some Sink) {
        let provenance = provenances[update.id]
        let isQuiet = extensions == .included && update.tells == .nobody
        guard update.service != nil || isQuiet || provenance != nil else { return }
        sink.beginObject("extras", as: .member)
        if let service = update.service { write(service, to: &sink) }
        if isQuiet { sink.truth("notify", false) }
        if let provenance { sink.provenance(provenance) }
        sink.endObject()
    }

    /// The service that the report was moved to, by its name, as FixMyStreet knows categories.
    private func write(_ code: Service.Code, to sink: inout some Sink) {
        let service = labels.jurisdiction.service(code)
        sink.text("category", service.map(labels.name) ?? code.rawValue)
        if let service { sink.text("group", labels.group(of: service)) }
    }
}
