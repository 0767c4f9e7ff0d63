import FoundationEssentials
import Reports

/// What a peer says, in its own words.
package enum Incoming: Sendable, Equatable {
    case report(IncomingReport)
    case update(IncomingUpdate)
}

/// A report as a peer shows it: a state, from which the collector finds what is new.
package struct IncomingReport: Sendable, Equatable {
    /// The ticket's id.
    package private(set) var id: String
    /// The peer's word for where it stands.
    package var status: String
    package var statusNotes: String?
    /// The peer's code.
    package var service: String?
    package var serviceName: String?
    package var title: String?
    package var description: String?
    package var place: Place?
    package var zipcode: String?
    package var answers: [PeerAnswer]
    package var media: [String]
    package var agency: String?
    package var expected: Date?
    package var requested: Date
    package var updated: Date
    /// What the peer tells of its way; `nil` from most kinds of peers.
    package var provenance: Provenance?
    package var visibility: Visibility

    package init(
        id: String, status: String, statusNotes: String? = nil, service: String? = nil,
        serviceName: String? = nil, title: String? = nil, description: String? = nil,
        place: Place? = nil, zipcode: String? = nil,
        answers: [PeerAnswer] = [], media: [String] = [],
        agency: String? = nil, expected: Date? = nil, requested: Date, updated: Date,
        provenance: Provenance? = nil, visibility: Visibility = .public
    ) {
        self.id = id
        self.status = status
        self.statusNotes = statusNotes
        self.service = service
        self.serviceName = serviceName
        self.title = title
        self.description = description
        self.place = place
        self.zipcode = zipcode
        self.answers = answers
        self.media = media
        self.agency = agency
        self.expected = expected
        self.requested = requested
        self.updated = updated
        self.provenance = provenance
        self.visibility = visibility
    }

    /// The same under another id.
    package func named(_ id: String) -> IncomingReport {
        var other = self
        other.id = id
        return other
    }
}

/// One dated change that a peer tells by itself.
package struct IncomingUpdate: Sendable, Equatable {
    /// The peer's id of it, unique with `report`.
    package let id: String
    /// The ticket's id.
    package let report: String
    /// The peer's word for the status after it; `nil` leaves it.
    package var status: String?
    package var description: String?
    package var media: [String]
    /// Pictures that came along and lie in our files already: only of what people of the peer told
    /// us on a page of ours.
    package var pictures: [StoredPicture]
    package var told: Date
    package var externalStatus: String?
    package var customerReference: String?
    package var provenance: Provenance?

    package init(
        id: String, report: String, status: String? = nil, description: String? = nil,
        media: [String] = [], pictures: [StoredPicture] = [], told: Date,
        externalStatus: String? = nil, customerReference: String? = nil,
        provenance: Provenance? = nil
    ) {
        self.id = id
        self.report = report
        self.status = status
        self.description = description
        self.media = media
        self.pictures = pictures
        self.told = told
        self.externalStatus = externalStatus
        self.customerReference = customerReference
        self.provenance = provenance
    }
}
