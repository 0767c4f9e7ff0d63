import AdapterKit
import Federation
import Foundation
import Testing

@testable import Roundup

@Suite struct `The adapter for Roundup` {
    @Test func `does what no author should have to remember`() async throws {
        let conformance = AdapterConformance(
            of: Sample.adapter, at: City.base,
            secrets: ["s3cret-word", "Z2F0ZXdheTpzM2NyZXQtd29yZA=="],
            messages: [try Sample.report(), try Sample.update()], over: .prepared, now: Sample.now
        ) {
            let city = City()
            city.change {
                // A ticket for the update, which is another one than the report's.
                $0.issues = [
                    City.data([
                        "id": "1", "external_id": "ngo-OTHER", "messages": [[String: String]](),
                        "superseder": [String](), "status": ["id": "1", "name": "unread"],
                        "creation": "2026-04-19.00:00:00", "activity": "2026-04-20.00:00:00",
                    ])
                ]
            }
            return { city.answer($0) }
        }
        #expect(await conformance.findings() == [])
    }
}

extension AdapterConformance.Way {
    /// HTTP where messages are made before an issue names them: alone they change nothing.
    static let prepared = AdapterConformance.Way(
        changes: { call in
            call.method == "PATCH" || call.method == "POST" && call.address.hasSuffix("/issue")
        },
        failures: [
            (Wire.Reply(status: 400), [.refused]), (Wire.Reply(status: 401), [.forbidden]),
            (Wire.Reply(status: 409), [.refused]), (Wire.Reply(status: 500), [.ambiguous]),
            (
                Wire.Reply(status: 503, headers: [Wire.Header("Retry-After", "120")]),
                [.later(.seconds(120))]
            ),
            (
                Wire.Reply(status: 429, headers: [Wire.Header("Retry-After", "7")]),
                [.later(.seconds(7))]
            ),
        ],
        troubles: [500, 503, 429].map {
            Wire.Reply(status: $0, headers: [Wire.Header("Retry-After", "9")])
        }, hasPages: true)
}
