import Reports

/// Holds answers against a service's questions (GR-6.2).
struct AnswerReader {
    private let questions: [Attribute]

    init(_ questions: [Attribute]) {
        // The sender's number for the report is nobody's question, whatever a catalogue says.
        self.questions = questions.filter { !$0.code.isForeignNumber }
    }

    /// The valid answers in the order of the questions, and what answers no question.
    ///
    /// The latter is kept and never shown: FixMyStreet sends codes that no definition has (GR-A35).
    func read(
        _ given: [Answer], _ problems: inout Problems
    ) -> (answers: [Answer], unknown: [Report.Draft.Unknown]) {
        var answers: [Answer] = []
        for question in questions where question.purpose != .information {
            let values = given.filter { $0.code == question.code }.flatMap(\.values)
                .filter { !$0.allSatisfy(\.isWhitespace) }
            if values.isEmpty {
                if question.purpose == .required { problems.add(missing(question.code)) }
            } else if let valid = valid(values, for: question, &problems) {
                answers.append(Answer(code: question.code, values: valid))
            }
        }
        let asked = Set(questions.filter { $0.purpose != .information }.map(\.code))
        let others = given.filter { !asked.contains($0.code) }
        return (answers, others.flatMap { unknown($0, &problems) })
    }

    /// Chicago's test suite looks for `CODE required` (GR-10).
    private func missing(_ code: Attribute.Code) -> String {
        "attribute[\(code)] is required: \(code) required"
    }

    private func unknown(
        _ answer: Answer, _ problems: inout Problems
    ) -> [Report.Draft.Unknown] {
        let name = "attribute[\(answer.code)]"
        return answer.values.compactMap { value in
            problems.collect { () throws(Fault) in
                let clean = try CleanText.clean(value, named: name, as: .description)
                return clean.isEmpty ? nil : Report.Draft.Unknown(name: name, value: clean)
            }
        }
    }

    private func valid(
        _ values: [String], for question: Attribute, _ problems: inout Problems
    ) -> [String]? {
        let name = "attribute[\(question.code)]"
        var seen: Set<String> = []
        let kind: CleanText.Kind = question.datatype == .text ? .description : .line
        let clean = values.compactMap { value in
            problems.collect { () throws(Fault) in
                try CleanText.clean(value, named: name, as: kind)
            }
        }
        guard clean.count == values.count else { return nil }
        let distinct = clean.filter { seen.insert($0).inserted }
        do throws(Mismatch) {
            return try valid(distinct, for: question.datatype)
        } catch {
            problems.add("\(name) \(error.sentence)")
            return nil
        }
    }

    /// What is wrong with a value.
    private struct Mismatch: Error {
        let sentence: String
    }

    private func valid(
        _ values: [String], for datatype: Attribute.Datatype
    ) throws(Mismatch) -> [String] {
        if case .multiValueList(let choices) = datatype { return try keys(of: values, in: choices) }
        guard values.count == 1, let value = values.first else {
            throw Mismatch(sentence: "takes one value")
        }
        switch datatype {
        case .number where !Self.isNumber(value):
            throw Mismatch(sentence: "is not a number such as 12.5")
        case .datetime where DateTime.parse(value) == nil:
            throw Mismatch(sentence: "is not a date and time such as 2026-04-14T06:37:38Z")
        case .singleValueList(let choices):
            return try keys(of: values, in: choices)
        case .string, .number, .datetime, .text, .multiValueList:
            return values
        }
    }

    /// The keys that are meant: a key itself, else a name as it is printed (GR-6.2).
    private func keys(
        of values: [String], in choices: [Attribute.Value]
    ) throws(Mismatch) -> [String] {
        var keys: [String] = []
        for value in values {
            let choice =
                choices.first { $0.key == value }
                ?? choices.first { $0.name.texts.values.contains(value) }
            guard let choice else { throw Mismatch(sentence: "is not one of the listed values") }
            if !keys.contains(choice.key) { keys.append(choice.key) }
        }
        return keys
    }

    /// Up to 32 digits with a sign in front and a point between them; no exponent, no words.
    private static func isNumber(_ text: String) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        var unsigned = text.utf8[...]
        if unsigned.first == UInt8(ascii: "-") || unsigned.first == UInt8(ascii: "+") {
            unsigned.removeFirst()
        }
        let parts = unsigned.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return unsigned.count <= 32 && (1...2).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(digits.contains) }
    }
}
