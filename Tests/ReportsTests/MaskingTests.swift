import Foundation
import Testing

@testable import Reports

@Suite struct MaskingTests {
    /// A line of the list: what stands between `⟦` and `⟧` is a person's.
    struct Line {
        let marked: String
        let text: String
        let personal: [Range<Int>]

        init(_ marked: String) {
            self.marked = marked
            var plain = "".unicodeScalars
            var (personal, begin): ([Range<Int>], Int) = ([], 0)
            for scalar in marked.unicodeScalars {
                switch scalar {
                case "⟦": begin = plain.count
                case "⟧": personal.append(begin..<plain.count)
                default: plain.append(scalar)
                }
            }
            text = String(plain)
            self.personal = personal
        }
    }

    static func lines() throws -> [Line] {
        let file = try #require(
            Bundle.module.url(forResource: "lines", withExtension: "txt", subdirectory: "Masking"))
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
            Line(String($0))
        }
    }

    /// P7: recall of at least 95 %, at most 2 % false masks.
    @Test
    func `of our five hundred lines nearly all is hidden that is a person's, and little else`()
        throws
    {
        let lines = try Self.lines()
        try #require(lines.count == 500)
        var (wanted, hidden, masks, wrong) = (0, 0, 0, 0)
        var (innocent, harmed) = (0, 0)
        for line in lines {
            let spans = PersonalText(line.text).spans
            for personal in line.personal {
                wanted += 1
                if spans.contains(where: { personal.clamped(to: $0) == personal }) {
                    hidden += 1
                } else {
                    print("stays: \(line.marked)")
                }
            }
            let isWrong = { (span: Range<Int>) in !line.personal.contains { $0.overlaps(span) } }
            masks += spans.count
            wrong += spans.count(where: isWrong)
            if line.personal.isEmpty { innocent += 1 }
            if line.personal.isEmpty, !spans.isEmpty { harmed += 1 }
            if spans.contains(where: isWrong) { print("goes: \(line.marked)") }
        }
        print(
            "hidden \(hidden) of \(wanted), wrong \(wrong) of \(masks), harmed \(harmed) of \(innocent)"
        )
        #expect(wanted >= 250 && innocent >= 150)
        #expect(Double(hidden) >= 0.95 * Double(wanted))
        #expect(Double(wrong) <= 0.02 * Double(masks))
        #expect(Double(harmed) <= 0.02 * Double(innocent))
    }

    @Test func `what was masked once stays as it is`() throws {
        for line in try Self.lines() {
            let once = Masking.on.masked(line.text)
            #expect(Masking.on.masked(once) == once)
        }
    }

    @Test func `what is hidden is hidden to its ends, and the rest stays`() {
        let text = "Обадете се на (0888) 123-456, ivan@abv.bg; СА 1234 ВХ е на ул. Шипка 34."
        #expect(
            Masking.on.masked(text) == "Обадете се на •••, •••; ••• е на ул. Шипка 34.")
    }

    @Test func `where masking is off a text stays as it is`() {
        #expect(Masking.off.masked("тел. 0888 123 456") == "тел. 0888 123 456")
    }

    /// An app that writes its own number of a report into the text finds it again.
    @Test(arguments: [
        "00121209-3810-419c-88c8-ac3b646ae5f5", "08771234-5678-4901-8234-087712345678",
        "35988812-3456-4000-8000-000000000000", "CA123400-CA12-4456-8CA1-1234CA123456",
    ])
    func `a UUID is nobody's number`(uuid: String) {
        #expect(Masking.on.masked("№ \(uuid), 0888 123 456") == "№ \(uuid), •••")
        #expect(Masking.on.masked("тел. \(uuid)-0888 123 456").hasSuffix("•••"))
    }

    @Test(arguments: [
        // Bulgaria's example number with the check digit that it has, then with another one.
        ("Подател 7523169263", "Подател •••"), ("Подател 7523169264", "Подател 7523169264"),
        // The month of one born in 2003, and a day that there is not.
        ("1999-9999", "1999-9999"), ("Код 9902300000", "Код 9902300000"),
    ])
    func `a civil number is known by its date and its check digit`(text: String, masked: String) {
        #expect(Masking.on.masked(text) == masked)
    }

    /// Sixty-four kilobytes of whatever is nearly something.
    @Test(arguments: [
        "@", "a@", "a.", "0", "0 ", "08 ", "+3", "+", "(", "(at)", "A1", "СА 12", "AA 123 B",
        "0888-", "12.03.", "тел ", "http://", "www.", "a@b.", "1-", "егн 1", "01 12",
    ])
    func `hostile texts take time in proportion to their length`(piece: String) {
        // Of this thread alone: other tests run beside it.
        func worked() -> Duration {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }
        func time(_ bytes: Int) -> Duration {
            let text = String(repeating: piece, count: bytes / piece.utf8.count)
            let times = (0..<2).map { _ in
                let begin = worked()
                _ = Masking.on.masked(text)
                return worked() - begin
            }
            return times.min() ?? .zero
        }
        let (short, long) = (time(8_192), time(65_536))
        // Eight times the length: what is quadratic takes sixty-four times as long.
        #expect(long < short * 24 + .milliseconds(50))
        #expect(long < .seconds(10))
    }
}
