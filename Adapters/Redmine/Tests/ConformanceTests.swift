import AdapterKit
import Federation
import Foundation
import Testing

@testable import Redmine

@Suite struct `The adapter for Redmine` {
    @Test func `hands over reports as no author should have to remember`() async throws {
        let conformance = AdapterConformance(
            of: Sample.adapter, at: Town.base, secrets: ["s3cret-key"],
            messages: [try Sample.report()], now: Sample.now
        ) {
            let town = Town()
            return { town.answer($0) }
        }
        #expect(await conformance.findings() == [])
    }

    @Test func `hands over updates as no author should have to remember`() async throws {
        let conformance = AdapterConformance(
            of: Sample.adapter, at: Town.base, secrets: ["s3cret-key"],
            messages: [try Sample.update()], over: .silent, now: Sample.now
        ) {
            let town = Town()
            town.put(1, Sample.issue(status: #"{"id":1,"name":"New"}"#, journals: []))
            return { town.answer($0) }
        }
        #expect(await conformance.findings() == [])
    }
}

extension AdapterConformance.Way {
    /// HTTP where a change is answered with 204 and no word.
    static let silent = AdapterConformance.Way(
        changes: { !["GET", "HEAD"].contains($0.method) },
        failures: [
            (Wire.Reply(status: 400), [.refused]), (Wire.Reply(status: 401), [.forbidden]),
            (Wire.Reply(status: 404), [.refused]), (Wire.Reply(status: 422), [.refused]),
            (Wire.Reply(status: 500), [.ambiguous]),
            (
                Wire.Reply(status: 503, headers: [Wire.Header("Retry-After", "120")]),
                [.later(.seconds(120))]
            ),
            (Wire.Reply(status: 200, body: Array("<html>Log in</html>".utf8)), [.ambiguous]),
        ],
        troubles: [500, 503, 429].map {
            Wire.Reply(status: $0, headers: [Wire.Header("Retry-After", "9")])
        }, answersInBodies: false, hasPages: true)
}
