import Federation
import FoundationEssentials
import Reports

/// What stands in front of a peer's message: whose it is, and where it began.
enum Messages {
    /// A secret of the corpus's own, which opens nothing.
    static let secret = WebhookSecret(parsing: "whsec_" + String(repeating: "A", count: 32))
    static let now = Date(timeIntervalSince1970: 1_700_000_000)

    static func run(_ bytes: [UInt8]) {
        let (lines, body) = bytes.lines(6)
        guard lines.count == 6, let secret else { return }
        let claim = Signature.Claim(id: lines[0], timestamp: lines[1], signatures: lines[2])
        if let id = try? Signature.verify(claim, body: body, secrets: [secret], now: now) {
            let seconds = Int64(lines[1]) ?? 0
            let own = Signature.sign(id: id, seconds: seconds, body: body, with: secret)
            demand(
                lines[2].split(separator: " ").contains { $0 == own },
                "what is believed is signed as we sign")
        }
        judge(origin: lines[3], path: lines[4], version: lines[5])
    }

    private static func judge(origin: String, path: String, version: String) {
        guard let sender = Authority(rawValue: "sender.example"),
            let way = try? PeerHeaders.provenance(
                origin: origin.isEmpty ? nil : origin, path: path.isEmpty ? nil : path,
                protocol: version.isEmpty ? nil : version, from: sender)
        else { return }
        demand(way.path.count <= Provenance.mostHops, "a way is not too long")
        demand(way.path.last == sender, "the sender stands last")
        let headers = PeerHeaders.headers(of: way).map(\.value)
        let again = try? PeerHeaders.provenance(
            origin: headers[0], path: headers[1], protocol: headers[2], from: sender)
        demand(again == way, "a way that is written again is the same")
    }
}
