import Conformance
import DatabaseKit
import Foundation
import Synchronization
import Testing

/// The time of day, which a vector may move. A class, because the gateway shares it.
final class TestClock: Sendable {
    private let offset = Mutex<TimeInterval>(0)

    var now: Date { Date().addingTimeInterval(offset.withLock { $0 }) }

    func pass(_ seconds: TimeInterval) {
        offset.withLock { $0 += seconds }
    }

    func reset() {
        offset.withLock { $0 = 0 }
    }
}

/// The answers met while vectors ran. A class, because the transport shares it.
final class Answers: Sendable {
    private let kept = Mutex<Set<[UInt8]>>([])

    func keep(_ response: VectorResponse) {
        kept.withLock { _ = $0.insert(response.body) }
    }

    /// The bodies that are XML.
    var xml: [[UInt8]] { kept.withLock { $0.filter { $0.starts(with: "<?xml".utf8) } } }
}

/// Opens the gateway once for a suite.
struct FixtureTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await TestDatabase.withPool { pool in
            let gateway = try await FixtureGateway.open(on: pool)
            try await Self.$gateway.withValue(gateway) { try await function() }
        }
    }

    /// The gateway of the suite that runs.
    @TaskLocal static var gateway: FixtureGateway?
}
