import Federation
import FoundationEssentials

/// Conditions in RT's language of searches (TicketSQL, TransactionSQL), with values that cannot end
/// their quotes.
package enum SearchQuery {
    /// A value between quotes: a backslash takes the meaning from what follows it.
    static func quoted(_ value: String) -> String {
        let written = value.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return "'\(written)'"
    }

    static func field(_ name: String, is value: String) -> String {
        "CF.{\(name)} = \(quoted(value))"
    }

    /// Tickets of this subject that were opened since then, in whatever queue.
    static func subject(_ subject: String, since time: Date) -> String {
        "Subject = \(quoted(subject)) AND Created >= \(Self.time(time))"
    }

    /// Whether a name of a custom field may stand in a query: there, no sign takes the meaning from
    /// a brace or a quote.
    package static func isFieldName(_ name: String) -> Bool {
        !name.isEmpty && !name.contains { "{}'\"\\".contains($0) || $0.isNewline }
    }

    /// A time as a search wants it: in the account's zone, which must be UTC, to the second. A zone
    /// written behind it is ignored, and a time that RT cannot read finds everything.
    static func time(_ time: Date) -> String {
        quoted(String(time.formatted(.iso8601.dateTimeSeparator(.space)).prefix(19)))
    }

    /// What staff do with the queue's tickets that is told to others, within a time. Each kind can be
    /// seen by whoever sees the ticket: what may not be seen is left out of a page unsaid, and then a
    /// short page would not be the last.
    static func changes(in queue: String, from: Date, to: Date?) -> String {
        "TicketQueue = \(quoted(queue)) AND \(created(from, to)) AND (Type = 'Correspond' OR "
            + "Type = 'Status' OR (Type = 'AddLink' AND Field = 'MergedInto'))"
    }

    /// Tickets that left the queue of this number within a time; the list of the queue has them no
    /// more.
    static func departures(from queue: String, from: Date, to: Date?) -> String {
        "Type = 'Set' AND Field = 'Queue' AND OldValue = \(quoted(queue)) AND "
            + created(from, to)
    }

    private static func created(_ from: Date, _ to: Date?) -> String {
        let end = to.map { " AND Created <= \(time($0))" } ?? ""
        return "Created >= \(time(from))\(end)"
    }
}
