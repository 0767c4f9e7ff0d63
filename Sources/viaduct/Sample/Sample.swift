import Foundation
import Reports

/// Reports that nobody made, but somebody could have: the same ones for the same seed.
///
/// A report depends on the seed and its own number only, so that any part of a sample can be made
/// by itself.
package struct Sample: Sendable {
    let seed: UInt64
    /// The sample ends here; it covers the two years before.
    let until: Date
    let count: Int
    /// The addresses of the pictures of a scene; none, and reports have no pictures.
    let pictures: [Scene: [String]]
    private let stages: [(item: Theatre, weight: Int)]

    /// One jurisdiction with all that its reports are made of.
    private struct Theatre: Sendable {
        let jurisdiction: Jurisdiction
        let places: SamplePlaces
        let zone: TimeZone
        let services: [(item: Subject, weight: Int)]
        let texts: SampleTexts
    }

    private struct Subject: Sendable {
        let service: Service
        let theme: SampleTexts.Theme
    }

    package init(
        of jurisdictions: [(Jurisdiction, SamplePlaces)], texts: SampleTexts, count: Int,
        seed: UInt64, until: Date, pictures: [Scene: [String]] = [:]
    ) {
        self.seed = seed
        self.until = Date(timeIntervalSince1970: until.timeIntervalSince1970.rounded(.down))
        self.count = count
        self.pictures = pictures
        stages = jurisdictions.map { jurisdiction, places in
            let services = jurisdiction.services.map { service in
                let theme = texts.theme(of: service)
                // A theme of several services is shared among them.
                let share = jurisdiction.services.count {
                    theme.services.contains($0.code.rawValue)
                }
                return (
                    item: Subject(service: service, theme: theme),
                    weight: max(1, theme.weight * 4 / max(share, 1))
                )
            }
            let zone = TimeZone(identifier: jurisdiction.timeZone) ?? .gmt
            return (
                Theatre(
                    jurisdiction: jurisdiction, places: places, zone: zone, services: services,
                    texts: texts),
                max(2, places.streets.count)
            )
        }
    }

    /// One report, by its number from 0.
    package func report(_ number: Int) -> Report? {
        var random = SeededGenerator(seed: seed, stream: UInt64(number))
        guard let theatre = random.pick(stages), let subject = random.pick(theatre.services) else {
            return nil
        }
        let language = language(of: theatre, subject, &random)
        let requested = time(number, in: theatre.zone, &random)
        let history = history(subject, requested, in: language, theatre, &random)
        let street = theatre.places.streets.randomElement(using: &random)?
            .text(in: [language], default: theatre.jurisdiction.defaultLanguage)
        let house = String(Int.random(in: 1...140, using: &random))
        let service = subject.service
        let shown = theatre.jurisdiction.defaultLanguage
        guard let id = id(number, service.visibility, theatre.jurisdiction.slug, &random) else {
            return nil
        }
        return Report(
            id: id, jurisdiction: theatre.jurisdiction.id, service: service.code,
            status: history.status, detail: history.detail, statusNotes: history.notes,
            description: description(subject, street, house, language, theatre, &random),
            agency: service.agency.text(in: [], default: shown),
            notice: service.notice.text(in: [], default: shown), requested: requested,
            updated: history.updated, expected: history.expected,
            address: street.map { address($0, house, language, theatre) },
            coordinate: point(in: theatre, &random), media: media(subject, &random),
            answers: answers(to: service, at: requested, theatre.texts, &random),
            channel: "sample", visibility: service.visibility, published: requested)
    }

    /// The languages that somebody speaks there and that the theme has texts in.
    private func language(
        of theatre: Theatre, _ subject: Subject, _ random: inout SeededGenerator
    ) -> Language {
        let spoken = theatre.places.languages.filter { subject.theme.says[$0.item] != nil }
        return random.pick(spoken) ?? theatre.jurisdiction.defaultLanguage
    }

    private static let letters = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// Ids differ because numbers do: multiplying by an odd number permutes 40 bits.
    private func id(
        _ number: Int, _ visibility: Visibility, _ slug: Jurisdiction.Slug,
        _ random: inout SeededGenerator
    ) -> Report.ID? {
        let bits = (UInt64(number) &* 0x9E_3779_B97F &+ seed &* 0x5851_F42D) & 0xFF_FFFF_FFFF
        let letters = (0..<8).map { Self.letters[Int(bits >> (5 * $0) & 31)] }
        var code = String(decoding: letters, as: UTF8.self)
        if visibility == .private { code += RandomCode.code(length: 8, using: &random) }
        return Report.ID(rawValue: slug.rawValue + "-" + code)
    }

    private func media(_ subject: Subject, _ random: inout SeededGenerator) -> [String] {
        guard let scene = subject.theme.scene, let all = pictures[scene], !all.isEmpty,
            random.happens(0.28)
        else { return [] }
        let first = Int.random(in: 0..<all.count, using: &random)
        return random.happens(0.15) && all.count > 1
            ? [all[first], all[(first + 1) % all.count]] : [all[first]]
    }

    /// Near one of the centres, inside the boundary.
    private func point(in theatre: Theatre, _ random: inout SeededGenerator) -> Coordinate? {
        let boundary = theatre.jurisdiction.boundary
        for _ in 0..<60 {
            guard let point = candidate(in: theatre, &random) else { return nil }
            if boundary?.contains(point) ?? true { return point }
        }
        return theatre.places.centres.first?.item.point
    }

    private func candidate(in theatre: Theatre, _ random: inout SeededGenerator) -> Coordinate? {
        func rounded(_ degrees: Double) -> Double { (degrees * 1e6).rounded() / 1e6 }
        if let centre = random.pick(theatre.places.centres) {
            let metres = 111_320.0
            let north = random.normal() * centre.spread / metres
            let shrink = max(0.1, cos(centre.point.latitude * .pi / 180))
            let east = random.normal() * centre.spread / (metres * shrink)
            return Coordinate(
                latitude: rounded(centre.point.latitude + north),
                longitude: rounded(centre.point.longitude + east))
        }
        guard let ring = theatre.jurisdiction.boundary?.polygons.first?.first,
            let one = ring.randomElement(using: &random),
            let other = ring.randomElement(using: &random)
        else { return nil }
        let share = Double.random(in: 0...1, using: &random)
        return Coordinate(
            latitude: rounded(one.latitude + (other.latitude - one.latitude) * share),
            longitude: rounded(one.longitude + (other.longitude - one.longitude) * share))
    }
}

