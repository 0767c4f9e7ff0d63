import Federation
import Mail
import Reports

/// How mails are known to be about one report: by ids, an address and a tag that we gave them.
///
/// A Message-ID of ours is `report.digest.code@host`, its digest made of the message's key, so that
/// each try has the same one; `report.code@host` is the beginning of the thread, which no mail has
/// itself. An answer's address is `local+report.code@host`. Codes are of 80 bits.
struct MailThread {
    let settings: EmailSettings

    /// Whose answer a mail is, and how surely.
    struct Belonging: Equatable {
        var report: Report.ID
        /// Whether the mail holds something that only an addressee of ours can know.
        var isProven: Bool
    }

    /// The Message-ID of a message.
    func id(of message: Message, about report: Report.ID) -> String {
        let name = "\(report).\(TokenKey.digest(of: message.key))"
        return "\(name).\(code(of: name, for: "message"))@\(settings.from.host)"
    }

    /// What all mails about a report refer to.
    func root(of report: Report.ID) -> String {
        "\(report).\(code(of: "\(report)", for: "thread"))@\(settings.from.host)"
    }

    /// Where answers about a report go; without its token if that makes an address too long.
    func replies(about report: Report.ID) -> Mailbox {
        let own = settings.replies
        let token = "\(report).\(code(of: "\(report)", for: "reply"))"
        return Mailbox("\(own.local)+\(token)@\(own.host)") ?? own
    }

    /// What stands in subjects.
    static func tag(_ report: Report.ID) -> String { "[\(report)]" }

    /// Whose answer this is: by its address, then by what it refers to, then by its subject.
    func belonging(of mail: IncomingMail) -> Belonging? {
        let tokens = mail.recipients.lazy.compactMap(report(addressed:))
        if let report = tokens.first { return Belonging(report: report, isProven: true) }
        let ids = (mail.inReplyTo + mail.references.reversed()).lazy.compactMap(report(named:))
        if let report = ids.first { return Belonging(report: report, isProven: true) }
        guard let report = Self.report(tagged: mail.subject) else { return nil }
        return Belonging(report: report, isProven: false)
    }

    /// The report of an address that we gave somebody.
    func report(addressed mailbox: Mailbox) -> Report.ID? {
        let prefix = settings.replies.local.lowercased() + "+"
        guard mailbox.host == settings.replies.host,
            mailbox.local.lowercased().hasPrefix(prefix)
        else { return nil }
        return report(mailbox.local.dropFirst(prefix.count), for: "reply")
    }

    /// The report of an id that we gave a mail or a thread.
    func report(named id: String) -> Report.ID? {
        let halves = id.split(separator: "@", omittingEmptySubsequences: false)
        guard halves.count == 2, halves[1].lowercased() == settings.from.host else { return nil }
        let parts = halves[0].split(separator: ".")
        guard parts.count == 3 else { return report(halves[0], for: "thread") }
        let name = "\(parts[0]).\(parts[1])"
        guard isCode(parts[2], of: name, for: "message") else { return nil }
        return Report.ID(rawValue: String(parts[0]))
    }

    private func report(_ token: Substring, for purpose: String) -> Report.ID? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let report = Report.ID(rawValue: String(parts[0])),
            isCode(parts[1], of: "\(report)", for: purpose)
        else { return nil }
        return report
    }

    /// The first tag that can be a report's: a number behind `#` is somebody else's.
    static func report(tagged subject: String) -> Report.ID? {
        for part in subject.split(separator: "[").dropFirst(subject.hasPrefix("[") ? 0 : 1) {
            guard let end = part.firstIndex(of: "]"), part[..<end].contains("-") else { continue }
            if let report = Report.ID(rawValue: String(part[..<end])) { return report }
        }
        return nil
    }

    /// The number that a ticket system writes into subjects, as it writes it: `[rt.example #8]`.
    static func number(in subject: String) -> String? {
        subject.firstMatch(of: #/\[[^\[\]]{0,60}#\s?[0-9]{1,20}\]/#).map { String($0.output) }
    }

    // Codes of one peer say nothing to another.
    private func code(of name: String, for purpose: String) -> String {
        settings.key.code(of: "\(settings.peer).\(name)", for: purpose)
    }

    private func isCode(_ code: Substring, of name: String, for purpose: String) -> Bool {
        settings.key.isCode(code, of: "\(settings.peer).\(name)", for: purpose)
    }
}
