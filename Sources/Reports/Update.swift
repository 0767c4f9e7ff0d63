import FoundationEssentials

/// One dated change to a report, as the public sees it: a comment, a change of status, or both.
package struct Update: Sendable, Equatable {
    /// Ours: unique in the endpoint, the same for ever (GR-13.1).
    package let id: ID
    package let report: Report.ID
    /// The report's detail after the update.
    package var detail: Detail
    /// What is told to the public; `nil` if only the status changed.
    package var description: String?
    /// When it became visible, in whole seconds: in one jurisdiction never earlier than an update
    /// that became visible before it (GR-18.4).
    package var published: Date
    /// Pictures, as in `Report.media`.
    package var media: [String]
    /// The finer word of the back office that told it (`external_status_code`).
    package var externalStatus: String?
    /// The number that the citizen may quote (`customer_reference`).
    package var customerReference: String?
    /// The service that the report was moved to by it.
    package var service: Service.Code?
    /// The number under which the sender of the report knows it (`fixmystreet_id`).
    package var foreignReport: String?
    /// Who is called to look at it; everybody may read it.
    package var tells = Tells.everybody
    /// Whether the text is as it was told, where the public is shown something else.
    package var isOriginal = false

    package init(
        id: ID, report: Report.ID, detail: Detail, description: String? = nil, published: Date,
        media: [String] = [], externalStatus: String? = nil, customerReference: String? = nil,
        service: Service.Code? = nil, foreignReport: String? = nil
    ) {
        self.id = id
        self.report = report
        self.detail = detail
        self.description = description
        self.published = published
        self.media = media
        self.externalStatus = externalStatus
        self.customerReference = customerReference
        self.service = service
        self.foreignReport = foreignReport
    }

    /// Whether those who follow the report are told by themselves: by an app's message, a mail.
    package enum Tells: String, Sendable, CaseIterable {
        case everybody
        case nobody
    }

    /// An update's id: `u-7F3K2M9QTX`.
    package struct ID: Identifier {
        package let rawValue: String

        /// An id, or `nil` if the text cannot be one of ours.
        package init?(rawValue: String) {
            guard MintedName.isWellFormed(rawValue) else { return nil }
            self.rawValue = rawValue
        }

        /// A fresh id of 60 random bits.
        package init(using source: inout some RandomNumberGenerator) {
            rawValue = "u-" + RandomCode.code(length: 12, using: &source)
        }
    }
}

extension Update {
    /// An update as a client or a member of staff tells it, before it has an id.
    package struct Draft: Sendable, Equatable {
        package let report: Report.ID
        package let jurisdiction: Jurisdiction.ID
        package let stage: Stage
        /// The sender's own id of it: a repeat of (client, report, this) is the same update
        /// (GR-13.2). With the report, because some senders count the updates of each report anew.
        package private(set) var foreignID: String
        /// When it happened, by the sender's clock.
        package var told: Date
        /// What the report's detail shall be; `nil` leaves it (`UNCHANGED`).
        package var detail: Detail?
        /// What is told to the public; `nil` if nothing.
        package var description: String?
        /// Addresses of pictures that are shown as they are, in front of the others.
        package var media: [String]
        /// Pictures that came along and are stored already, in their order.
        package var pictures: [StoredPicture]
        /// Addresses of pictures that are yet to be fetched; each is shown once it is stored.
        package var addresses: [String]
        package var externalStatus: String?
        package var customerReference: String?
        /// Whether the public sees it: an internal note is private, and changes nothing.
        package var visibility: Visibility
        /// What staff change beside the status.
        package var changes: Changes
        /// Who wrote it; never shown.
        package var author: Reporter
        /// Who is called to look at it.
        package var tells = Tells.everybody
        /// Whether the public is shown its text with masks; that of staff is shown as it is.
        package var masking = Masking.on

        /// Changes that only staff may make; `nil` leaves a value as it is.
        package struct Changes: Sendable, Equatable {
            package var service: Service.Code?
            package var agency: String?
            package var expected: Date?
            /// The report that this one repeats; its closing will be told here as well.
            package var parent: Report.ID?
            /// Who may see the reports of `service`: moved to a private one, the report becomes
            /// private; a private one stays so wherever it is moved.
            package var visibility: Visibility?

            package init(
                service: Service.Code? = nil, agency: String? = nil, expected: Date? = nil,
                parent: Report.ID? = nil, visibility: Visibility? = nil
            ) {
                self.service = service
                self.agency = agency
                self.expected = expected
                self.parent = parent
                self.visibility = visibility
            }
        }

        package init(
            report: Report.ID, jurisdiction: Jurisdiction.ID, stage: Stage, foreignID: String,
            told: Date, detail: Detail?, description: String? = nil, media: [String] = [],
            pictures: [StoredPicture] = [], addresses: [String] = [],
            externalStatus: String? = nil, customerReference: String? = nil,
            visibility: Visibility = .public, changes: Changes = Changes(),
            author: Reporter = Reporter()
        ) {
            self.report = report
            self.jurisdiction = jurisdiction
            self.stage = stage
            self.foreignID = foreignID
            self.told = told
            self.detail = detail
            self.description = description
            self.media = media
            self.pictures = pictures
            self.addresses = addresses
            self.externalStatus = externalStatus
            self.customerReference = customerReference
            self.visibility = visibility
            self.changes = changes
            self.author = author
        }

        /// The same under another id of the sender's.
        package func named(_ foreignID: String) -> Self {
            var draft = self
            draft.foreignID = foreignID
            return draft
        }
    }
}

/// Which published updates a call asks for (GR-13.1): in the order of their publication.
package struct UpdateFilter: Sendable, Equatable {
    package var jurisdiction: Jurisdiction.ID
    package var stage: Stage
    /// Bounds on the publication, both inclusive, in whole seconds.
    package var from: Date
    package var to: Date
    /// Only updates of these reports; none asks for all.
    package var reports: [Report.ID]
    /// Only so many, behind so many; `nil` is all of the window.
    package var page: Page?

    package struct Page: Sendable, Equatable {
        package var size: Int
        package var offset: Int

        package init(size: Int, offset: Int) {
            self.size = size
            self.offset = offset
        }
    }

    package init(
        jurisdiction: Jurisdiction.ID, stage: Stage = .production, from: Date, to: Date,
        reports: [Report.ID] = [], page: Page? = nil
    ) {
        self.jurisdiction = jurisdiction
        self.stage = stage
        self.from = from
        self.to = to
        self.reports = reports
        self.page = page
    }
}

/// One entry of a report's public history, in the shape of Chicago's `notes` (GR-15.4).
package struct Note: Sendable, Equatable {
    package let time: Date
    package let kind: Kind
    /// The report's detail after it.
    package let detail: Detail?
    package var description: String?
    /// Whether the text is as it was told, where the public is shown something else.
    package var isOriginal = false

    package enum Kind: String, Sendable, CaseIterable {
        case opened
        case comment
        case status
        case moved
        case duplicate
        case reopened
        case closed
    }

    package init(time: Date, kind: Kind, detail: Detail?, description: String?) {
        self.time = time
        self.kind = kind
        self.detail = detail
        self.description = description
    }
}
