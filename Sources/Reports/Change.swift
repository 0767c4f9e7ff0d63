import FoundationEssentials

/// What is told of one event to whoever follows the changes: which report, and what happened to it.
///
/// It is thin: who wants to know more reads the report.
package struct Change: Sendable, Equatable {
    /// Its place in the order of all changes; the next page begins behind it.
    package let cursor: ChangeCursor
    package let event: Event.ID
    package let kind: Event.Kind
    /// Our own time, when it was taken in; not what the changes are ordered by.
    package let recorded: Date
    package let jurisdiction: Jurisdiction.ID
    package let report: Report.ID
    /// The update that it published.
    package let update: Update.ID?
    /// Where the report stood after it; `nil` if the event says nothing about that.
    package let status: Status?
    package let detail: Detail?
    /// Whether those who follow the report are to be told of it.
    package let tells: Update.Tells

    package init(
        cursor: ChangeCursor, event: Event.ID, kind: Event.Kind, recorded: Date,
        jurisdiction: Jurisdiction.ID, report: Report.ID, update: Update.ID? = nil,
        status: Status? = nil, detail: Detail? = nil, tells: Update.Tells = .everybody
    ) {
        self.cursor = cursor
        self.event = event
        self.kind = kind
        self.recorded = recorded
        self.jurisdiction = jurisdiction
        self.report = report
        self.update = update
        self.status = status
        self.detail = detail
        self.tells = tells
    }
}

/// Changes in their order, and where the next ones begin.
package struct ChangePage: Sendable, Equatable {
    package let changes: [Change]
    /// Behind everything that was looked at, also behind what the caller may not see: never before
    /// the cursor that was asked with.
    package let next: ChangeCursor
    /// Whether there was nothing more to look at; a page may be empty without being the last one.
    package let isLast: Bool

    package init(changes: [Change], next: ChangeCursor, isLast: Bool) {
        self.changes = changes
        self.next = next
        self.isLast = isLast
    }
}

/// Which changes somebody may and wants to see.
package struct ChangeFilter: Sendable, Equatable {
    /// `nil` is everywhere, and an empty set nowhere.
    package var jurisdictions: Set<Jurisdiction.ID>?
    package var stage: Stage
    /// Only reports of these services; none asks for all.
    ///
    /// That a report is gone, or was moved to another service, is told whatever is asked: otherwise
    /// who was told of it would never learn.
    package var services: Set<Service.Code>
    /// Only events of these kinds, and `removed` ones; none asks for all.
    package var kinds: Set<Event.Kind>
    package var audience: Audience

    /// For whom the changes are.
    package enum Audience: Sendable {
        case `public`
        /// Is also told that there is a new internal note.
        case staff
    }

    package init(
        jurisdictions: Set<Jurisdiction.ID>?, stage: Stage = .production,
        services: Set<Service.Code> = [], kinds: Set<Event.Kind> = [],
        audience: Audience = .public
    ) {
        self.jurisdictions = jurisdictions
        self.stage = stage
        self.services = services
        self.kinds = kinds
        self.audience = audience
    }
}
