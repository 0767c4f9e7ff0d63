import Reports

/// What we write below a note, so that it is known again: `[sofia-7F3K2M9Q/u-7F3K2M9QTX5B]`.
///
/// By this, and by our account as its author, a note of ours is no news when it comes back. The report
/// stands in it because closing a ticket copies its note to those that are its duplicates.
struct OwnMark: Equatable {
    let report: String
    let update: String

    init(_ update: Update.ID, of report: Report.ID?) {
        self.report = report?.rawValue ?? "-"
        self.update = update.rawValue
    }

    var text: String { "[\(report)/\(update)]" }

    /// The mark at the end of a note; `nil` if there is none.
    init?(endOf note: String) {
        guard let line = Self.lastLine(of: note), line.hasPrefix("["), line.hasSuffix("]") else {
            return nil
        }
        let parts = line.dropFirst().dropLast()
            .split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty,
            let update = Update.ID(rawValue: String(parts[1]))
        else { return nil }
        report = String(parts[0])
        self.update = update.rawValue
    }

    /// A note with the mark below it.
    func written(below note: String) -> String {
        note.isEmpty ? text : note + "\n\n" + text
    }

    /// A note without the mark at its end.
    static func removed(from note: String) -> String {
        guard OwnMark(endOf: note) != nil, let line = lastLine(of: note) else { return note }
        return String(note.trimmed.dropLast(line.count)).trimmed
    }

    private static func lastLine(of note: String) -> String? {
        note.split(whereSeparator: \.isNewline).map { String($0).trimmed }.last { !$0.isEmpty }
    }
}

extension String {
    /// Without blanks and line ends around it.
    var trimmed: String {
        let start = drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
}
