import Addresses
import CaseStore
import GeoReport
import Reports

/// How much one caller may ask (A9, A10; Specs/Limits.md).
extension Gateway {
    /// Takes so much of the rations that the call draws on, or refuses it with 429.
    ///
    /// A client draws on those of its key; its address counts as well if everybody may have the key,
    /// and alone if there is none. What peers tell and ask is not rationed: it was agreed upon.
    func charge(
        _ call: Call, _ client: Client?, _ kind: Ration.Kind, count: Int = 1
    ) async throws(Fault) {
        guard let rationing = settings.rationing else { return }
        if let client, settings.peers?[client.id] != nil { return }
        if client?.holder != .program, let household = Self.household(of: call) {
            try await take(count, of: kind.ofAddress, for: household, rationing, call)
        }
        if let client {
            try await take(count, of: kind.ofKey, for: client.id.rawValue, rationing, call)
        }
    }

    private func take(
        _ count: Int, of ration: Ration, for caller: String, _ rationing: Rationing, _ call: Call
    ) async throws(Fault) {
        guard let remainder = await rationing.take(count, of: ration, for: caller) else { return }
        try check(remainder, call)
    }

    private func check(_ remainder: Remainder, _ call: Call) throws(Fault) {
        call.remainders.withLock { $0.append(remainder) }
        guard !remainder.isGranted else { return }
        metrics.limited[remainder.ration]?.add(1)
        let seconds = remainder.retryAfter.retrySeconds
        throw Fault(
            .tooMany(retryAfter: remainder.retryAfter),
            "\(remainder.ration.excess); try again in \(seconds) s.")
    }

    /// The client of a key that is not in memory; `nil`: nobody was given it.
    ///
    /// Whoever has sent too many of these is answered without a look (block G, 122).
    func stranger(_ secret: String, _ call: Call) async throws(Fault) -> Client? {
        let household = Self.household(of: call)
        if let household,
            let remainder = settings.rationing?.remainder(of: .wrongKeys, for: household),
            !remainder.isGranted
        {
            try check(remainder, call)
        }
        let client = try await asking { () async throws(CaseStoreError) in
            try await keys.client(secret)
        }
        if client == nil, let household,
            let remainder = await settings.rationing?.take(1, of: .wrongKeys, for: household)
        {
            try check(remainder, call)
        }
        return client
    }

    /// Whom an address counts as; `nil` without a socket.
    private static func household(of call: Call) -> String? {
        IPAddress(call.request.address).map { IPNetwork(household: $0).description }
    }

    /// An address without its last part, for a log.
    static func blurred(_ address: String) -> String {
        IPAddress(address).map { IPNetwork(blurred: $0).description } ?? ""
    }
}
