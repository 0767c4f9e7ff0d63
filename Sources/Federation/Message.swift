import FoundationEssentials
import Reports

/// What is handed to a peer: already in its words, and with nothing that it may not see.
package struct Message: Sendable, Equatable {
    /// The same for every try, different for any two messages: `Idempotency-Key` and the external
    /// reference, at most 128 printable ASCII characters.
    package let key: String
    package let content: Content
    /// The report as the peer knows it, once it does.
    package var ticket: Ticket?
    package let provenance: Provenance
    /// When our first try began, if this is not the first.
    package var firstTried: Date?

    package enum Content: Sendable, Equatable {
        case report(OutgoingReport)
        case update(OutgoingUpdate)
        /// What the peer got of the report is to be forgotten (GDPR art. 19).
        case erasure(Erasure)
    }

    package init(
        key: String, content: Content, ticket: Ticket? = nil, provenance: Provenance,
        firstTried: Date? = nil
    ) {
        self.key = key
        self.content = content
        self.ticket = ticket
        self.provenance = provenance
        self.firstTried = firstTried
    }
}

extension Message {
    /// The addresses of the pictures that it names.
    package var media: [String] {
        switch content {
        case .report(let report): report.media
        case .update(let update): update.media
        case .erasure: []
        }
    }
}

/// A report in a peer's words.
package struct OutgoingReport: Sendable, Equatable {
    package let id: Report.ID
    /// Where people read it, at ours.
    package var address: String
    /// The peer's code.
    package var service: String
    package var serviceName: String?
    package var title: String?
    package var description: String?
    package var place: Place?
    package var zipcode: String?
    /// The peer's codes and values.
    package var answers: [PeerAnswer]
    /// Pictures by absolute addresses.
    package var media: [String]
    package var requested: Date
    /// Empty unless contact data may go there; then perhaps a relay address.
    package var reporter: Reporter
    package var visibility: Visibility

    package init(
        id: Report.ID, address: String, service: String, serviceName: String? = nil,
        title: String? = nil, description: String? = nil, place: Place?, zipcode: String? = nil,
        answers: [PeerAnswer] = [], media: [String] = [], requested: Date,
        reporter: Reporter = Reporter(), visibility: Visibility = .public
    ) {
        self.id = id
        self.address = address
        self.service = service
        self.serviceName = serviceName
        self.title = title
        self.description = description
        self.place = place
        self.zipcode = zipcode
        self.answers = answers
        self.media = media
        self.requested = requested
        self.reporter = reporter
        self.visibility = visibility
    }
}

/// An update in a peer's words.
package struct OutgoingUpdate: Sendable, Equatable {
    package let id: Update.ID
    /// Our id of the report, for peers that have the report from us and call it by that.
    package var report: Report.ID?
    /// The peer's code of the report's service, for peers that have several systems behind them.
    package var service: String?
    /// The peer's word for the status after it; `nil` if the update leaves it.
    package var status: String?
    /// Ours.
    package var detail: Detail
    package var description: String?
    /// Pictures by absolute addresses.
    package var media: [String]
    /// When it happened, in whole seconds.
    package var told: Date
    package var author: Reporter

    package init(
        id: Update.ID, status: String?, detail: Detail, description: String? = nil,
        media: [String] = [], told: Date, author: Reporter = Reporter(),
        report: Report.ID? = nil, service: String? = nil
    ) {
        self.id = id
        self.report = report
        self.service = service
        self.status = status
        self.detail = detail
        self.description = description
        self.media = media
        self.told = told
        self.author = author
    }
}

/// One of our pictures, for peers that want the file and not its address.
package struct OutgoingPicture: Sendable, Equatable {
    /// A file name with an ending that fits the type.
    package let name: String
    /// `image/jpeg`, `image/png` or `image/webp`.
    package let mediaType: String
    package let bytes: [UInt8]

    package init(name: String, mediaType: String, bytes: [UInt8]) {
        self.name = name
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

/// The report as a peer knows it: its id there, or the token that will become one.
package struct Ticket: Sendable, Equatable {
    package var id: String?
    package var token: String?
    /// What the peer took and did not keep as it was said, for the operator: often a mapping that
    /// names what is not there. `nil` if all is as it should be, or if nobody looked.
    package var remark: String?

    /// A ticket with an id, at most 255 bytes.
    package init(id: String) {
        self.id = id
    }

    /// A ticket whose id is yet to come.
    package init(token: String) {
        self.token = token
    }
}
