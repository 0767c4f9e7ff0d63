import Testing

@testable import GeoReport

/// Comparing and normalising text as Unicode does takes time quadratic in a run of combining marks:
/// many seconds for these, so that none of them may be touched by it before it is measured.
@Suite struct `A quarter of a million bytes of combining marks` {
    private static let marks =
        "a" + String(repeating: "\u{301}\u{323}", count: (250 << 10) / 4)

    /// Whether the work takes less time than a single comparison of the marks, with a wide margin.
    private func isQuick(_ work: () throws -> Void) rethrows -> Bool {
        try ContinuousClock().measure(work) < .seconds(4)
    }

    @Test func `are no name of a JSON member`() {
        let body = Array("{\"\(Self.marks)\": 1}".utf8)
        var fault: Fault?
        let isQuick = isQuick {
            do throws(Fault) { _ = try Parameters(query: nil, body: .json(body)) } catch {
                fault = error
            }
        }
        #expect(fault == Fault(.malformed, "parameter name is longer than 128 bytes"))
        #expect(isQuick)
    }

    @Test func `are no picture and no language`() {
        let parameters = Parameters(all: [
            .init(name: "media_url", value: "http://" + Self.marks, source: .body),
            .init(name: "locale", value: Self.marks, source: .body),
        ])
        var problems = Problems()
        var media: [String] = []
        var languages = 0
        let isQuick = isQuick {
            media = SentPictures(parameters, dialects: [], &problems).addresses
            languages = Calls.languages(parameters).count
        }
        #expect(media.isEmpty && languages == 0 && problems.count == 1)
        #expect(isQuick)
    }

    @Test func `are kept as they are in somebody's history`() {
        var kept = 0
        let isQuick = isQuick { kept = CleanText.safe(Self.marks).utf8.count }
        #expect(kept == Self.marks.utf8.count)
        #expect(isQuick)
    }

    @Test func `are no token of a header`() {
        #expect(HeaderValue("text/\u{E9}") == nil)
        #expect(HeaderValue("text/plain; charset=\u{E9}")?["charset"]?.isEmpty == true)
        #expect(HeaderValue("text/plain; \u{E9}=1; b=2")?["b"] == "2")
    }
}
