import FoundationEssentials
import Reports

/// What becomes of one thing that a peer told.
package enum Arrival: Sendable, Equatable {
    /// It is a report that we did not have.
    case taken(Taking)
    /// It changes a report, or adds to it.
    case applied(Change)
    /// It would change the status, which is not the peer's to decide: staff read it, and what it
    /// says beside that is added.
    case proposed(Change, proposal: String)
    /// The peer does not handle the report: it goes on, or to triage.
    case handedBack(Change)
    /// We told it ourselves.
    case echo
    /// We have it already, by another way; perhaps a report of ours is the peer's ticket.
    case known(Report.ID?)
    /// It came before under the same id with other words; the first ones count, and that is noted.
    case contradicted
    /// Nothing explains it: it is kept, and shown to people.
    case quarantined(String)
    /// It cannot be taken, now or ever.
    case ignored(String)
    /// It came before, word for word, or is no concern of ours: nothing is noted.
    case passed

    /// What is made of a peer's report.
    package struct Taking: Sendable, Equatable {
        package let jurisdiction: Jurisdiction.ID
        package let service: Service.Code
        package let detail: Detail
        package let answers: [Answer]
        /// No later than five minutes from now (D16).
        package let requested: Date
        package let updated: Date
        /// What is odd about it, for people.
        package let remark: String?
    }

    /// What a peer's word changes.
    package struct Change: Sendable, Equatable {
        /// `nil` leaves the status.
        package var detail: Detail?
        package var text: String?
        package var media: [String] = []
        package var pictures: [StoredPicture] = []
        package var told: Date
        package var externalStatus: String?
        package var customerReference: String?
        package var agency: String?
        package var expected: Date?
        /// Whether those who follow the report are told.
        package var tells = Update.Tells.everybody

        package init(told: Date) {
            self.told = told
        }

        /// Whether it says nothing at all.
        package var isEmpty: Bool {
            detail == nil && text == nil && media.isEmpty && pictures.isEmpty && agency == nil
                && expected == nil
        }
    }
}

/// What we know of a thing that a peer told, as far as judging it needs.
package struct Knowledge: Sendable, Equatable {
    /// What we are called.
    package let node: Authority
    package let now: Date
    /// The report whose ticket it names.
    package var report: Held?
    /// What came under the same id before.
    package var earlier: Earlier
    /// What holds the same origin, or is the peer's ticket by another name.
    package var origin: Report.ID?
    /// Which of it we told the peer.
    package var echoed: Set<Echoed>
    /// How often peers changed the report's status within the last hour.
    package var changes: Int

    package enum Earlier: Sendable, Equatable {
        case nothing
        case same
        /// The id is the same, and what it said first was something else.
        case other
    }

    package enum Echoed: Sendable {
        case text, status
    }

    /// A report of ours that the peer has a ticket for.
    package struct Held: Sendable, Equatable {
        package let id: Report.ID
        package let detail: Detail
        package let statusNotes: String?
        package let agency: String?
        package let expected: Date?
        /// What the peer's word on the status counts.
        package let voice: Voice
        /// In which languages we tell the public, the preferred one first.
        package let languages: [Language]
        /// The word for the status that we saw last at the peer, and when.
        package let seen: Seen?

        package enum Voice: Sendable {
            /// It handles the report.
            case handles
            /// It gave us the report, which somebody else handles.
            case gave
            case proposes
        }

        package struct Seen: Sendable, Equatable {
            package let status: Mapping.StatusWord
            package let time: Date

            package init(status: Mapping.StatusWord, time: Date) {
                self.status = status
                self.time = time
            }
        }

        package init(
            id: Report.ID, detail: Detail, statusNotes: String? = nil, agency: String? = nil,
            expected: Date? = nil, voice: Voice, languages: [Language] = [], seen: Seen? = nil
        ) {
            self.id = id
            self.detail = detail
            self.statusNotes = statusNotes
            self.agency = agency
            self.expected = expected
            self.voice = voice
            self.languages = languages
            self.seen = seen
        }
    }

    package init(
        node: Authority, now: Date, report: Held? = nil, earlier: Earlier = .nothing,
        origin: Report.ID? = nil, echoed: Set<Echoed> = [], changes: Int = 0
    ) {
        self.node = node
        self.now = now
        self.report = report
        self.earlier = earlier
        self.origin = origin
        self.echoed = echoed
        self.changes = changes
    }

    /// More changes of one report's status in an hour than this are two systems that contradict
    /// each other: they are told to people and to nobody else (peers.md 5.3).
    package static let mostChanges = 6

    /// The latest time that is believed (D16).
    var latest: Date { now.addingTimeInterval(300) }
}

extension Provenance {
    /// Why something that came this way is not taken; `nil` if it is.
    var excess: String? {
        path.count > Self.mostHops ? "it has passed \(path.count) systems" : nil
    }
}

extension Peer {
    /// Ids that no table holds, and texts that none may.
    func oddity(ids: [String], texts: [String?]) -> String? {
        if ids.contains(where: \.isEmpty) { return "it has no id" }
        if ids.contains(where: { $0.utf8.count > 255 }) { return "its id is too long" }
        let texts = ids.map(Optional.init) + texts
        return texts.contains { $0?.utf8.contains(0) == true } ? "it holds U+0000" : nil
    }
}
