import Federation
import FoundationEssentials
import Mail
import Reports

/// A department that is reached by mail: reports go out as mails, and its answers are read in a
/// mailbox (backoffice.md 7).
package struct EmailAdapter: Adapter {
    let settings: EmailSettings
    let thread: MailThread

    package init(_ settings: EmailSettings) {
        self.settings = settings
        thread = MailThread(settings: settings)
    }

    package var traits: AdapterTraits {
        AdapterTraits(
            resend: .none,
            carries: [
                .reports, .updates, .media, .severalMedia, .answers, .title, .details, .contact,
                .ownReference,
            ])
    }

    package func deliver(
        _ message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        let (mail, report) = try await mail(of: message, over: wire)
        let call = Wire.Call(
            "MAIL", settings.smtp,
            headers: [
                Wire.Header("From", mail.from.address), Wire.Header("To", mail.to.address),
            ], body: mail.bytes, patience: .seconds(120))
        // A server would take an empty mail as well.
        guard !call.body.isEmpty else { throw PeerError(.refused, "the mail could not be written") }
        let reply = try await wire.send(call)
        guard (200..<300).contains(reply.status) else {
            let hiding = Redaction(hiding: settings.secrets + message.personalTexts)
            let said = hiding.text(String(decoding: reply.body, as: UTF8.self), most: 300)
            throw PeerError(
                reply.refusal,
                "the mail server answered \(said.isEmpty ? "\(reply.status)" : said)",
                status: reply.status)
        }
        return Ticket(id: "\(report)")
    }

    /// Nobody can look into a department's mailbox.
    package func find(
        _ message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket? {
        throw PeerError(.refused, "whether a mail arrived cannot be looked up")
    }

    /// The message as a mail, and the report that it is about.
    private func mail(
        of message: Message, over wire: Wire
    ) async throws(PeerError) -> (OutgoingMail, Report.ID) {
        let letter = Letter(settings)
        switch message.content {
        case .report(let report):
            let pictures = try await pictures(at: report.media, over: wire)
            let mail = letter.mail(
                of: report, in: message, to: try addressee(of: report.service),
                showing: pictures, now: wire.now())
            return (mail, report.id)
        case .update(let update):
            guard let id = update.report ?? message.ticket?.id.flatMap(Report.ID.init(rawValue:))
            else { throw PeerError(.refused, "the update names no report of ours") }
            let pictures = try await pictures(at: update.media, over: wire)
            let number = try await number(of: id, over: wire)
            let mail = letter.mail(
                of: update, about: id, in: message, to: try addressee(of: update.service),
                number: number, showing: pictures, now: wire.now())
            return (mail, id)
        case .erasure:
            throw PeerError(
                .refused, "what was sent by mail cannot be erased by one: ask the department")
        }
    }

    /// The code of a service, if it is an address; else who gets everything.
    private func addressee(of service: String?) throws(PeerError) -> Mailbox {
        if let mailbox = service.flatMap({ Mailbox($0) }) { return mailbox }
        guard let to = settings.to else {
            throw PeerError(.refused, "the service has no address, and `to` is not set")
        }
        return to
    }

    private func pictures(
        at addresses: [String], over wire: Wire
    ) async throws(PeerError) -> [Letter.Picture] {
        var pictures: [Letter.Picture] = []
        for address in addresses {
            let file = try await wire.picture(at: address)
            pictures.append(Letter.Picture(address: address, file: file))
        }
        return pictures
    }
}

extension Wire.Reply {
    /// What an answer by SMTP means that is no success.
    fileprivate var refusal: PeerError.Kind {
        switch status {
        case 400..<500: .later(nil)
        // Log-in or encryption is wanted, or what we have of it is refused.
        case 530, 534, 535, 538: .forbidden
        // Before anything was said of this mail it is about us.
        case 500..<600 where !(["MAIL", "RCPT", "DATA"].contains(header("Stage") ?? "DATA")):
            .forbidden
        case 500..<600: .refused
        default: .ambiguous
        }
    }
}
