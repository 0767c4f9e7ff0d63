import Reports

/// By which we know again what we told about a ticket: the subject of what was said begins with `ref:`
/// and the id of our update.
///
/// Neither the account nor the text would do: others may use the account, and people say the same.
struct OwnMark {
    let id: Update.ID

    /// What stands as the subject of an update.
    func subject(of ticket: String?) -> String {
        ([Self.sign + id.rawValue] + (ticket.map { [$0] } ?? [])).joined(separator: " ")
    }

    func isIn(_ subject: String?) -> Bool {
        Self.word(subject) == Self.sign + id.rawValue
    }

    /// Whether this was told by us: an answer to it by mail has our subject as well, often without
    /// anything in front of it.
    static func isOurs(_ attachment: AttachmentDocument) -> Bool {
        guard let word = word(attachment.subject), word.hasPrefix(sign),
            Update.ID(rawValue: String(word.dropFirst(sign.count))) != nil
        else { return false }
        return attachment.headers?.contains("X-RT-Interface: Email") != true
    }

    private static let sign = "ref:"

    private static func word(_ subject: String?) -> String? {
        subject?.split(separator: " ").first.map(String.init)
    }
}
