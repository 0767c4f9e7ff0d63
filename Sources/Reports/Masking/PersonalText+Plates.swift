/// Plates of cars.
extension PersonalText {
    var plates: [Range<Int>] {
        var plates: [Range<Int>] = []
        var place = 0
        while place < scalars.count {
            guard isWord(place), !isWord(place - 1) else {
                place += 1
                continue
            }
            if let plate = plate(at: place) {
                plates.append(plate)
                place = plate.upperBound
            } else {
                place += 1
            }
        }
        return plates
    }

    /// The plate that begins here; what goes on with more letters or digits is none.
    private func plate(at begin: Int) -> Range<Int>? {
        guard ![Unicode.Scalar("-"), "/", "#"].contains(scalar(begin - 1)), !isThing(begin) else {
            return nil
        }
        let parts = parts(from: begin)
        guard parts.count >= 3, isPlate(Array(parts.prefix(3))) else { return nil }
        let end = parts[2].end
        guard !isWord(end), scalar(end) != "-" || !isWord(end + 1) else { return nil }
        return begin..<end
    }

    /// Letters of one case, or digits, of a plate.
    private struct Part {
        let text: String
        let end: Int
        let isDigits: Bool
        let isLower: Bool
        let isCyrillic: Bool
        /// What parts it from the one before: nothing, a blank or a hyphen.
        let gap: Unicode.Scalar?
    }

    /// At most three parts, of at most six characters each.
    private func parts(from begin: Int) -> [Part] {
        var parts: [Part] = []
        var place = begin
        while parts.count < 3 {
            var gap: Unicode.Scalar?
            if !parts.isEmpty, let next = scalar(place), [" ", "-", "·", "\u{A0}"].contains(next) {
                gap = next
                place += 1
            }
            guard let first = scalar(place), first.isDigit || first.isLetter else { break }
            let start = place
            while let next = scalar(place), place - start < 6,
                first.isDigit ? next.isDigit : next.isLetter
            {
                // `01123AB`: the region of Kosovo's has two digits.
                if parts.isEmpty, first == "0", place - start == 2 { break }
                place += 1
            }
            let text = String(String.UnicodeScalarView(scalars[start..<place]))
            parts.append(
                Part(
                    text: first.isDigit ? text : Self.latin(text), end: place,
                    isDigits: first.isDigit, isLower: text == text.lowercased(),
                    isCyrillic: text.unicodeScalars.contains { (0x400...0x52F) ~= $0.value },
                    gap: gap))
        }
        return parts
    }

    private func isPlate(_ parts: [Part]) -> Bool {
        let shape = parts.map(\.isDigits)
        let letters = parts.filter { !$0.isDigits }
        let isLower = letters.contains(where: \.isLower)
        // Small letters only where nothing is between: otherwise they are words.
        guard !isLower || letters.allSatisfy(\.isLower) && parts.allSatisfy({ $0.gap != " " })
        else { return false }
        switch shape {
        case [false, true, false]:
            let isLatin = !parts.contains(where: \.isCyrillic)
            return isBulgarian(parts) || isLatin && !isLower && isSerbianOrAlbanian(parts)
        case [true, true, false]: return isKosovar(parts)
        case [true, false, true]:
            return parts[1].text == "KS" && parts[0].text.count == 3 && parts[2].text.count == 3
        default: return false
        }
    }

    private func isBulgarian(_ parts: [Part]) -> Bool {
        let (region, number, series) = (parts[0].text, parts[1].text, parts[2].text)
        guard Self.bulgarian.contains(region), number.count == 4, series.count == 2,
            series.allSatisfy(Self.bulgarianLetters.contains)
        else { return false }
        // `В 2024 СА…`: a word, a year and an abbreviation.
        let isYear = number.hasPrefix("19") || number.hasPrefix("20")
        return region.count == 2 || !isYear || parts[1].gap != " "
    }

    private func isSerbianOrAlbanian(_ parts: [Part]) -> Bool {
        let (region, number, series) = (parts[0].text, parts[1].text, parts[2].text)
        guard region.count == 2 else { return false }
        if number.count == 4, series.count == 1 { return Self.albanian.contains(region) }
        guard series.count == 2 else { return false }
        if number.count == 3 {
            return !Self.measures.contains(region) || parts[1].gap == nil
        }
        return (4...5).contains(number.count) && Self.serbian.contains(region)
    }

    private func isKosovar(_ parts: [Part]) -> Bool {
        let (region, number, series) = (parts[0].text, parts[1].text, parts[2].text)
        return region.count == 2 && ("01"..."07").contains(region) && number.count == 3
            && series.count == 2 && series.allSatisfy(\.isASCII)
    }

    /// In capitals, and Cyrillic ones that look like Latin ones as those.
    private static func latin(_ text: String) -> String {
        String(text.uppercased().map { lookalikes[$0] ?? $0 })
    }

    private static let lookalikes: [Character: Character] = [
        "А": "A", "В": "B", "Е": "E", "К": "K", "М": "M", "Н": "H", "О": "O", "Р": "P", "С": "C",
        "Т": "T", "У": "Y", "Х": "X",
    ]

    private static let bulgarianLetters: Set<Character> = Set("ABEKMHOPCTYX")

    private static let bulgarian: Set<String> = [
        "A", "B", "BH", "BP", "BT", "E", "EA", "EB", "EH", "K", "KH", "M", "H", "OB", "P", "PA",
        "PB", "PK", "PP", "C", "CA", "CB", "CM", "CH", "CO", "CC", "CT", "T", "TX", "Y", "X",
    ]

    private static let serbian: Set<String> = [
        "AL", "AR", "AC", "BB", "BG", "BO", "BP", "BT", "BU", "BĆ", "BČ", "VA", "VB", "VL", "VP",
        "VR", "VS", "VŠ", "GL", "GM", "DE", "ĐA", "ZA", "ZR", "IN", "IC", "JA", "KA", "KG", "KI",
        "KL", "KM", "KO", "KC", "KŠ", "KV", "KU", "KŽ", "LB", "LE", "LO", "LU", "NV", "NG", "NI",
        "NP", "NS", "PA", "PB", "PE", "PZ", "PI", "PK", "PN", "PO", "PP", "PR", "PT", "RA", "RU",
        "SA", "SV", "SD", "SJ", "SM", "SO", "SP", "SC", "ST", "SU", "TO", "TS", "TT", "TU", "ĆU",
        "UB", "UE", "UR", "UŠ", "ČA", "ŠA", "ŠI",
    ]

    private static let albanian: Set<String> = [
        "TR", "DR", "EL", "FR", "VL", "SH", "KO", "BR", "GJ", "KU", "LE", "DI", "KR", "LU", "PG",
    ]

    /// What stands before numbers that measure pipes, roads and lamps.
    private static let measures: Set<String> = [
        "DN", "PN", "PE", "PP", "NR", "NO", "KM", "EN", "IP", "ID", "LN", "UL", "BL", "RR",
    ]
}
