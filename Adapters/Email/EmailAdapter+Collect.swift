import Federation
import FoundationEssentials
import Mail
import Reports

extension EmailAdapter {
    /// How many mails are read at a time, and how many of them about one report are believed to be
    /// written by people.
    private static let mostMails = 20
    private static let mostOfOneThread = 10

    /// What came into the mailbox behind the cursor, which is its UIDVALIDITY and the last UID.
    ///
    /// A mailbox with another UIDVALIDITY is read again: ids of updates are Message-IDs, so nothing
    /// is taken twice. Mails that were read in an earlier page, which is kept by now, are moved
    /// away if the settings want it.
    package func collect(
        after cursor: Cursor?, over wire: Wire
    ) async throws(PeerError) -> Page {
        guard let box = settings.mailbox else {
            return Page(items: [], next: cursor ?? Cursor(text: "-"), isLast: true)
        }
        let state = try await state(of: box, over: wire)
        let known = cursor.flatMap { Place($0.text) }
        let place = known?.validity == state.validity ? known : nil
        let start = place ?? Place(validity: state.validity, last: 0)
        if box.taken == nil, place != nil, state.next <= start.last + 1 {
            return Page(items: [], next: start.cursor, isLast: true)
        }
        let found = try await mails(in: box, from: start, isNew: place == nil, over: wire)
        var unreadable = try await moveAway(found.filter { $0 <= start.last }, in: box, start, wire)
        let fresh = found.filter { $0 > start.last }
        var (items, last) = ([Incoming](), start.last)
        var threads: [String: Int] = [:]
        for number in fresh.prefix(Self.mostMails) {
            last = number
            switch try await read(number, in: box, start, over: wire) {
            case .answer(let update):
                threads[update.report, default: 0] += 1
                guard threads[update.report, default: 0] <= Self.mostOfOneThread else {
                    unreadable.append("\(update.report): more mails at once than people write")
                    continue
                }
                items.append(.update(update))
            case .nothing: break
            case .unreadable(let reason): unreadable.append(reason)
            }
        }
        let isLast = fresh.count <= Self.mostMails
        // Numbers that are gone need not be looked for again.
        if isLast { last = max(last, min(state.next - 1, UInt32.max - 1)) }
        return Page(
            items: items, unreadable: unreadable,
            next: Place(validity: state.validity, last: last).cursor, isLast: isLast)
    }

    /// A place in a mailbox.
    struct Place: Equatable {
        var validity: UInt32
        var last: UInt32

        init(validity: UInt32, last: UInt32) {
            self.validity = validity
            self.last = last
        }

        init?(_ text: String) {
            let parts = text.split(separator: " ")
            guard parts.count == 2, let validity = UInt32(parts[0]), let last = UInt32(parts[1]),
                last < .max
            else { return nil }
            self.init(validity: validity, last: last)
        }

        var cursor: Cursor { Cursor(text: "\(validity) \(last)") }
    }

    private func state(
        of box: EmailSettings.Box, over wire: Wire
    ) async throws(PeerError) -> (validity: UInt32, next: UInt32) {
        let reply = try await ask("STATUS", box.path(), over: wire)
        guard let validity = reply.header("UIDVALIDITY").flatMap({ UInt32($0) }),
            let next = reply.header("UIDNEXT").flatMap({ UInt32($0) }), next > 0
        else { throw PeerError(.later(nil), "the mailbox did not tell how it stands") }
        return (validity, next)
    }

    private func mails(
        in box: EmailSettings.Box, from start: Place, isNew: Bool, over wire: Wire
    ) async throws(PeerError) -> [UInt32] {
        let first = box.taken == nil ? start.last + 1 : 1
        var headers = [Wire.Header("From-UID", "\(first)")]
        if isNew {
            let since = wire.now().addingTimeInterval(-(settings.reach / .seconds(1)))
            headers.append(Wire.Header("Since", since.mailboxDay))
        }
        let reply = try await ask("SEARCH", box.path(start.validity), headers, over: wire)
        return reply.numbers.filter { $0 >= first }
    }

