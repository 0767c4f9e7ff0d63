import Federation

/// How one tracker of a Roundup is spoken with.
package struct RoundupSettings: Sendable, Equatable {
    /// The tracker's base, with a slash at its end.
    package var address: String
    package var user: String
    package var password: String
    package var fields: Fields
    package var flow: Peer.Flow
    package var polling: Peer.Polling

    /// What the properties are called that hold what a tracker does not know as it comes: whoever
    /// runs it adds them to its schema.
    package struct Fields: Sendable, Equatable {
        /// Of an issue: our id of the report.
        package var externalID: String
        package var latitude: String?
        package var longitude: String?
        package var address: String?
        /// Of an issue: the code of the service.
        package var service: String?
        /// Of a message: whether the public may read it. Without it nobody can tell, and none may.
        package var `public`: String?

        package init(
            externalID: String, latitude: String? = nil, longitude: String? = nil,
            address: String? = nil, service: String? = nil, public: String? = nil
        ) {
            self.externalID = externalID
            self.latitude = latitude
            self.longitude = longitude
            self.address = address
            self.service = service
            self.public = `public`
        }

        /// The properties of an issue that are named.
        var ofIssues: [String] {
            [externalID, latitude, longitude, address, service].compactMap { $0 }
        }
    }

    package init(
        address: String, user: String, password: String, fields: Fields, flow: Peer.Flow,
        polling: Peer.Polling = Peer.Polling()
    ) {
        self.address = address
        self.user = user
        self.password = password
        self.fields = fields
        self.flow = flow
        self.polling = polling
    }
}
