/// What somebody wrote, without what their mail program put below it.
enum MailText {
    /// The text up to the signature, without the text that it answers.
    ///
    /// Lines that begin with `>` are somebody else's. What introduces them goes with them.
    static func said(in text: String) -> String {
        let lines = text.replacing("\r\n", with: "\n").split(
            separator: "\n", omittingEmptySubsequences: false)
        var said: [Substring] = []
        for line in lines {
            if isEnd(line) { break }
            if line.first == ">" {
                dropIntroduction(from: &said)
                continue
            }
            said.append(line)
        }
        return String(
            said.joined(separator: "\n").drop(while: \.isWhitespace).reversed()
                .drop(while: \.isWhitespace).reversed())
    }

    /// The beginning of a signature, or of a whole mail that is answered.
    private static func isEnd(_ line: Substring) -> Bool {
        line == "-- " || line == "--" || line.hasPrefix("-----Original Message-----")
    }

    /// “On Monday, Ann wrote:”, which programs write over two lines at most.
    private static func dropIntroduction(from said: inout [Substring]) {
        guard let last = said.lastIndex(where: { !$0.allSatisfy(\.isWhitespace) }),
            said[last].reversed().drop(while: \.isWhitespace).first == ":"
        else { return }
        let isWhole = said[last].contains { $0.isNumber }
        let first = isWhole || last == 0 ? last : last - 1
        // A line that only ends in a colon belongs to who wrote it.
        guard said[first].contains(where: \.isNumber) else { return }
        said.removeSubrange(first...)
    }
}
