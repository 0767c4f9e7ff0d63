import CaseStore
import FoundationEssentials
import Reports
import Testing

@testable import Gateway

/// Reads share statements and documents; nobody may notice.
@Suite struct FreshnessTests {
    /// Tasks that post and read, and rounds of each.
    private static let (writers, rounds) = (12, 15)

    @Test func `a report that was acknowledged is in every list and found by its id at once`()
        async throws
    {
        try await Fixture.with({ $0.mostInFlight = 10_000 }) { fixture in
            try await withThrowingTaskGroup { group in
                for writer in 0..<Self.writers {
                    group.addTask {
                        for round in 0..<Self.rounds {
                            try await Self.postAndRead(fixture, "\(writer).\(round)")
                        }
                    }
                }
                // Those who only read keep the lists of the others in the making.
                let readers = (0..<8).map { _ in
                    Task {
                        while !Task.isCancelled {
                            let list = await fixture.get(Fixture.sofia + "/requests.json")
                            #expect(list.status == 200)
                        }
                    }
                }
                try await group.waitForAll()
                for reader in readers {
                    reader.cancel()
                    await reader.value
                }
            }
            #expect(fixture.gateway.lists.works.withLock { $0.byQuestion.isEmpty })
        }
    }

    private static func postAndRead(_ fixture: Fixture, _ name: String) async throws {
        let posted = await fixture.post(
            Fixture.sofia + "/requests.json", fixture.form("+number+\(name)."))
        let id = try #require(posted.member("service_request_id"), "\(posted.text)")
        let list = await fixture.get(Fixture.sofia + "/requests.json")
        #expect(list.text.contains("\"\(id)\""))
        let xml = await fixture.get(Fixture.sofia + "/requests.xml")
        #expect(xml.text.contains(">\(id)<"))
        let one = await fixture.get(Fixture.sofia + "/requests/\(id).json")
        #expect(one.member("description") == "A hole number \(name).")
        let other = await fixture.get(Fixture.sofia + "/requests/sofia-none.json")
        #expect(other.status == 404)
    }

    @Test func `each client is shown its own view, whoever asks beside it`() async throws {
        try await Fixture.with({ $0.mostInFlight = 10_000 }) { fixture in
            let hidden = fixture.form("+that+is+private").replacing("POTHOLE", with: "HIDDEN")
            _ = await fixture.post(Fixture.sofia + "/requests.json", hidden)
            _ = await fixture.post(Fixture.sofia + "/requests.json", fixture.form("+for+all"))
            let (_, compact) = try await Fixture.client(
                in: fixture.store, profile: Client.Profile(absent: .compact))
            let (_, habits) = try await Fixture.client(
                in: fixture.store, profile: Client.Profile(dialects: [.fixmystreet]))
            await fixture.gateway.keys.refresh()
            let (plain, target) = ([(name: String, value: String)](), Fixture.sofia)
            let askers: [(headers: [(name: String, value: String)], marks: [String])] = [
                (plain, ["\"status_notes\":null", "\"status\":\"open\""]),
                ([("X-API-Key", compact.secret)], ["\"status_notes\":\"\""]),
                ([("X-API-Key", habits.secret)], ["\"non_public\":0"]),
                ([("Accept-Language", "en")], ["\"service_name\":\"Pothole POTHOLE\""]),
            ]
            await withTaskGroup { group in
                for asker in 0..<32 {
                    group.addTask {
                        let (headers, marks) = askers[asker % askers.count]
                        for _ in 0..<20 {
                            let list = await fixture.get(target + "/requests.json", headers)
                            #expect(list.text.contains("A hole for all"))
                            #expect(!list.text.contains("private"))
                            for (number, other) in askers.enumerated() where number > 0 {
                                let isOwn = number == asker % askers.count
                                #expect(list.text.contains(other.marks[0]) == isOwn)
                            }
                            #expect(marks.allSatisfy(list.text.contains))
                        }
                    }
                }
            }
        }
    }
}
