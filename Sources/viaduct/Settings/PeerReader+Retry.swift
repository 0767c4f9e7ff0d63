import Federation

extension PeerReader {
    /// When what the peer did not take is tried again, and when it is for a person.
    mutating func readRetry(_ entry: Entry) -> Peer.Retry {
        guard var keys = entry.keys(&findings) else { return Peer.Retry() }
        var retry = Peer.Retry()
        if let pauses = keys.optional("pauses") {
            retry.schedule = RetrySchedule(pauses: readPauses(pauses))
        }
        retry.attempts =
            keys.optional("attempts")?.integer(in: 1...10_000, &findings) ?? retry.attempts
        retry.longest =
            keys.optional("give_up")?.duration(
                from: .seconds(60), upTo: .seconds(90 * 86_400), &findings) ?? retry.longest
        keys.finish(&findings)
        return retry
    }

    /// Pauses that grow; the last one repeats.
    private mutating func readPauses(_ entry: Entry) -> [Duration] {
        let children = entry.list(&findings)
        if case .sequence = entry.node, !(1...20).contains(children.count) {
            findings.add("needs 1 to 20 pauses, such as [5s, 1m, 10m]; the last repeats", at: entry)
        }
        var pauses: [Duration] = []
        for child in children {
            guard
                let pause = child.duration(
                    from: .seconds(1), upTo: .seconds(86_400), &findings)
            else { continue }
            if let before = pauses.last, pause < before {
                findings.add("is shorter than the pause before it; pauses grow", at: child)
            }
            pauses.append(pause)
        }
        return pauses
    }

    /// After how many failures in a row the peer is left alone, and how often it is looked at then.
    mutating func readBreaker(_ entry: Entry) -> Breaker {
        guard var keys = entry.keys(&findings) else { return .standard }
        var breaker = Breaker.standard
        breaker.patience =
            keys.optional("failures")?.integer(in: 1...1000, &findings) ?? breaker.patience
        breaker.pause =
            keys.optional("probe")?.duration(
                from: .seconds(1), upTo: .seconds(86_400), &findings) ?? breaker.pause
        keys.finish(&findings)
        return breaker
    }
}
