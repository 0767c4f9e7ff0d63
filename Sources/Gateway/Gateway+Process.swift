import GeoReport
import NIOHTTP1

extension Gateway {
    /// Answers a request as the listener would, without a socket.
    ///
    /// It goes through the same judgement of its head; only what HTTP's framing forbids cannot be
    /// said here.
    package func respond(
        method: String, target: String, headers: [(name: String, value: String)],
        body: [UInt8] = [],
        address: String = "127.0.0.1"
    ) async -> EdgeResponse {
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: method), uri: target,
            headers: HTTPHeaders(headers.map { ($0.name, $0.value) }))
        let admission: Edge.Admission
        do {
            admission = try Edge.judge(head, limits: settings.limits)
        } catch {
            return refuse(Refusal(error, target: target))
        }
        guard body.count <= admission.bodyLimit else {
            return refuse(Refusal(Edge.tooLarge(admission.bodyLimit), target: target))
        }
        return await respond(admission.request(body: body, address: address))
    }
}
