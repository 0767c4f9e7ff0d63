import Federation
import FoundationEssentials
import Mail

extension EmailAdapter {
    /// Logs in at the mail server, begins a mail to the department and takes it back, and looks at
    /// the mailbox. Whether anybody reads what the server takes, only a mail would show.
    package func check(over wire: Wire) async throws(PeerError) -> PeerReport {
        var report = PeerReport(
            software: "a mail server; whether the department reads its mail is not known",
            services: nil)
        let to = settings.to ?? settings.from
        let call = Wire.Call(
            "VRFY", settings.smtp,
            headers: [
                Wire.Header("From", settings.from.address), Wire.Header("To", to.address),
            ])
        let reply = try await wire.send(call)
        if !(200..<300).contains(reply.status) {
            let hiding = Redaction(hiding: settings.secrets)
            let said = hiding.text(String(decoding: reply.body, as: UTF8.self), most: 200)
            report.obstacles.append(
                "the mail server answered \(said.isEmpty ? "\(reply.status)" : said) to "
                    + (reply.header("Stage") ?? ""))
        }
        guard let box = settings.mailbox else { return report }
        do throws(PeerError) {
            let state = try await ask("STATUS", box.path(), over: wire)
            let count = state.header("UIDNEXT").flatMap { UInt32($0) }.map { $0 - 1 } ?? 0
            report.software += "; a mailbox that has had \(count) mails"
        } catch {
            report.obstacles.append(error.reason)
        }
        return report
    }
}
