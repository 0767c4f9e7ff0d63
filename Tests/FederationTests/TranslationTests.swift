import Foundation
import Reports
import Testing

@testable import Federation

@Suite struct TranslationTests {
    private let reporter = Reporter(
        email: "ann@example.org", firstName: "Ann", lastName: "Lee", phone: "+1 555 0100",
        deviceID: "device-1", accountID: "account-1")

    private func subject(
        _ report: Report, _ delivery: Delivery, update: Update? = nil, tellsStatus: Bool = true
    ) throws -> Translation.Subject {
        let node = try #require(Authority(rawValue: "town.example"))
        return Translation.Subject(
            delivery: delivery, report: report, update: update,
            told: Delivery.start.addingTimeInterval(-60), tellsStatus: tellsStatus,
            reporter: reporter,
            author: reporter,
            provenance: Provenance(origin: node, originID: report.id.rawValue, path: [node]),
            ticket: delivery.kind == .report ? nil : Ticket(id: "77"))
    }

    private func translation(_ peer: Peer) throws -> Translation {
        Translation(
            for: peer, node: try #require(Authority(rawValue: "town.example")),
            addresses: PublicAddresses(
                report: { "https://town.example/r/\($0.id)" },
                picture: { $0.contains("://") ? $0 : "https://town.example/media/\($0)" }))
    }

    private func outgoing(
        _ report: Report, to peer: Peer
    ) throws -> OutgoingReport {
        let message = try translation(peer).message(of: subject(report, .sample()))
        guard case .report(let outgoing) = message.content else {
            throw Translation.Obstacle.isGone
        }
        return outgoing
    }

    private func obstacle(_ report: Report, to peer: Peer) throws -> Translation.Obstacle? {
        do {
            _ = try outgoing(report, to: peer)
            return nil
        } catch let error as Translation.Obstacle {
            return error
        }
    }

    private func answer(_ code: String, _ values: String...) throws -> Answer {
        Answer(code: try #require(Attribute.Code(rawValue: code)), values: values)
    }

    @Test func `a report goes in the peer's words`() throws {
        let report = try Report.sample(
            answers: [
                answer("KIND", "BULKY", "SMALL"), answer("SIZE", "3 m"), answer("COLOUR", "red"),
            ], media: ["ab12.jpg", "https://pictures.example/1.jpg"])
        let outgoing = try outgoing(report, to: .sample())
        #expect(outgoing.service == "12")
        #expect(
            outgoing.answers == [
                PeerAnswer(code: "kind", values: ["b", "s"]),
                PeerAnswer(code: "size", values: ["3 m"]),
            ])
        #expect(outgoing.address == "https://town.example/r/town-1")
        #expect(
            outgoing.media == [
                "https://town.example/media/ab12.jpg", "https://pictures.example/1.jpg",
            ])
        #expect(outgoing.place?.coordinate?.latitude == 42)
    }

    @Test func `each message has a key of its own, the same for every try`() throws {
        let first = try translation(.sample()).message(of: subject(.sample(), .sample()))
        let second = try translation(.sample()).message(
            of: subject(.sample(), .sample(attempts: 3, firstTried: Delivery.start)))
        #expect(first.key == "town.example:018bcfe5-6800-7000-8000-00000000abcd")
        #expect(second.key == first.key)
        #expect(second.firstTried == Delivery.start)
    }

    @Test func `what has no mapping is never guessed`() throws {
        let peer = try Peer.sample()
        #expect(
            try obstacle(.sample(service: "TREE"), to: peer)
                == .unmappedService(#require(Service.Code(rawValue: "TREE"))))
        #expect(
            try obstacle(.sample(answers: [answer("KIND", "BULKY", "HUGE")]), to: peer)
                == .unmappedAnswer(#require(Attribute.Code(rawValue: "KIND"))))
        #expect(
            Translation.Obstacle.unmappedService(try #require(Service.Code(rawValue: "TREE"))).step
                == .parked("no mapping for the service TREE", .none))
    }

    @Test func `nothing personal goes across unless the settings say why`() throws {
        var peer = try Peer.sample()
        #expect(try outgoing(.sample(), to: peer).reporter == Reporter())
        peer.privacy.relayAddress = "relay@town.example"
        #expect(
            try outgoing(.sample(), to: peer).reporter == Reporter(email: "relay@town.example"))
        peer.privacy.allowed = [.contact]
        #expect(
            try outgoing(.sample(), to: peer).reporter == Reporter(email: "relay@town.example"))
        peer.privacy.purpose = "the crew calls back"
        #expect(
            try outgoing(.sample(), to: peer).reporter
                == Reporter(
                    email: "ann@example.org", firstName: "Ann", lastName: "Lee",
                    phone: "+1 555 0100"))
    }

    @Test func `a private report goes only to who may have such`() throws {
        var peer = try Peer.sample()
        let report = try Report.sample(visibility: .private)
        #expect(try obstacle(report, to: peer) == .isPrivate)
        guard case .dropped = Translation.Obstacle.isPrivate.step else {
            Issue.record("what nobody may send waits")
            return
        }
        peer.privacy.allowed = [.handlerOnly]
        #expect(try outgoing(report, to: peer).visibility == .private)
    }

    @Test func `a comment leaves the peer's status as it is`() throws {
        let id = try #require(Update.ID(rawValue: "u-1"))
        let update = Update(
            id: id, report: try #require(Report.ID(rawValue: "town-1")), detail: .fixed,
            description: "Thank you", published: Delivery.start)
        let delivery = try Delivery.sample(kind: .update, update: id)
        for tellsStatus in [true, false] {
            let message = try translation(.sample()).message(
                of: subject(.sample(), delivery, update: update, tellsStatus: tellsStatus))
            guard case .update(let outgoing) = message.content else {
                Issue.record("no update")
                return
            }
            #expect(outgoing.status == (tellsStatus ? "closed" : nil))
        }
    }

    @Test func `an update goes with the peer's word for the status and the ticket`() throws {
        let id = try #require(Update.ID(rawValue: "u-1"))
        let update = Update(
            id: id, report: try #require(Report.ID(rawValue: "town-1")), detail: .fixed,
            description: "Done", published: Delivery.start, media: ["ab12.jpg"])
        let delivery = try Delivery.sample(kind: .update, update: id)
        let message = try translation(.sample()).message(
            of: subject(.sample(), delivery, update: update))
        #expect(message.ticket == Ticket(id: "77"))
        #expect(
            message.content
                == .update(
                    OutgoingUpdate(
                        id: id, status: "closed", detail: .fixed, description: "Done",
                        media: ["https://town.example/media/ab12.jpg"],
                        told: Delivery.start.addingTimeInterval(-60),
                        report: Report.ID(rawValue: "town-1"), service: "12")))
        var peer = try Peer.sample()
        peer.mapping.statusesOut[.fixed] = nil
        #expect(throws: Translation.Obstacle.unmappedDetail(.fixed)) {
            try translation(peer).message(of: subject(.sample(), delivery, update: update))
        }
        #expect(throws: Translation.Obstacle.isGone) {
            try translation(.sample()).message(of: subject(.sample(), delivery))
        }
    }
}