// MARK: When

extension Sample {
    /// How many reports come in each hour of the day, for people who sleep at night.
    private static let hours: [Double] = [
        1, 1, 0.5, 0.5, 0.5, 1, 3, 6, 9, 10, 10, 9, 8, 8, 8, 8, 8, 9, 10, 9, 8, 6, 4, 2,
    ]

    /// A time in the two years, more often by day, more often lately; whole seconds.
    private func time(
        _ number: Int, in zone: TimeZone, _ random: inout SeededGenerator
    ) -> Date {
        let span = 730.0 * 86_400
        let end = until.timeIntervalSince1970
        // The first reports stand for the last days, so that every sample has fresh ones.
        let isFresh = number % 25 == 0
        for _ in 0..<20 {
            let share = Double.random(in: 0..<1, using: &random)
            let age = isFresh ? share * 6 * 86_400 : span * share * (0.6 + 0.4 * share)
            let time = Date(timeIntervalSince1970: (end - age).rounded(.down))
            let offset = Double(zone.secondsFromGMT(for: time))
            let day = (time.timeIntervalSince1970 + offset).truncatingRemainder(dividingBy: 86_400)
            let hour = Int(exactly: (day / 3600).rounded(.down)) ?? 12
            let weight = Self.hours.indices.contains(hour) ? Self.hours[hour] : 5
            if Double.random(in: 0..<10, using: &random) < weight { return time }
        }
        return Date(timeIntervalSince1970: end - 86_400)
    }

    private struct History {
        var status = Status.open
        var detail: Detail? = .open
        var notes: String?
        var updated: Date
        var expected: Date?
    }

    /// What has become of it until now.
    private func history(
        _ subject: Subject, _ requested: Date, in language: Language, _ theatre: Theatre,
        _ random: inout SeededGenerator
    ) -> History {
        var history = History(updated: requested)
        let typical = Double(subject.theme.days) * 86_400
        let delay = (typical * exp(random.normal() * 0.8)).rounded(.down)
        let age = until.timeIntervalSince(requested)
        if random.happens(0.5) { history.expected = requested.addingTimeInterval(typical * 2) }
        if delay < age, random.happens(0.92) {
            history.updated = requested.addingTimeInterval(max(delay, 900))
            if history.updated > until { history.updated = until }
            let ends: [(item: (Detail, String), weight: Int)] = [
                ((.fixed, "done"), 80), ((.closed, "done"), 6),
                ((.noFurtherAction, "refused"), 9), ((.duplicate, "duplicate"), 5),
            ]
            let (detail, note) = random.pick(ends) ?? (.fixed, "done")
            history.detail = detail
            history.status = detail.status
            history.notes = phrase(theatre.texts.notes[note], language, theatre, &random)
        } else if age > 7200, random.happens(0.55) {
            let details: [Detail] = [.investigating, .inProgress, .planned, .actionScheduled]
            history.detail = details.randomElement(using: &random)
            history.updated = requested.addingTimeInterval(
                (min(age, delay) * Double.random(in: 0.05..<0.9, using: &random)).rounded(.down))
            history.notes = phrase(theatre.texts.notes["working"], language, theatre, &random)
        }
        return history
    }
}

