/// What an IMAP server says, as far as libcurl does not read it.
enum MailboxText {
    /// The number behind a word: `UIDNEXT 42`.
    static func number(after word: String, in text: String) -> UInt32? {
        let words = text.split { " ()\r\n".contains($0) }
        guard let place = words.firstIndex(where: { $0.uppercased() == word }) else { return nil }
        let next = words.index(after: place)
        return next < words.endIndex ? UInt32(words[next]) : nil
    }

    /// The numbers of a `* SEARCH` line, none if there is no such line.
    static func found(in body: [UInt8]) -> [UInt32] {
        String(decoding: body, as: UTF8.self).split(whereSeparator: \.isNewline)
            .filter { $0.uppercased().hasPrefix("* SEARCH") }
            .flatMap { $0.split(separator: " ").dropFirst(2).compactMap { UInt32($0) } }
    }

    /// What stands in an answer that holds a mail.
    enum Literal: Equatable {
        /// No mail of that number is there.
        case none
        case whole([UInt8])
        /// The lines end before the mail does.
        case part
    }

    /// The mail in an answer to `BODY.PEEK[]`: as many bytes behind its announcement as it says.
    static func literal(in lines: [UInt8]) -> Literal {
        let mark = Array("BODY[] {".utf8)
        // Before the mail there are a few lines of the server's; the mail may hold anything.
        guard let start = lines.firstRange(of: mark)?.upperBound,
            let end = lines[start...].firstIndex(of: UInt8(ascii: "}")), end - start <= 10,
            let count = Int(String(decoding: lines[start..<end], as: UTF8.self)), count >= 0
        else { return .none }
        let first = end + "}\r\n".utf8.count
        guard first + count <= lines.count else { return .part }
        return .whole(Array(lines[first..<(first + count)]))
    }
}
