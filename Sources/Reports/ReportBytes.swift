import FoundationEssentials

/// A report as documents are written from it: its texts in UTF-8 where they lie, without a `String`.
///
/// The bytes are somebody else's, and gone when the closure that was given this returns. Fifty
/// reports of twenty texts are a thousand strings, which cost more than all else in a list.
package struct ReportBytes {
    /// UTF-8; without a base address there is no text.
    package typealias Text = UnsafeRawBufferPointer

    package let id: Text
    package let service: Text
    package let serviceName: Text
    package let status: Status
    package let detail: Detail?
    package let statusNotes: Text
    package var title: Text
    package var description: Text
    package let agency: Text
    package let notice: Text
    package let requested: Date
    package var updated: Date
    package var expected: Date?
    package var address: Text
    package var addressID: Text
    package let zipcode: Text
    package var coordinate: Coordinate?
    /// Addresses, and names of stored pictures, as `Report.media` has them.
    package var media: [Text]
    /// The answers, if whoever reads the report has asked for them.
    package var answers: [Answer]
    package let channel: Text
    package let visibility: Visibility
    package let published: Date?
    package let supports: Int
    /// The id of the report that this one repeats.
    package let parent: Text

    package init(
        id: Text, service: Text, serviceName: Text, status: Status, detail: Detail?,
        statusNotes: Text, title: Text, description: Text, agency: Text, notice: Text,
        requested: Date, updated: Date, expected: Date?, address: Text, addressID: Text,
        zipcode: Text, coordinate: Coordinate?, media: [Text], answers: [Answer], channel: Text,
        visibility: Visibility, published: Date?, supports: Int, parent: Text
    ) {
        self.id = id
        self.service = service
        self.serviceName = serviceName
        self.status = status
        self.detail = detail
        self.statusNotes = statusNotes
        self.title = title
        self.description = description
        self.agency = agency
        self.notice = notice
        self.requested = requested
        self.updated = updated
        self.expected = expected
        self.address = address
        self.addressID = addressID
        self.zipcode = zipcode
        self.coordinate = coordinate
        self.media = media
        self.answers = answers
        self.channel = channel
        self.visibility = visibility
        self.published = published
        self.supports = supports
        self.parent = parent
    }

    /// Whether the public may read what was said in it (GR-A61).
    package func isPublished(at now: Date) -> Bool {
        published.map { $0 <= now } ?? false
    }

    /// What may be told of a report that nobody has published yet (GR-A61).
    package var withoutContent: ReportBytes {
        let none = Text(start: nil, count: 0)
        return ReportBytes(
            id: id, service: service, serviceName: serviceName, status: status, detail: nil,
            statusNotes: none, title: none, description: none, agency: none, notice: none,
            requested: requested, updated: updated, expected: nil, address: none,
            addressID: none, zipcode: none, coordinate: nil, media: [], answers: [],
            channel: channel, visibility: visibility, published: published, supports: 0,
            parent: none)
    }
}

extension Report {
    /// The report as bytes, for the time of `body`.
    package func withBytes<Result>(_ body: (ReportBytes) -> Result) -> Result {
        var sheet = Sheet()
        let places = sheet.places(of: self)
        return sheet.bytes.withUnsafeBytes { all in
            let text = { (place: Range<Int>?) in
                place.map { ReportBytes.Text(rebasing: all[$0]) }
                    ?? ReportBytes.Text(start: nil, count: 0)
            }
            let texts = places.texts.map(text)
            return body(
                ReportBytes(
                    id: texts[0], service: texts[1], serviceName: texts[2], status: status,
                    detail: detail, statusNotes: texts[3], title: texts[4],
                    description: texts[5], agency: texts[6], notice: texts[7],
                    requested: requested, updated: updated, expected: expected,
                    address: texts[8], addressID: texts[9], zipcode: texts[10],
                    coordinate: coordinate, media: places.media.map(text), answers: answers,
                    channel: texts[11], visibility: visibility, published: published,
                    supports: supports, parent: texts[12]))
        }
    }
}

/// A report's texts, one behind the other.
private struct Sheet {
    private(set) var bytes: [UInt8] = []

    mutating func places(of report: Report) -> (texts: [Range<Int>?], media: [Range<Int>?]) {
        let texts: [String?] = [
            report.id.rawValue, report.service.rawValue, report.serviceName,
            report.statusNotes, report.title, report.description, report.agency,
            report.notice, report.address, report.addressID, report.zipcode, report.channel,
            report.parent?.rawValue,
        ]
        bytes.reserveCapacity(1024)
        return (texts.map { place(of: $0) }, report.media.map { place(of: $0) })
    }

    private mutating func place(of text: String?) -> Range<Int>? {
        guard let text else { return nil }
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        // A spare byte, so that an empty text has an address.
        bytes.append(0)
        return start..<bytes.count - 1
    }
}
