/// Texts as YAML that people can read and every reader reads the same.
enum YAMLText {
    /// What stands behind `key:`, with further lines indented by this much.
    static func value(_ text: String, indent: Int) -> String {
        if isPlain(text), text.count <= 80 { return " " + text }
        let margin = "\n" + String(repeating: " ", count: indent)
        if isFoldable(text) {
            return " >-" + wrapped(text, width: 96 - indent).map { margin + $0 }.joined()
        }
        if isLiteral(text) {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return " |-" + lines.map { $0.isEmpty ? "\n" : margin + $0 }.joined()
        }
        return " " + quoted(text)
    }

    /// A text inside `[…]` or `{…}`.
    static func item(_ text: String) -> String {
        isPlain(text) && !text.contains(",") ? text : quoted(text)
    }

    private static let words: Set<String> = [
        "true", "false", "yes", "no", "on", "off", "null", "y", "n",
    ]

    /// Letters first and only harmless signs behind them: nothing that YAML could read otherwise.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first.properties.isAlphabetic,
            text.last != " ",
            !words.contains(text.lowercased())
        else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || " -_/.()',;+".unicodeScalars.contains(scalar)
        }
    }

    private static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            scalar == "\n"
                || scalar.value >= 0x20 && scalar.value != 0x7F && scalar.value != 0x85
                    && !(0x80...0x9F).contains(scalar.value)
                    && ![0x2028, 0x2029, 0xFEFF].contains(scalar.value)
        }
    }

    /// One line of words; YAML puts a single blank where a line was broken.
    private static func isFoldable(_ text: String) -> Bool {
        text.count > 40 && isPrintable(text) && !text.contains("\n")
            && text.first != " " && text.last != " "
    }

    private static func isLiteral(_ text: String) -> Bool {
        text.contains("\n") && isPrintable(text) && text.first?.isWhitespace == false
            && text.last?.isNewline == false
    }

    /// Breaks only where a single blank stands, so that no blank is lost.
    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var mayBreak = false
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if mayBreak, !word.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = String(word)
            } else {
                line += (line.isEmpty ? "" : " ") + word
            }
            mayBreak = !word.isEmpty
        }
        return lines + [line]
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where isPrintable(String(scalar)): quoted.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return quoted + "\""
    }
}
