import GeoReport
import Reports

/// What an address names: a base, a resource below it, and the format its suffix asks for.
package struct Route: Sendable, Equatable {
    package let base: Base
    package let resource: Resource
    /// `nil`: the address has no suffix, so `Accept` decides (GR-2.1).
    package let format: Format?

    /// The stage, the slug on a base of one jurisdiction (GR-2.4), and the dialect on a base for
    /// clients that send no key with a GET, as FixMyStreet (GR-15.4).
    package struct Base: Sendable, Equatable {
        package var stage = Stage.production
        package var slug: String?
        package var dialect: Client.Profile.Dialect?

        package init(
            stage: Stage = .production, slug: String? = nil,
            dialect: Client.Profile.Dialect? = nil
        ) {
            self.stage = stage
            self.slug = slug
            self.dialect = dialect
        }
    }

    /// The resources of GeoReport and of its extensions, and the pictures of reports.
    package enum Resource: Sendable, Equatable {
        case discovery
        case services
        case service(String)
        case requests
        case request(String)
        /// "Me too" on one report.
        case support(String)
        /// What staff wrote for each other about one report.
        case notes(String)
        /// What is to be forgotten of one report.
        case erasure(String)
        /// Open reports near a point, which a new one might repeat.
        case candidates
        case token(String)
        case updates
        case changes
        /// Who saw or changed what.
        case audit
        case webhooks
        case webhook(String)
        case media(String)
        /// The page on which whoever holds the token answers about one report.
        case answer(String)

        /// The methods it has, as `Allow` lists them.
        package var methods: [String] {
            switch self {
            case .requests, .updates, .webhooks, .answer: ["GET", "HEAD", "POST", "OPTIONS"]
            case .support, .erasure: ["POST", "OPTIONS"]
            case .webhook: ["GET", "HEAD", "DELETE", "OPTIONS"]
            default: Route.readers
            }
        }

        /// Whether it is a list, which costs more to make than one thing.
        var isList: Bool {
            switch self {
            case .requests, .updates, .candidates, .changes, .audit: true
            default: false
            }
        }

        /// Whether what a GET is answered comes from the case store, and not from the settings.
        var isStored: Bool {
            switch self {
            case .discovery, .services, .service, .media: false
            default: true
            }
        }

        /// The formats it can be asked for in by `Accept`.
        var formats: [Format] {
            switch self {
            case .requests: [.xml, .json, .geojson]
            case .changes, .audit, .webhooks, .webhook, .notes: [.json]
            default: [.xml, .json]
            }
        }
    }

    /// Why an address names nothing.
    package struct Unknown: Error, Equatable {
        /// What the answer is written in: the suffix if it is one of ours, XML if it is another.
        package let format: Format?
    }

    /// The methods of whatever is only read.
    package static let readers = ["GET", "HEAD", "OPTIONS"]

    /// Reads a path that the edge has found sound.
    ///
    /// It is split before it is decoded, doubled and trailing slashes are ignored (GR-A50), and
    /// nothing is normalised: `..` is a name like any other, and names nothing.
    package init(parsing path: String) throws(Unknown) {
        // By bytes: an address is ASCII, and finding characters in it takes ten times as long.
        var segments = path.utf8.split(separator: UInt8(ascii: "/")).map(Substring.init)[...]
        guard let last = segments.popLast() else { throw Unknown(format: nil) }
        if segments.count == 1, let first = segments.first, ["media", "answer"].contains(first) {
            guard let name = Percent.decoded(last) else { throw Unknown(format: nil) }
            self.init(
                base: Base(), resource: first == "media" ? .media(name) : .answer(name),
                format: nil)
            return
        }
        let (name, suffix) = Self.suffix(of: last)
        let format = try Self.format(suffix)
        guard
            let (base, words) = Self.base(segments),
            let resource = Self.resource(words, name)
        else { throw Unknown(format: format) }
        if case .list(let alias) = resource {
            guard format == nil else { throw Unknown(format: format) }
            self.init(base: base, resource: .requests, format: alias)
            return
        }
        guard case .named(let named) = resource,
            format.map({ named.formats.contains($0) }) ?? true
        else { throw Unknown(format: format == .geojson ? .json : format) }
        self.init(base: base, resource: named, format: format)
    }

    private init(base: Base, resource: Resource, format: Format?) {
        self.base = base
        self.resource = resource
        self.format = format
    }

    /// The last segment without its suffix: at its last dot, whatever dots the code has (GR-21).
    private static func suffix(of segment: Substring) -> (name: Substring, suffix: Substring?) {
        guard let dot = segment.utf8.lastIndex(of: UInt8(ascii: ".")) else { return (segment, nil) }
        return (segment[..<dot], segment[segment.utf8.index(after: dot)...])
    }

    private static func format(_ suffix: Substring?) throws(Unknown) -> Format? {
        switch suffix {
        case nil: nil
        case "xml": .xml
        case "json": .json
        case "geojson": .geojson
        default: throw Unknown(format: .xml)
        }
    }

    /// `[test/][slug/][dialect/]open311/v2/…`; discovery also stands anywhere beside or above that.
    private static func base(_ path: ArraySlice<Substring>) -> (Base, ArraySlice<Substring>)? {
        var rest = path
        var base = Base()
        if rest.first == "test" {
            base.stage = .test
            rest = rest.dropFirst()
        }
        if let slug = rest.first, slug != "open311", dialect(slug) == nil {
            guard Jurisdiction.Slug(rawValue: String(slug)) != nil else { return nil }
            base.slug = String(slug)
            rest = rest.dropFirst()
        }
        if let dialect = rest.first.flatMap(dialect) {
            base.dialect = dialect
            rest = rest.dropFirst()
        }
        return (base, rest)
    }

    /// What stands for a dialect in an address; no jurisdiction's slug is one of these.
    private static func dialect(_ word: Substring) -> Client.Profile.Dialect? {
        switch word {
        case "fixmystreet": .fixmystreet
        case "fms-import": .fmsImport
        case "adapter": .adapter
        default: nil
        }
    }

    private static let root: [Substring] = ["open311", "v2"]

    private enum Found {
        case named(Resource)
        /// `requests/json`, as an old client writes `requests.json` (peers 3.1).
        case list(Format)
    }

    private static func resource(_ words: ArraySlice<Substring>, _ name: Substring) -> Found? {
        let isBase = words.starts(with: Self.root)
        if name == "discovery" {
            let isBeside = words.isEmpty || words.count == 1 && words.first == "open311"
            return isBeside || isBase && words.count == 2 ? .named(.discovery) : nil
        }
        guard isBase else { return nil }
        let rest = words.dropFirst(2)
        guard let parent = rest.first else {
            switch name {
            case "services": return .named(.services)
            case "requests": return .named(.requests)
            case "servicerequestupdates": return .named(.updates)
            case "candidates": return .named(.candidates)
            case "changes": return .named(.changes)
            case "audit": return .named(.audit)
            case "webhooks": return .named(.webhooks)
            default: return nil
            }
        }
        if rest.count == 2, parent == "requests" || parent == "request",
            let id = rest.last, let decoded = Percent.decoded(id)
        {
            switch name {
            case "support": return .named(.support(decoded))
            case "notes": return .named(.notes(decoded))
            case "erasure": return .named(.erasure(decoded))
            default: return nil
            }
        }
        guard rest.count == 1, !name.isEmpty, let decoded = Percent.decoded(name) else {
            return nil
        }
        switch parent {
        case "requests" where decoded == "json": return .list(.json)
        case "requests" where decoded == "xml": return .list(.xml)
        case "services", "service": return .named(.service(decoded))
        case "requests", "request": return .named(.request(decoded))
        case "tokens": return .named(.token(decoded))
        case "webhooks": return .named(.webhook(decoded))
        default: return nil
        }
    }
}