    private func moveAway(
        _ numbers: [UInt32], in box: EmailSettings.Box, _ place: Place, _ wire: Wire
    ) async throws(PeerError) -> [String] {
        guard let folder = box.taken, !numbers.isEmpty else { return [] }
        let call = Wire.Call(
            "MOVE", box.path(place.validity),
            headers: [
                Wire.Header("UIDs", numbers.prefix(500).map { "\($0)" }.joined(separator: ",")),
                Wire.Header("To", folder),
            ])
        let reply = try await wire.send(call)
        return reply.status == 200 ? [] : ["mails that were read cannot be moved to \(folder)"]
    }

    /// One mail, and what becomes of it.
    private func read(
        _ number: UInt32, in box: EmailSettings.Box, _ place: Place, over wire: Wire
    ) async throws(PeerError) -> Answer {
        let call = Wire.Call(
            "GET", box.path(place.validity, number), most: 32 << 20, patience: .seconds(120))
        let reply = try await wire.send(call)
        switch reply.status {
        case 200: break
        // Somebody took it away meanwhile.
        case 404: return .nothing
        case 413: return .unreadable("mail \(number) is longer than 32 MB")
        default: throw trouble(reply)
        }
        guard let mail = IncomingMail(reading: reply.body) else {
            return .unreadable("mail \(number) is none")
        }
        return Answer(
            to: thread, mail, place: "\(place.validity).\(number)",
            digest: TokenKey.digest(of: String(decoding: reply.body, as: UTF8.self), length: 32),
            now: wire.now())
    }

    /// The answer to a call that changes nothing, if it is one.
    func ask(
        _ method: String, _ address: String, _ headers: [Wire.Header] = [], over wire: Wire
    ) async throws(PeerError) -> Wire.Reply {
        let reply = try await wire.send(Wire.Call(method, address, headers: headers))
        guard reply.status == 200 else { throw trouble(reply) }
        return reply
    }

    /// Why a mailbox cannot be read.
    private func trouble(_ reply: Wire.Reply) -> PeerError {
        let hiding = Redaction(hiding: settings.secrets)
        let said = hiding.text(String(decoding: reply.body, as: UTF8.self), most: 200)
        let (kind, what): (PeerError.Kind, String) =
            switch reply.status {
            case 401: (.forbidden, "the mailbox does not let us in")
            case 404: (.forbidden, "the mailbox has no such folder")
            default: (.later(nil), "the mailbox cannot be read")
            }
        return PeerError(
            kind, said.isEmpty ? what : "\(what): \(said)", status: reply.status)
    }
}

extension EmailSettings.Box {
    /// The address of a folder, of one state of it, and of a mail in it.
    func path(
        _ validity: UInt32? = nil, _ number: UInt32? = nil, folder other: String? = nil
    ) -> String {
        // Only what states and numbers are told with is escaped; STATUS asks for it as it is.
        var path = "\(address)/\(other ?? folder)"
        if let validity { path += ";UIDVALIDITY=\(validity)" }
        if let number { path += "/;UID=\(number)" }
        return path
    }
}

extension Wire.Reply {
    /// The numbers of mails that an answer lists.
    var numbers: [UInt32] {
        String(decoding: body, as: UTF8.self).split(separator: " ").compactMap { UInt32($0) }
    }
}

extension Date {
    /// A day as a mailbox is asked for it: `24-Nov-2026`.
    var mailboxDay: String {
        let day = formatted(Date.ISO8601FormatStyle().year().month().day())
            .split(separator: "-").map(String.init)
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        guard day.count == 3, let month = Int(day[1]), (1...12).contains(month) else { return "" }
        return "\(day[2])-\(months[month - 1])-\(day[0])"
    }
}
