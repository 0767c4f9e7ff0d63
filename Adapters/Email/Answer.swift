import Federation
import FoundationEssentials
import Mail
import Reports

/// What becomes of a mail that came.
enum Answer: Equatable {
    case answer(IncomingUpdate)
    /// It says nothing about a report that anybody would miss.
    case nothing
    case unreadable(String)

    private static let mostPictures = 10
    /// A PNG of fewer bytes is a signature's, and no photo.
    private static let smallestDrawing = 10_000

    /// Judges a mail; `place` is where it lies, `digest` stands in for an id that is missing.
    init(
        to thread: MailThread, _ mail: IncomingMail, place: String, digest: String, now: Date
    ) {
        if let bounce = mail.bounce {
            self = Self.judge(bounce, thread)
            return
        }
        let settings = thread.settings
        if mail.from.contains(where: { $0.isAlike(settings.from) || $0.isAlike(settings.replies) })
        {
            self = .unreadable("a mail of our own came back")
            return
        }
        guard !mail.isReturned else {
            self = .unreadable(
                thread.belonging(of: mail).map { "\($0.report): the mail did not arrive" }
                    ?? "a mail did not arrive")
            return
        }
        // Nobody wrote it, so nobody is answered either; what it tells of numbers is found later.
        guard !mail.isAutomatic, !mail.isBulk, !mail.isAway else {
            self = .nothing
            return
        }
        guard let belonging = thread.belonging(of: mail) else {
            self = .unreadable("a mail about no report of ours")
            return
        }
        let isListed = mail.from.first.map(settings.lists) ?? false
        guard belonging.isProven || isListed else {
            self = .unreadable(
                "\(belonging.report): a mail of somebody who is not listed, without a token")
            return
        }
        self = Self.update(
            mail, belonging.report, decides: belonging.isProven && isListed, place: place,
            digest: digest, now: now)
    }

    private static func update(
        _ mail: IncomingMail, _ report: Report.ID, decides: Bool, place: String, digest: String,
        now: Date
    ) -> Answer {
        let said = AnswerText(reading: mail.text)
        let id = mail.id.flatMap { $0.utf8.count <= 200 ? $0 : nil } ?? "sha256.\(digest)"
        let pictures = mail.pictures.indices.filter { isPhoto(mail.pictures[$0]) }
            .prefix(mostPictures)
        var update = IncomingUpdate(
            id: id, report: "\(report)", told: min(mail.date ?? now, now))
        update.status = decides ? said.status : nil
        update.description = decides ? said.text : said.whole
        update.media = pictures.map { PeerPicture.named("\(place).\($0) \(id)") }
        guard update.status != nil || update.description != nil || !update.media.isEmpty else {
            return .nothing
        }
        return .answer(update)
    }

    private static func isPhoto(_ file: MailFile) -> Bool {
        switch file.type {
        case "image/jpeg", "image/webp", "image/jpg": true
        case "image/png": file.bytes.count >= smallestDrawing
        default: false
        }
    }

    /// A mail of ours that did not arrive is told to the operator, without anybody's address.
    private static func judge(_ bounce: IncomingMail.Bounce, _ thread: MailThread) -> Answer {
        guard bounce.action ?? "failed" == "failed" else { return .nothing }
        let report = bounce.original.flatMap(thread.report(named:))
        guard let report else { return .unreadable("a mail that is none of ours did not arrive") }
        let hiding = Redaction(hiding: thread.settings.secrets)
        let why = [bounce.status, bounce.diagnosis].compactMap { $0 }.joined(separator: ": ")
        return .unreadable("\(report): the mail did not arrive: \(hiding.text(why, most: 200))")
    }
}

extension IncomingMail {
    /// Whether a server says, in an old way without fields, that it could not deliver.
    fileprivate var isReturned: Bool {
        header("X-Failed-Recipients") != nil
            || from.contains { $0.local.lowercased() == "mailer-daemon" }
    }

    /// Whether its subject says what no header does.
    fileprivate var isAway: Bool {
        let words = AnswerText.folded(subject)
        return [
            "automatic reply", "out of office", "autoreply", "автоматичен отговор",
            "pergjigje automatike", "automatski odgovor", "аутоматски одговор",
        ].contains { words.hasPrefix($0) }
    }
}
