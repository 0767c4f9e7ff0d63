import Federation
import Reports
import RequestTracker

extension RequestTrackerSettings {
    /// What a peer's file says of a Request Tracker: below `request_tracker`, `queue` and the names
    /// of its custom `fields` (its README).
    @Sendable static func choice(_ entry: inout AdapterEntry) -> AdapterChoice? {
        let address = entry.base()
        let queue = queue(&entry)
        let fields = fields(&entry)
        if entry.apiKey == nil {
            entry.findings.add(
                "is missing; write the name of a file with the token of our account",
                line: entry.address.line, key: "api_key_file")
        }
        guard let address, let queue, let token = entry.apiKey?.value else { return nil }
        let settings = RequestTrackerSettings(
            address: address, token: token, queue: queue, fields: fields,
            polling: entry.polling)
        return AdapterChoice(address: address, words: PeerWords(requestTracker: ())) { _ in
            RequestTrackerAdapter(settings)
        }
    }

    private static func queue(_ entry: inout AdapterEntry) -> String? {
        guard let child = entry.own?.optional("queue") else {
            entry.findings.add(
                "is missing; write the name of the queue that gets the reports",
                line: entry.own?.entry.line ?? entry.address.line, key: "request_tracker.queue")
            return nil
        }
        return child.text(&entry.findings)
    }

    private static func fields(_ entry: inout AdapterEntry) -> Fields {
        var fields = Fields()
        guard var keys = entry.own?.optional("fields")?.keys(&entry.findings) else {
            return fields
        }
        for (key, path) in paths {
            let name = keys.optional(key)?.name(
                { SearchQuery.isFieldName($0) ? $0 : nil },
                "needs the name of a custom field, without braces and quotes", &entry.findings)
            if let name { fields[keyPath: path] = name }
        }
        keys.finish(&entry.findings)
        return fields
    }

    private static var paths: [(String, WritableKeyPath<Fields, String>)] {
        [
            ("id", \.id), ("latitude", \.latitude), ("longitude", \.longitude),
            ("address", \.address), ("service", \.service),
        ]
    }
}

extension PeerWords {
    /// The words of a Request Tracker as it is installed, and those that the adapter has for what
    /// becomes of a whole ticket. None says what a ticket that moved or was deleted means.
    fileprivate init(requestTracker: Void) {
        let words: [(String, Detail)] = [
            ("new", .open), ("open", .inProgress), ("stalled", .planned), ("resolved", .fixed),
            ("rejected", .noFurtherAction), ("merged", .duplicate),
        ]
        self.init(
            statusesIn: Dictionary(
                uniqueKeysWithValues: words.map { word, detail in
                    (Mapping.StatusWord(word), Mapping.Meaning(detail: detail))
                }))
    }
}
