import CGMime

/// What of the parts of a mail can be used, in the order in which they stand.
struct MailParts {
    private(set) var text = ""
    private(set) var pictures: [MailFile] = []
    private(set) var bounce: IncomingMail.Bounce?
    private static let mostText = 1 << 20
    /// How many parts may still come.
    private var room: Int

    init(most: Int) {
        room = most
    }

    /// Reads a part and what is in it, so many levels down.
    mutating func read(_ part: UnsafeMutableRawPointer, depth: Int) {
        guard room > 0, depth > 0 else { return }
        room -= 1
        let type = GMime.text(owning: gm_type(part)) ?? ""
        if gm_is_multipart(part) != 0 {
            let children = (0..<gm_child_count(part)).compactMap { gm_child(part, $0) }
            switch type {
            case "multipart/alternative": readBest(of: children, depth: depth)
            case "multipart/report" where bounce == nil:
                bounce = IncomingMail.Bounce()
                for child in children { read(child, depth: depth - 1) }
            default: for child in children { read(child, depth: depth - 1) }
            }
        } else if gm_is_message_part(part) != 0 {
            readMessage(part)
        } else if gm_is_part(part) != 0 {
            readLeaf(part, type)
        }
    }

    /// Of several writings of one text the plain one, if there is anything in it.
    private mutating func readBest(of children: [UnsafeMutableRawPointer], depth: Int) {
        var best: MailParts?
        for child in children {
            var parts = MailParts(most: room)
            parts.read(child, depth: depth - 1)
            room = parts.room
            pictures += parts.pictures
            let isPlain = (GMime.text(owning: gm_type(child)) ?? "") == "text/plain"
            if parts.text.contains(where: { !$0.isWhitespace }), best == nil || isPlain {
                best = parts
            }
        }
        if let best { add(best.text) }
    }

    private mutating func readLeaf(_ part: UnsafeMutableRawPointer, _ type: String) {
        if bounce != nil, type == "message/delivery-status" || type == "text/rfc822-headers" {
            readReport(String(decoding: GMime.bytes(gm_content(part)) ?? [], as: UTF8.self))
        } else if type.hasPrefix("image/") {
            guard let bytes = GMime.bytes(gm_content(part)), !bytes.isEmpty else { return }
            let name = GMime.text(gm_file_name(part)) ?? "picture"
            pictures.append(MailFile(name: name, type: type, bytes: bytes))
        } else if gm_is_text(part) != 0, gm_is_attachment(part) == 0,
            let written = GMime.text(owning: gm_text(part))
        {
            // What is longer than anybody writes is not worth the time.
            let part = String(written.prefix(Self.mostText))
            add(type == "text/html" ? HTMLText.plain(part) : part)
        }
    }

    /// A mail within a mail: in a report it is the one that did not arrive, elsewhere it is quoted.
    private mutating func readMessage(_ part: UnsafeMutableRawPointer) {
        guard var report = bounce, let message = gm_inner_message(part) else { return }
        report.original = report.original ?? GMime.text(gm_message_id(message))
        bounce = report
    }

    /// The fields of a delivery status, or the headers of what did not arrive.
    private mutating func readReport(_ fields: String) {
        var report = bounce ?? IncomingMail.Bounce()
        for line in fields.split(whereSeparator: \.isNewline) {
            let halves = line.split(separator: ":", maxSplits: 1)
            guard halves.count == 2 else { continue }
            let value = String(halves[1].drop { $0 == " " })
            switch halves[0].lowercased() {
            case "action": report.action = report.action ?? value.lowercased()
            case "status": report.status = report.status ?? value
            case "diagnostic-code": report.diagnosis = report.diagnosis ?? value
            case "message-id": report.original = report.original ?? IncomingMail.ids(value).first
            default: break
            }
        }
        bounce = report
    }

    private mutating func add(_ more: String) {
        guard text.utf8.count < Self.mostText else { return }
        // Characters of Swift join CR and LF, which splitting by lines must not depend on.
        let lines = more.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        guard lines.contains(where: { !$0.isWhitespace }) else { return }
        text += text.isEmpty ? lines : "\n" + lines
    }
}
