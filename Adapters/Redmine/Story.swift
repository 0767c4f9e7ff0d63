import Federation
import FoundationEssentials
import Reports

/// What the history of a ticket tells the public: dated changes, in order.
///
/// Notes that staff write for each other stay there, and so does what is said while the ticket is
/// private; of that nothing is told but that it is `gone`.
struct Story {
    let issue: Issue
    /// The names of statuses by their numbers, of which the history speaks.
    let statuses: [Int: String]
    /// The number of our account.
    let account: Int
    /// Our id of the report, if the ticket bears one.
    let report: String?
    let clock: PeerClock
    private(set) var items: [Incoming] = []
    private(set) var unreadable: [String] = []

    /// Where the ticket stands as the history goes on.
    private var status: String
    /// Whether staff took from public sight what was public.
    private var isHidden = false

    /// What becomes of a whole ticket, told as a word for its status (Decision 0017).
    enum Word {
        static let merged = "merged"
        static let moved = "moved"
        static let gone = "gone"
        /// A picture that was public is not there any more: a mapping that does not know the word
        /// has people see to it.
        static let withdrawn = "picture withdrawn"
    }

    init(
        of issue: Issue, statuses: [Int: String], account: Int, report: String?, clock: PeerClock
    ) {
        self.issue = issue
        self.statuses = statuses
        self.account = account
        self.report = report
        self.clock = clock
        status = Self.initial(of: issue, statuses) ?? Self.name(of: issue.status)
        if report == nil { addReport() }
        let journals = (issue.journals ?? []).sorted { $0.id < $1.id }
        for journal in journals { read(journal) }
    }

    /// The status that it began with.
    private static func initial(of issue: Issue, _ statuses: [Int: String]) -> String? {
        let changes = (issue.journals ?? []).sorted { $0.id < $1.id }.flatMap { $0.details ?? [] }
        let first = changes.first { $0.property == "attr" && $0.name == "status_id" }
        return first?.old.map { name($0, statuses) }
    }

    /// Whether it was private from the beginning: then that it is private is no change.
    private var wasPrivate: Bool {
        let changes = (issue.journals ?? []).sorted { $0.id < $1.id }.flatMap { $0.details ?? [] }
        let first = changes.first { $0.property == "attr" && $0.name == "is_private" }
        return first.map { $0.old == "1" } ?? (issue.isPrivate == true)
    }

    private static func name(of status: Issue.Named) -> String {
        status.name ?? "status \(status.id)"
    }

    private static func name(_ number: String, _ statuses: [Int: String]) -> String {
        Int(number).flatMap { statuses[$0] } ?? "status \(number)"
    }
}

extension Story {
    private mutating func read(_ journal: Issue.Journal) {
        guard journal.isPrivate != true else { return }
        guard let time = Issue.time(journal.created) else {
            unreadable.append("entry \(journal.id) of ticket \(issue.id) has no time")
            return
        }
        let told = clock.ours(time)
        let changes = Changes(in: journal)
        if let number = changes.status { status = Self.name(number, statuses) }
        if let hides = changes.hides, !wasPrivate {
            isHidden = hides
            add(hides ? Word.gone : status, "\(journal.id)-\(hides ? "gone" : "back")", told)
        }
        guard !isHidden else { return }
        addUpdate(of: journal, changes, told)
        addWords(of: journal, changes, told)
    }

    /// What was said and done, unless it is what we told ourselves.
    private mutating func addUpdate(of journal: Issue.Journal, _ changes: Changes, _ told: Date) {
        var notes = (journal.notes ?? "").trimmed
        if journal.user?.id == account, let mark = OwnMark(endOf: notes) {
            guard mark.report != (report ?? "-") else { return }
            // Our word on another ticket, which Redmine copied to this one.
            notes = OwnMark.removed(from: notes)
        }
        var update = IncomingUpdate(
            id: "\(journal.id)", report: "\(issue.id)",
            status: changes.status.map { Self.name($0, statuses) }, told: told)
        if !notes.isEmpty { update.description = notes }
        // A file alone may be meant for staff: Redmine has no way to say so.
        if !notes.isEmpty || update.status != nil { update.media = pictures(changes.added) }
        guard update.description != nil || update.status != nil || !update.media.isEmpty else {
            return
        }
        items.append(.update(update))
    }

