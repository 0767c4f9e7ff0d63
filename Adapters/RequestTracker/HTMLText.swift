/// What of a page is to be read, as plain text.
enum HTMLText {
    /// The text of a page: no tags, no scripts, a line for each block. It takes no longer than the
    /// page is long, whatever is wrong with it.
    static func plain(_ page: String) -> String {
        var text = ""
        var rest = page[...]
        while let open = rest.firstIndex(of: "<") {
            append(decoded(rest[..<open]), to: &text)
            rest = rest[open...]
            if rest.hasPrefix("<!--") {
                rest = after("-->", in: rest) ?? ""
                continue
            }
            guard let name = tagName(rest), let end = tagEnd(rest) else {
                // A sign and no tag.
                guard tagName(rest) == nil else { return tidy(text) }
                append("<", to: &text)
                rest = rest.dropFirst()
                continue
            }
            rest = rest[rest.index(after: end)...]
            if name == "blockquote" {
                // As it stands in plain texts, so that what introduces it goes with it.
                text += "\n>\n"
                rest = afterEnd(of: name, in: rest)
            } else if hidden.contains(name) {
                rest = afterEnd(of: name, in: rest)
            } else if blocks.contains(name) {
                text.append("\n")
            }
        }
        append(decoded(rest), to: &text)
        return tidy(text)
    }

    private static let hidden: Set<String> = ["script", "style", "head", "title", "template"]
    private static let blocks: Set<String> = [
        "p", "br", "div", "li", "ul", "ol", "tr", "table", "pre", "hr", "h1", "h2",
        "h3", "h4", "h5", "h6",
    ]

    /// The name of the tag that begins here, an end tag's too; `nil` if none does.
    private static func tagName(_ text: Substring) -> String? {
        var rest = text.dropFirst()
        if rest.first == "/" { rest = rest.dropFirst() }
        if rest.first == "!" || rest.first == "?" { return "!" }
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return name.first?.isLetter == true ? name.lowercased() : nil
    }

    /// Where the tag ends: a sign between quotes does not end it.
    private static func tagEnd(_ text: Substring) -> Substring.Index? {
        var quote: Character?
        for index in text.indices {
            let sign = text[index]
            if let open = quote {
                if sign == open { quote = nil }
            } else if sign == "\"" || sign == "'" {
                quote = sign
            } else if sign == ">" {
                return index
            }
        }
        return nil
    }

    private static func after(_ mark: String, in text: Substring) -> Substring? {
        var rest = text
        while let first = mark.first, let index = rest.firstIndex(of: first) {
            rest = rest[index...]
            if rest.hasPrefix(mark) { return rest.dropFirst(mark.count) }
            rest = rest.dropFirst()
        }
        return nil
    }

    /// What follows the end of an element that has begun, of the same name within it too.
    private static func afterEnd(of name: String, in text: Substring) -> Substring {
        var rest = text
        var depth = 1
        while let index = rest.firstIndex(of: "<") {
            rest = rest[index...]
            if tagName(rest) == name {
                depth += rest.dropFirst().first == "/" ? -1 : 1
                if depth == 0 { return after(">", in: rest) ?? "" }
            }
            rest = rest.dropFirst()
        }
        return ""
    }

    /// Blanks between words are one; where the line ends in the page means nothing.
    private static func append(_ part: String, to text: inout String) {
        for sign in part {
            guard sign.isWhitespace else {
                text.append(sign)
                continue
            }
            if let last = text.last, !last.isWhitespace { text.append(" ") }
        }
    }

    private static func tidy(_ text: String) -> String {
        var lines: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.drop(while: \.isWhitespace)
            let isBlank = line.isEmpty
            if isBlank, lines.last?.isEmpty ?? true { continue }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }

    private static let named: [Substring: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "auml": "ä",
        "ouml": "ö", "uuml": "ü", "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü", "szlig": "ß",
        "eacute": "é", "egrave": "è", "agrave": "à", "ccedil": "ç", "ndash": "–", "mdash": "—",
        "hellip": "…", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "bdquo": "„",
        "euro": "€", "deg": "°",
    ]

    private static func decoded(_ text: Substring) -> String {
        var whole = ""
        var rest = text
        while let sign = rest.firstIndex(of: "&") {
            whole += rest[..<sign]
            rest = rest[sign...].dropFirst()
            let name = rest.prefix { $0 != ";" && $0.isASCII && !$0.isWhitespace && $0 != "&" }
            guard name.count <= 10, rest.dropFirst(name.count).first == ";",
                let meant = meaning(of: name)
            else {
                whole.append("&")
                continue
            }
            whole += meant
            rest = rest.dropFirst(name.count + 1)
        }
        return whole + rest
    }

    private static func meaning(of name: Substring) -> String? {
        guard name.first == "#" else { return named[name] }
        let digits = name.dropFirst()
        let isHex = digits.first == "x" || digits.first == "X"
        let number = UInt32(isHex ? digits.dropFirst() : digits, radix: isHex ? 16 : 10)
        guard let number, number >= 0x20 || number == 0x0A, let sign = Unicode.Scalar(number)
        else { return nil }
        return String(Character(sign))
    }
}
