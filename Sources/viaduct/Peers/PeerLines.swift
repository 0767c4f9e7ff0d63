import Federation
import GeoReport
import Outbound
import Relay
import Reports

extension Settings {
    /// The ways to all peers, or to some of them, over the guarded way out.
    func lines(
        to names: Set<Peer.Name>? = nil, for use: AdapterChoice.Use,
        over client: OutboundClient
    ) throws(CommandError) -> [PeerLine] {
        var lines: [PeerLine] = []
        for peer in peers.peering.peers where names?.contains(peer.name) ?? true {
            guard let link = peers.links[peer.name] else { continue }
            do throws(Refusal) {
                let wire = try PeerWire(to: [link.address], over: client)
                lines.append(
                    PeerLine(
                        peer: peer, adapter: link.adapter(use), wire: wire.wire,
                        secrets: link.secrets.map(\.value)))
            } catch {
                throw CommandError(
                    .settings,
                    "\(link.file): address: \(link.address) cannot be called: \(error.rawValue).")
            }
        }
        return lines
    }

    /// Where others find our reports and their pictures.
    var publicAddresses: PublicAddresses {
        let (base, catalogue) = (http.publicURL, catalogue.catalogue)
        let pictures = PictureAddresses(base + "/media")
        return PublicAddresses(
            report: { report in
                let slug = catalogue.jurisdiction(report.jurisdiction)?.slug.rawValue ?? ""
                return "\(base)/\(slug)/open311/v2/requests/\(report.id).json"
            },
            picture: { pictures.address(of: $0) })
    }
}

extension OutboundClient.Settings {
    /// What peers are called with: nothing private that the operator does not allow, since a peer's
    /// name means whatever the peer wants it to.
    init(peersOf settings: Settings) {
        self.init(OutboundGuard.Settings(settings), servers: max(settings.peers.links.count, 1))
    }
}
