import Reports

extension Labels {
    /// What a report's state is called, for people.
    func text(_ detail: Detail) -> String { choose(detail.labels) }

    /// What happened, for people: a change of the status is called as the state it led to.
    func summary(of note: Note) -> String {
        if note.kind == .status, let detail = note.detail { return text(detail) }
        return choose(note.kind.labels)
    }

    /// What stands with the sender's own number.
    var foreignNumber: String { choose(ForeignNumber.description) }

    /// The text in the best of the languages asked for that the jurisdiction speaks, else in its own,
    /// else in English.
    private func choose(_ texts: [String: String]) -> String {
        let spoken = languages.filter(jurisdiction.languages.contains)
        for language in spoken + [jurisdiction.defaultLanguage] {
            if let text = texts[language.rawValue] { return text }
        }
        return texts["en"] ?? ""
    }
}

extension Detail {
    fileprivate var labels: [String: String] {
        switch self {
        case .open: ["bg": "Приет", "en": "Received", "sq": "Pranuar", "sr": "Примљено"]
        case .investigating:
            [
                "bg": "Проучва се", "en": "Being looked at", "sq": "Në shqyrtim",
                "sr": "У разматрању",
            ]
        case .forTriage:
            [
                "bg": "Чака разпределяне", "en": "Waiting to be assigned",
                "sq": "Në pritje të caktimit", "sr": "Чека распоређивање",
            ]
        case .planned:
            ["bg": "Планиран", "en": "Planned", "sq": "Planifikuar", "sr": "Планирано"]
        case .actionScheduled:
            ["bg": "Насрочен", "en": "Scheduled", "sq": "Caktuar në orar", "sr": "Заказано"]
        case .inProgress:
            ["bg": "В работа", "en": "In progress", "sq": "Në proces", "sr": "У току"]
        case .internalReferral:
            [
                "bg": "Препратен на друг отдел", "en": "Passed to another unit",
                "sq": "Përcjellë te një njësi tjetër", "sr": "Прослеђено другој служби",
            ]
        case .reopen:
            [
                "bg": "Отворен отново", "en": "Opened again", "sq": "Rihapur",
                "sr": "Поново отворено",
            ]
        case .fixed: ["bg": "Отстранен", "en": "Fixed", "sq": "Rregulluar", "sr": "Решено"]
        case .closed: ["bg": "Затворен", "en": "Closed", "sq": "Mbyllur", "sr": "Затворено"]
        case .duplicate:
            [
                "bg": "Повторен сигнал", "en": "Reported before",
                "sq": "Raportuar më parë", "sr": "Већ пријављено",
            ]
        case .notCouncilsResponsibility:
            [
                "bg": "Извън нашата отговорност", "en": "Not our responsibility",
                "sq": "Jashtë përgjegjësisë sonë", "sr": "Није у нашој надлежности",
            ]
        case .noFurtherAction:
            [
                "bg": "Без по-нататъшни действия", "en": "No further action",
                "sq": "Pa veprime të mëtejshme", "sr": "Без даљих мера",
            ]
        case .cancelled:
            ["bg": "Оттеглен", "en": "Withdrawn", "sq": "Tërhequr", "sr": "Повучено"]
        }
    }
}

extension Note.Kind {
    fileprivate var labels: [String: String] {
        switch self {
        case .opened: ["bg": "Приет", "en": "Received", "sq": "Pranuar", "sr": "Примљено"]
        case .comment: ["bg": "Коментар", "en": "Comment", "sq": "Koment", "sr": "Коментар"]
        case .status:
            [
                "bg": "Променен статус", "en": "Status changed", "sq": "Statusi u ndryshua",
                "sr": "Промењен статус",
            ]
        case .moved:
            [
                "bg": "Преместен в друга услуга", "en": "Moved to another service",
                "sq": "Kaluar në një shërbim tjetër", "sr": "Премештено у другу услугу",
            ]
        case .duplicate:
            [
                "bg": "Повторен сигнал", "en": "Reported before",
                "sq": "Raportuar më parë", "sr": "Већ пријављено",
            ]
        case .reopened:
            [
                "bg": "Отворен отново", "en": "Opened again", "sq": "Rihapur",
                "sr": "Поново отворено",
            ]
        case .closed: ["bg": "Затворен", "en": "Closed", "sq": "Mbyllur", "sr": "Затворено"]
        }
    }
}
