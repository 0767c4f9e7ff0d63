import Federation
import FoundationEssentials
import Mail
import Reports

/// A message of ours as a mail.
struct Letter {
    let settings: EmailSettings
    private let thread: MailThread

    init(_ settings: EmailSettings) {
        self.settings = settings
        thread = MailThread(settings: settings)
    }

    /// A picture that a message names: the file, or only its address.
    struct Picture {
        let address: String
        let file: OutgoingPicture?
    }

    /// The mail of a report.
    func mail(
        of report: OutgoingReport, in message: Message, to: Mailbox, showing pictures: [Picture],
        now: Date
    ) -> OutgoingMail {
        var mail = mail(
            about: report.id, in: message, to: to,
            subject: "\(MailThread.tag(report.id)) \(subject(of: report))", now: now)
        let room = settings.mostBytes - Self.envelope
        let (files, rest) = Self.fitting(pictures, into: room - 3 * report.text().utf8.count)
        mail.files = files
        mail.text = Templates.text(
            .report, in: settings.language, values(of: report, linking: rest, now: now))
        return mail
    }

    /// The mail of what is new about a report; `number` is the ticket system's own.
    func mail(
        of update: OutgoingUpdate, about report: Report.ID, in message: Message, to: Mailbox,
        number: String?, showing pictures: [Picture], now: Date
    ) -> OutgoingMail {
        let subject = [number, MailThread.tag(report), settings.language.news]
        var mail = mail(
            about: report, in: message, to: to,
            subject: subject.compactMap { $0 }.joined(separator: " "), now: now)
        mail.inReplyTo = thread.root(of: report)
        let room = settings.mostBytes - Self.envelope
        let (files, rest) = Self.fitting(pictures, into: room - 3 * update.text().utf8.count)
        mail.files = files
        var values: [String: Any] = [
            "id": "\(report)", "time": time(update.told), "pictures": rest,
        ]
        values["description"] = update.description
        values["status"] = update.status.map { _ in settings.language.name(of: update.detail) }
        values["contact"] = Self.person(update.author)
        mail.text = Templates.text(.update, in: settings.language, values)
        return mail
    }

    /// What is alike in all our mails.
    private func mail(
        about report: Report.ID, in message: Message, to: Mailbox, subject: String, now: Date
    ) -> OutgoingMail {
        OutgoingMail(
            from: settings.from, to: to, replyTo: thread.replies(about: report), subject: subject,
            id: thread.id(of: message, about: report), references: [thread.root(of: report)],
            date: now,
            headers: [
                MailHeader("Auto-Submitted", "auto-generated"),
                MailHeader("X-Auto-Response-Suppress", "OOF"),
                MailHeader("X-Open311-Request-Id", "\(report)"),
            ], text: "")
    }

    private func subject(of report: OutgoingReport) -> String {
        let kind = report.serviceName ?? ""
        let text = report.subject(most: 120)
        return kind.isEmpty || kind == text ? text : "\(kind): \(text)"
    }

    private func values(
        of report: OutgoingReport, linking pictures: [String], now: Date
    ) -> [String: Any] {
        var values: [String: Any] = [
            "id": "\(report.id)", "service": report.serviceName ?? report.service,
            "time": time(report.requested), "address": report.address, "pictures": pictures,
            "answers": report.answers.map {
                ["question": $0.code, "values": $0.values.joined(separator: ", ")]
            },
        ]
        values["title"] = report.title
        values["description"] = report.description
        let zipcode = report.zipcode
        values["place"] = [report.place?.address, zipcode].compactMap { $0 }.joined(separator: ", ")
        if let point = report.place?.coordinate {
            // A tenth of a metre; what is behind it is nobody's measurement.
            let (lat, long) = (
                (point.latitude * 1e6).rounded() / 1e6, (point.longitude * 1e6).rounded() / 1e6
            )
            let map = "https://www.openstreetmap.org/?mlat=\(lat)&mlon=\(long)"
            values["map"] = "\(lat), \(long) \(map)#map=18/\(lat)/\(long)"
        }
        values["contact"] = Self.person(report.reporter)
        if settings.mailbox != nil { values["replies"] = ["words": settings.language.offered] }
        values["link"] = settings.answers.map { base in
            let expiry = now.addingTimeInterval(settings.answerLife / .seconds(1))
            let token = AnswerToken(peer: settings.peer, report: report.id, expiry: expiry)
            return "\(base)/answer/\(token.text(by: settings.key))"
        }
        // What is empty is left out like what is not there.
        return values.filter { ($0.value as? String)?.isEmpty != true }
    }

    private static func person(_ reporter: Reporter) -> String? {
        let name = [reporter.firstName, reporter.lastName].compactMap { $0 }.joined(separator: " ")
        let parts = [name, reporter.email ?? "", reporter.phone ?? ""].filter { !$0.isEmpty }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private func time(_ date: Date) -> String {
        let style = Date.ISO8601FormatStyle(timeZone: settings.zone).year().month().day()
            .dateTimeSeparator(.space).time(includingFractionalSeconds: false)
        return date.formatted(style.timeZone(separator: .colon))
    }
}

extension Letter {
    /// What headers and the fixed words take at most.
    private static let envelope = 16_384

    /// The pictures that fit as files, and the addresses of the others: four bytes of a mail hold
    /// three of a file, and each line of them ends with two more.
    static func fitting(
        _ pictures: [Picture], into room: Int
    ) -> (files: [MailFile], rest: [String]) {
        var room = room
        var files: [MailFile] = []
        var rest: [String] = []
        for picture in pictures {
            guard let file = picture.file else {
                rest.append(picture.address)
                continue
            }
            let size = (file.bytes.count + 2) / 3 * 4 * 78 / 76 + 1024
            guard size <= room else {
                rest.append(picture.address)
                continue
            }
            room -= size
            files.append(MailFile(name: file.name, type: file.mediaType, bytes: file.bytes))
        }
        return (files, rest)
    }
}
