import Reports

/// What a peer must show because we told it so: when it comes back it is no news (peers.md 5.3).
///
/// Compared without regard to case and blanks, because peers tidy up what they are told.
package enum Echo: Sendable, Hashable {
    case text(String)
    /// The peer's word for a status.
    case status(String)

    /// The form in which it is compared: the same for whatever counts as the same.
    package var content: String {
        switch self {
        case .text(let text):
            "text " + text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        case .status(let word):
            "status " + Mapping.StatusWord(word).text
        }
    }

    /// A text in all forms in which it may be shown: a peer may show it with masks, or we may.
    package static func texts(_ text: String) -> [Echo] {
        let masked = Masking.on.masked(text)
        return masked == text ? [.text(text)] : [.text(text), .text(masked)]
    }

    /// Whether somebody shows this text, perhaps with masks, who was told that one, or the other way.
    package static func isSame(_ text: String, as other: String) -> Bool {
        !Set(texts(text).map(\.content)).isDisjoint(with: texts(other).map(\.content))
    }

    /// What the peer shows once it has this report: its description, and where it stands.
    package static func told(_ report: Report, by mapping: Mapping) -> [Echo] {
        let detail = report.detail ?? (report.status == .open ? .open : .closed)
        return (report.description.map(Echo.texts) ?? [])
            + (mapping.statusesOut[detail].map { [Echo.status($0)] } ?? [])
    }

    /// What the peer shows once it has this update.
    package static func told(_ update: Update, by mapping: Mapping) -> [Echo] {
        (update.description.map(Echo.texts) ?? [])
            + (mapping.statusesOut[update.detail].map { [Echo.status($0)] } ?? [])
    }
}
