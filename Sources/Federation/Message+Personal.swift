import Reports

extension Message {
    /// What a citizen wrote, or who they are: an answer that repeats it is kept without it (A7).
    package var personalTexts: [String] {
        let written: [String?]
        let person: Reporter
        switch content {
        case .report(let report):
            written =
                [report.title, report.description, report.place?.address]
                + report.answers.flatMap(\.values)
            person = report.reporter
        case .update(let update):
            written = [update.description]
            person = update.author
        case .erasure: return []
        }
        let texts = written.compactMap { $0 }
        return texts + texts.flatMap(Self.sentences) + person.texts
    }

    /// The parts of a text by which it is known where a peer repeats only its beginning.
    private static func sentences(_ text: String) -> [String] {
        text.split { ".!?\n\r".contains($0) }.map { String($0.drop { $0 == " " }) }
            .filter { $0.utf8.count >= 8 }
    }
}

extension Reporter {
    fileprivate var texts: [String] {
        [email, firstName, lastName, phone, deviceID, accountID].compactMap { $0 }
    }
}
