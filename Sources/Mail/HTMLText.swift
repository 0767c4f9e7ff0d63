/// HTML made plain, in one pass: mails are full of what no parser of documents takes.
///
/// Elements that end a line do so, what a mail quotes begins with `> `, scripts, styles and
/// comments are left out. It needs time as the text is long, whatever stands in it.
enum HTMLText {
    /// The text that a reader would see.
    static func plain(_ html: String) -> String {
        var reader = Reader(Array(html.utf8))
        reader.read()
        return reader.text
    }

    private struct Reader {
        private let bytes: [UInt8]
        private var index = 0
        private var lines: [[UInt8]] = [[]]
        /// How deep what is read lies in quotations.
        private var quoted = 0
        private var blankIsDue = false

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }

        /// No more than one empty line at a time.
        var text: String {
            var kept: [String] = []
            for line in lines {
                let text = String(decoding: line, as: UTF8.self)
                if text.isEmpty, kept.last?.isEmpty ?? true { continue }
                kept.append(text)
            }
            while kept.last?.isEmpty == true { kept.removeLast() }
            return kept.joined(separator: "\n")
        }

        mutating func read() {
            while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: "<"): readTag()
                case UInt8(ascii: "&"): readEntity()
                case 0x09, 0x0A, 0x0C, 0x0D, 0x20:
                    blankIsDue = true
                    index += 1
                default:
                    write(CollectionOfOne(bytes[index]))
                    index += 1
                }
            }
        }

        private mutating func write(_ more: some Sequence<UInt8>) {
            var line = lines.removeLast()
            if line.isEmpty, quoted > 0 {
                line += Array(repeatElement("> ", count: min(quoted, 8)).joined().utf8)
            }
            if blankIsDue, !line.isEmpty, line.last != UInt8(ascii: " ") {
                line.append(UInt8(ascii: " "))
            }
            blankIsDue = false
            line += more
            lines.append(line)
        }

        private mutating func endLine() {
            blankIsDue = false
            lines.append([])
        }

        private mutating func readTag() {
            if starts(with: "<!--") {
                skip(past: "-->")
                return
            }
            var end = index + 1
            let isEnd = end < bytes.count && bytes[end] == UInt8(ascii: "/")
            if isEnd { end += 1 }
            let nameStart = end
            while end < bytes.count, isOfName(bytes[end]) { end += 1 }
            let name = String(decoding: bytes[nameStart..<end], as: UTF8.self).lowercased()
            guard end > nameStart || isEnd || starts(with: "<!") || starts(with: "<?") else {
                // A sign of its own: "a < b".
                write(CollectionOfOne(bytes[index]))
                index += 1
                return
            }
            while end < bytes.count, bytes[end] != UInt8(ascii: ">") { end += 1 }
            index = min(end + 1, bytes.count)
            act(on: name, isEnd)
        }

        private mutating func act(on name: String, _ isEnd: Bool) {
            switch name {
            case "script", "style", "head", "title":
                if !isEnd { skip(past: "</" + name) }
                if !isEnd { skip(past: ">") }
            case "blockquote":
                endLine()
                quoted = max(0, quoted + (isEnd ? -1 : 1))
            case "br", "p", "div", "tr", "li", "ul", "ol", "table", "hr", "h1", "h2", "h3", "h4",
                "h5",
                "h6", "pre":
                // A paragraph is set apart, a row only begins a line.
                if !(lines.last ?? []).isEmpty || name == "br" { endLine() }
                if name == "p", isEnd { endLine() }
            case "td", "th": blankIsDue = true
            default: break
            }
        }

        private mutating func readEntity() {
            let rest = bytes[(index + 1)...].prefix(12)
            guard let end = rest.firstIndex(of: UInt8(ascii: ";")) else {
                write(CollectionOfOne(bytes[index]))
                index += 1
                return
            }
            let name = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
            guard let character = Self.character(named: name) else {
                write(CollectionOfOne(bytes[index]))
                index += 1
                return
            }
            index = end + 1
            if character == " " { blankIsDue = true } else { write(String(character).utf8) }
        }

        private static func character(named name: String) -> Character? {
            if let known = known[name] { return known }
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            let isHexadecimal = digits.first == "x" || digits.first == "X"
            let number =
                isHexadecimal ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            guard let number, number >= 0x20, let scalar = Unicode.Scalar(number) else {
                return nil
            }
            return scalar.value == 0xA0 ? " " : Character(scalar)
        }

        private static let known: [String: Character] = [
            "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ",
            "ndash": "–", "mdash": "—", "laquo": "«", "raquo": "»", "hellip": "…", "euro": "€",
            "bdquo": "„", "ldquo": "“", "rdquo": "”", "lsquo": "‘", "rsquo": "’", "middot": "·",
            "euml": "ë", "Euml": "Ë", "ccedil": "ç", "Ccedil": "Ç", "auml": "ä", "ouml": "ö",
            "uuml": "ü", "scaron": "š", "Scaron": "Š",
        ]

        private func starts(with text: StaticString, at place: Int? = nil) -> Bool {
            text.withUTF8Buffer { bytes[(place ?? index)...].starts(with: $0) }
        }

        /// Moves behind the next place where this stands, in any case; to the end if there is none.
        private mutating func skip(past text: String) {
            let wanted = Array(text.utf8)
            while index + wanted.count <= bytes.count {
                let found = bytes[index..<(index + wanted.count)]
                if found.elementsEqual(wanted, by: { ($0 | 0x20) == ($1 | 0x20) }) {
                    index += wanted.count
                    return
                }
                index += 1
            }
            index = bytes.count
        }

        private func isOfName(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }
}