    /// What became of the whole ticket.
    private mutating func addWords(of journal: Issue.Journal, _ changes: Changes, _ told: Date) {
        if changes.moves { add(Word.moved, "\(journal.id)-moved", told) }
        switch changes.duplicates {
        case true?: add(Word.merged, "\(journal.id)-merged", told)
        case false?: add(status, "\(journal.id)-back", told)
        case nil: break
        }
        if changes.removesPicture { add(Word.withdrawn, "\(journal.id)-withdrawn", told) }
    }

    private mutating func add(_ word: String, _ id: String, _ told: Date) {
        items.append(
            .update(IncomingUpdate(id: id, report: "\(issue.id)", status: word, told: told)))
    }

    /// The pictures among these attachments that are still there and are not ours.
    private func pictures(_ numbers: Set<Int>) -> [String] {
        (issue.attachments ?? []).filter { attachment in
            numbers.contains(attachment.id) && attachment.isPicture
                && !Enclosures.Upload.isOurs(attachment, account: account)
        }.map { PeerPicture.named("\($0.id)") }
    }
}

extension Story {
    /// A ticket that others made, as it was when it began: what came later is told by its history.
    private mutating func addReport() {
        guard !wasPrivate else { return }
        guard let created = Issue.time(issue.created), let updated = Issue.time(issue.updated)
        else {
            unreadable.append("ticket \(issue.id) has no time")
            return
        }
        let later = (issue.journals ?? []).reduce(into: Set<Int>()) { numbers, journal in
            numbers.formUnion(Changes(in: journal).added)
        }
        let first = Set((issue.attachments ?? []).map(\.id)).subtracting(later)
        items.append(
            .report(
                IncomingReport(
                    id: "\(issue.id)", status: status, title: issue.subject,
                    description: issue.description, media: pictures(first),
                    requested: clock.ours(created), updated: clock.ours(updated))))
    }

    /// Adds what stands in custom fields to the report that was told.
    mutating func addFields(_ fields: RedmineSettings.Fields) {
        guard case .report(var told)? = items.first else { return }
        told.service = issue.value(of: fields.service)
        told.place = Place(
            coordinate: issue.coordinate(by: fields), address: issue.value(of: fields.address),
            addressID: nil)
        let known = Set(fields.named.map(\.number))
        told.answers = (issue.fields ?? []).filter { !known.contains($0.id) }.compactMap { field in
            let values = field.values.filter { !$0.isEmpty }
            return values.isEmpty ? nil : PeerAnswer(code: "\(field.id)", values: values)
        }
        items[0] = .report(told)
    }
}

/// What one entry of a history changed, as far as it concerns us.
private struct Changes {
    /// The number of the new status.
    private(set) var status: String?
    /// Whether it took the ticket from public sight, or brought it back.
    private(set) var hides: Bool?
    private(set) var moves = false
    /// Whether the ticket became a duplicate of another one, or is none any more.
    private(set) var duplicates: Bool?
    /// Attachments that came with it.
    private(set) var added: Set<Int> = []
    private(set) var removesPicture = false

    init(in journal: Issue.Journal) {
        for change in journal.details ?? [] { read(change) }
    }

    private mutating func read(_ change: Issue.Change) {
        switch (change.property, change.name) {
        case ("attr", "status_id"): status = change.new
        case ("attr", "is_private"): hides = change.new == "1"
        case ("attr", "project_id"): moves = true
        case ("relation", "duplicates"): duplicates = change.new != nil
        case ("attachment", let number):
            if change.new != nil {
                if let number = Int(number) { added.insert(number) }
            } else if Issue.Attachment.namesPicture(change.old ?? "") {
                removesPicture = true
            }
        default: break
        }
    }
}

extension Issue {
    /// Where it is, if its fields hold two plain numbers.
    fileprivate func coordinate(by fields: RedmineSettings.Fields) -> Coordinate? {
        guard let latitude = value(of: fields.latitude).flatMap(Self.degrees),
            let longitude = value(of: fields.longitude).flatMap(Self.degrees)
        else { return nil }
        return Coordinate(latitude: latitude, longitude: longitude)
    }

    private static func degrees(_ text: String) -> Double? {
        guard text.utf8.count <= 32, text.allSatisfy({ "+-.0123456789".contains($0) }) else {
            return nil
        }
        return Double(text)
    }
}
