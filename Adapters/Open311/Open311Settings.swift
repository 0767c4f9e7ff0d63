import Federation
import FoundationEssentials
import GeoReport

/// What the adapter has to know of one peer.
package struct Open311Settings: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package var profile: Profile
    /// The peer's base, with a slash at its end.
    package let address: String
    package var jurisdiction: String?
    /// Sent as `api_key`, or in the header that the profile names.
    package var apiKey: String?
    /// Where a time without a zone is meant.
    package var zone: TimeZone
    /// What goes between us: only what flows in is read.
    package var flow: Peer.Flow
    /// How far back it is read.
    package var polling: Peer.Polling
    /// Sent with each GET: `locale`, or `lat` and `long` where a server has no jurisdictions.
    package var parameters: [Parameter]
    /// What stands in for a reporter without an address, where the peer wants one.
    package var email: String?
    /// How long the peer's change feed may wait for a change.
    package var patience: Duration
    /// Headers that tell another Viaduct where a message began, and prove that it is ours: of the
    /// message, its body and our time.
    package var proof: @Sendable (Message, _ body: [UInt8], _ now: Date) -> [Wire.Header]

    /// A parameter with its value.
    package struct Parameter: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(
        profile: Profile, address: String, jurisdiction: String? = nil, apiKey: String? = nil,
        zone: TimeZone = .gmt, flow: Peer.Flow, polling: Peer.Polling = Peer.Polling(),
        parameters: [Parameter] = [], email: String? = nil, patience: Duration = .seconds(25),
        proof: @escaping @Sendable (Message, [UInt8], Date) -> [Wire.Header] = { _, _, _ in [] }
    ) {
        self.profile = profile
        self.address = address.hasSuffix("/") ? address : address + "/"
        self.jurisdiction = jurisdiction
        self.apiKey = apiKey
        self.zone = zone
        self.flow = flow
        self.polling = polling
        self.parameters = parameters
        self.email = email
        self.patience = patience
        self.proof = proof
    }

    var serverZone: ServerZone { ServerZone(zone: zone) }

    /// Never the key.
    package var description: String { "\(profile.name) at \(address)" }
    package var debugDescription: String { description }
}
