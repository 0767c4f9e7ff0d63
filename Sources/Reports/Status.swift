/// GeoReport's two states of a report (GR-8.3).
package enum Status: String, Sendable, CaseIterable {
    case open
    case closed
}

/// What lies behind open and closed: the closed vocabulary that peers and FixMyStreet share (GR-13.3).
package enum Detail: String, Sendable, CaseIterable {
    case open = "OPEN"
    case investigating = "INVESTIGATING"
    case forTriage = "FOR_TRIAGE"
    case planned = "PLANNED"
    case actionScheduled = "ACTION_SCHEDULED"
    case inProgress = "IN_PROGRESS"
    case internalReferral = "INTERNAL_REFERRAL"
    case reopen = "REOPEN"
    case fixed = "FIXED"
    case closed = "CLOSED"
    case duplicate = "DUPLICATE"
    case notCouncilsResponsibility = "NOT_COUNCILS_RESPONSIBILITY"
    case noFurtherAction = "NO_FURTHER_ACTION"
    case cancelled = "CANCELLED"

    /// The detail whose raw value this is, in UTF-8: no `String` is made to find it.
    package init?(rawValue text: UnsafeRawBufferPointer) {
        let word = Self.words.first { $0.bytes.count == text.count && $0.bytes.elementsEqual(text) }
        guard let word else { return nil }
        self = word.detail
    }

    private static let words = allCases.map { (bytes: Array($0.rawValue.utf8), detail: $0) }

    /// Reads a detail in any case, with `_`, `-` or a blank between its words.
    package init?(reading text: String) {
        let upper = text.uppercased().map { $0 == "-" || $0 == " " ? "_" : $0 }
        self.init(rawValue: String(upper))
    }

    /// Whether GeoReport calls this open or closed.
    package var status: Status {
        switch self {
        case .open, .investigating, .forTriage, .planned, .actionScheduled, .inProgress,
            .internalReferral, .reopen:
            .open
        case .fixed, .closed, .duplicate, .notCouncilsResponsibility, .noFurtherAction, .cancelled:
            .closed
        }
    }
}
