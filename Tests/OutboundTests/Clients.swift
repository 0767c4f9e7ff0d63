import Addresses
import LoopbackKit
import Synchronization

@testable import Outbound

/// A resolver that answers from a list, one entry after the other, the last one for ever.
final class Names: Sendable {
    private let answers: [String: [[String]]]
    private let asked = Mutex<[String: Int]>([:])

    init(_ answers: [String: [[String]]]) {
        self.answers = answers
    }

    /// How often anything was asked.
    var count: Int { asked.withLock { $0.values.reduce(0, +) } }

    var resolve: Resolve {
        { name in
            let turn = self.asked.withLock { asked in
                asked[name.description, default: 0] += 1
                return asked[name.description, default: 1] - 1
            }
            guard let turns = self.answers[name.description], let last = turns.last else {
                return []
            }
            return (turn < turns.count ? turns[turn] : last).compactMap { IPAddress($0) }
        }
    }
}

extension OutboundClient {
    /// What fetching a document fails with; `nil` if it does not.
    func failure(getting address: String, limits: FetchLimits = .picture) async -> OutboundError? {
        do throws(OutboundError) {
            _ = try await get(address, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    /// What a post fails with; `nil` if it does not.
    func failure(posting address: String) async -> OutboundError? {
        do throws(OutboundError) {
            _ = try await post(address, headers: [], body: [1])
            return nil
        } catch {
            return error
        }
    }
}

/// Does something with a client that may reach loopback on a server's port.
func withClient<R: Sendable>(
    for server: Server, allow: [String] = ["127.0.0.0/8"], names: Names = Names([:]),
    certificates: String? = nil, _ body: (OutboundClient) async throws -> R
) async throws -> R {
    let settings = OutboundGuard.Settings(
        ports: [80, 443, server.port], allow: allow.compactMap { .init($0) },
        own: [try Destination("http://gateway.example/").host, .address(.v4(0x0101_0101))])
    let client = OutboundClient(
        .init(settings, certificates: certificates), resolve: names.resolve)
    let result: Result<R, any Error>
    do {
        result = .success(try await body(client))
    } catch {
        result = .failure(error)
    }
    await client.shutdown()
    return try result.get()
}
