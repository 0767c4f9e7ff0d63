import FoundationEssentials
import Reports

extension Peer {
    /// What becomes of a report as this peer shows it: of one that we know, what is new about it
    /// since we saw it last; of any other, whether it becomes ours.
    ///
    /// `catalogue` is what we publish: a report belongs to the jurisdiction that takes its service
    /// where it lies.
    package func arrival(
        of report: IncomingReport, in catalogue: Catalogue, knowing known: Knowledge
    ) -> Arrival {
        if let oddity = oddity(ids: [report.id], texts: report.texts) { return .ignored(oddity) }
        // What it says may well change: unlike an update, a report is judged again then.
        if known.earlier == .same { return .passed }
        if let held = known.report {
            guard flow.contains(.updatesIn) else { return .passed }
            return news(of: report, about: held, knowing: known)
        }
        if let ours = known.origin { return .known(ours) }
        guard flow.contains(.reportsIn) else { return .passed }
        if let provenance = report.provenance {
            if provenance.hasPassed(known.node) { return .ignored("it has passed us") }
            if let excess = provenance.excess { return .ignored(excess) }
        }
        return taking(of: report, in: catalogue, knowing: known)
    }

    /// Only what differs from the state that we saw there last is news, and not what differs from
    /// ours (peers.md 5.3).
    private func news(
        of report: IncomingReport, about held: Knowledge.Held, knowing known: Knowledge
    ) -> Arrival {
        // When we looked last it was not so yet, whatever its time of change says.
        var said = Said(told: held.seen.map { max($0.time, report.updated) } ?? report.updated)
        let isNews =
            held.seen.map { $0.status != Mapping.StatusWord(report.status) }
            ?? !mapping.expresses(held.detail, as: report.status)
        if isNews { said.status = report.status }
        if let notes = report.statusNotes,
            held.statusNotes.map({ Echo.isSame(notes, as: $0) }) != true
        {
            said.text = notes
        }
        said.agency = report.agency ?? held.agency
        said.expected = report.expected ?? held.expected
        return arrival(of: said, about: held, knowing: known)
    }

    private func taking(
        of report: IncomingReport, in catalogue: Catalogue, knowing known: Knowledge
    ) -> Arrival {
        guard let code = report.service, let service = mapping.servicesIn[code] else {
            return .quarantined("the service “\(report.service ?? "")” has no meaning")
        }
        guard let meaning = mapping.statusesIn[Mapping.StatusWord(report.status)] else {
            return .quarantined("the status “\(report.status)” has no meaning")
        }
        guard report.requested.timeIntervalSince1970 >= 0 else {
            return .quarantined("it was reported before 1970")
        }
        let places = catalogue.homes(of: service, at: report.place?.coordinate)
        guard let home = places.first, places.count == 1 else {
            return .quarantined("\(places.count) jurisdictions take \(service) there")
        }
        let isAhead = max(report.requested, report.updated) > known.latest
        return .taken(
            Arrival.Taking(
                jurisdiction: home.id, service: service, detail: meaning.detail ?? .open,
                answers: mapping.answers(in: report.answers),
                requested: min(report.requested, known.latest),
                updated: min(max(report.updated, report.requested), known.latest),
                remark: isAhead ? "its time lay ahead" : nil))
    }
}

extension IncomingReport {
    /// All that it says in words.
    var texts: [String?] {
        [
            status, statusNotes, service, serviceName, title, description, place?.address,
            place?.addressID, zipcode, agency,
        ] + media + answers.flatMap { [$0.code] + $0.values }
    }
}

extension Catalogue {
    /// The jurisdictions that take a service at a point: those whose boundary holds it, or else all
    /// that have none.
    func homes(of service: Service.Code, at point: Coordinate?) -> [Jurisdiction] {
        let takers = jurisdictions.filter { $0.service(service) != nil }
        guard let point else { return takers }
        let around = takers.filter { $0.boundary?.contains(point) == true }
        return around.isEmpty ? takers.filter { $0.boundary == nil } : around
    }
}

extension Mapping {
    /// Answers to a peer's questions as answers to ours; what has no counterpart does not get
    /// across.
    func answers(in answers: [PeerAnswer]) -> [Answer] {
        questions.sorted { $0.key.rawValue < $1.key.rawValue }.compactMap { code, question in
            guard let answer = answers.first(where: { $0.code == question.code }) else {
                return nil
            }
            let values = answer.values.compactMap { value in
                question.values.isEmpty
                    ? value : question.values.first { $0.value == value }?.key
            }
            return values.isEmpty ? nil : Answer(code: code, values: values)
        }
    }
}
