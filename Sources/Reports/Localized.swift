/// A language by its primary subtag, such as `bg`, `sq` or `en` (RFC 5646).
package struct Language: Identifier {
    package let rawValue: String

    /// The language of a tag such as `sr-Latn` or `fi_FI`, or `nil` if the text is no tag.
    package init?(rawValue: String) {
        // Characters are compared below, which takes long where one of them is a long text.
        guard rawValue.utf8.count <= 64 else { return nil }
        let primary = rawValue.prefix { $0 != "-" && $0 != "_" }.lowercased()
        guard (2...3).contains(primary.utf8.count),
            primary.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
        else { return nil }
        self.rawValue = primary
    }
}

/// One text in the languages a jurisdiction offers.
package struct Localized: Sendable, Equatable {
    package let texts: [Language: String]

    package init(_ texts: [Language: String]) {
        self.texts = texts
    }

    /// The text in the first of the wanted languages that there is, else in the default language.
    package func text(in wanted: [Language], default language: Language) -> String? {
        for choice in wanted {
            if let text = texts[choice] { return text }
        }
        return texts[language]
    }
}
