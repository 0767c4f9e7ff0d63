import Reports

/// A language that mails are written in; answers are read in all of them.
package enum EmailLanguage: String, Sendable, CaseIterable {
    case bulgarian = "bg"
    case albanian = "sq"
    case serbian = "sr"
    case english = "en"

    /// What may stand alone in the first line of an answer, and which of our words it is. The first
    /// ones stand in the mails.
    var words: [(text: String, detail: Detail)] {
        switch self {
        case .english:
            [
                ("in progress", .inProgress), ("planned", .planned), ("fixed", .fixed),
                ("not ours", .notCouncilsResponsibility), ("repaired", .fixed),
                ("resolved", .fixed),
                ("done", .fixed), ("scheduled", .planned), ("in process", .inProgress),
                ("forwarded", .internalReferral),
                ("not our responsibility", .notCouncilsResponsibility),
            ]
        case .bulgarian:
            [
                ("в процес", .inProgress), ("планирано", .planned), ("отстранено", .fixed),
                ("не е наше", .notCouncilsResponsibility), ("поправено", .fixed),
                ("ремонтирано", .fixed), ("изпълнено", .fixed), ("в изпълнение", .inProgress),
                ("изпратена", .internalReferral), ("изпратено", .internalReferral),
                ("изпратен", .internalReferral), ("izpratena", .internalReferral),
                ("izprateno", .internalReferral), ("otstraneno", .fixed), ("popraveno", .fixed),
                ("planirano", .planned), ("v proces", .inProgress),
                ("ne e nashe", .notCouncilsResponsibility),
            ]
        case .albanian:
            [
                ("në proces", .inProgress), ("planifikuar", .planned), ("rregulluar", .fixed),
                ("jo e jona", .notCouncilsResponsibility), ("u rregullua", .fixed),
                ("e rregulluar", .fixed), ("riparuar", .fixed), ("përfunduar", .fixed),
                ("e planifikuar", .planned), ("dërguar", .internalReferral),
                ("jo kompetenca jonë", .notCouncilsResponsibility),
            ]
        case .serbian:
            [
                ("u toku", .inProgress), ("planirano", .planned), ("popravljeno", .fixed),
                ("nije naše", .notCouncilsResponsibility), ("rešeno", .fixed), ("završeno", .fixed),
                ("u radu", .inProgress), ("prosleđeno", .internalReferral),
                ("nije u našoj nadležnosti", .notCouncilsResponsibility), ("у току", .inProgress),
                ("планирано", .planned), ("поправљено", .fixed), ("решено", .fixed),
                ("није наше", .notCouncilsResponsibility), ("прослеђено", .internalReferral),
            ]
        }
    }

    /// How a detail of ours is called in a mail.
    func name(of detail: Detail) -> String {
        switch (self, detail) {
        case (.bulgarian, .open): "отворен"
        case (.bulgarian, .reopen): "отворен отново"
        case (.bulgarian, .closed): "затворен"
        case (.bulgarian, .duplicate): "повтаря друг сигнал"
        case (.albanian, .open): "i hapur"
        case (.albanian, .reopen): "i hapur përsëri"
        case (.albanian, .closed): "i mbyllur"
        case (.albanian, .duplicate): "përsërit një raportim tjetër"
        case (.serbian, .open): "otvoreno"
        case (.serbian, .reopen): "ponovo otvoreno"
        case (.serbian, .closed): "zatvoreno"
        case (.serbian, .duplicate): "ponavlja drugu prijavu"
        default:
            words.first { $0.detail == detail }?.text
                ?? detail.rawValue.lowercased().replacing("_", with: " ")
        }
    }

    /// What stands behind the tag in the subject of news.
    var news: String {
        switch self {
        case .english: "News"
        case .bulgarian: "Новини"
        case .albanian: "Të reja"
        case .serbian: "Novosti"
        }
    }

    /// What an answer link begins with in the list of words: `fixed, planned…`.
    var offered: String { words.prefix(4).map(\.text).joined(separator: " · ") }

    /// Our word for one of the words above, however it is written; `nil` if it is none of them.
    static func detail(of text: String) -> Detail? { known[AnswerText.folded(text)] }

    private static let known = Dictionary(
        allCases.flatMap { $0.words.map { (AnswerText.folded($0.text), $0.detail) } },
        uniquingKeysWith: { first, _ in first })
}
