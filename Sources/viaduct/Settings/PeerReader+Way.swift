import Federation
import Reports

/// How a peer's file wants it to be reached.
struct PeerWay {
    let kind: String
    /// The newest first.
    let signingSecrets: [WebhookSecret]
    let apiKey: Secret?
    let choice: AdapterChoice

    var words: PeerWords { choice.words }

    /// The way to a peer of this file.
    func link(file: String) -> PeerLink {
        PeerLink(
            file: file, kind: kind, address: choice.address, way: choice.way,
            signingSecrets: signingSecrets, answerKey: choice.answerKey,
            secrets: (apiKey.map { [$0] } ?? []) + signingSecrets.map { Secret($0.text) }
                + choice.secrets,
            adapter: choice.adapter)
    }
}

extension PeerReader {
    /// The adapter and what it needs, or `nil` with findings.
    mutating func readWay(
        _ keys: inout Keys, name: Peer.Name?, flow: Peer.Flow, polling: Peer.Polling
    ) -> PeerWay? {
        let kinds = adapters.keys.sorted()
        let kind = keys.required("adapter", "one of \(kinds.joined(separator: ", "))", &findings)?
            .choice(of: kinds, &findings)
        let address = keys.required("address", "where its interface is", &findings)
        let jurisdiction = keys.optional("jurisdiction")?.text(&findings)
        let apiKey = keys.optional("api_key_file")?.secret(from: directory, &findings)
        let secrets = keys.optional("signing_secret_file").map { readSigningSecrets($0) } ?? []
        let profile = keys.optional("profile")
        let own = kind.flatMap { keys.optional($0) }?.keys(&findings)
        guard let kind, let name, let address, let read = adapters[kind] else { return nil }
        var entry = AdapterEntry(
            findings: findings, name: name, address: address, directory: directory,
            jurisdiction: jurisdiction, apiKey: apiKey, signingSecrets: secrets, flow: flow,
            polling: polling, profile: profile, own: own)
        let choice = read(&entry)
        entry.own?.finish(&entry.findings)
        findings = entry.findings
        guard let choice else { return nil }
        return PeerWay(
            kind: kind, signingSecrets: secrets, apiKey: apiKey, choice: choice)
    }

    /// With blanks between them: several while both sides change from one to the next.
    private mutating func readSigningSecrets(_ entry: Entry) -> [WebhookSecret] {
        guard let file = entry.secret(from: directory, &findings) else { return [] }
        let lines = file.value.split(whereSeparator: \.isWhitespace)
        let secrets = lines.compactMap { WebhookSecret(parsing: String($0)) }
        if secrets.isEmpty || secrets.count < lines.count {
            findings.add(
                "holds something else than secrets with blanks between them: whsec_ and 24 to 64 "
                    + "bytes in base64, as both sides have it",
                at: entry)
        }
        return secrets
    }
}
