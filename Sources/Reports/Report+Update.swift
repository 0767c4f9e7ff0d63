import FoundationEssentials

/// What an update makes of a report.
package struct Revision: Sendable, Equatable {
    /// The report after it.
    package let report: Report
    /// Where the report stands after it.
    package let standing: Standing
    /// What kind of entry it is in the report's history.
    package let kind: Note.Kind
    /// What is recorded of it, the update itself first.
    package let events: [Event.Kind]
    /// What the reports are told that repeat this one; `nil` if there is nothing to tell them.
    package let wordToDuplicates: String?
    /// When the update counts, as others are told.
    package let time: Date
}

/// How an update came to us.
package struct Telling: Sendable {
    /// Its entry in our history.
    package let event: Event.ID
    package let actor: Event.Actor
    /// When it happened, by the clock of whoever told it, as far as that is believed.
    package let told: Date
    /// Who was told first, and its id of it.
    package let origin: String
    /// Whether that is us.
    package let beginsHere: Bool

    package init(
        event: Event.ID, actor: Event.Actor, told: Date, origin: String, beginsHere: Bool
    ) {
        self.event = event
        self.actor = actor
        self.told = told
        self.origin = origin
        self.beginsHere = beginsHere
    }
}

extension Report {
    /// What the update makes of this report.
    ///
    /// The status is the greatest of all changes, in whatever order they come (D15): an older one
    /// adds its text to the history and changes nothing. `published` is when the update becomes
    /// visible.
    package func revised(
        by draft: Update.Draft, _ telling: Telling, standing before: Standing, published: Date
    ) -> Revision {
        var report = self
        var standing = before
        var time = telling.told
        if let detail = draft.impliedDetail {
            if telling.beginsHere { time = before.time(of: time) }
            standing.merge(
                Standing.StatusChange(
                    epoch: before.last.epoch, time: time, told: telling.told,
                    origin: telling.origin, event: telling.event, detail: detail))
        }
        if standing != before {
            report.status = standing.status
            report.detail = standing.detail
        }
        report.apply(draft.changes, standing: standing)
        if let text = draft.text, time >= standing.last.time { report.statusNotes = text }
        report.nameParent(unlike: self)
        if report.moves(from: self, at: standing, unlike: before, by: telling.actor, telling: draft)
        {
            report.updated = max(updated, published)
        }
        return Revision(
            report: report, standing: standing,
            kind: report.kind(of: draft, after: self, standing: standing, unlike: before),
            events: report.visibility == visibility ? [.updated] : [.updated, .removed],
            wordToDuplicates: report.wordToDuplicates(after: self, standing, telling: draft),
            time: time)
    }

    /// What staff change beside the status.
    private mutating func apply(_ changes: Update.Draft.Changes, standing: Standing) {
        if let service = changes.service, service != self.service {
            self.service = service
            serviceName = nil
        }
        if changes.service != nil, changes.visibility == .private { visibility = .private }
        if let agency = changes.agency { self.agency = agency }
        if let expected = changes.expected { self.expected = expected }
        if standing.status == .open {
            parent = nil
        } else if standing.detail == .duplicate, let parent = changes.parent {
            self.parent = parent
        }
    }

    /// Whoever reads of a merged report finds the surviving one by its text (GR-9).
    private mutating func nameParent(unlike before: Report) {
        guard let parent, parent != before.parent else { return }
        guard let text = statusNotes, statusNotes != before.statusNotes else {
            statusNotes = parent.rawValue
            return
        }
        if !text.contains(parent.rawValue) { statusNotes = "\(text) (\(parent))" }
    }

    /// Whether the time of the last change moves: for a closed report it is that of the closing,
    /// which comments leave as it is and corrections do not (GR-A43).
    private func moves(
        from before: Report, at standing: Standing, unlike old: Standing,
        by actor: Event.Actor, telling draft: Update.Draft
    ) -> Bool {
        if before.status == .open || status == .open || standing.detail != old.detail {
            return true
        }
        let explains =
            actor == .operator && draft.detail != nil && statusNotes != before.statusNotes
        return explains || service != before.service || agency != before.agency
            || expected != before.expected || parent != before.parent
            || visibility != before.visibility
    }

    private func kind(
        of draft: Update.Draft, after before: Report, standing: Standing, unlike old: Standing
    ) -> Note.Kind {
        if parent != nil, parent != before.parent { return .duplicate }
        if standing.detail != old.detail, standing.detail == .duplicate { return .duplicate }
        if before.status != status { return status == .closed ? .closed : .reopened }
        if service != before.service { return .moved }
        return standing.detail == old.detail ? .comment : .status
    }

    /// Names this report, because it is read at another one.
    private func wordToDuplicates(
        after before: Report, _ standing: Standing, telling draft: Update.Draft
    ) -> String? {
        guard before.status == .open, status == .closed, parent == nil, visibility == .public
        else { return nil }
        return "\(id): \(draft.text ?? standing.detail.rawValue)"
    }
}

extension Update.Draft {
    /// The text, if it says anything.
    package var text: String? {
        description.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether it says anything at all.
    package var saysAnything: Bool {
        detail != nil || text != nil || !media.isEmpty || !pictures.isEmpty || !addresses.isEmpty
            || changes != Changes()
    }

    /// When it happened, as far as the sender's clock is believed: a later time than in five minutes
    /// counts as that (D16), so that one wrong clock does not outvote all others for ever.
    package func told(believedAt now: Date) -> Date {
        let latest = now.addingTimeInterval(300)
        return Date(timeIntervalSince1970: min(told, latest).timeIntervalSince1970.rounded(.down))
    }

    /// Whether it is about the named report itself even if that was merged into another: who links
    /// reports, or takes them apart, means the one they name.
    package func meansNamedReport(by actor: Event.Actor) -> Bool {
        changes.parent != nil || (actor == .operator && detail == .reopen)
    }

    /// To name the report that this one repeats is to call it a duplicate.
    fileprivate var impliedDetail: Detail? {
        detail ?? (changes.parent == nil ? nil : .duplicate)
    }
}
