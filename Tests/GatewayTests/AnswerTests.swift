import CaseStore
import Federation
import Foundation
import GeoReport
import Reports
import Testing

@testable import Gateway

@Suite struct AnswerFormTests {
    private func form(_ pairs: [(String, String)]) throws -> AnswerForm {
        try AnswerForm(
            Parameters(
                all: pairs.map { Parameters.Item(name: $0.0, value: $0.1, source: .body) }))
    }

    @Test func `an answer is a word, a text, or both`() throws {
        let fixed = try form([
            ("number", "0123456789abcdef"), ("answer", "fixed"), ("text", "Sand"),
        ])
        #expect(fixed.detail == .fixed)
        #expect(fixed.text == "Sand")
        let comment = try form([
            ("number", "0123456789abcdef"), ("answer", "comment"), ("text", "Soon"),
        ])
        #expect(comment.detail == nil)
    }

    @Test(arguments: [
        [("answer", "fixed")], [("number", "0123456789abcdef"), ("answer", "comment")],
        [("number", "../../etc"), ("answer", "fixed")],
        [("number", "0123456789abcdef"), ("answer", "cancelled")],
        [("number", "0123456789abcdef"), ("answer", "deleted")],
    ])
    func `what says nothing, or what nobody was offered, is refused`(pairs: [(String, String)]) {
        #expect(throws: Fault.self) { try form(pairs) }
    }
}

@Suite struct AnswerPageTests {
    private func report(_ text: String) throws -> GivenReport {
        GivenReport(
            id: try #require(Report.ID(rawValue: "sofia-7F3K2")),
            jurisdiction: try #require(Jurisdiction.ID(rawValue: "sofia.example")),
            service: try #require(Service.Code(rawValue: "POTHOLE")), title: nil, description: text,
            address: "Vitosha 15",
            media: ["0123456789abcdef0123456789abcdef.jpg", "https://elsewhere.example/a.jpg"],
            detail: .open, statusNotes: nil, requested: Date(timeIntervalSince1970: 0),
            ticket: "sofia-7F3K2")
    }

    @Test func `what a citizen wrote is text and never markup`() throws {
        let page = AnswerPage(
            try report("<script>alert(1)</script> & \"quotes\""), of: "Holes",
            AnswerTexts.language("en", nil), problems: ["<b>"])
        #expect(page.html.contains("<h1>Holes</h1>"))
        #expect(page.html.contains(">sofia-7F3K2 · Holes · Vitosha 15<"))
        #expect(!page.html.contains("<script>"))
        #expect(
            page.html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;"))
        #expect(page.html.contains("&lt;b&gt;"))
    }

    @Test func `pictures of ours are shown, and nobody else is told who looks`() throws {
        let html = AnswerPage(
            try report("A hole"), of: nil, AnswerTexts.language(nil, nil), problems: []
        ).html
        #expect(html.contains("<h1>sofia-7F3K2</h1>"))
        #expect(html.contains(#"src="/media/0123456789abcdef0123456789abcdef.jpg""#))
        #expect(!html.contains("elsewhere.example"))
    }

    @Test(arguments: [
        ("sq", "sq"), ("sr-Latn,en;q=0.5", "sr"), ("de,bg;q=0.8", "bg"), ("de", "en"), ("", "en"),
    ])
    func `the page speaks a language of the reader`(wanted: String, language: String) {
        #expect(AnswerTexts.language(wanted, nil).language == language)
    }

    @Test(arguments: ["en", "bg", "sq", "sr"])
    func `each language has all words`(code: String) {
        let texts = AnswerTexts.language(code, nil)
        for name in AnswerTexts.Name.allCases { #expect(!texts[name].isEmpty, "\(name)") }
        let html = AnswerPage(thanksIn: texts).html
        #expect(html.contains(texts[.thanks]) && html.contains("<h1>"))
        #expect(!html.contains("<form"))
    }
}
