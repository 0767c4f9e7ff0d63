import Foundation
import Testing

@testable import Federation

@Suite struct TraceTests {
    private static let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test(arguments: [
        good, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later",
    ])
    func `a trace is known by its header`(header: String) throws {
        let trace = try #require(Trace(parsing: header))
        #expect(trace.id == "0af7651916cd43dd8448eb211c80319c")
    }

    @Test(arguments: [
        "", "00", "-", good + "-", good + "-00", good.uppercased(), " " + good, good + " ",
        "ff" + good.dropFirst(2), "0" + good.dropFirst(2), good.replacing("b7ad", with: "b7ag"),
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", good + ", " + good,
        good.replacing("-01", with: "-1"), good.replacing("0af7", with: "0aф7"),
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-"
            + String(repeating: "x", count: 300),
    ])
    func `what is not said to the letter is no trace`(header: String) {
        #expect(Trace(parsing: header) == nil)
    }

    @Test func `each call of a trace is a span of its own`() throws {
        var source = SystemRandomNumberGenerator()
        let event = UUID()
        let trace = Trace(of: event)
        #expect(Trace(of: event) == trace)
        #expect(Trace(using: &source) != Trace(using: &source))
        let headers = (0..<100).map { _ in trace.header(using: &source) }
        #expect(Set(headers.map(\.value)).count == 100)
        for header in headers {
            #expect(header.name == "traceparent")
            #expect(Trace(parsing: header.value) == trace)
        }
    }
}
