import Federation
import FoundationEssentials

/// What the adapter has to know of one queue of a Request Tracker.
package struct RequestTrackerSettings: Sendable, CustomStringConvertible,
    CustomDebugStringConvertible
{
    /// Where its pages are, with a slash at its end; its interface is below `REST/2.0/`.
    package let address: String
    /// The token of our account there.
    package let token: String
    /// The queue in which tickets are opened and followed.
    package let queue: String
    package var fields: Fields
    /// How far back it is read.
    package var polling: Peer.Polling

    /// What the custom fields of the queue are called that take what RT has no field for.
    package struct Fields: Sendable, Equatable {
        /// Our id of the report, by which a ticket is found again.
        package var id = "External ID"
        package var latitude = "Latitude"
        package var longitude = "Longitude"
        package var address = "Address"
        package var service = "Service Code"

        package init() {}

        var all: [String] { [id, latitude, longitude, address, service] }
    }

    package init(
        address: String, token: String, queue: String, fields: Fields = Fields(),
        polling: Peer.Polling = Peer.Polling()
    ) {
        self.address = address.hasSuffix("/") ? address : address + "/"
        self.token = token
        self.queue = queue
        self.fields = fields
        self.polling = polling
        self.polling.overlap = max(polling.overlap, Self.leastOverlap)
    }

    /// RT shows what happened only once its transaction is done, behind what began later.
    private static let leastOverlap = Duration.seconds(120)

    /// Never the token.
    package var description: String { "queue \(queue) at \(address)" }
    package var debugDescription: String { description }
}
