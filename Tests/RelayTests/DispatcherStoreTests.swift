import CaseStore
import Federation
import Foundation
import LoopbackKit
import Reports
import Testing

@testable import Relay

/// The dispatcher over a real database and a real socket.
@Suite(.serialized) struct DispatcherStoreTests {
    @Test
    func `what is reported and told arrives once and in order, through failures and restarts`()
        async throws
    {
        let ledger = RoadsLedger(failing: 3)
        try await Server.with({ ledger.reply(to: $0) }) { server in
            try await RoadsTown.with(server) { town in
                for number in 1...40 {
                    let report = try await town.add(number)
                    for update in 1...3 { try await town.tell(update, of: report) }
                }
                #expect(try await town.waiting() == 160)
                // Two relays at a time, which are stopped and begun anew.
                for most in [120, 80, 40, 0] {
                    try await town.drain([town.dispatcher(), town.dispatcher()], until: most)
                }
                #expect(ledger.count == 160)
                #expect(ledger.repeats == 0)
                #expect(ledger.numbers.count == 40)
                #expect(ledger.numbers.values.allSatisfy { $0 == [0, 1, 2, 3] })
                let deliveries = try await town.store.deliveries(
                    DeliveryFilter(states: [.done], limit: 1000))
                #expect(deliveries.count == 160)
                #expect(deliveries.allSatisfy { $0.delivery.doubt == .none })
                #expect(deliveries.allSatisfy { $0.ticket?.id == "T-\($0.delivery.report)" })
            }
        }
    }

    @Test func `a dead letter has its reason, its tries, and what was said, without who said it`()
        async throws
    {
        let page = "<h1>Error</h1> for ann@example.org: number 0"
        try await Server.with({ _ in .answer(422, body: page) }) { server in
            try await RoadsTown.with(server) { town in
                let report = try await town.add(1)
                try await town.drain([town.dispatcher()])
                let delivery = try #require(
                    try await town.store.deliveries(DeliveryFilter(report: report)).first?.delivery)
                #expect(delivery.state == .refused)
                #expect(delivery.reason == "answered 422")
                let attempts = try await town.store.attempts(of: delivery.id)
                #expect(attempts.count == 1)
                #expect(attempts.first?.outcome == .refused)
                #expect(attempts.first?.status == 422)
                let said = try #require(attempts.first?.reason)
                #expect(said.contains("<h1>Error</h1>"))
                #expect(!said.contains("ann@example.org"))
                #expect(!said.contains("number 0"))
            }
        }
    }

    @Test func `a peer that takes no connection opens its breaker, and closes it when it is back`()
        async throws
    {
        let ledger = RoadsLedger(failing: 0)
        let isBack = Flag()
        try await Server.with({ request in
            isBack.isUp ? ledger.reply(to: request) : .answer(503, body: "")
        }) { server in
            try await RoadsTown.with(server, concurrency: 2) { town in
                for number in 1...20 { _ = try await town.add(number) }
                let dispatcher = try town.dispatcher()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await dispatcher.run() }
                    while try await town.store.peerStates().first?.probeDue == nil {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    #expect(server.requests.count <= 5 + 2)
                    isBack.raise()
                    while try await town.waiting() > 0 {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    group.cancelAll()
                }
                #expect(ledger.count == 20)
                #expect(try await town.store.peerStates().first?.failures == 0)
            }
        }
    }
}
