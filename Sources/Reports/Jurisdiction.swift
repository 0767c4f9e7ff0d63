/// An authority whose services we publish.
///
/// One reference to what never changes: a request hands its jurisdiction on a dozen times, and
/// copying the fields one by one was a tenth of what it cost.
package struct Jurisdiction: Sendable, Equatable {
    private let content: Content

    package var id: ID { content.id }
    package var slug: Slug { content.slug }
    /// Other values of `jurisdiction_id` that mean this one.
    package var aliases: [ID] { content.aliases }
    package var name: Localized { content.name }
    /// How to reach the operator, for people (GR-3).
    package var contact: String { content.contact }
    /// At least one; the first is the default.
    package var languages: [Language] { content.languages }
    /// An IANA name such as `Europe/Sofia`.
    package var timeZone: String { content.timeZone }
    /// `nil`: reports are taken from everywhere.
    package var boundary: Boundary? { content.boundary }
    package var services: [Service] { content.services }
    /// Whether a second identical POST without a key of its own is answered as the first (D5b).
    package var repeatWindow: Duration { content.repeatWindow }
    /// Whether a range of more than 90 days is refused instead of served (GR-A18).
    package var windowLimit: WindowLimit { content.windowLimit }
    /// What is done for the privacy of those who report.
    package var privacy: Privacy { content.privacy }

    /// What happens to a search over more than 90 days.
    package enum WindowLimit: Sendable, Equatable {
        case served
        case refused
    }

    package init(
        id: ID, slug: Slug, aliases: [ID] = [], name: Localized, contact: String,
        languages: [Language], timeZone: String, boundary: Boundary? = nil, services: [Service],
        repeatWindow: Duration = .seconds(120), windowLimit: WindowLimit = .served,
        privacy: Privacy = Privacy()
    ) {
        precondition(!languages.isEmpty, "a jurisdiction has a default language")
        content = Content(
            id: id, slug: slug, aliases: aliases, name: name, contact: contact,
            languages: languages, timeZone: timeZone, boundary: boundary, services: services,
            repeatWindow: repeatWindow, windowLimit: windowLimit, privacy: privacy)
    }

    package static func == (one: Jurisdiction, other: Jurisdiction) -> Bool {
        let (one, other) = (one.content, other.content)
        guard one !== other else { return true }
        return one.id == other.id && one.slug == other.slug && one.aliases == other.aliases
            && one.name == other.name && one.contact == other.contact
            && one.languages == other.languages && one.timeZone == other.timeZone
            && one.boundary == other.boundary && one.services == other.services
            && one.repeatWindow == other.repeatWindow && one.windowLimit == other.windowLimit
            && one.privacy == other.privacy
    }

    /// The language of texts for which nobody asked another one.
    package var defaultLanguage: Language { content.languages[0] }

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
        content.places[code].map { content.services[$0] }
    }
}

extension Jurisdiction {
    /// The fields, which all copies of a jurisdiction share: hence a class.
    private final class Content: Sendable {
        let id: ID
        let slug: Slug
        let aliases: [ID]
        let name: Localized
        let contact: String
        let languages: [Language]
        let timeZone: String
        let boundary: Boundary?
        let services: [Service]
        let repeatWindow: Duration
        let windowLimit: WindowLimit
        let privacy: Privacy
        /// Where among the services each code stands.
        let places: [Service.Code: Int]

        init(
            id: ID, slug: Slug, aliases: [ID], name: Localized, contact: String,
            languages: [Language], timeZone: String, boundary: Boundary?, services: [Service],
            repeatWindow: Duration, windowLimit: WindowLimit, privacy: Privacy
        ) {
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
            self.privacy = privacy
            places = Dictionary(
                services.enumerated().map { ($1.code, $0) }, uniquingKeysWith: { first, _ in first }
            )
        }
    }
}
