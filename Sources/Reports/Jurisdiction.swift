/// An authority whose services we publish.
package struct Jurisdiction: Sendable, Equatable {
    package let id: ID
    package let slug: Slug
    /// Other values of `jurisdiction_id` that mean this one.
    package let aliases: [ID]
    package let name: Localized
    /// How to reach the operator, for people (GR-3).
    package let contact: String
    /// At least one; the first is the default.
    package let languages: [Language]
    /// An IANA name such as `Europe/Sofia`.
    package let timeZone: String
    /// `nil`: reports are taken from everywhere.
    package let boundary: Boundary?
    package let services: [Service]
    /// Whether a second identical POST without a key of its own is answered as the first (D5b).
    package let repeatWindow: Duration
    /// Whether a range of more than 90 days is refused instead of served (GR-A18).
    package let windowLimit: WindowLimit

    /// What happens to a search over more than 90 days.
    package enum WindowLimit: Sendable, Equatable {
        case served
        case refused
    }

    package init(
        id: ID, slug: Slug, aliases: [ID] = [], name: Localized, contact: String,
        languages: [Language], timeZone: String, boundary: Boundary? = nil, services: [Service],
        repeatWindow: Duration = .seconds(120), windowLimit: WindowLimit = .served
    ) {
        precondition(!languages.isEmpty, "a jurisdiction has a default language")
        self.id = id
        self.slug = slug
        self.aliases = aliases
        self.name = name
        self.contact = contact
        self.languages = languages
        self.timeZone = timeZone
        self.boundary = boundary
        self.services = services
        self.repeatWindow = repeatWindow
        self.windowLimit = windowLimit
    }

    /// The language of texts for which nobody asked another one.
    package var defaultLanguage: Language { languages[0] }

    /// The value of `jurisdiction_id`: by convention the root of the city's web site, without `www`.
    package struct ID: Identifier {
        package let rawValue: String

        /// An id, or `nil` if the text is not 1 to 64 bytes of `[A-Za-z0-9._~:-]`.
        package init?(rawValue: String) {
            let bytes = rawValue.utf8
            guard (1...64).contains(bytes.count), bytes.allSatisfy(Self.allows) else { return nil }
            self.rawValue = rawValue
        }

        private static func allows(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: [0x2E, 0x5F, 0x7E, 0x3A, 0x2D].contains(byte)
            }
        }
    }

    /// The short name that stands in base addresses and in front of report ids: `sofia`.
    package struct Slug: Identifier {
        package let rawValue: String

        /// Words that mean something else in our addresses.
        package static let reserved: Set<String> = [
            "adapter", "fixmystreet", "live", "media", "open311", "ready", "test",
        ]

        /// A slug, or `nil` if the text is not `^[a-z][a-z0-9]{1,23}$` or is reserved.
        package init?(rawValue: String) {
            let bytes = rawValue.utf8
            let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            guard (2...24).contains(bytes.count), !Self.reserved.contains(rawValue),
                let first = bytes.first, letters.contains(first),
                bytes.allSatisfy({ letters.contains($0) || digits.contains($0) })
            else { return nil }
            self.rawValue = rawValue
        }
    }
}

extension Jurisdiction {
    /// The service of a code; compared byte by byte.
    package func service(_ code: Service.Code) -> Service? {
        services.first { $0.code == code }
    }
}
