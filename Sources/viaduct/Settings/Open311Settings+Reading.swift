import Federation
import Foundation
import Open311
import Reports

extension Open311Settings {
    /// What a peer's file says of a server that speaks GeoReport: `profile`, and below `open311`
    /// `zone`, `email`, `patience`, `parameters` and single values of the profile (its README).
    @Sendable static func choice(_ entry: inout AdapterEntry) -> AdapterChoice? {
        let address = entry.base()
        guard let profile = profile(&entry), let address else { return nil }
        var settings = Open311Settings(
            profile: profile, address: address, jurisdiction: entry.jurisdiction,
            apiKey: entry.apiKey?.value, flow: entry.flow, polling: entry.polling)
        settings.zone = zone(&entry) ?? settings.zone
        settings.email = entry.own?.optional("email")?.text(&entry.findings)
        settings.patience =
            entry.own?.optional("patience")?.duration(upTo: .seconds(60), &entry.findings)
            ?? settings.patience
        settings.parameters = parameters(&entry)
        if profile.marker == .header {
            settings.proof = { [secrets = entry.signingSecrets] message, body, now in
                PeerHeaders.proof(of: message, body: body, secrets: secrets, now: now)
            }
        }
        let words = PeerWords(statusesOut: profile.statusesOut, statusesIn: profile.statusesIn)
        return AdapterChoice(address: address, words: words) { [settings] use in
            var settings = settings
            // Whoever sits and waits does not wait for what may change yet.
            if use == .command { settings.patience = .zero }
            return Open311Adapter(settings)
        }
    }

    private static func profile(_ entry: inout AdapterEntry) -> Profile? {
        let names = Profile.all.map(\.name)
        let name = entry.profile.map { $0.choice(of: names, &entry.findings) } ?? "georeport"
        guard let profile = name.flatMap(Profile.named) else { return nil }
        var values: [String: String] = [:]
        var places: [String: Entry] = [:]
        for key in Profile.changeable.keys.sorted() {
            guard let child = entry.own?.optional(key) else { continue }
            places[key] = child
            values[key] = child.words(&entry.findings)
        }
        do throws(Profile.Mistake) {
            return try profile.changed(by: values)
        } catch {
            if let place = places[error.key] { entry.findings.add(error.advice, at: place) }
            return nil
        }
    }

    /// Where times without a zone are meant.
    private static func zone(_ entry: inout AdapterEntry) -> TimeZone? {
        entry.own?.optional("zone")?.name(
            { $0 == "UTC" || $0.contains("/") ? TimeZone(identifier: $0) : nil },
            "is no time zone; write one such as Europe/Berlin", &entry.findings)
    }

    /// What is sent with each GET.
    private static func parameters(_ entry: inout AdapterEntry) -> [Parameter] {
        let keys = entry.own?.optional("parameters")?.keys(&entry.findings)
        return (keys?.entries ?? []).compactMap { name, child in
            child.text(&entry.findings).map { Parameter(name, $0) }
        }
    }
}

extension Entry {
    /// A word, or the words of a list with commas between them; `nil` with a finding.
    fileprivate func words(_ findings: inout Findings) -> String? {
        guard case .sequence = node else { return text(&findings) }
        return list(&findings).compactMap { $0.text(&findings) }.joined(separator: ", ")
    }
}
