import CGMime
import FoundationEssentials

/// A mail that is to be sent: a text, and files beside it.
package struct OutgoingMail: Sendable, Equatable {
    package var from: Mailbox
    package var to: Mailbox
    package var replyTo: Mailbox?
    package var subject: String
    /// Without angle brackets.
    package var id: String
    package var inReplyTo: String?
    package var references: [String]
    package var date: Date
    /// Further headers, such as `Auto-Submitted`.
    package var headers: [MailHeader]
    package var text: String
    package var files: [MailFile]

    package init(
        from: Mailbox, to: Mailbox, replyTo: Mailbox? = nil, subject: String, id: String,
        inReplyTo: String? = nil, references: [String] = [], date: Date,
        headers: [MailHeader] = [], text: String, files: [MailFile] = []
    ) {
        self.from = from
        self.to = to
        self.replyTo = replyTo
        self.subject = subject
        self.id = id
        self.inReplyTo = inReplyTo
        self.references = references
        self.date = date
        self.headers = headers
        self.text = text
        self.files = files
    }
}

/// A header by its name; the value is text, and is encoded where it must be.
package struct MailHeader: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A file that comes with a mail.
package struct MailFile: Sendable, Equatable {
    package let name: String
    /// Such as `image/jpeg`, in lower case.
    package let type: String
    package let bytes: [UInt8]

    package init(name: String, type: String, bytes: [UInt8]) {
        self.name = name
        self.type = type
        self.bytes = bytes
    }
}

extension OutgoingMail {
    /// The mail as it goes over the wire, with CR LF; the same bytes for the same mail.
    package var bytes: [UInt8] {
        GMime.begin()
        let message = GMimeObject(owning: gm_new_message())
        gm_add_sender(message.pointer, from.name.map(Self.line), from.address)
        gm_add_recipient(message.pointer, to.name.map(Self.line), to.address)
        if let replyTo {
            gm_set_reply_to(message.pointer, replyTo.name.map(Self.line), replyTo.address)
        }
        gm_set_subject(message.pointer, Self.line(subject))
        gm_set_message_id(message.pointer, Self.line(id))
        gm_set_date(message.pointer, Int64(exactly: date.timeIntervalSince1970.rounded()) ?? 0)
        if let inReplyTo { set("In-Reply-To", "<\(inReplyTo)>", of: message) }
        if !references.isEmpty {
            set("References", references.map { "<\($0)>" }.joined(separator: " "), of: message)
        }
        for header in headers { set(header.name, header.value, of: message) }
        let root = self.root
        gm_set_root(message.pointer, root.pointer)
        return GMime.bytes(gm_written(message.pointer)) ?? []
    }

    /// The text alone, or the text and the files.
    private var root: GMimeObject {
        // What no mail may hold would end the text for C.
        let body = GMimeObject(owning: gm_new_text(text.replacing("\0", with: "")))
        guard !files.isEmpty else { return body }
        let whole = GMimeObject(owning: gm_new_multipart("=-" + boundary))
        gm_add(whole.pointer, body.pointer)
        for file in files {
            let halves = file.type.split(separator: "/", maxSplits: 1).map(String.init)
            let (type, subtype) =
                halves.count == 2 ? (halves[0], halves[1]) : ("application", "octet-stream")
            let part = GMimeObject(
                owning: gm_new_attachment(
                    type, subtype, Self.line(file.name), file.bytes, file.bytes.count))
            gm_add(whole.pointer, part.pointer)
        }
        return whole
    }

    /// What stands in none of the parts: they are in base64 or quoted-printable, where `=-` is not.
    private var boundary: String {
        String(
            id.unicodeScalars.filter {
                $0.isASCII && $0.properties.isAlphabetic || ("0"..."9").contains($0)
            }
            .prefix(48).map(Character.init))
    }

    private func set(_ name: String, _ value: String, of message: GMimeObject) {
        gm_set_header(message.pointer, name, Self.line(value))
    }

    /// One line: what breaks lines would begin another header.
    private static func line(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }
}
