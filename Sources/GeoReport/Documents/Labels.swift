import Reports
import XML

/// A jurisdiction's texts in the languages that were asked for.
struct Labels {
    let jurisdiction: Jurisdiction
    let languages: [Language]

    init(of jurisdiction: Jurisdiction, in languages: [Language]) {
        self.jurisdiction = jurisdiction
        self.languages = languages
    }

    /// The text in the best language there is, or `nil` if it is empty in it.
    func text(_ localized: Localized) -> String? {
        guard let text = localized.text(in: languages, default: jurisdiction.defaultLanguage),
            !text.isEmpty
        else { return nil }
        return text
    }

    /// A service's name; its code if it has none in any language asked for.
    func name(of service: Service) -> String {
        text(service.name) ?? service.code.rawValue
    }

    /// The heading of a service, never empty: two phone apps crash on null (GR-4).
    func group(of service: Service) -> String {
        if let group = text(service.group) { return group }
        let spoken = languages.first(where: jurisdiction.languages.contains)
        return Self.other[(spoken ?? jurisdiction.defaultLanguage).rawValue] ?? "Other"
    }

    /// What a service without a heading stands under.
    private static let other = [
        "bg": "Други", "bs": "Ostalo", "cs": "Ostatní", "de": "Sonstiges", "el": "Άλλα",
        "en": "Other", "es": "Otros", "fi": "Muut", "fr": "Autres", "hr": "Ostalo", "hu": "Egyéb",
        "it": "Altro", "mk": "Друго", "nl": "Overig", "pl": "Inne", "pt": "Outros",
        "ro": "Altele", "sk": "Ostatné", "sl": "Drugo", "sq": "Të tjera", "sr": "Друго",
        "sv": "Övrigt", "tr": "Diğer", "uk": "Інше",
    ]
}

/// The names of services, remembered while a list is written.
struct ServiceNames {
    /// Codes and names, one behind the other: to look one up touches no other memory.
    private(set) var bytes: [UInt8] = []
    private let languages: [Language]
    private var jurisdiction: Jurisdiction.ID?
    /// In the order in which they were met: a list has few services, and the frequent ones come early.
    private var known: [Entry] = []

    private struct Entry {
        let code: Range<Int>
        let name: Range<Int>
    }

    init(in languages: [Language]) {
        self.languages = languages
    }

    /// Where among the bytes the label of a report's service is: the catalogue's, else the one the
    /// report came with, else the code.
    mutating func place(for report: ReportBytes, in jurisdiction: Jurisdiction) -> Range<Int> {
        if self.jurisdiction != jurisdiction.id {
            self.jurisdiction = jurisdiction.id
            known = []
            bytes = []
        }
        if let name = name(of: report.service) { return name }
        // Labels that the catalogue does not have are different each time, and not remembered.
        bytes.removeLast(bytes.count - (known.last?.name.upperBound ?? 0))
        guard let service = jurisdiction.service(of: report) else {
            return add(report.serviceName.baseAddress == nil ? report.service : report.serviceName)
        }
        let entry = Entry(
            code: add(report.service),
            name: Labels(of: jurisdiction, in: languages).name(of: service).withBytes { add($0) })
        known.append(entry)
        return entry.name
    }

    /// The name that was found for this code before.
    private func name(of code: ReportBytes.Text) -> Range<Int>? {
        bytes.withUnsafeBytes { bytes in
            known.first { entry in
                guard code.count == entry.code.count else { return false }
                let start = entry.code.lowerBound
                // Codes differ at their ends: ROAD-1, ROAD-2.
                var offset = code.count
                while offset > 0, bytes[start + offset - 1] == code[offset - 1] { offset -= 1 }
                return offset == 0
            }?.name
        }
    }

    private mutating func add(_ text: ReportBytes.Text) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text)
        return start..<bytes.count
    }
}
