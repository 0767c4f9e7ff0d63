import NIOCore
import Testing

@testable import Outbound

/// Nothing is sent by somebody who was stopped, after its time is over (D9).
@Suite struct TimedBodyTests {
    private func parts(until deadline: ContinuousClock.Instant) async throws -> [ByteBuffer] {
        var parts: [ByteBuffer] = []
        for try await part in TimedBody(bytes: Array("all of it".utf8), deadline: deadline) {
            parts.append(part)
        }
        return parts
    }

    @Test func `in time it is sent as it is`() async throws {
        let parts = try await parts(until: .now + .seconds(3600))
        #expect(parts == [ByteBuffer(string: "all of it")])
    }

    @Test func `too late, nothing of it is sent`() async {
        await #expect(throws: OutboundError.timedOut) { try await parts(until: .now) }
    }
}
