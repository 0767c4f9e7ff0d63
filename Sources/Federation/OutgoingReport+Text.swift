import Reports

extension OutgoingReport {
    /// What it is called in a list at the peer: its title, else the beginning of what was written,
    /// else its service; one line of at most so many characters.
    package func subject(most: Int) -> String {
        let texts = [title, description, serviceName, service]
        let first = texts.lazy.compactMap { $0 }.map(Self.line).first { !$0.isEmpty }
        return String((first ?? "").prefix(most))
    }

    /// The report as plain text, for people who read it at the peer: what was written, then what
    /// the peer has no field for, a line each.
    ///
    /// `pictures` are addresses of those that do not go as files.
    package func text(naming pictures: [String] = []) -> String {
        let point = place?.coordinate.map { "\($0.latitude), \($0.longitude)" }
        let whereabouts = [place?.address, point].compactMap { $0 }.joined(separator: " · ")
        var facts: [String] = []
        if !whereabouts.isEmpty { facts.append(whereabouts) }
        facts += answers.map { "\($0.code): \($0.values.joined(separator: ", "))" }
        facts += pictures
        facts.append("\(id) · \(address)")
        let written = [title, description].compactMap { $0 }.filter { !$0.isEmpty }
        return (written + [facts.joined(separator: "\n")]).joined(separator: "\n\n")
    }

    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

extension OutgoingUpdate {
    /// The update as plain text; `pictures` are addresses of those that do not go as files.
    package func text(naming pictures: [String] = []) -> String {
        ([description].compactMap { $0 } + pictures).joined(separator: "\n\n")
    }
}
