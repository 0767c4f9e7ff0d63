import FoundationEssentials
import Reports

/// A report of another system's history, as its source tells it.
package struct ImportedReport: Sendable, Equatable {
    package var jurisdiction: Jurisdiction.ID
    /// Stands in front of the id, if the source's own cannot be one of ours.
    package var slug: Jurisdiction.Slug
    package var stage: Stage
    /// Where it comes from, in a word: kept with the event.
    package var source: String
    /// The report's number at the source.
    package var sourceID: String
    package var service: Service.Code
    package var serviceName: String?
    package var status: Status
    package var detail: Detail?
    package var statusNotes: String?
    package var title: String?
    package var description: String?
    package var agency: String?
    package var notice: String?
    package var requested: Date
    package var updated: Date
    package var expected: Date?
    package var address: String?
    package var addressID: String?
    package var zipcode: String?
    package var coordinate: Coordinate?
    package var media: [String]
    package var answers: [Answer]
    package var channel: String
    package var visibility: Visibility
    /// From when it is listed; the first taking in decides, a later one does not move it.
    package var published: Date?
    /// How much of it the public is shown.
    package var disclosure = Disclosure()

    package init(
        jurisdiction: Jurisdiction.ID, slug: Jurisdiction.Slug, stage: Stage = .production,
        source: String, sourceID: String, service: Service.Code, serviceName: String? = nil,
        status: Status = .open, detail: Detail? = nil, statusNotes: String? = nil,
        title: String? = nil, description: String? = nil, agency: String? = nil,
        notice: String? = nil, requested: Date, updated: Date, expected: Date? = nil,
        address: String? = nil, addressID: String? = nil, zipcode: String? = nil,
        coordinate: Coordinate? = nil, media: [String] = [], answers: [Answer] = [],
        channel: String = "import", visibility: Visibility = .public, published: Date?
    ) {
        self.jurisdiction = jurisdiction
        self.slug = slug
        self.stage = stage
        self.source = source
        self.sourceID = sourceID
        self.service = service
        self.serviceName = serviceName
        self.status = status
        self.detail = detail
        self.statusNotes = statusNotes
        self.title = title
        self.description = description
        self.agency = agency
        self.notice = notice
        self.requested = requested.wholeSeconds
        self.updated = updated.wholeSeconds
        self.expected = expected?.wholeSeconds
        self.address = address
        self.addressID = addressID
        self.zipcode = zipcode
        self.coordinate = coordinate
        self.media = media
        self.answers = answers
        self.channel = channel
        self.visibility = visibility
        self.published = published?.wholeSeconds
    }
}

/// What became of one imported report.
package enum Taken: Sendable, Equatable {
    case added(Report.ID)
    /// We hold it, word for word; nothing was written.
    case unchanged(Report.ID)
    /// We held it with other content; now we hold the source's.
    case corrected(Report.ID)
    case refused(Refusal)

    /// Why a row cannot be kept; its neighbours are not concerned.
    package enum Refusal: Error, Sendable, Equatable {
        /// The source's number is empty or longer than 255 bytes.
        case sourceID
        /// A date lies outside the years 1970 to 2100.
        case date
        /// A text holds U+0000, which no text of PostgreSQL may.
        case text
        /// A rule of the schema said no: its name, or the SQLSTATE.
        case rule(String)
    }
}

extension ImportedReport {
    /// What makes taking a report in repeatable: its number at the source, and when it was reported.
    ///
    /// Not the number alone: real cities give one number to two reports (Specs/Decisions/0004).
    struct Identity: Hashable, Sendable {
        let sourceID: String
        let requested: Date
    }

    var identity: Identity {
        Identity(sourceID: sourceID, requested: requested.wholeSeconds)
    }
}

extension ImportedReport {
    /// What is known to be wrong before the database is asked.
    var refusal: Taken.Refusal? {
        guard (1...255).contains(sourceID.utf8.count) else { return .sourceID }
        let dates = [requested, updated, expected, published].compactMap { $0 }
        guard dates.allSatisfy(\.isPublishable) else { return .date }
        let texts =
            [
                source, sourceID, serviceName, statusNotes, title, description, agency, notice,
                address, addressID, zipcode, channel,
            ].compactMap { $0 } + media + answers.flatMap(\.values)
        guard texts.allSatisfy({ !$0.utf8.contains(0) }) else { return .text }
        return nil
    }

    /// SHA-256 of all that the source said; when we list it is our own matter.
    var content: [UInt8] {
        Fingerprint.of { hash in
            hash.add(service.rawValue)
            hash.add(serviceName)
            hash.add(status.rawValue)
            hash.add(detail?.rawValue)
            for text in [statusNotes, title, description, agency, notice] { hash.add(text) }
            for date in [requested, updated, expected] { hash.add(date) }
            for text in [address, addressID, zipcode] { hash.add(text) }
            hash.add(coordinate?.latitude)
            hash.add(coordinate?.longitude)
            hash.add(media)
            hash.add(answers)
            hash.add(channel)
            hash.add(visibility.rawValue)
        }
    }
}

extension ImportedReport {
    /// The report as the public is shown it, and what of it that is not.
    var disclosed: (shown: ImportedReport, original: Original) {
        let (told, original) = disclosure.shown(
            of: Original(
                title: title, description: description, address: address, addressID: addressID,
                coordinate: coordinate, answers: answers))
        var shown = self
        shown.title = told.title
        shown.description = told.description
        shown.address = told.address
        shown.addressID = told.addressID
        shown.coordinate = told.coordinate
        shown.answers = told.answers ?? []
        return (shown, original)
    }
}
