/// What of a report is forgotten for good: here, and at whoever got it from us (GDPR art. 17 and 19).
package struct Erasure: Sendable, Equatable {
    /// At least one, each once, in the order of `Part`.
    package let parts: [Part]

    /// A part of a report by what it may tell of people.
    package enum Part: String, Sendable, CaseIterable {
        /// Who reported it, who wrote its updates and notes, who supports it, and what was answered to
        /// private questions.
        case contact
        /// What was written: title, description, all answers, and the texts of updates and notes.
        case text
        /// The pictures of the report and of its updates.
        case photos
    }

    /// Whoever is in the data, and nothing that the public saw.
    package static let contact = Erasure(checked: [.contact])
    /// All of them: what is left is that there was a report, of what, where, and how it ended.
    package static let everything = Erasure(checked: Part.allCases)

    /// An erasure of these parts, or `nil` if there are none.
    package init?(_ parts: some Sequence<Part>) {
        let given = Set(parts)
        guard !given.isEmpty else { return nil }
        self.init(checked: Part.allCases.filter(given.contains))
    }

    /// The parts as `text` writes them, or `nil` if there are none or one is no part.
    package init?(parsing text: String) {
        var parts: [Part] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let part = Part(rawValue: String(word)) else { return nil }
            parts.append(part)
        }
        self.init(parts)
    }

    private init(checked parts: [Part]) {
        self.parts = parts
    }

    /// `contact,text`, as peers write it to each other (Specs/Peering.md).
    package var text: String { parts.map(\.rawValue).joined(separator: ",") }
}
