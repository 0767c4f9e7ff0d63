import Federation
import Reports

/// What this kind of server is known to say; a mapping file may change it.
extension Profile {
    /// What it is told of each detail; empty if it takes no updates.
    package var statusesOut: [Detail: String] {
        guard takes.contains(.updates) else { return [:] }
        return Dictionary(uniqueKeysWithValues: Detail.allCases.map { ($0, $0.rawValue) })
    }

    /// What its words mean.
    package var statusesIn: [Mapping.StatusWord: Mapping.Meaning] {
        var meanings: [Mapping.StatusWord: Mapping.Meaning] = [
            Mapping.StatusWord("open"): Mapping.Meaning(detail: .open),
            Mapping.StatusWord("closed"): Mapping.Meaning(detail: .closed),
        ]
        switch words {
        case .plain: break
        case .detail:
            for detail in Detail.allCases {
                let isTheirs = detail != .notCouncilsResponsibility
                meanings[Mapping.StatusWord(detail.rawValue)] = Mapping.Meaning(
                    detail: detail, verdict: isTheirs ? .handles : .refuses)
            }
            meanings[Mapping.StatusWord("unchanged")] = Mapping.Meaning(detail: nil)
        case .detailedStatus:
            for (word, detail) in Self.civicWords {
                meanings[Mapping.StatusWord(word)] = Mapping.Meaning(detail: detail)
            }
        }
        return meanings
    }

    /// CitySDK's words (GR-13.3).
    private static let civicWords: [String: Detail] = [
        "PENDING": .open, "RECEIVED": .open, "IN_PROCESS": .inProgress, "PROCESSED": .fixed,
        "REJECTED": .noFurtherAction, "ARCHIVED": .closed,
    ]
}

extension Profile {
    /// What it can do, for the relay.
    package var traits: AdapterTraits {
        var carries: Set<AdapterTraits.Feature> = [.media]
        if takes.contains(.reports) { carries.formUnion([.reports, .answers, .contact, .tokens]) }
        if takes.contains(.updates) { carries.formUnion([.updates, .details]) }
        if takes.contains(.erasures) { carries.insert(.erasure) }
        if media == .repeated || media == .brackets { carries.insert(.severalMedia) }
        if titles == .parameter || facts.values.contains(.title) { carries.insert(.title) }
        if words != .plain { carries.insert(.details) }
        if marker != .none || !facts.isEmpty || subject == .ours { carries.insert(.ownReference) }
        if marker == .header { carries.insert(.provenance) }
        let isBlind = [.none, .pushed].contains(updates) && reports.basis == .requested
        return AdapterTraits(
            resend: resend, carries: carries, looks: isBlind ? idsPerCall : 0)
    }
}
