import Reports

/// What somebody wrote in an answer: without what it quotes and without the signature, and with the
/// status that its first line tells.
struct AnswerText: Equatable {
    /// `nil` if nothing is left.
    private(set) var text: String?
    /// A word of ours, or what stood behind `status:`; `nil` if the first line is none.
    private(set) var status: String?
    /// All that was written, the first line too, for where a status does not count.
    private(set) var whole: String?

    init(reading mail: String) {
        var lines = Self.written(in: mail.split(separator: "\n", omittingEmptySubsequences: false))
        whole = Self.joined(lines)
        guard let first = lines.firstIndex(where: { !Self.isBlank($0) }) else { return }
        status = Self.status(in: lines[first])
        if status != nil { lines.removeFirst(first + 1) }
        text = Self.joined(lines)
    }

    /// A text to be compared: small letters without marks, without what ends a sentence, and with
    /// one blank between words.
    static func folded(_ text: some StringProtocol) -> String {
        let small = String(text).lowercased().map { marks[$0] ?? $0 }
        return String(small).split { !($0.isLetter || $0.isNumber || $0 == "_") }
            .joined(separator: " ")
    }

    private static let marks: [Character: Character] = [
        "ë": "e", "ç": "c", "š": "s", "ž": "z", "č": "c", "ć": "c", "đ": "d",
    ]

    private static func status(in line: Substring) -> String? {
        guard line.utf8.count <= 200 else { return nil }
        if let detail = EmailLanguage.detail(of: String(line)) {
            return detail.rawValue.lowercased()
        }
        let halves = line.split(separator: ":", maxSplits: 1)
        guard halves.count == 2, statusKeys.contains(folded(halves[0])) else { return nil }
        let word = folded(halves[1])
        guard !word.isEmpty else { return nil }
        return EmailLanguage.detail(of: word)?.rawValue.lowercased() ?? word
    }

    private static let statusKeys: Set = [
        "status", "статус", "състояние", "statusi", "gjendja", "stanje",
    ]

    private static func isBlank(_ line: Substring) -> Bool { line.allSatisfy(\.isWhitespace) }

    private static func joined(_ lines: [Substring]) -> String? {
        var kept: [Substring] = []
        for line in lines where !(isBlank(line) && kept.last.map(isBlank) ?? true) {
            kept.append(line)
        }
        while kept.last.map(isBlank) == true { kept.removeLast() }
        // Longer than anybody writes; what is cut stays in the mailbox.
        return kept.isEmpty ? nil : String(kept.joined(separator: "\n").prefix(10_000))
    }
}

extension AnswerText {
    /// The lines that the sender wrote.
    private static func written(in lines: [Substring]) -> [Substring] {
        var kept: [Substring] = []
        var index = 0
        while index < lines.count {
            let line = lines[index]
            if let count = introduction(at: index, in: lines) {
                index += count
                // What is quoted without marks goes on to the end.
                let next = lines[index...].first { !isBlank($0) }
                guard next.map(isQuoted) ?? false else { break }
                continue
            }
            if isSeparator(line) || isHeading(at: index, in: lines) || isSignature(line) { break }
            if !isQuoted(line) { kept.append(line) }
            index += 1
        }
        return kept
    }

    private static func isQuoted(_ line: Substring) -> Bool {
        line.first { $0 != " " } == ">"
    }

    /// How many lines from here on say who wrote what follows: "On Monday, … wrote:".
    private static func introduction(at index: Int, in lines: [Substring]) -> Int? {
        guard lines[index].utf8.count <= 500 else { return nil }
        let first = folded(lines[index])
        guard introductions.contains(where: { first.hasPrefix($0.begin + " ") }) else { return nil }
        var text = lines[index]
        for count in 1...3 {
            let end = text.drop { $0 == " " }.reversed().drop { $0.isWhitespace }
            let whole = folded(text)
            if end.first == ":",
                introductions.contains(where: { pair in
                    whole.hasPrefix(pair.begin + " ")
                        && pair.verbs.contains { " \(whole) ".contains(" \($0) ") }
                })
            {
                return count
            }
            guard index + count < lines.count, text.utf8.count <= 1000 else { return nil }
            text += " " + lines[index + count]
        }
        return nil
    }

    private static let introductions: [(begin: String, verbs: [String])] = [
        ("on", ["wrote"]), ("на", ["написа", "пише"]), ("в", ["написа", "пише"]),
        ("me", ["shkroi", "shkruajti"]),
        ("dana", ["je napisao", "je napisala", "napisao je", "пише"]),
        ("дана", ["је написао", "је написала"]), ("on", ["je napisao", "je napisala"]),
        ("am", ["schrieb"]), ("le", ["a ecrit", "a écrit"]),
    ]

    /// A line with which programs set apart what they quote.
    private static func isSeparator(_ line: Substring) -> Bool {
        guard line.utf8.count <= 200 else { return false }
        let text = line.drop { $0.isWhitespace }
        guard text.hasPrefix("--") || text.hasPrefix("____") else { return false }
        if text.allSatisfy({ $0 == "_" || $0.isWhitespace }) { return true }
        let words = folded(text)
        return [
            "original message", "оригинално съобщение", "препратено съобщение", "mesazhi origjinal",
            "originalna poruka", "оригинална порука", "forwarded message",
        ].contains(words)
    }

    /// "From: … / Sent: …" without marks, as Outlook quotes.
    private static func isHeading(at index: Int, in lines: [Substring]) -> Bool {
        func key(_ line: Substring) -> String? {
            guard line.utf8.count <= 500, let end = line.firstIndex(of: ":") else { return nil }
            return folded(line[..<end])
        }
        guard let first = key(lines[index]),
            ["from", "от", "nga", "od", "од", "von"].contains(first)
        else { return false }
        let second = [
            "sent", "date", "to", "изпратено", "дата", "до", "derguar", "data", "per", "poslato",
            "datum", "za", "послато", "датум", "gesendet",
        ]
        return lines[(index + 1)...].prefix(2).contains { key($0).map(second.contains) ?? false }
    }

    /// `-- `, or what telephones add.
    private static func isSignature(_ line: Substring) -> Bool {
        if line == "--" || line == "-- " { return true }
        guard line.utf8.count <= 120 else { return false }
        let words = folded(line)
        return [
            "sent from my", "get outlook for", "изпратено от моя", "изпратено от iphone",
            "derguar nga iphone", "derguar nga telefoni", "poslato sa mog", "poslato sa iphone",
            "послато са мог",
        ].contains { words.hasPrefix($0 + " ") }
    }
}
