import Federation
import Foundation
import Reports
import Testing

@Suite struct AnswerTokenTests {
    private let now = Date(timeIntervalSince1970: 1_790_000_000)

    private func key(_ secret: String = "a secret of more than 24 bytes") throws -> TokenKey {
        try #require(TokenKey(secret))
    }

    private func token(expiry: Date? = nil) throws -> AnswerToken {
        AnswerToken(
            peer: try #require(Peer.Name(rawValue: "lamps_2")),
            report: try #require(Report.ID(rawValue: "sofia-7F3K2M9Q")),
            expiry: expiry ?? now.addingTimeInterval(86_400))
    }

    @Test func `what was made is read again, and stands in an address as it is`() throws {
        let text = try token().text(by: try key())
        #expect(try AnswerToken.read(text, by: [try key()], now: now) == token())
        #expect(PercentEncoding.encoded(text) == text)
    }

    @Test func `the older key counts while the newer takes its place`() throws {
        let text = try token().text(by: try key())
        let newer = try key("another secret of more than 24 bytes")
        #expect(throws: Never.self) {
            try AnswerToken.read(text, by: [newer, try key()], now: now)
        }
        #expect(throws: AnswerToken.Flaw.wrong) {
            try AnswerToken.read(text, by: [newer], now: now)
        }
    }

    @Test func `a token ends`() throws {
        let text = try token(expiry: now).text(by: try key())
        #expect(throws: AnswerToken.Flaw.expired) {
            try AnswerToken.read(text, by: [try key()], now: now)
        }
    }

    @Test func `whoever changes a part of it has none`() throws {
        let parts = try token().text(by: try key()).split(separator: ".").map(String.init)
        for (index, other) in [(0, "lamps"), (1, "sofia-7F3K2M9R"), (2, "1990000000"), (3, "0")] {
            var changed = parts
            changed[index] = other
            let text = changed.joined(separator: ".")
            #expect(throws: AnswerToken.Flaw.wrong) {
                try AnswerToken.read(text, by: [try key()], now: now)
            }
        }
        for text in ["", "...", parts[0], parts.joined(separator: ".") + ".", "a.b.+5.c"] {
            #expect(throws: AnswerToken.Flaw.wrong) {
                try AnswerToken.read(text, by: [try key()], now: now)
            }
        }
    }

    @Test func `a short secret is none, and a key is not printed`() throws {
        #expect(TokenKey("too short") == nil)
        #expect("\(try key())" == "•••")
    }

    @Test func `for another purpose it is another code`() throws {
        let key = try key()
        let code = key.code(of: "sofia-1", for: "reply")
        #expect(code.utf8.count == 16 && key.isCode(code.uppercased(), of: "sofia-1", for: "reply"))
        #expect(!key.isCode(code, of: "sofia-1", for: "message"))
        #expect(!key.isCode(code.dropLast(), of: "sofia-1", for: "reply"))
    }
}
