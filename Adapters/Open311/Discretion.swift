import Federation
import Reports

/// Keeps out of reasons what nobody may read there: keys, and what we sent of people.
struct Discretion {
    private let hidden: [String]

    /// Hides these, and whatever looks like an e-mail address or a telephone number.
    init(_ texts: [String?]) {
        hidden = texts.compactMap { $0 }.filter { $0.utf8.count >= 3 }
            .sorted { $0.utf8.count > $1.utf8.count }
    }

    /// Of what is sent to a peer.
    init(_ settings: Open311Settings, _ message: Message? = nil) {
        var texts: [String?] = [settings.apiKey]
        switch message?.content {
        case .report(let report): texts += Self.texts(of: report.reporter) + [report.description]
        case .update(let update): texts += Self.texts(of: update.author) + [update.description]
        case .erasure, nil: break
        }
        self.init(texts)
    }

    private static func texts(of person: Reporter) -> [String?] {
        [person.email, person.firstName, person.lastName, person.phone]
    }

    /// One line of at most 300 characters, without what is hidden.
    func text(_ text: String) -> String {
        var line = String(text.prefix(4000).map { $0.isWhitespace ? " " : $0 })
        for secret in hidden {
            line = line.replacing(String(secret.map { $0.isWhitespace ? " " : $0 }), with: "•••")
        }
        line = line.replacing(#/[^\s@<>"'=]+@[^\s@<>"']+/#, with: "•••")
        line = line.replacing(#/\+?\d[\d \-\/]{6,}\d/#, with: "•••")
        return line.count > 300 ? line.prefix(300) + "…" : line
    }
}
