import Media
import Outbound

extension OutboundClient {
    /// Makes the calls of an object storage, whose address an operator gave.
    package func send(_ call: BucketCall) async throws(OutboundError) -> BucketAnswer {
        let limits = FetchLimits(
            firstByte: .seconds(20), whole: .seconds(60), bytes: 16 << 20, redirects: 0)
        let answer = try await send(
            OutboundRequest(
                call.method, call.address, headers: call.headers.map { .init($0.name, $0.value) },
                body: call.body),
            limits: limits)
        switch answer.rest {
        case .none: break
        case .left: throw .tooLarge
        case .lost: throw .ambiguous
        }
        return BucketAnswer(
            status: answer.status, headers: answer.headers.map { ($0.name, $0.value) },
            body: answer.body)
    }
}
