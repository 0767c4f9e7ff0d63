import CaseStore
import Federation
import Foundation
import Reports
import Testing

@testable import viaduct

@Suite struct ReconciliationTests {
    private let words = Mapping(statusesIn: [
        Mapping.StatusWord("open"): Mapping.Meaning(detail: .open),
        Mapping.StatusWord("closed"): Mapping.Meaning(detail: .closed),
        Mapping.StatusWord("mended"): Mapping.Meaning(detail: .fixed),
        Mapping.StatusWord("unchanged"): Mapping.Meaning(detail: nil),
    ])

    @Test func `a peer that shows the same agrees, however coarse its words`() throws {
        let tickets = try [
            ticket("1", .planned), ticket("2", .fixed), ticket("3", .fixed), ticket("4", .open),
        ]
        let shown = [
            report("1", "open"), report("2", "Closed"), report("3", "mended"),
            report("4", "unchanged"), report("99", "open"),
        ]
        let result = Reconciliation(tickets, with: PeerShow(reports: shown), mapping: words)
        #expect(result.isClean)
        #expect(result.common == 4)
        #expect(result.unknown == ["99"])
    }

    @Test func `what is missing, different or not understood is told`() throws {
        let tickets = try [ticket("1", .open), ticket("2", .planned), ticket("3", .fixed)]
        let shown = [report("2", "mended"), report("3", "archived")]
        let result = Reconciliation(tickets, with: PeerShow(reports: shown), mapping: words)
        #expect(!result.isClean)
        #expect(result.missing.map(\.ticket) == ["1"])
        #expect(result.different.map(\.ticket) == ["2"])
        #expect(result.different.first?.theirs == "mended")
        #expect(result.unmapped == ["archived"])
    }

    @Test func `of a peer that tells only of updates the last one counts`() throws {
        let tickets = try [ticket("1", .fixed), ticket("2", .open)]
        let updates = [update("b", "1", "mended", at: 20), update("a", "1", "open", at: 10)]
        let result = Reconciliation(tickets, with: PeerShow(updates: updates), mapping: words)
        #expect(result.isClean && result.common == 1 && result.silent == 1)
        let asked = PeerShow(updates: updates, asked: ["2"])
        let missing = Reconciliation(tickets, with: asked, mapping: words).missing
        #expect(missing.map(\.ticket) == ["2"])
    }

    private func update(
        _ id: String, _ report: String, _ status: String, at seconds: Double
    ) -> IncomingUpdate {
        IncomingUpdate(
            id: id, report: report, status: status,
            told: Date(timeIntervalSince1970: seconds))
    }

    private func ticket(_ id: String, _ detail: Detail) throws -> HeldTicket {
        let report = try #require(Report.ID(rawValue: "city-\(id)"))
        return HeldTicket(
            report: report, id: id, detail: detail, handler: nil,
            recorded: Date(timeIntervalSince1970: 0))
    }

    private func report(_ id: String, _ status: String) -> IncomingReport {
        let date = Date(timeIntervalSince1970: 0)
        return IncomingReport(
            id: id, status: status, answers: [], media: [], requested: date, updated: date)
    }
}
