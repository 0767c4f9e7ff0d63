import FoundationEssentials
import Reports

/// What whoever answers for a peer filled in on a page: a form, by the rules of all others.
package struct AnswerForm: Sendable, Equatable {
    /// The same each time that one form is sent, however often.
    package let number: String
    /// `nil`: the status stays.
    package let detail: Detail?
    package let text: String?
    /// Pictures that came along, in their order.
    package let pictures: [UploadedPicture]

    /// What may be answered with a word.
    package static let details: [Detail] = [
        .inProgress, .planned, .fixed, .notCouncilsResponsibility,
    ]

    /// A form as it was sent, or all its faults.
    package init(_ parameters: Parameters) throws(Fault) {
        var problems = Problems()
        var reader = TextReader(parameters)
        let number = problems.collect { () throws(Fault) in try parameters.value("number") }
        let word = problems.collect { () throws(Fault) in try parameters.value("answer") }
        detail = word.flatMap(Detail.init(reading:))
        if word != nil, word != "comment", detail.map(Self.details.contains) != true {
            problems.add("answer is none of the answers there are")
        }
        text = reader.text(&problems, as: .description, "text")
        let sent = SentPictures(parameters, dialects: [], &problems)
        pictures = sent.uploaded
        if number.map(Self.isNumber) != true { problems.add("number is not the form's own") }
        if detail == nil, text == nil, pictures.isEmpty { problems.add("answer says nothing") }
        try problems.check()
        self.number = number ?? ""
    }

    private static func isNumber(_ text: String) -> Bool {
        text.utf8.count == 16
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
