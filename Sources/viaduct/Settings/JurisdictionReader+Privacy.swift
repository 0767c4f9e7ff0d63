import Reports

extension JurisdictionReader {
    /// `privacy`: what is hidden in public texts, and how long personal data is kept.
    mutating func readPrivacy(_ entry: Entry) -> Privacy {
        var privacy = Privacy()
        guard var keys = entry.keys(&findings) else { return privacy }
        if let word = keys.optional("masking")?.choice(of: ["on", "off"], &findings) {
            privacy.masking = word == "off" ? .off : .on
        }
        if let retention = keys.optional("retention") {
            privacy.retention = readRetention(retention)
        }
        keys.finish(&findings)
        return privacy
    }

    private mutating func readRetention(_ entry: Entry) -> Privacy.Retention {
        var retention = Privacy.Retention()
        guard var keys = entry.keys(&findings) else { return retention }
        let times: [(String, WritableKeyPath<Privacy.Retention, Duration?>)] = [
            ("contact", \.contact), ("device", \.device), ("peer_payloads", \.peerPayloads),
        ]
        for (name, time) in times {
            guard let child = keys.optional(name),
                let duration = child.duration(upTo: .seconds(36_500 * 86_400), &findings)
            else { continue }
            // `off` reads as no time at all, and so does a time of nothing, which would say the opposite.
            if duration == .zero, child.node.scalar?.string != "off" {
                findings.add("is no time to keep anything; off keeps it for ever", at: child)
            }
            retention[keyPath: time] = duration == .zero ? nil : duration
        }
        keys.finish(&findings)
        return retention
    }

    /// `place` and `grid` of a service: how exactly the public is shown where its reports are.
    mutating func readPrecision(_ keys: inout Keys) -> Service.Precision {
        let word = keys.optional("place")?.choice(of: ["exact", "coarse"], &findings)
        let grid = keys.optional("grid")
        guard word == "coarse" else {
            if let grid { findings.add("is for place: coarse only; leave it out", at: grid) }
            return .exact
        }
        return .coarse(metres: grid?.number(in: 10...10_000, &findings) ?? 100)
    }
}
