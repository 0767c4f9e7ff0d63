import FoundationEssentials
import Reports

/// The headers by which one Viaduct tells another where something began (Specs/Peering.md).
package enum PeerHeaders {
    package static let origin = "Viaduct-Origin"
    package static let path = "Viaduct-Path"
    package static let `protocol` = "Viaduct-Protocol"

    /// The versions of the protocol that we speak, the best one last.
    package static let versions = ["1"]

    /// The headers of a message with this provenance.
    package static func headers(of provenance: Provenance) -> [Wire.Header] {
        [
            .init(origin, "\(provenance.origin);\(PercentEncoding.encoded(provenance.originID))"),
            .init(path, provenance.path.map(\.rawValue).joined(separator: ", ")),
            .init(`protocol`, versions.last ?? ""),
        ]
    }

    /// Why the headers of a message cannot be read.
    package struct Mistake: Error, Equatable {
        /// For whoever runs the sender; begins with the header's name.
        package let problem: String

        package init(problem: String) {
            self.problem = problem
        }
    }

    /// What a peer says of where something began; `nil` if it says nothing.
    ///
    /// The sender stands last in the path, whatever it says: by our settings, not by its word.
    package static func provenance(
        origin: String?, path: String?, protocol version: String?, from sender: Authority
    ) throws(Mistake) -> Provenance? {
        if let version, !versions.contains(version) {
            throw Mistake(
                problem: "\(`protocol`) is none of those supported: "
                    + versions.joined(separator: ", "))
        }
        guard let origin else {
            guard path == nil else {
                throw Mistake(
                    problem: "\(Self.origin) was not provided (required with \(Self.path))")
            }
            return nil
        }
        let (authority, id) = try began(origin)
        var passed = try path.map { text throws(Mistake) in try authorities(text) } ?? []
        if !passed.contains(authority) { passed.insert(authority, at: 0) }
        if passed.last != sender { passed.append(sender) }
        guard passed.count <= Provenance.mostHops else {
            throw Mistake(
                problem: "\(Self.path) names more than \(Provenance.mostHops) authorities: "
                    + "what has gone so far goes no further")
        }
        return Provenance(origin: authority, originID: id, path: passed)
    }

    /// The authority before the semicolon, and its own id behind it.
    private static func began(_ text: String) throws(Mistake) -> (Authority, String) {
        let parts = text.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let authority = Authority(rawValue: String(parts[0])),
            let id = decoded(parts[1]), (1...255).contains(id.utf8.count)
        else {
            throw Mistake(
                problem: "\(origin) is not an authority, a semicolon and a percent-encoded id")
        }
        return (authority, id)
    }

    private static func authorities(_ text: String) throws(Mistake) -> [Authority] {
        var authorities: [Authority] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            guard authorities.count <= Provenance.mostHops,
                let authority = Authority(rawValue: String(name))
            else {
                throw Mistake(
                    problem: "\(path) is not a list of at most \(Provenance.mostHops) authorities")
            }
            authorities.append(authority)
        }
        return authorities
    }

    /// The text, or `nil` if it is not the encoding of one without control characters.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                guard (0x21...0x7E).contains(byte) else { return nil }
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

extension PeerHeaders {
    /// What stands in front of a message's body for another Viaduct: where it began, and, where
    /// secrets are shared, that it is ours.
    package static func proof(
        of message: Message, body: [UInt8], secrets: [WebhookSecret], now: Date
    ) -> [Wire.Header] {
        let way = headers(of: message.provenance)
        guard !secrets.isEmpty else { return way }
        return way
            + Signature.headers(id: message.key, time: now, body: body, secrets: secrets)
    }
}
