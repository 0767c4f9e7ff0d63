import AdapterKit
import Federation
import Foundation
import Reports
import SQLTable
import Synchronization
import Testing

/// Two tables: a class, because they remember.
private final class Tables: Sendable {
    private let outbox = Mutex<[String: String]>([:])

    func answer(_ call: Wire.Call) -> Wire.Reply {
        let key = String(call.address.split(separator: "/").last ?? "")
        switch call.method {
        case "PUT":
            let row = try? JSONSerialization.jsonObject(with: Data(call.body)) as? [String: Any]
            guard let report = row?["report"] as? String else { return Wire.Reply(status: 400) }
            let status = outbox.withLock { rows in
                defer { rows[key] = report }
                return rows[key] == nil ? 201 : 200
            }
            return Wire.Reply(status: status, body: Array(#"{"status":\#(status)}"#.utf8))
        case "GET" where call.address.hasPrefix("table:outbox/"):
            guard let report = outbox.withLock({ $0[key] }), let name = key.removingPercentEncoding
            else { return Wire.Reply(status: 404) }
            return Wire.Reply(
                status: 200, body: Array(#"{"key":"\#(name)","report":"\#(report)"}"#.utf8))
        case "GET": return Wire.Reply(status: 200, body: Array("[]".utf8))
        default: return Wire.Reply(status: 200, body: Array("[]".utf8))
        }
    }
}

@Suite struct `The adapter for tables` {
    private static let now = Date(timeIntervalSince1970: 1_776_643_200)

    @Test func `does what no author should have to remember`() async throws {
        let conformance = AdapterConformance(
            of: SQLTableAdapter(hiding: ["s3cret-key"]), at: "table:", secrets: ["s3cret-key"],
            messages: [
                try .report(), try .update(ticket: "ngo-7F3K2M9Q"),
                try .erasure(ticket: "ngo-7F3K2M9Q"),
            ],
            over: .tables, now: Self.now
        ) {
            let tables = Tables()
            return { tables.answer($0) }
        }
        #expect(await conformance.findings() == [])
    }

    @Test func `rows that cannot be read cost the others nothing`() async throws {
        let rows = """
            [{"number":1,"report":"a","status":"done","description":null,"media":[],
              "told":"2026-01-31T08:00:00Z","written_by":"731"},
             {"number":2,"report":"a","status":null,"description":"Soon","media":["ftp://x"],
              "told":"yesterday","written_by":"731"},
             {"number":3,"report":"b","status":null,"description":"Soon","media":[],
              "told":"2026-01-31T09:00:00Z","written_by":"733"}]
            """
        let wire = Wire(now: { Self.now }) { _ in
            Wire.Reply(status: 200, body: Array(rows.utf8))
        }
        let page = try await SQLTableAdapter().collect(after: nil, over: wire)
        #expect(page.items.count == 2)
        #expect(page.unreadable == ["row 2: its time is none"])
        #expect(page.next == Cursor(text: "733.3"))
        #expect(page.isLast)
    }
}

extension AdapterConformance.Way {
    /// Rows may be written again: a database has no half answers and no log-in pages.
    fileprivate static let tables = AdapterConformance.Way(
        changes: { $0.method == "PUT" },
        failures: [
            (Wire.Reply(status: 409), [.refused]), (Wire.Reply(status: 503), [.later(nil)]),
        ],
        troubles: [Wire.Reply(status: 503)])
}
