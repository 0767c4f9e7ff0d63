import Federation
import FoundationEssentials
import Mail
import Reports

extension EmailAdapter {
    /// A picture of a mail: `UIDVALIDITY.UID.index id`. Where the mail is no longer in that place,
    /// it is looked for by its id, also where mails are moved to.
    package func picture(
        _ reference: String, over wire: Wire
    ) async throws(PeerError) -> [UInt8] {
        let halves = reference.split(separator: " ", maxSplits: 1)
        let numbers = halves.first.map { $0.split(separator: ".").compactMap { UInt32($0) } } ?? []
        guard let box = settings.mailbox, halves.count == 2, numbers.count == 3 else {
            throw PeerError(.refused, "that names no picture of a mail")
        }
        let (id, index) = (String(halves[1]), Int(numbers[2]))
        var places = [box.path(numbers[0], numbers[1])]
        if let bytes = try await picture(index, of: id, at: places[0], over: wire) { return bytes }
        for folder in [box.folder, box.taken].compactMap({ $0 }) where !id.hasPrefix("sha256.") {
            let path = box.path(folder: folder)
            let reply = try await wire.send(
                Wire.Call("SEARCH", path, headers: [Wire.Header("Message-ID", "<\(id)>")]))
            places +=
                reply.status == 200 ? reply.numbers.prefix(3).map { "\(path)/;UID=\($0)" } : []
        }
        for place in places.dropFirst() {
            if let bytes = try await picture(index, of: id, at: place, over: wire) { return bytes }
        }
        throw PeerError(.refused, "the mail with the picture is gone")
    }

    private func picture(
        _ index: Int, of id: String, at address: String, over wire: Wire
    ) async throws(PeerError) -> [UInt8]? {
        let reply = try await wire.send(
            Wire.Call("GET", address, most: 32 << 20, patience: .seconds(120)))
        switch reply.status {
        case 200: break
        case 404, 409: return nil
        default: throw PeerError(.later(nil), "the mailbox cannot be read", status: reply.status)
        }
        guard let mail = IncomingMail(reading: reply.body), mail.pictures.indices.contains(index),
            mail.id == id || id.hasPrefix("sha256.")
        else { return nil }
        return mail.pictures[index].bytes
    }

    /// The number that a ticket system gave a report, by the newest of its answers that has one:
    /// such systems know later mails by it and by nothing else (RT).
    func number(
        of report: Report.ID, over wire: Wire
    ) async throws(PeerError) -> String? {
        guard settings.numbers == .learnt, let box = settings.mailbox else { return nil }
        for folder in [box.folder, box.taken].compactMap({ $0 }) {
            let path = box.path(folder: folder)
            let call = Wire.Call(
                "SEARCH", path, headers: [Wire.Header("In-Reply-To", "<\(report).")])
            let reply = try await wire.send(call)
            // The folder for what was taken is made when the first mail goes there.
            if reply.status == 404, folder == box.taken { continue }
            guard reply.status == 200 else {
                throw PeerError(
                    .later(nil), "the mailbox cannot be searched for the ticket's number",
                    status: reply.status)
            }
            for number in reply.numbers.suffix(5).reversed() {
                let mail = try await wire.send(Wire.Call("GET", "\(path)/;UID=\(number)"))
                guard mail.status == 200, let answer = IncomingMail(reading: mail.body),
                    thread.belonging(of: answer)?.report == report,
                    let found = MailThread.number(in: answer.subject)
                else { continue }
                return found
            }
        }
        return nil
    }
}
