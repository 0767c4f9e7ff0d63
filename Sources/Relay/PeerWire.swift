import Federation
import FoundationEssentials
import Outbound

/// The way to one peer over the only way out: to the servers that its settings name, to no others.
///
/// A key that is meant for the peer cannot come to anybody else: redirects are followed only to where
/// they come from (block F, 119), and an address of which a peer's answer speaks is not called.
package struct PeerWire: Sendable {
    private let client: OutboundClient
    private let origins: Set<Origin>
    private let now: @Sendable () -> Date
    /// How many redirects are followed.
    private static let most = 3

    /// A server, as it is called.
    private struct Origin: Hashable {
        let scheme: Destination.Scheme
        let host: Destination.Host
        let port: Int

        init(of destination: Destination) {
            scheme = destination.scheme
            host = destination.host
            port = destination.port
        }
    }

    /// A way to the servers of these addresses, or why one of them is none.
    package init(
        to addresses: [String], over client: OutboundClient,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws(Refusal) {
        var origins: Set<Origin> = []
        for address in addresses { origins.insert(Origin(of: try Destination(address))) }
        self.client = client
        self.origins = origins
        self.now = now
    }

    /// The way as adapters use it.
    package var wire: Wire {
        Wire(now: now) { call async throws(PeerError) in try await exchange(call) }
    }

    private func exchange(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        let end = ContinuousClock.now + call.patience
        var destination = try destination(of: call)
        for _ in 0...Self.most {
            let answer = try await send(call, to: destination, until: end)
            guard let location = call.redirect(in: answer) else { return try reply(answer, call) }
            destination = try next(location, from: destination)
        }
        throw PeerError(.later(nil), "\(destination.shown) redirects again and again")
    }

    private func destination(of call: Wire.Call) throws(PeerError) -> Destination {
        let destination: Destination
        do throws(Refusal) {
            destination = try Destination(call.address)
        } catch {
            throw PeerError(.refused, "there is no address to call (\(error.rawValue))")
        }
        guard origins.contains(Origin(of: destination)) else {
            throw PeerError(.refused, "\(destination.shown) is not among the peer's addresses")
        }
        return destination
    }

    private func next(
        _ location: String, from destination: Destination
    ) throws(PeerError) -> Destination {
        let next: Destination
        do throws(Refusal) {
            next = try destination.destination(of: location)
        } catch {
            throw PeerError(
                .later(nil), "\(destination.shown) redirects to no address (\(error.rawValue))")
        }
        guard Origin(of: next) == Origin(of: destination) else {
            throw PeerError(
                .later(nil), "\(destination.shown) redirects to another server, \(next.shown)")
        }
        return next
    }

    private func send(
        _ call: Wire.Call, to destination: Destination, until end: ContinuousClock.Instant
    ) async throws(PeerError) -> OutboundAnswer {
        let left = end - ContinuousClock.now
        guard left > .zero else { throw call.failed(.timedOut, at: destination) }
        var headers = call.headers.map { OutboundRequest.Header($0.name, $0.value) }
        if !headers.contains(where: { $0.name.lowercased() == "accept-encoding" }) {
            headers.append(.init("Accept-Encoding", "identity"))
        }
        let request = OutboundRequest(
            call.method, destination.text, headers: headers, body: call.body)
        let limits = FetchLimits(
            connect: min(.seconds(5), left), firstByte: left, whole: left, bytes: call.most,
            redirects: 0)
        do throws(OutboundError) {
            return try await client.send(request, limits: limits)
        } catch {
            throw call.failed(error, at: destination)
        }
    }

    private func reply(
        _ answer: OutboundAnswer, _ call: Wire.Call
    ) throws(PeerError) -> Wire.Reply {
        let coding = answer.header("Content-Encoding") ?? "identity"
        // Whatever else the status says, it says all that matters: nothing was taken.
        if call.changesNothing || (200..<300).contains(answer.status) {
            switch answer.rest {
            case .none where coding.lowercased() == "identity": break
            case .none: throw call.unusable("is compressed though we asked for none", answer)
            case .left: throw call.unusable("is longer than \(call.most) bytes", answer)
            case .lost: throw call.unusable("broke off", answer)
            }
        }
        let headers = answer.headers.map { header in
            guard header.name.lowercased() == "retry-after",
                let pause = RetryAfter(header.value)?.delay(from: now())
            else { return Wire.Header(header.name, header.value) }
            return Wire.Header(header.name, "\(pause.components.seconds)")
        }
        return Wire.Reply(status: answer.status, headers: headers, body: answer.body)
    }
}

extension Wire.Call {
    /// Where an answer sends this call to: 307 and 308 say that nothing was taken, while after the
    /// others a POST would become a GET.
    fileprivate func redirect(in answer: OutboundAnswer) -> String? {
        let followed = changesNothing ? [301, 302, 303, 307, 308] : [307, 308]
        return followed.contains(answer.status) ? answer.header("Location") : nil
    }

    /// What it means that an answer cannot be used.
    fileprivate func unusable(_ what: String, _ answer: OutboundAnswer) -> PeerError {
        PeerError(
            changesNothing ? .later(nil) : .ambiguous, "the answer \(what)", status: answer.status)
    }

    /// A failure of the way, told as what to do next.
    fileprivate func failed(_ error: OutboundError, at destination: Destination) -> PeerError {
        let reason = "\(destination.shown) \(error)"
        return switch error {
        // What a name means may change; what the guard says of the rest is for the operator.
        case .refused(.network), .unreachable, .timedOut, .status: PeerError(.later(nil), reason)
        case .refused: PeerError(.forbidden, reason)
        case .ambiguous, .tooLarge, .encoded:
            PeerError(changesNothing ? .later(nil) : .ambiguous, reason)
        }
    }
}

extension Destination {
    /// The address as people may see it: what stands behind a `?` may be a key.
    fileprivate var shown: String { String(text.prefix { $0 != "?" }) }
}
