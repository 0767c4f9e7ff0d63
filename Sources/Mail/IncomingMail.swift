import CGMime
import FoundationEssentials

/// A mail that came: what of it matters to whoever waits for answers.
package struct IncomingMail: Sendable, Equatable {
    /// In the order in which they stand, decoded and in one line each.
    package var headers: [MailHeader] = []
    /// Without angle brackets, like all ids here; `nil` if it has none.
    package var id: String?
    package var inReplyTo: [String] = []
    package var references: [String] = []
    package var subject = ""
    package var date: Date?
    package var from: [Mailbox] = []
    /// To whom it came: by the servers' headers first, then by its own.
    package var recipients: [Mailbox] = []
    /// As plain text, whatever it was; what an HTML mail quotes begins with `> `.
    package var text = ""
    /// `image/…` parts.
    package var pictures: [MailFile] = []
    /// What a server says of a mail that it could not deliver; `nil` if this is no such report.
    package var bounce: Bounce?

    package init() {}

    /// A report of a server on a mail of ours (RFC 3464).
    package struct Bounce: Sendable, Equatable {
        /// `failed`, `delayed`, `delivered`…
        package var action: String?
        /// Such as `5.1.1`.
        package var status: String?
        package var diagnosis: String?
        /// The id of the mail that did not arrive.
        package var original: String?

        package init(
            action: String? = nil, status: String? = nil, diagnosis: String? = nil,
            original: String? = nil
        ) {
            self.action = action
            self.status = status
            self.diagnosis = diagnosis
            self.original = original
        }
    }

    /// The first header of this name; names are alike whatever their case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Whether a program sent it: nobody wrote it, and nobody may answer it (RFC 3834).
    package var isAutomatic: Bool {
        let word = header("Auto-Submitted")?.prefix { $0 != ";" && $0 != " " }.lowercased()
        if let word, word != "no" { return true }
        return ["X-Autoreply", "X-Autorespond"].contains { header($0) != nil }
            || header("X-Auto-Response-Suppress")?.lowercased() == "all"
    }

    /// Whether it went to many.
    package var isBulk: Bool {
        ["bulk", "list", "junk", "auto_reply"].contains(header("Precedence")?.lowercased() ?? "")
            || header("List-Id") != nil
    }
}

extension IncomingMail {
    /// How deep parts may lie in each other, and how many there may be.
    private static let mostDepth = 20
    private static let mostParts = 200

    /// Reads a mail; `nil` if the bytes are none. Nothing of what a mail says makes this fail: what
    /// cannot be decoded is left out.
    package init?(reading bytes: [UInt8]) {
        GMime.begin()
        let parsed = bytes.withUnsafeBytes { buffer -> IncomingMail? in
            let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard let message = GMimeObject(found: gm_parse(start, buffer.count)) else {
                return nil
            }
            return IncomingMail(of: message)
        }
        guard let parsed else { return nil }
        self = parsed
    }

    private init?(of message: GMimeObject) {
        for index in 0..<gm_header_count(message.pointer) {
            guard let name = GMime.text(gm_header_name(message.pointer, index)) else { continue }
            let value = GMime.text(gm_header_value(message.pointer, index)) ?? ""
            headers.append(MailHeader(name, Self.line(value)))
        }
        guard !headers.isEmpty else { return nil }
        id = GMime.text(gm_message_id(message.pointer)).flatMap { $0.isEmpty ? nil : $0 }
        subject = Self.line(GMime.text(gm_subject(message.pointer)) ?? "")
        let seconds = gm_date(message.pointer)
        date = seconds > 0 ? Date(timeIntervalSince1970: Double(seconds)) : nil
        inReplyTo = Self.ids(header("In-Reply-To") ?? "")
        references = Self.ids(header("References") ?? "")
        from = mailboxes(of: ["From"])
        recipients = mailboxes(of: ["Delivered-To", "Envelope-To", "X-Original-To", "To", "Cc"])
        guard let root = gm_root(message.pointer) else { return }
        var parts = MailParts(most: Self.mostParts)
        parts.read(root, depth: Self.mostDepth)
        text = parts.text
        pictures = parts.pictures
        bounce = parts.bounce
    }

    private func mailboxes(of names: [String]) -> [Mailbox] {
        names.flatMap { name in
            headers.filter { $0.name.lowercased() == name.lowercased() }.flatMap { header in
                Self.mailboxes(in: header.value)
            }
        }
    }

    private static func mailboxes(in text: String) -> [Mailbox] {
        guard text.utf8.count <= 16_384, let list = GMimeObject(found: gm_addresses(text)) else {
            return []
        }
        return (0..<gm_address_count(list.pointer)).compactMap {
            GMime.text(gm_address(list.pointer, $0)).flatMap { Mailbox($0) }
        }
    }

    /// What stands in angle brackets; of at most a hundred ids.
    static func ids(_ text: String) -> [String] {
        text.split(separator: "<").prefix(101).compactMap { part in
            guard let end = part.firstIndex(of: ">") else { return nil }
            let id = part[..<end]
            return id.isEmpty || id.contains(where: \.isWhitespace) ? nil : String(id)
        }
    }

    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
