import Federation
import GeoReport

extension Profile {
    /// Why a profile cannot be changed as the settings want it.
    package struct Mistake: Error, Sendable, Equatable {
        package let key: String
        /// What the value has to be.
        package let advice: String
    }

    /// The profile with single values changed for one peer.
    package func changed(by values: [String: String]) throws(Mistake) -> Profile {
        var profile = self
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let change = Self.changes[key] else {
                let keys = Self.changes.keys.sorted().joined(separator: ", ")
                throw Mistake(key: key, advice: "is none of \(keys)")
            }
            guard change.apply(value, &profile) else {
                throw Mistake(key: key, advice: "needs \(change.advice)")
            }
        }
        return profile
    }

    /// The values that can be changed, and what each may be.
    package static var changeable: [String: String] { changes.mapValues(\.advice) }

    private struct Change: Sendable {
        let advice: String
        /// Whether the text is one that the value can have.
        let apply: @Sendable (String, inout Profile) -> Bool
    }

    private static let changes: [String: Change] = [
        "format": Change(advice: "xml or json") { text, profile in
            guard let format = Format(rawValue: text), format == format.plain else { return false }
            profile.format = format
            return true
        },
        "suffix": word { $0.suffix = $1 },
        "key_place": word { $0.keyPlace = $1 },
        "key_on": word { $0.keyOn = $1 },
        "dates": word { $0.dates = $1 },
        "multi_values": word { $0.multiValues = $1 },
        "media": word { $0.media = $1 },
        "titles": word { $0.titles = $1 },
        "updates": word { (profile: inout Profile, value: Updates) in profile.updates = value },
        "extensions": word { $0.extensions = $1 },
        "subject": word { $0.subject = $1 },
        "words": word { $0.words = $1 },
        "marker": word { $0.marker = $1 },
        "resend": word { $0.resend = $1 },
        "window": word { $0.reports.basis = $1 },
        "window_end": word { $0.reports.end = $1 },
        "pages": word { $0.reports.pages = $1 },
        "needs": words { $0.needs = $1 },
        "takes": words { $0.takes = $1 },
        "window_from": name { $0.reports.from = $1 },
        "window_to": Change(advice: "a parameter's name, or none") { text, profile in
            profile.reports.to = text == "none" ? nil : text
            return isName(text)
        },
        "page_name": name { $0.reports.pageName = $1 },
        "page_size_name": name { $0.reports.sizeName = $1 },
        "page_size": number(in: 1...10_000) { $0.reports.size = $1 },
        "first_page": number(in: 0...1) { $0.reports.first = $1 },
        "shortest_page": number(in: 1...10_000) { $0.reports.least = $1 },
        "most_rows": number(in: 1...1_000_000) { $0.reports.most = $1 },
        "updates_pages": word { $0.updateList.pages = $1 },
        "updates_page_size_name": name { $0.updateList.sizeName = $1 },
        "updates_page_size": number(in: 1...10_000) { $0.updateList.size = $1 },
        "updates_most_rows": number(in: 1...1_000_000) { $0.updateList.most = $1 },
        "longest_window": number(in: 1...100_000_000) { $0.reports.longest = $1 },
        "ids_per_call": number(in: 1...500) { $0.idsPerCall = $1 },
        "empty_status": number(in: 200...599) { $0.emptyStatus = $1 },
        "status": name { $0.status = $1 },
        "successes": Change(advice: "statuses such as 200, 201") { text, profile in
            let numbers = list(text).map { Int($0) }
            let statuses = numbers.compactMap { $0 }.filter((200..<300).contains)
            profile.successes = Set(statuses)
            return !statuses.isEmpty && statuses.count == numbers.count
        },
        "facts": Change(advice: "a list such as fixmystreet_id=id, report_url=address") {
            text, profile in
            profile.facts = [:]
            for pair in list(text) {
                let parts = pair.split(separator: "=").map(String.init)
                guard parts.count == 2, let fact = Fact(rawValue: parts[1]) else { return false }
                profile.facts[parts[0]] = fact
            }
            return true
        },
    ]

    /// One word of a closed set.
    private static func word<Word: RawRepresentable & CaseIterable & Sendable>(
        _ set: @escaping @Sendable (inout Profile, Word) -> Void
    ) -> Change where Word.RawValue == String {
        Change(advice: Word.allCases.map(\.rawValue).joined(separator: " or ")) { text, profile in
            guard let word = Word(rawValue: text) else { return false }
            set(&profile, word)
            return true
        }
    }

    /// Words of a closed set, with commas between; `none` is none of them.
    private static func words<Word: RawRepresentable & CaseIterable & Hashable & Sendable>(
        _ set: @escaping @Sendable (inout Profile, Set<Word>) -> Void
    ) -> Change where Word.RawValue == String {
        let advice = "none, or some of " + Word.allCases.map(\.rawValue).joined(separator: ", ")
        return Change(advice: advice) { text, profile in
            let texts = text == "none" ? [] : list(text)
            let words = texts.compactMap(Word.init(rawValue:))
            set(&profile, Set(words))
            return words.count == texts.count
        }
    }

    private static func name(
        _ set: @escaping @Sendable (inout Profile, String) -> Void
    ) -> Change {
        Change(advice: "a text without blanks") { text, profile in
            set(&profile, text)
            return isName(text)
        }
    }

    private static func number(
        in range: ClosedRange<Int>, _ set: @escaping @Sendable (inout Profile, Int) -> Void
    ) -> Change {
        Change(advice: "a number from \(range.lowerBound) to \(range.upperBound)") {
            text, profile in
            guard let number = Int(text), range.contains(number) else { return false }
            set(&profile, number)
            return true
        }
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
