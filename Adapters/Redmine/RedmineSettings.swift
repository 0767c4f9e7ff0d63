import Federation

/// How one Redmine is spoken with.
package struct RedmineSettings: Sendable, Equatable {
    /// The base of its addresses, with a slash at its end.
    package var address: String
    package var apiKey: String
    /// Where new reports go: the project's identifier or number.
    package var project: String
    /// The number of the tracker under which they go.
    package var tracker: Int
    package var fields: Fields
    package var flow: Peer.Flow
    package var polling: Peer.Polling

    /// The numbers of the custom fields that hold what Redmine has no place for.
    ///
    /// Only administrators may list them by the interface, so whoever writes the settings reads them
    /// there.
    package struct Fields: Sendable, Equatable {
        /// Our id of the report. It has to be "used as a filter": by this a ticket is found again.
        package var externalID: Int
        package var latitude: Int?
        package var longitude: Int?
        package var address: Int?
        /// The code of the service.
        package var service: Int?
        /// Name, e-mail and telephone of the reporter, where they may go.
        package var contact: Int?

        package init(
            externalID: Int, latitude: Int? = nil, longitude: Int? = nil, address: Int? = nil,
            service: Int? = nil, contact: Int? = nil
        ) {
            self.externalID = externalID
            self.latitude = latitude
            self.longitude = longitude
            self.address = address
            self.service = service
            self.contact = contact
        }

        /// All that are named, with what they are for.
        var named: [(number: Int, purpose: String)] {
            let all: [(Int?, String)] = [
                (externalID, "external_id"), (latitude, "latitude"), (longitude, "longitude"),
                (address, "address"), (service, "service"), (contact, "contact"),
            ]
            return all.compactMap { number, purpose in number.map { ($0, purpose) } }
        }
    }

    package init(
        address: String, apiKey: String, project: String, tracker: Int, fields: Fields,
        flow: Peer.Flow, polling: Peer.Polling = Peer.Polling()
    ) {
        self.address = address
        self.apiKey = apiKey
        self.project = project
        self.tracker = tracker
        self.fields = fields
        self.flow = flow
        self.polling = polling
    }
}