// MARK: What

extension Sample {
    private func phrase(
        _ phrases: SampleTexts.Phrases?, _ language: Language, _ theatre: Theatre,
        _ random: inout SeededGenerator
    ) -> String? {
        let all = phrases?[language] ?? phrases?[theatre.jurisdiction.defaultLanguage]
        return all?.randomElement(using: &random)
    }

    private func description(
        _ subject: Subject, _ street: String?, _ house: String, _ language: Language,
        _ theatre: Theatre, _ random: inout SeededGenerator
    ) -> String? {
        var parts = [phrase(subject.theme.says, language, theatre, &random)]
        if random.happens(0.45) {
            parts.append(phrase(subject.theme.more, language, theatre, &random))
        }
        if random.happens(0.35) {
            parts.append(phrase(theatre.texts.wishes, language, theatre, &random))
        }
        let separator = random.happens(0.06) ? "\n" : " "
        let few = String(Int.random(in: 2...6, using: &random))
        let place = street ?? theatre.places.city.text(in: [language], default: language) ?? "?"
        return Self.filled(parts.compactMap { $0 }.joined(separator: separator)) { name in
            switch name {
            case "street": place
            case "number": house
            case "few": few
            default: "?"
            }
        }
    }

    /// A text with values for its `{names}`; byte by byte, because a sample may have a million.
    private static func filled(_ text: String, _ value: (String) -> String) -> String {
        var filled: [UInt8] = []
        filled.reserveCapacity(text.utf8.count + 64)
        var rest = Array(text.utf8)[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")),
            let close = rest[open...].firstIndex(of: UInt8(ascii: "}"))
        {
            filled += rest[..<open]
            filled += value(String(decoding: rest[(open + 1)..<close], as: UTF8.self)).utf8
            rest = rest[(close + 1)...]
        }
        return String(decoding: filled + rest, as: UTF8.self)
    }

    private func address(
        _ street: String, _ house: String, _ language: Language, _ theatre: Theatre
    ) -> String {
        let city = theatre.places.city.text(
            in: [language], default: theatre.jurisdiction.defaultLanguage)
        return street + " " + house + (city.map { ", " + $0 } ?? "")
    }

    /// Answers to all that is required, and to most of the rest.
    private func answers(
        to service: Service, at requested: Date, _ texts: SampleTexts,
        _ random: inout SeededGenerator
    ) -> [Answer] {
        service.attributes.compactMap { attribute in
            guard attribute.purpose != .information,
                attribute.purpose == .required || random.happens(0.6)
            else { return nil }
            let values = values(of: attribute, at: requested, texts, &random)
            return values.isEmpty ? nil : Answer(code: attribute.code, values: values)
        }
    }

    private func values(
        of attribute: Attribute, at requested: Date, _ texts: SampleTexts,
        _ random: inout SeededGenerator
    ) -> [String] {
        let templates = texts.answers[attribute.code.rawValue] ?? []
        switch attribute.datatype {
        case .number:
            return [filled(templates.randomElement(using: &random) ?? "#", &random)]
        case .string, .text:
            let template = templates.randomElement(using: &random)
            return attribute.purpose == .required || template != nil
                ? [filled(template ?? "@-###", &random)] : []
        case .datetime:
            let ago = Double(Int.random(in: 1...40, using: &random)) * 1800
            return [requested.addingTimeInterval(-ago).ISO8601Format()]
        case .singleValueList(let values):
            return values.randomElement(using: &random).map { [$0.key] } ?? []
        case .multiValueList(let values):
            let many = min(values.count, random.happens(0.3) ? 2 : 1)
            return values.shuffled(using: &random).prefix(many).map(\.key)
        }
    }

    /// A template with a digit for each `#` and a letter for each `@`.
    private func filled(_ template: String, _ random: inout SeededGenerator) -> String {
        String(
            template.map { sign in
                switch sign {
                case "#": Character(String(Int.random(in: 1...9, using: &random)))
                case "@": "ABCEHKMPT".randomElement(using: &random) ?? "A"
                default: sign
                }
            })
    }
}
