import FoundationEssentials
import Reports

/// Where the endpoints are: what the discovery document says (GR-3).
package struct Discovery: Sendable, Equatable {
    /// When the document last changed.
    package var changeset: Date
    /// How to reach the operator, for people.
    package var contact: String
    /// How to get a key, for people.
    package var keyService: String
    package var endpoints: [Endpoint]

    package init(changeset: Date, contact: String, keyService: String, endpoints: [Endpoint]) {
        self.changeset = changeset
        self.contact = contact
        self.keyService = keyService
        self.endpoints = endpoints
    }

    /// One published base URL.
    package struct Endpoint: Sendable, Equatable {
        /// Without a slash at its end (GR-A55).
        package var url: String
        /// When a service or a definition behind it last changed.
        package var changeset: Date
        package var stage: Stage

        package init(url: String, changeset: Date, stage: Stage) {
            self.url = url
            self.changeset = changeset
            self.stage = stage
        }
    }
}

/// What a POST was answered with (GR-6.3).
package struct Issued: Sendable, Equatable {
    package var id: Report.ID
    /// Told instead of the id, for a report of a `batch` service.
    package var token: Token?
    package var notice: String?

    package init(id: Report.ID, token: Token? = nil, notice: String? = nil) {
        self.id = id
        self.token = token
        self.notice = notice
    }
}
