import AdapterKit
import Federation
import Foundation
import Reports
import RequestTracker
import Testing

@Suite struct `An adapter of Request Tracker` {
    @Test func `does what no author should have to remember`() async throws {
        let ann = Reporter(email: "ann@example.org", firstName: "Annabel", phone: "+1 555 0100")
        let conformance = AdapterConformance(
            of: Sample.adapter, at: Sample.base, secrets: ["1-27-s3cret"],
            messages: [try Sample.report { $0.reporter = ann }, try Sample.update()],
            now: Sample.now
        ) {
            let tracker = Tracker()
            return { tracker.answer($0) }
        }
        #expect(await conformance.findings() == [])
    }
}
