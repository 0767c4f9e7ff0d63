import FoundationEssentials

/// One problem told to us: the projection of its events, as the case store keeps it.
///
/// Contact data of the reporter is never part of it (`Reporter`).
package struct Report: Sendable, Equatable {
    package let id: ID
    package let jurisdiction: Jurisdiction.ID
    package let stage: Stage
    package var service: Service.Code
    /// The label the report came with, for a service that the catalogue does not (or no longer) list.
    package var serviceName: String?
    package var status: Status
    package var detail: Detail?
    /// Why the status is what it is, for the public.
    package var statusNotes: String?
    package var title: String?
    package var description: String?
    package var agency: String?
    /// What will happen, told when the report was taken.
    package var notice: String?
    package var requested: Date
    package var updated: Date
    package var expected: Date?
    package var address: String?
    package var addressID: String?
    package var zipcode: String?
    package var coordinate: Coordinate?
    /// Pictures, the first one first: absolute `http` or `https` addresses, and names of stored ones.
    package var media: [String]
    package var answers: [Answer]
    /// How the report reached us, such as `open311`, `import` or `sample`.
    package var channel: String
    package var visibility: Visibility
    /// When the report becomes listed; `nil` while a person has not published it.
    package var published: Date?
    /// How many people said "me too"; who they are is never part of it.
    package var supports: Int
    /// The report that this one repeats; what is told to this one goes to that one.
    package var parent: ID?

    package init(
        id: ID, jurisdiction: Jurisdiction.ID, stage: Stage = .production, service: Service.Code,
        serviceName: String? = nil, status: Status = .open, detail: Detail? = nil,
        statusNotes: String? = nil, title: String? = nil, description: String? = nil,
        agency: String? = nil, notice: String? = nil, requested: Date, updated: Date,
        expected: Date? = nil, address: String? = nil, addressID: String? = nil,
        zipcode: String? = nil, coordinate: Coordinate? = nil, media: [String] = [],
        answers: [Answer] = [], channel: String = "open311", visibility: Visibility = .public,
        published: Date?, supports: Int = 0, parent: ID? = nil
    ) {
        self.id = id
        self.jurisdiction = jurisdiction
        self.stage = stage
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
}

/// Who may see a report.
package enum Visibility: String, Sendable, CaseIterable {
    case `public`
    case `private`
}

/// Whether reports are acted on: GeoReport's endpoint types (GR-3.4).
package enum Stage: String, Sendable, CaseIterable {
    case production
    case test
}
