import FoundationEssentials
import Reports

/// Where a report or an update began and whom it has passed, as a peer is shown it (GR-18.5).
package struct ShownProvenance: Sendable, Equatable {
    /// The authority that was told first.
    package var origin: String
    /// Its own id of it.
    package var originID: String
    /// The authorities it has passed, the origin first and this server last.
    package var path: [String]
    /// Of an update, what it told there; `nil` of a report.
    package var word: Word?

    /// What an update tells, beside the state of its report that everybody is shown.
    package struct Word: Sendable, Equatable {
        /// When it counts between changes of a status.
        package var told: Date
        /// The status that it told; `nil` if it left it.
        package var detail: Detail?

        package init(told: Date, detail: Detail?) {
            self.told = told
            self.detail = detail
        }
    }

    package init(origin: String, originID: String, path: [String], word: Word? = nil) {
        self.origin = origin
        self.originID = originID
        self.path = path
        self.word = word
    }
}

extension Sink {
    /// The members that tell a provenance.
    mutating func provenance(_ provenance: ShownProvenance) {
        text("origin", provenance.origin)
        text("origin_id", provenance.originID)
        beginList("path", as: .member)
        for authority in provenance.path { item("authority", authority) }
        endList()
        guard let word = provenance.word else { return }
        time("told", word.told)
        if let detail = word.detail { text("told_status", detail.rawValue) }
    }
}
