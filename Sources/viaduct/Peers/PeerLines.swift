import Federation
import GeoReport
import Media
import Outbound
import Relay
import Reports

extension Settings {
    /// The ways to all peers, or to some of them: over the guarded way out, or a peer's own.
    ///
    /// `files` has the pictures, for peers that want them and not their addresses.
    func lines(
        to names: Set<Peer.Name>? = nil, for use: AdapterChoice.Use,
        over client: OutboundClient, showing files: PictureStore? = nil
    ) throws(CommandError) -> [PeerLine] {
        var lines: [PeerLine] = []
        let base = http.publicURL + "/media/"
        for peer in peers.peering.peers where names?.contains(peer.name) ?? true {
            guard let link = peers.links[peer.name] else { continue }
            let wire = try link.wire(over: client).showing { address async throws(PeerError) in
                try await files?.picture(at: address, below: base)
            }
            lines.append(
                PeerLine(
                    peer: peer, adapter: link.adapter(use), wire: wire,
                    secrets: link.secrets.map(\.value)))
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

extension PeerLink {
    fileprivate func wire(over client: OutboundClient) throws(CommandError) -> Wire {
        switch way {
        case .own(let wire): return wire()
        case .http:
            do throws(Refusal) {
                return try PeerWire(to: [address], over: client).wire
            } catch {
                throw CommandError(
                    .settings,
                    "\(file): address: \(address) cannot be called: \(error.rawValue).")
            }
        }
    }
}

extension PictureStore {
    /// The picture that we publish under an address; `nil` if there is none.
    fileprivate func picture(
        at address: String, below base: String
    ) async throws(PeerError) -> OutgoingPicture? {
        guard address.hasPrefix(base), let name = PictureName(String(address.dropFirst(base.count)))
        else { return nil }
        do throws(MediaError) {
            guard let bytes = try await bytes(of: name) else { return nil }
            return OutgoingPicture(
                name: "\(name)", mediaType: name.format.contentType, bytes: bytes)
        } catch {
            throw PeerError(.later(nil), "our pictures cannot be read now")
        }
    }
}

extension OutboundClient.Settings {
    /// What peers are called with: nothing private that the operator does not allow, since a peer's
    /// name means whatever the peer wants it to.
    init(peersOf settings: Settings) {
        self.init(OutboundGuard.Settings(settings), servers: max(settings.peers.links.count, 1))
    }
}
