import ArgumentParser
import CaseStore
import Foundation
import Reports

/// `viaduct audit` (A11, P11).
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract:
            "Tells who saw, changed or took away personal data, and whether that log is whole.",
        discussion: "Example: viaduct audit who-saw sofia-7F3K2M9Q",
        subcommands: [AuditWhoSawCommand.self, AuditExportedCommand.self, AuditVerifyCommand.self])
}

/// What the commands about the audit log share.
protocol AuditListCommand: ViaductCommand {
    var listing: AuditListing { get }
}

/// Their options.
struct AuditListing: ParsableArguments {
    @OptionGroup var options: SettingsOptions
    @Option(help: "At most so many, the newest.")
    var limit = 10_000
    @Flag(help: "As JSON, for programs.")
    var json = false
}

extension AuditListCommand {
    /// Shows the entries that the filter asks for, the newest first.
    func show(_ filter: AuditFilter, none: String) async throws {
        var filter = filter
        filter.limit = min(max(listing.limit, 1), 1_000_000)
        let settings = try await listing.options.read()
        let (lines, unjudged) = try await Deployment.with(settings) { [filter] deployment in
            let store = deployment.store
            try await store.migrate()
            if filter.sought != nil { try await deployment.unlock() }
            let lines = try await store.entries(filter).map(AuditLine.init)
            return (lines, filter.sought == nil ? [:] : try await store.unjudged(filter))
        }
        if let note = Self.note(of: unjudged) { Terminal.note(note) }
        guard !listing.json else { return Terminal.print(try AuditLine.json(lines)) }
        guard !lines.isEmpty else { return Terminal.note(none) }
        Terminal.print(AuditLine.table(lines))
    }

    /// What must be known of a search for which keys were missing; `nil` if none was.
    private static func note(of unjudged: [String: Int]) -> String? {
        guard !unjudged.isEmpty else { return nil }
        let count = unjudged.values.reduce(0, +)
        let ids = unjudged.keys.sorted().joined(separator: ", ")
        return """
            Not judged: \(count) of the exports since then, which were written down with older data \
            keys (\(ids)). Write those below the current one in a copy of the file with the data keys, \
            and run this again with VIADUCT_PRIVACY_KEYS_FILE=COPY.
            """
    }
}

/// `viaduct audit who-saw`.
struct AuditWhoSawCommand: AuditListCommand {
    static let configuration = CommandConfiguration(
        commandName: "who-saw",
        abstract:
            "Lists who was shown a report's personal data, internal notes, or an export of it.",
        discussion: """
            Also of each answer that held many reports. Which peers got it tells `viaduct deliveries \
            --report`.

            Example: viaduct audit who-saw sofia-7F3K2M9Q
            """)

    @OptionGroup var listing: AuditListing
    @Argument(help: "The report's id.")
    var report: String

    func perform() async throws {
        guard let id = Report.ID(rawValue: report) else {
            throw CommandError(.usage, "\(report) is no report's id.")
        }
        var filter = AuditFilter()
        filter.report = id
        filter.actions = AuditEntry.Action.seeing
        try await show(filter, none: "Nobody was shown more of \(id) than the public.")
    }
}

/// `viaduct audit exported`.
struct AuditExportedCommand: AuditListCommand {
    static let configuration = CommandConfiguration(
        commandName: "exported",
        abstract: "Lists what personal data was written out or copied since a time, and by whom.",
        discussion: """
            Exports of persons (`viaduct person export`), and backups (`viaduct backup`). With --email
            or --phone only exports of this person; that needs the data keys.

            Example: viaduct audit exported --since 72h
            Example: viaduct audit exported --since 2026-11-01T08:00:00Z
            """)

    @OptionGroup var listing: AuditListing
    @Option(
        help:
            "A time such as 2026-11-01T08:00:00Z, a day such as 2026-11-01, or how long ago: 72h, 30d."
    )
    var since: String
    @Option(help: "Only where whoever has this e-mail address was looked for.")
    var email: String?
    @Option(help: "Only where whoever has this telephone number was looked for.")
    var phone: String?

    func perform() async throws {
        guard let start = Self.time(since, now: Date()) else {
            throw CommandError(
                .usage, "--since needs 2026-11-01T08:00:00Z, 2026-11-01, 72h or 30d.")
        }
        var filter = AuditFilter()
        filter.actions = AuditEntry.Action.taking
        filter.since = start
        let since = "since \(start.formatted(.iso8601))"
        guard email != nil || phone != nil else {
            return try await show(filter, none: "Nothing was written out or copied \(since).")
        }
        guard let sought = Sought(email: email, phone: phone) else {
            throw CommandError(
                .usage, "--email needs an address such as ann@example.org, --phone a number.")
        }
        filter.sought = sought
        try await show(
            filter,
            none:
                "No export of whoever has this address or number was found \(since). Backups hold "
                + "everybody; without --email and --phone all is listed.")
    }

    /// The time that a text means; `nil` if it means none.
    static func time(_ text: String, now: Date) -> Date? {
        if let ago = Duration(reading: text), ago > .zero {
            return now.addingTimeInterval(-Double(ago.components.seconds))
        }
        if let time = try? Date(text, strategy: .iso8601) { return time }
        return try? Date(text, strategy: .iso8601.year().month().day())
    }
}

/// `viaduct audit verify`.
struct AuditVerifyCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Looks whether any entry of the audit log was changed or taken away.",
        discussion: """
            Each entry holds a hash over itself and the one before it. The command names the first \
            that is wrong or missing; the exit code is 0 if all is whole, else 1. At the end it shows \
            a mark: noted elsewhere, it shows a later --mark whether the whole log was written anew. \
            After a restore to an earlier time, marks of later are missing.

            Example: viaduct audit verify
            """)

    @OptionGroup var options: SettingsOptions
    @Option(help: "A mark that was noted, NUMBER:HASH; repeat for several.")
    var mark: [AuditMark] = []
    @Flag(help: "As JSON, for programs.")
    var json = false

    func perform() async throws {
        let settings = try await options.read()
        let verdict = try await Deployment.with(settings) { [mark] deployment in
            try await deployment.store.migrate()
            return try await deployment.store.verifyAudit(.whole, marks: mark)
        }
        if json {
            Terminal.print(json: Verdict(verdict))
        } else if let flaw = verdict.flaw {
            Terminal.print(
                "broken: \(flaw.sentence); \(verdict.checked) entries were looked at")
        } else {
            Terminal.print("whole: \(verdict.checked) entries")
            if verdict.end.number > 0 { Terminal.print("mark: \(verdict.end)") }
        }
        guard verdict.flaw == nil else { throw ExitCode(CommandError.Exit.found.rawValue) }
    }

    /// What was found, as JSON.
    private struct Verdict: Encodable {
        let isWhole: Bool
        let checked: Int
        let mark: String?
        /// The first entry that is wrong, and how.
        let broken: Int?
        let flaw: String?

        init(_ verdict: AuditVerdict) {
            isWhole = verdict.flaw == nil
            checked = verdict.checked
            mark = verdict.end.number > 0 ? "\(verdict.end)" : nil
            broken = verdict.flaw?.number
            flaw = verdict.flaw?.word
        }

        private enum CodingKeys: String, CodingKey {
            case checked, mark, broken, flaw
            case isWhole = "whole"
        }
    }
}

extension AuditMark: ExpressibleByArgument {
    /// As `description` writes it.
    package init?(argument: String) {
        self.init(parsing: argument)
    }
}
