import Federation
import Foundation
import Testing

@testable import Redmine

/// What stands in the way is told before anything is lost.
@Suite struct `Checking a Redmine` {
    private func obstacles(
        _ change: (inout Town.Setup) -> Void = { _ in }
    ) async throws -> [String] {
        var setup = Town.Setup()
        change(&setup)
        let town = Town(setup)
        town.put(1, Sample.issue(status: #"{"id":1,"name":"New"}"#, journals: []))
        return try await Sample.adapter.check(over: town.wire).obstacles
    }

    @Test func `all is well, and nothing is changed`() async throws {
        let town = Town()
        town.put(1, Sample.issue(journals: []))
        let report = try await Sample.adapter.check(over: town.wire)
        #expect(report.obstacles == [])
        #expect(report.software.contains("Resolved (open), Investigating (open), Fixed (closed)"))
        #expect(try await Sample.adapter.look(at: ["2"], over: town.wire).count == 1)
    }

    @Test func `a field that is not there or is no filter stands in the way`() async throws {
        #expect(
            try await obstacles { $0.fields.remove(5) }.first?
                .contains("shows no custom field 5 (service)") == true)
        #expect(
            try await obstacles { $0.filters = [] }.first?
                .contains("is not \"used as a filter\"") == true)
    }

    @Test func `a workflow that leads nowhere stands in the way`() async throws {
        #expect(
            try await obstacles { $0.allowed = [1] }
                == ["the workflow lets our account change no status, at least of ticket 1"])
    }

    @Test func `an account that may make no tickets stands in the way`() async throws {
        #expect(
            try await obstacles { $0.mayWrite = false }.first?
                .contains("Project cannot be blank") == true)
    }

    @Test func `a field that must be filled and is not ours stands in the way`() async throws {
        #expect(
            try await obstacles { $0.required = ["Width cannot be blank"] }.first?
                .contains("Width cannot be blank") == true)
    }
}
