import Foundation
import Reports
import Testing

@testable import CaseStore

@Suite struct ValueTests {
    @Test func `a catalogue's content is all that its clients can see`() throws {
        func content(_ jurisdiction: Jurisdiction) -> [UInt8] {
            Fingerprint.of { $0.add(jurisdiction) }
        }
        let base = Sample.jurisdiction(
            "a.example", slug: "aa", services: [Sample.service("X"), Sample.service("Y")])
        let swapped = Sample.jurisdiction(
            "a.example", slug: "aa", services: [Sample.service("Y"), Sample.service("X")])
        let batch = Sample.jurisdiction(
            "a.example", slug: "aa",
            services: [
                Sample.service("X", answersWith: .batch(resolvesAfter: .seconds(1))),
                Sample.service("Y"),
            ])
        #expect(content(base) == content(base))
        #expect(Set([base, swapped, batch].map(content)).count == 3)
    }

    @Test func `values next to each other are told apart`() {
        let one = Fingerprint.of {
            $0.add("ab")
            $0.add("c")
        }
        let other = Fingerprint.of {
            $0.add("a")
            $0.add("bc")
        }
        let absent = Fingerprint.of { $0.add(nil as String?) }
        #expect(one != other)
        #expect(absent != Fingerprint.of { $0.add("") })
    }

    @Test(arguments: ["", "a", "\"", "\\", "\u{1}\u{8}\u{C}\n\r\t", "ж\u{1F6A7}", "\\u0041"])
    func `an answer is read as it was written`(value: String) throws {
        let answers = [
            Answer(code: Sample.name("Q \"1\""), values: [value, value]),
            Answer(code: Sample.name("Z"), values: []),
        ]
        let text = try #require(JSONText.of(answers))
        #expect(JSONText.answers(in: text) == answers)
    }

    @Test(arguments: [
        "", "[", "[{}]", "[{\"code\":\"a\"}]", "[{\"code\":\"a\",\"values\":[1]}]", "[\"",
    ])
    func `anything else is no answers`(text: String) {
        #expect(JSONText.answers(in: text) == nil)
    }

    @Test func `a lost answer is asked for once more, and our own first try is no repetition`()
        throws
    {
        var submission = Submission(
            Sample.draft(), by: Sample.client, idempotency: Sample.key("k"), now: Sample.now,
            settings: CaseStore.Settings(), keys: .made())
        let minted = submission.receipt
        try submission.recover(from: .outcomeUnknown)
        #expect(submission.receipt == minted, "so that the first try is known again")
        let own = Submission.Earlier(fingerprint: Sample.fingerprint(1), receipt: minted)
        #expect(try submission.answer(to: own) == .added(minted))
        #expect(throws: CaseStoreError.unavailable) {
            try submission.recover(from: .outcomeUnknown)
        }
        #expect(throws: CaseStoreError.defect("42703")) {
            try submission.recover(from: .refused(state: "42703"))
        }
    }

    @Test func `whole seconds are cut, before 1970 too`() {
        #expect(Date(timeIntervalSince1970: 1.999).wholeSeconds.timeIntervalSince1970 == 1)
        #expect(Date(timeIntervalSince1970: -0.5).wholeSeconds.timeIntervalSince1970 == -1)
        #expect(!Date.distantFuture.isPublishable)
        #expect(!Date(timeIntervalSince1970: .nan).isPublishable)
    }
}
