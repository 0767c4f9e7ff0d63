import Foundation
import Reports
import Testing

@testable import Federation

@Suite struct ErasureTranslationTests {
    private func message(
        _ delivery: Delivery, _ erasure: Erasure = .everything, isErasedSince: Bool = false
    ) throws -> Message {
        let node = try #require(Authority(rawValue: "town.example"))
        let report = try Report.sample()
        let translation = try Translation(
            for: .sample(), node: node,
            addresses: PublicAddresses(report: { _ in "" }, picture: { $0 }))
        return try translation.message(
            of: Translation.Subject(
                delivery: delivery, report: report,
                provenance: Provenance(origin: node, originID: report.id.rawValue, path: [node]),
                ticket: Ticket(id: "77"), erasure: erasure, isErasedSince: isErasedSince))
    }

    @Test func `an erasure says what of the report`() throws {
        let told = try message(.sample(kind: .erasure), .contact)
        #expect(told.content == .erasure(.contact))
        #expect(told.ticket == Ticket(id: "77"))
        #expect(try message(.sample(kind: .erasure)).content == .erasure(.everything))
    }

    @Test func `what was erased since the first try has another name`() throws {
        let delivery = try Delivery.sample()
        let (before, after) = try (message(delivery), message(delivery, isErasedSince: true))
        #expect(before.key != after.key)
        #expect(try message(delivery, isErasedSince: true).key == after.key)
        #expect(after.key.utf8.count <= 128)
    }
}
