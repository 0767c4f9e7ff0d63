import GeoReport
import Reports

/// The words of the page for officials, in one language.
struct AnswerTexts {
    /// Its tag, such as `en`.
    let language: String
    private let texts: [Name: String]

    enum Name: CaseIterable {
        case heading, question, comment, text, photos, notice, send
        case thanks, wrong, expired, unavailable
        case inProgress, planned, fixed, notOurs
    }

    subscript(name: Name) -> String { texts[name] ?? "" }

    /// A text of the settings in this language, or in the first that it has.
    func text(of localized: Localized?) -> String? {
        guard let texts = localized?.texts else { return nil }
        let own = Language(rawValue: language).flatMap { texts[$0] }
        return own ?? texts.sorted { $0.key.rawValue < $1.key.rawValue }.first?.value
    }

    func answer(_ detail: Detail) -> String {
        switch detail {
        case .inProgress: self[.inProgress]
        case .planned: self[.planned]
        case .fixed: self[.fixed]
        default: self[.notOurs]
        }
    }

    /// The first language that the reader wants and we have; else the jurisdiction's; else English.
    static func language(_ wanted: String?, _ jurisdiction: Jurisdiction?) -> AnswerTexts {
        let known = all.map(\.language)
        let asked = (wanted ?? "").split(separator: ",").map { part in
            part.prefix { $0 != ";" && $0 != "-" }.lowercased().filter { $0 != " " }
        }
        let wishes = asked + (jurisdiction?.languages.map(\.rawValue) ?? [])
        let chosen = wishes.first { known.contains($0) }
        return all.first { $0.language == chosen } ?? english
    }

    /// `texts` in the order of the names.
    private init(_ code: String, _ texts: [String]) {
        language = code
        self.texts = Dictionary(uniqueKeysWithValues: zip(Name.allCases, texts))
    }

    private static let all = [english, bulgarian, albanian, serbian]

    private static let english = AnswerTexts(
        "en",
        [
            "Answer to a report", "How does it stand?", "Only a comment", "What citizens will read",
            "Photos", "Everybody can read what you send. Write no names.", "Send",
            "Thank you. Your answer is published.",
            "This link leads nowhere. Please open it from the mail again.",
            "This link was good for some time only, which is over. Please answer the mail instead.",
            "This cannot be shown now. Please try again in a minute.",
            "In process", "Planned", "Fixed", "Not ours",
        ])

    private static let bulgarian = AnswerTexts(
        "bg",
        [
            "Отговор на сигнал", "Докъде стигна?", "Само коментар", "Какво ще прочетат гражданите",
            "Снимки", "Всеки може да прочете изпратеното. Не пишете имена.", "Изпращане",
            "Благодарим. Отговорът е публикуван.",
            "Тази връзка не води наникъде. Моля, отворете я отново от писмото.",
            "Срокът на тази връзка изтече. Моля, отговорете на писмото.",
            "В момента не може да се покаже. Моля, опитайте отново след минута.",
            "В процес", "Планирано", "Отстранено", "Не е наше",
        ])

    private static let albanian = AnswerTexts(
        "sq",
        [
            "Përgjigje për një raportim", "Si qëndron?", "Vetëm koment",
            "Çfarë do të lexojnë qytetarët",
            "Foto", "Çdokush mund ta lexojë atë që dërgoni. Mos shkruani emra.", "Dërgo",
            "Faleminderit. Përgjigjja juaj u publikua.",
            "Kjo lidhje nuk të çon askund. Ju lutemi hapeni përsëri nga mesazhi.",
            "Kësaj lidhjeje i ka kaluar afati. Ju lutemi përgjigjuni mesazhit.",
            "Kjo nuk mund të shfaqet tani. Ju lutemi provoni përsëri pas një minute.",
            "Në proces", "E planifikuar", "E rregulluar", "Nuk është e jona",
        ])

    private static let serbian = AnswerTexts(
        "sr",
        [
            "Одговор на пријаву", "Докле је стигло?", "Само коментар", "Шта ће грађани прочитати",
            "Фотографије", "Свако може да прочита оно што пошаљете. Не пишите имена.", "Пошаљи",
            "Хвала. Ваш одговор је објављен.",
            "Ова веза не води никуда. Молимо отворите је поново из поруке.",
            "Рок ове везе је истекао. Молимо одговорите на поруку.",
            "Тренутно не може да се прикаже. Молимо покушајте поново за минут.",
            "У току", "Планирано", "Поправљено", "Није наше",
        ])
}
