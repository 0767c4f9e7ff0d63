import FoundationEssentials

extension Report {
    /// A new report before it has an id: complete, and valid for its service.
    package struct Draft: Sendable, Equatable {
        package let jurisdiction: Jurisdiction.ID
        package let slug: Jurisdiction.Slug
        package let stage: Stage
        package let service: Service.Code
        package let answersWith: Service.Receipt
        package let visibility: Visibility
        /// How much of it the public is shown.
        package let disclosure: Disclosure
        package var place: Place
        package var zipcode: String?
        package var title: String?
        package var description: String?
        package var answers: [Answer]
        /// Addresses of pictures that are shown as they are, in front of the others.
        package var media: [String]
        /// Pictures that came along and are stored already, in their order.
        package var pictures: [StoredPicture]
        /// Addresses of pictures that are yet to be fetched; each is shown once it is stored.
        package var addresses: [String]
        package var reporter: Reporter
        package var notice: String?
        package var agency: String?
        package var channel: String
        /// The number under which the sender knows it (`fixmystreet_id`); its updates carry it.
        package var foreignReport: String?
        /// Parameters that mean nothing to us, kept with the contact data.
        package var unknown: [Unknown]

        /// A parameter of a submission that we keep but do not understand.
        package struct Unknown: Sendable, Equatable {
            package let name: String
            package let value: String

            package init(name: String, value: String) {
                self.name = name
                self.value = value
            }
        }

        package init(
            jurisdiction: Jurisdiction, stage: Stage, service: Service, place: Place,
            zipcode: String? = nil, title: String? = nil, description: String? = nil,
            answers: [Answer] = [], media: [String] = [], pictures: [StoredPicture] = [],
            addresses: [String] = [], reporter: Reporter = Reporter(),
            notice: String? = nil, agency: String? = nil, channel: String = "open311",
            foreignReport: String? = nil, unknown: [Unknown] = []
        ) {
            self.jurisdiction = jurisdiction.id
            self.slug = jurisdiction.slug
            self.stage = stage
            self.service = service.code
            self.answersWith = service.answersWith
            self.visibility = service.visibility
            self.disclosure = Disclosure(jurisdiction, service)
            self.place = place
            self.zipcode = zipcode
            self.title = title
            self.description = description
            self.answers = answers
            self.media = media
            self.pictures = pictures
            self.addresses = addresses
            self.reporter = reporter
            self.notice = notice
            self.agency = agency
            self.channel = channel
            self.foreignReport = foreignReport
            self.unknown = unknown
        }
    }
}

/// Who told us: personal data, kept apart from the report and never in a public answer (P1, P2).
package struct Reporter: Sendable, Equatable, CustomStringConvertible {
    package var email: String?
    package var firstName: String?
    package var lastName: String?
    package var phone: String?
    package var deviceID: String?
    package var accountID: String?

    package init(
        email: String? = nil, firstName: String? = nil, lastName: String? = nil,
        phone: String? = nil, deviceID: String? = nil, accountID: String? = nil
    ) {
        self.email = email
        self.firstName = firstName
        self.lastName = lastName
        self.phone = phone
        self.deviceID = deviceID
        self.accountID = accountID
    }

    /// Never the data itself, so that no log can leak it.
    package var description: String { "•••" }
}

/// How a repeated POST is recognised as the one already taken (D5, GR-18.6).
package struct Idempotency: Sendable, Equatable {
    package let source: Source
    /// SHA-256 of everything the client said but its key.
    package let fingerprint: [UInt8]

    /// What names the POST.
    package enum Source: Sendable, Equatable {
        /// The client's own key (`Idempotency-Key`, `client_request_id`); other content under it is refused.
        case key(String)
        /// The sender's number for the report (`fixmystreet_id`); the first content stays.
        case foreignID(String)
        /// Only the content itself, from this address, within this time.
        case content(address: String, window: Duration)
    }

    package init(source: Source, fingerprint: [UInt8]) {
        self.source = source
        self.fingerprint = fingerprint
    }
}
