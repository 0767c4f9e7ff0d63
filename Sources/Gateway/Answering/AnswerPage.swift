import CaseStore
import FoundationEssentials
import GeoReport
import Mustache
import Reports

/// What an official sees behind a link; pure.
struct AnswerPage {
    let language: String
    /// The form's own number, by which a second sending is known.
    private var number = ""
    private let texts: AnswerTexts
    private let report: GivenReport?
    /// What its service is called.
    private var service: String?
    private let problems: [String]
    private let message: String?

    /// The form about a report, with what was wrong with it when it was sent.
    init(
        _ report: GivenReport, of service: String?, _ texts: AnswerTexts, problems: [String]
    ) {
        self.init(texts, report, problems, message: nil)
        self.service = service
        var source = SystemRandomNumberGenerator()
        number = Self.number(using: &source)
    }

    init(thanksIn texts: AnswerTexts) {
        self.init(texts, nil, [], message: texts[.thanks])
    }

    init(failure: AnswerFailure, in texts: AnswerTexts) {
        let message: AnswerTexts.Name =
            switch failure {
            case .wrong: .wrong
            case .expired: .expired
            case .unavailable: .unavailable
            }
        self.init(texts, nil, [], message: texts[message])
    }

    private init(
        _ texts: AnswerTexts, _ report: GivenReport?, _ problems: [String], message: String?
    ) {
        language = texts.language
        self.texts = texts
        self.report = report
        self.problems = problems
        self.message = message
    }

    /// A number that no two forms have: 16 hexadecimal digits.
    private static func number(using source: inout some RandomNumberGenerator) -> String {
        let digits = String(UInt64.random(in: .min ... .max, using: &source), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    var html: String { Self.template?.render(values) ?? "" }

    private var values: [String: Any] {
        var values: [String: Any] = [
            "language": language, "style": Self.style, "number": number, "problems": problems,
        ]
        for name in AnswerTexts.Name.allCases { values["\(name)"] = texts[name] }
        if let message { values["message"] = message }
        guard let report else { return values }
        values["report"] = facts(report)
        values["answers"] = AnswerForm.details.map { detail in
            ["value": detail.rawValue.lowercased(), "label": texts.answer(detail)]
        }
        return values
    }

    /// What is known of the report; what is not is left out, for the template asks.
    private func facts(_ report: GivenReport) -> [String: Any] {
        let title = [report.title, service, report.id.rawValue].lazy.compactMap { $0 }
            .first { !$0.isEmpty }
        let known = [report.id.rawValue, service, report.address].compactMap { $0 }
            .filter { !$0.isEmpty }
        let pictures = PictureAddresses("/media")
        return [
            "title": title ?? "", "facts": known.joined(separator: " · "),
            "description": report.description ?? "",
            "pictures": report.media.filter { !$0.contains(":") }.map(pictures.address),
        ]
    }

    /// One column, readable in the dark too, and large enough for a thumb.
    static let style = """
        :root{color-scheme:light dark}
        body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem}
        h1{font-size:1.4rem}
        img{max-width:100%;height:auto;margin:.5rem 0}
        fieldset{border:0;padding:0;margin:1rem 0}
        legend,.label{font-weight:bold}
        label{display:block;padding:.5rem 0}
        textarea,input[type=file]{display:block;width:100%;box-sizing:border-box;font:inherit}
        button{font:inherit;padding:.75rem 1.5rem;margin:1rem 0}
        .problem{border-left:.3rem solid #c00;padding-left:.7rem}
        .facts{opacity:.85}
        """

    private static let template = try? MustacheTemplate(
        string: """
            <!DOCTYPE html>
            <html lang="{{language}}"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>{{heading}}</title><style>{{{style}}}</style></head><body><main>
            {{#message}}<h1>{{heading}}</h1><p>{{message}}</p>{{/message}}
            {{#report}}<h1>{{title}}</h1><p class="facts">{{facts}}</p><p>{{description}}</p>
            {{#pictures}}<img src="{{.}}" alt="{{photos}}">{{/pictures}}{{/report}}
            {{#problems}}<p class="problem" role="alert">{{.}}</p>{{/problems}}
            {{#report}}<form method="post" enctype="multipart/form-data">
            <input type="hidden" name="number" value="{{number}}">
            <fieldset><legend>{{question}}</legend>
            {{#answers}}<label><input type="radio" name="answer" value="{{value}}"> {{label}}</label>{{/answers}}
            <label><input type="radio" name="answer" value="comment" checked> {{comment}}</label></fieldset>
            <label><span class="label">{{text}}</span><textarea name="text" rows="5" maxlength="4000"></textarea></label>
            <label><span class="label">{{photos}}</span><input type="file" name="media" accept="image/*" multiple></label>
            <p class="facts">{{notice}}</p><button>{{send}}</button></form>{{/report}}
            </main></body></html>
            """)
}
