import Reports

/// What clients ask, understood: each call becomes a value that is complete and valid, or a fault
/// that names everything wrong with it.
package enum Calls {
    /// What a client is about to do, where that decides how tolerant we may be.
    package enum Purpose: Sendable {
        case read
        case report
    }

    /// The jurisdiction that a call is about (GR-2.4).
    ///
    /// `base` is the jurisdiction of a base that serves only that one. There, a wrong id is a
    /// typing error on a GET, but a report that may be meant for someone else is refused.
    package static func jurisdiction(
        _ parameters: Parameters, at base: Jurisdiction?, in catalogue: Catalogue,
        for purpose: Purpose
    ) throws(Fault) -> Jurisdiction {
        let only = catalogue.jurisdictions.count == 1 ? catalogue.jurisdictions.first : nil
        let home = base ?? only
        guard let text = try parameters.value("jurisdiction_id") else {
            if let home { return home }
            throw Fault(.malformed, "jurisdiction_id was not provided (required)")
        }
        let named = Jurisdiction.ID(rawValue: text).flatMap(catalogue.jurisdiction)
        switch (named, home) {
        case (let named?, nil): return named
        case (let named?, let home?) where named.id == home.id: return home
        case (nil, let home?) where purpose == .read: return home
        default: throw Fault(.notFound, "jurisdiction_id is not served here")
        }
    }

    /// The service that a path or a parameter names (GR-5).
    package static func service(
        _ code: String, in jurisdiction: Jurisdiction
    ) throws(Fault) -> Service {
        guard let code = Service.Code(rawValue: code), let service = jurisdiction.service(code)
        else { throw Fault(.notFound, "service_code is not known in this jurisdiction") }
        return service
    }

    /// Which services a client wants to see (GR-4, GR-15.1).
    package static func services(
        _ parameters: Parameters, acceptLanguage: String? = nil,
        dialects: Set<Client.Profile.Dialect> = []
    ) throws(Fault) -> ServicesCall {
        var problems = Problems()
        let call = ServicesCall(
            point: point(parameters, &problems),
            group: problems.collect { () throws(Fault) in try parameters.value("group") },
            keywords: parameters.list("keywords", "keyword"),
            languages: languages(parameters, acceptLanguage: acceptLanguage), dialects: dialects)
        try problems.check()
        return call
    }

    /// How a client wants to see reports (GR-15.1).
    package static func view(
        _ parameters: Parameters, acceptLanguage: String? = nil,
        dialects: Set<Client.Profile.Dialect> = []
    ) -> ReportView {
        ReportView(
            extensions: isSet("extensions", in: parameters) ? .included : .none,
            languages: languages(parameters, acceptLanguage: acceptLanguage), dialects: dialects)
    }

    /// The languages a client reads, best first; what names none is ignored (GR-15.1).
    package static func languages(
        _ parameters: Parameters, acceptLanguage: String? = nil
    ) -> [Language] {
        let asked = parameters.list("locale", "langcode").compactMap(Language.init(rawValue:))
        guard asked.isEmpty else { return Array(asked.prefix(mostLanguages)) }
        return acceptLanguage.map(languages(accepted:)) ?? []
    }

    /// Each label of an answer is looked for in each of them, so a request cannot list thousands.
    private static let mostLanguages = 16

    /// Whether answers may be handed to a function of the page that asks: JSONP (GR-15.1).
    ///
    /// Browsers have had a better way since 2014, and a script that a page takes from elsewhere can do
    /// anything in it; so an operator must want it.
    package enum Callbacks: Sendable {
        case off
        case served
    }

    /// The function that a JSON document is to be handed to, or `nil` (GR-15.1).
    ///
    /// Where callbacks are off, the parameter means nothing, like any unknown one.
    package static func callback(
        _ parameters: Parameters, when callbacks: Callbacks = .off
    ) throws(Fault) -> String? {
        guard callbacks == .served else { return nil }
        guard let name = try parameters.value("callback") else { return nil }
        guard (1...64).contains(name.utf8.count), let first = name.utf8.first,
            isNameByte(first), !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
            name.utf8.allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: ".") })
        else { throw Fault(.malformed, "callback is not the name of a function") }
        return name
    }

    /// The point of `lat` and `long`; half of a pair is a fault (GR-6.1, GR-A30).
    static func point(_ parameters: Parameters, _ problems: inout Problems) -> Coordinate? {
        let lat = problems.collect { () throws(Fault) in try parameters.value("lat") }
        let long = problems.collect { () throws(Fault) in
            try parameters.value("long", "lon", "lng")
        }
        switch (lat, long) {
        case (nil, nil):
            return nil
        case (_?, nil):
            problems.add("long was not provided (required with lat)")
            return nil
        case (nil, _?):
            problems.add("lat was not provided (required with long)")
            return nil
        case (let lat?, let long?):
            let latitude = degrees(lat, named: "lat", limit: 90, &problems)
            let longitude = degrees(long, named: "long", limit: 180, &problems)
            guard let latitude, let longitude else { return nil }
            return Coordinate(latitude: latitude, longitude: longitude)
        }
    }

    /// A number of degrees within its limit; words such as `nan` are none (T2).
    static func degrees(
        _ text: String, named name: String, limit: Double, _ problems: inout Problems
    ) -> Double? {
        guard let value = DecimalDegrees.parse(text) else {
            problems.add("\(name) is not a decimal number of degrees such as 42.6977")
            return nil
        }
        guard abs(value) <= limit else {
            problems.add("\(name) is not between -\(Int(limit)) and \(Int(limit)) degrees")
            return nil
        }
        return value
    }

    /// Whether a switch is on: `true`, `1` or `yes`.
    static func isSet(_ name: String, in parameters: Parameters) -> Bool {
        parameters.values(name).contains { ["true", "1", "yes"].contains($0.lowercased()) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"):
            true
        default: false
        }
    }

    /// The languages of an `Accept-Language` header by their weight (RFC 9110, 12.5.4).
    private static func languages(accepted header: String) -> [Language] {
        let ranges = header.split(separator: ",").prefix(mostLanguages).enumerated().compactMap {
            place, range in
            weighted(range).map { (place: place, language: $0.language, weight: $0.weight) }
        }
        let sorted = ranges.sorted { ($1.weight, $0.place) < ($0.weight, $1.place) }
        return sorted.map(\.language)
    }

    private static func weighted(_ range: Substring) -> (language: Language, weight: Double)? {
        let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
        guard let tag = parts.first, let language = Language(rawValue: String(tag)) else {
            return nil
        }
        let quality = parts.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2)
        let weight = quality.map { DecimalDegrees.parse(String($0)) ?? 0 } ?? 1
        return weight > 0 ? (language, weight) : nil
    }
}
