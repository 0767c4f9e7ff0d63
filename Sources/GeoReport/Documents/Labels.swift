import Reports

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
    private let languages: [Language]
    private var jurisdiction: Jurisdiction.ID?
    private var names: [Service.Code: String] = [:]

    init(in languages: [Language]) {
        self.languages = languages
    }

    /// The label of a report's service: the catalogue's, else the one the report came with, else
    /// the code.
    mutating func name(for report: Report, in jurisdiction: Jurisdiction) -> String {
        if self.jurisdiction != jurisdiction.id {
            self.jurisdiction = jurisdiction.id
            names = [:]
        }
        if let name = names[report.service] { return name }
        guard let service = jurisdiction.service(report.service) else {
            return report.serviceName ?? report.service.rawValue
        }
        let text = service.name.text(in: languages, default: jurisdiction.defaultLanguage)
        let name = text.flatMap { $0.isEmpty ? nil : $0 } ?? service.code.rawValue
        names[report.service] = name
        return name
    }
}
