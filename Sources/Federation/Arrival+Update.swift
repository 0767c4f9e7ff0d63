import FoundationEssentials
import Reports

extension Peer {
    /// What becomes of an update that this peer told.
    ///
    /// Against loops, one layer behind the other (peers.md 5.3): what it has passed, its origin, its
    /// own id, what we told ourselves, the state that we have already, and the brake.
    package func arrival(of update: IncomingUpdate, knowing known: Knowledge) -> Arrival {
        guard flow.contains(.updatesIn) else { return .passed }
        if let oddity = oddity(
            ids: [update.id, update.report],
            texts: [
                update.status, update.description, update.externalStatus, update.customerReference,
            ] + update.media)
        {
            return .ignored(oddity)
        }
        switch known.earlier {
        case .nothing: break
        case .same: return .passed
        case .other: return .contradicted
        }
        // It may be about a report that we do not know yet: it comes again with the next sweep.
        guard let report = known.report else { return .passed }
        if known.origin != nil { return .known(nil) }
        if let provenance = update.provenance {
            if provenance.hasPassed(known.node) { return .known(nil) }
            if let excess = provenance.excess { return .ignored(excess) }
        }
        return arrival(of: Said(update), about: report, knowing: known)
    }

    /// What a peer says about a report, be it as an update or as a state.
    struct Said {
        var status: String?
        var text: String?
        var media: [String] = []
        var pictures: [StoredPicture] = []
        var told: Date
        var externalStatus: String?
        var customerReference: String?
        var agency: String?
        var expected: Date?

        init(told: Date) {
            self.told = told
        }

        init(_ update: IncomingUpdate) {
            status = update.status
            text = update.description
            media = update.media
            pictures = update.pictures
            told = update.told
            externalStatus = update.externalStatus
            customerReference = update.customerReference
        }
    }

    func arrival(
        of said: Said, about report: Knowledge.Held, knowing known: Knowledge
    ) -> Arrival {
        var change = Arrival.Change(told: said.told)
        change.text = said.text.flatMap { text in
            text.allSatisfy(\.isWhitespace) || known.echoed.contains(.text) ? nil : text
        }
        change.media = said.media
        change.pictures = said.pictures
        change.externalStatus = said.externalStatus
        change.customerReference = said.customerReference
        guard let word = said.status, !known.echoed.contains(.status) else {
            let rest = finished(change, said, about: report)
            return rest == .known(nil) && !known.echoed.isEmpty ? .echo : rest
        }
        guard let meaning = mapping.statusesIn[Mapping.StatusWord(word)] else {
            return .quarantined("the status “\(word)” has no meaning")
        }
        if said.text == nil { change.text = meaning.text?.text(in: report.languages) }
        return arrival(of: change, said, meaning: meaning, word, about: report, knowing: known)
    }

    private func arrival(
        of change: Arrival.Change, _ said: Said, meaning: Mapping.Meaning, _ word: String,
        about report: Knowledge.Held, knowing known: Knowledge
    ) -> Arrival {
        var change = change
        if meaning.verdict == .refuses {
            guard report.voice == .handles else {
                return .proposed(change, proposal: "\(name): \(word)")
            }
            change.tells = meaning.tells
            return .handedBack(change)
        }
        let isExpressed = mapping.expresses(report.detail, as: word)
        // Their word may say less than ours: what it covers stays as it is.
        let detail = isExpressed ? report.detail : meaning.detail
        guard report.voice != .proposes || detail == report.detail || detail == nil else {
            return .proposed(change, proposal: "\(name): \(word)")
        }
        if detail != report.detail, detail != nil, known.changes >= Knowledge.mostChanges {
            return .quarantined("brake: the status changed \(known.changes) times in an hour")
        }
        if report.voice != .proposes { change.detail = detail }
        // What is said to a report that has the status already is said for its own sake.
        if said.text == nil || detail != report.detail { change.tells = meaning.tells }
        return finished(change, said, about: report)
    }

    /// The handler's own fields beside the status, and whether anything is left to say.
    private func finished(
        _ change: Arrival.Change, _ said: Said, about report: Knowledge.Held
    ) -> Arrival {
        var change = change
        if report.voice == .handles {
            if said.agency != report.agency { change.agency = said.agency }
            if said.expected != report.expected { change.expected = said.expected }
        }
        return change.isEmpty ? .known(nil) : .applied(change)
    }
}

extension Mapping {
    /// Whether this word is what the peer is told of a detail, or what it would mean to us.
    package func expresses(_ detail: Detail, as word: String) -> Bool {
        statusesOut[detail].map(StatusWord.init) == StatusWord(word)
            || statusesIn[StatusWord(word)]?.detail == detail
    }
}

extension Localized {
    /// The text in the first of these languages in which there is one.
    func text(in languages: [Language]) -> String? {
        languages.lazy.compactMap { texts[$0] }.first
    }
}
