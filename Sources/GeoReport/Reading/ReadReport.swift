import FoundationEssentials
import Reports

/// A report as another server, or a file, tells it (GR-8.3).
package struct ReadReport: Sendable, Equatable {
    package var id: String
    package var status: Status
    /// What lies behind the status, if the server says more than open and closed.
    package var detail: Detail?
    package var statusNotes: String?
    package var serviceName: String?
    package var serviceCode: String?
    package var description: String?
    package var agency: String?
    package var notice: String?
    package var requested: Date
    package var updated: Date?
    /// When it was closed, which only GeoReport Bulk tells (GR-19.2).
    package var closed: Date?
    package var expected: Date?
    package var address: String?
    package var addressID: String?
    package var zipcode: String?
    package var latitude: Double?
    package var longitude: Double?
    package var mediaURL: String?
    /// All pictures, the one of `media_url` first.
    package var media: [String]
    package var title: String?
    /// How it reached the other server.
    package var channel: String?
    package var answers: [Answer]

    /// A report with what every report has.
    package init(id: String, status: Status, requested: Date) {
        self.id = id
        self.status = status
        self.requested = requested
        media = []
        answers = []
    }
}

extension ReadReport {
    /// Reads one item of a list, or one row of a file.
    init(_ fields: Fields) throws(Fields.Mistake) {
        let id = try Self.id(fields)
        let extended = fields.inner("extended_attributes")
        let closed = try fields.time("closed_date", "closed_datetime")
            .optional("closed_date is not a date and time")
        let state = try Self.state(fields, extended, isClosed: closed != nil)
        let updated = try fields.time("updated_datetime")
            .optional("updated_datetime is not a date and time")
        let requested = try fields.time("requested_datetime")
            .optional("requested_datetime is not a date and time")
        guard let requested = requested ?? updated else {
            throw Fields.Mistake(problem: "requested_datetime is missing")
        }
        self.init(id: id, status: state.status, requested: requested)
        self.detail = state.detail
        self.updated = updated
        self.closed = closed
        expected = try fields.time("expected_datetime")
            .optional("expected_datetime is not a date and time")
        try readPlace(fields)
        readTexts(fields, extended)
        readMedia(fields, extended)
        answers = Self.answers(fields)
    }

    /// The id, under both spellings that servers use (GR-14.5).
    static func id(_ fields: Fields) throws(Fields.Mistake) -> String {
        guard let id = fields.word("service_request_id", "servicerequest_id") else {
            throw Fields.Mistake(problem: "service_request_id is missing")
        }
        return id
    }

    /// Open or closed, in GeoReport's word or in one of the wider vocabulary (GR-13.3).
    private static func state(
        _ fields: Fields, _ extended: Fields, isClosed: Bool
    ) throws(Fields.Mistake) -> (status: Status, detail: Detail?) {
        let told =
            extended.word("detail") ?? extended.word("detailed_status")
            ?? fields.word("detailed_status")
        let detail = told.flatMap(Detail.init(reading:))
        guard let word = fields.word("status", "status_description") else {
            if let detail { return (detail.status, detail) }
            if isClosed { return (.closed, nil) }
            throw Fields.Mistake(problem: "status is missing")
        }
        if let status = Status(rawValue: word.lowercased()) { return (status, detail) }
        if let wider = Detail(reading: word) { return (wider.status, detail ?? wider) }
        if isClosed { return (.closed, detail) }
        throw Fields.Mistake(problem: "status is neither open nor closed")
    }

    mutating func readPlace(_ fields: Fields) throws(Fields.Mistake) {
        latitude = try fields.number("lat", "latitude").optional("lat is not a number")
        longitude = try fields.number("long", "lon", "lng", "longitude")
            .optional("long is not a number")
        if let latitude, abs(latitude) > 90 {
            throw Fields.Mistake(problem: "lat is not between -90 and 90")
        }
        if let longitude, abs(longitude) > 180 {
            throw Fields.Mistake(problem: "long is not between -180 and 180")
        }
        address = fields.text("address", "address_string")
        addressID = fields.word("address_id", "adress_id")
        zipcode = fields.word("zipcode", "zip_code")
    }

    mutating func readTexts(_ fields: Fields, _ extended: Fields) {
        statusNotes = fields.text("status_notes")
        serviceName = fields.text("service_name")
        serviceCode = fields.word("service_code")
        description = fields.text("description")
        agency = Self.agency(fields)
        notice = fields.text("service_notice")
        title = extended.text("title") ?? fields.text("title")
        channel = extended.word("channel") ?? fields.word("source")
    }

    /// One name, or FixMyStreet's list of them (GR-13.6).
    private static func agency(_ fields: Fields) -> String? {
        if let name = fields.text("agency_responsible") { return name }
        let names = fields.texts("agency_responsible")
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }

    mutating func readMedia(_ fields: Fields, _ extended: Fields) {
        let plain = Self.addresses(fields)
        mediaURL = plain.first
        let photos = extended.objects("photos").compactMap { $0.word("media_url", "url") }
        var seen: Set<String> = []
        media = (plain + extended.texts("media_urls") + photos)
            .filter { seen.insert($0).inserted }
    }

    /// What stands under `media_url`: one address, several, or objects with one each.
    static func addresses(_ fields: Fields) -> [String] {
        let named = fields.objects("media_url").compactMap { $0.word("url", "media_url") }
        return named.isEmpty ? fields.texts("media_url") : named
    }

    /// The answers of `extensions=true`: a list of codes with values, or a map of them (GR-14.1).
    private static func answers(_ fields: Fields) -> [Answer] {
        let map = fields.inner("attributes")
        if let members = map.value.members, map.word("code") == nil {
            return members.compactMap { answer($0.key, map.texts($0.key)) }
        }
        return fields.objects("attributes").compactMap { row in
            answer(row.word("code") ?? "", row.texts("value"))
        }
    }

    private static func answer(_ code: String, _ values: [String]) -> Answer? {
        guard let code = Attribute.Code(rawValue: code), !values.isEmpty else { return nil }
        return Answer(code: code, values: values)
    }
}
