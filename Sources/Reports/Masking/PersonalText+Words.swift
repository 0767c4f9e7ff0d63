/// What the words before a number say that it is.
enum NumberHint {
    /// A telephone number follows.
    case phone
    /// A number of a person follows, or that of their papers.
    case person
    /// The number of a report, a bill, a part follows.
    case thing
}

extension PersonalText {
    /// What the words before a place say, as far as they are in the same breath.
    ///
    /// Looks at four words and forty scalars at most.
    func hint(before place: Int) -> NumberHint? {
        var words = 0
        var end = place
        let floor = max(0, place - 40)
        while end > floor, words < 4 {
            let scalar = scalars[end - 1]
            if scalar == "#" { return .thing }
            guard scalar.isLetter else {
                if scalar.isDigit || Self.stops.contains(scalar) { return nil }
                end -= 1
                continue
            }
            var begin = end
            while begin > floor, scalars[begin - 1].isLetter { begin -= 1 }
            let word = String(String.UnicodeScalarView(scalars[begin..<end])).lowercased()
            // Of a thing only the word right before it tells: a report may hold a telephone number.
            if let hint = Self.hint(of: word), hint != .thing || words == 0 { return hint }
            words += 1
            end = begin
        }
        return nil
    }

    private static let stops: Set<Unicode.Scalar> = [",", ";", "!", "?", "\n", "\r", "•", "@"]

    private static func hint(of word: String) -> NumberHint? {
        if phoneWords.contains(word) || phoneStems.contains(where: word.hasPrefix) {
            return .phone
        }
        if personWords.contains(word) || personStems.contains(where: word.hasPrefix) {
            return .person
        }
        if word == "id" || thingStems.contains(where: word.hasPrefix) { return .thing }
        return nil
    }

    private static let phoneWords: Set<String> = [
        "тел", "моб", "gsm", "гсм", "tel", "mob", "cel", "cell", "call", "ring", "phone", "wa",
    ]

    /// Of telephones, messengers and calling, in the languages that are spoken where this serves.
    private static let phoneStems = [
        "телеф", "мобил", "джиесем", "звън", "обад", "позвън", "вайб", "вибер", "ватс", "уотс",
        "контакт", "мобт", "telef", "mobil", "phone", "viber", "whats", "kontakt", "contact",
        "thirr", "telefono", "pozov", "zovi", "zvati", "nazov", "javit", "јавит", "позов", "зови",
        "звать",
    ]

    private static let personWords: Set<String> = [
        "егн", "лнч", "egn", "lnch", "nrp", "jmbg", "јмбг", "nid", "letërnjoftim", "leternjoftim",
    ]

    private static let personStems = [
        "личн", "личен", "lični", "lična", "licni", "licna", "personal",
    ]

    private static let thingStems = [
        "сигнал", "заявк", "жалб", "преписк", "фактур", "инвентар", "сериен", "партид", "абонат",
        "request", "report", "ticket", "invoice", "serial", "raport", "kërkes", "kerkes", "fatur",
        "zahtev", "prijav", "račun", "serij",
    ]
}
