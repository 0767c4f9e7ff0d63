import Addresses
import AsyncHTTPClient
import NIOCore

/// The only way out: every outgoing HTTP request of ours goes through the guard and over a
/// connection to a machine that it has checked (M1, M2).
///
/// A name is asked for once for each request, and for each redirect again; what it means later
/// changes nothing.
package final class OutboundClient: Sendable {
    /// What an operator decides, and what we call ourselves.
    package struct Settings: Sendable {
        package var guardian: OutboundGuard.Settings
        /// How we call ourselves.
        package var agent: String
        /// A file of certificates that are trusted beside the system's, as PEM.
        package var certificates: String?
        /// The servers to which connections are kept at most.
        package var servers: Int

        package init(
            _ guardian: OutboundGuard.Settings = OutboundGuard.Settings(),
            agent: String = "viaduct",
            certificates: String? = nil, servers: Int = 32
        ) {
            self.guardian = guardian
            self.agent = agent
            self.certificates = certificates
            self.servers = servers
        }
    }

    private let guardian: OutboundGuard
    private let agent: String
    private let connections: Connections
    private let system: SystemResolver?
    private let resolve: Resolve

    /// A client; without `resolve` it asks the system for names. It must be shut down.
    package init(_ settings: Settings = Settings(), resolve: Resolve? = nil) {
        guardian = OutboundGuard(settings.guardian)
        agent = settings.agent
        connections = Connections(most: settings.servers, certificates: settings.certificates)
        if let resolve {
            system = nil
            self.resolve = resolve
        } else {
            let system = SystemResolver()
            self.system = system
            self.resolve = { await system.addresses(of: $0) }
        }
    }

    /// Closes all connections; what is under way fails, and what comes later too.
    package func shutdown() async {
        await connections.close()
        system?.close()
    }

    /// Does something with a client of its own.
    package static func with<R: Sendable>(
        _ settings: Settings, _ body: (OutboundClient) async throws -> R
    ) async throws -> R {
        let client = OutboundClient(settings)
        let result: Result<R, any Error>
        do {
            result = .success(try await body(client))
        } catch {
            result = .failure(error)
        }
        await client.shutdown()
        return try result.get()
    }

    /// The destination that a text names, if the guard lets anybody go there; nothing is asked yet.
    package func check(_ address: String) throws(OutboundError) -> Destination {
        do throws(Refusal) {
            return try guardian.check(address)
        } catch {
            throw .refused(error)
        }
    }

    /// Fetches a document; each redirect is judged like the address itself, and none leads from
    /// `https` to `http`: what was asked for over a safe way must not come over another.
    package func get(
        _ address: String, limits: FetchLimits = .picture
    ) async throws(OutboundError) -> Fetched {
        let deadline = ContinuousClock.now + limits.whole
        var destination = try check(address)
        var seen: Set<Destination> = [destination]
        while true {
            let call = Call("GET", destination, [.init("Accept-Encoding", "identity")], [])
            let found = try await exchange(call, limits, until: deadline) {
                response throws(OutboundError) in
                try await Self.find(in: response, of: call, limits, until: deadline)
            }
            guard case .redirect(let location) = found else {
                guard case .document(let fetched) = found else { continue }
                return fetched
            }
            guard seen.count <= limits.redirects else { throw .refused(.redirects) }
            destination = try next(location, from: destination)
            guard seen.insert(destination).inserted else { throw .refused(.loop) }
        }
    }

    /// Posts a body; a redirect is an answer like any other.
    package func post(
        _ address: String, headers: [OutboundRequest.Header], body: [UInt8],
        limits: FetchLimits = .notification
    ) async throws(OutboundError) -> OutboundAnswer {
        try await send(
            OutboundRequest("POST", address, headers: headers, body: body), limits: limits)
    }

    /// Sends a request as it is; a redirect is an answer like any other.
    package func send(
        _ request: OutboundRequest, limits: FetchLimits
    ) async throws(OutboundError) -> OutboundAnswer {
        let deadline = ContinuousClock.now + limits.whole
        let call = Call(
            request.method, try check(request.address), request.headers, request.body)
        return try await exchange(call, limits, until: deadline) {
            response throws(OutboundError) in
            await Self.answer(response, most: limits.bytes, until: deadline)
        }
    }
}

/// One request to a checked destination.
private struct Call: Sendable {
    let method: String
    let destination: Destination
    let headers: [OutboundRequest.Header]
    let body: [UInt8]

    init(
        _ method: String, _ destination: Destination, _ headers: [OutboundRequest.Header],
        _ body: [UInt8]
    ) {
        self.method = method
        self.destination = destination
        self.headers = headers
        self.body = body
    }

    /// What it means that no answer came in time: a GET does nothing that could be done twice.
    var late: OutboundError { method == "GET" ? .timedOut : .ambiguous }
}

/// What one hop of a fetch leads to.
private enum Found: Sendable {
    case document(Fetched)
    case redirect(String)
}

extension OutboundClient {
    /// Where a redirect leads, if anybody may go there.
    private func next(
        _ location: String, from destination: Destination
    ) throws(OutboundError) -> Destination {
        do throws(Refusal) {
            let next = try guardian.check(destination.destination(of: location))
            guard destination.scheme == .http || next.scheme == .https else { throw .downgrade }
            return next
        } catch {
            throw .refused(error)
        }
    }

    /// All machines that a destination means, if each of them may be called.
    private func machines(
        of destination: Destination, _ limits: FetchLimits, until deadline: ContinuousClock.Instant
    ) async throws(OutboundError) -> [IPAddress] {
        guard case .name(let name) = destination.host else {
            guard case .address(let address) = destination.host else { return [] }
            return [address]
        }
        let patience = min(deadline, ContinuousClock.now + limits.connect)
        let resolve = resolve
        let found = try await within(until: patience, orElse: .unreachable(.name)) {
            await resolve(name)
        }
        guard let addresses = found?.map(\.plain) else { throw .refused(.network) }
        guard !addresses.isEmpty else { throw .unreachable(.name) }
        do throws(Refusal) {
            try guardian.judge(addresses, of: destination)
        } catch {
            throw .refused(error)
        }
        return addresses
    }

    /// Makes a request to one of the checked machines, and to one of the other family if the first
    /// takes no connection.
    private func exchange<R: Sendable>(
        _ call: Call, _ limits: FetchLimits, until deadline: ContinuousClock.Instant,
        _ read: (HTTPClientResponse) async throws(OutboundError) -> R
    ) async throws(OutboundError) -> R {
        let machines = try await machines(of: call.destination, limits, until: deadline)
        var failure = OutboundError.unreachable(.name)
        for address in Self.tried(machines) {
            let pin = Pin(
                scheme: call.destination.scheme, host: call.destination.host,
                port: call.destination.port, address: address, connect: limits.connect)
            do throws(OutboundError) {
                return try await connections.with(pin) { lease throws(OutboundError) in
                    let response = try await within(until: deadline, orElse: call.late) {
                        () async throws(OutboundError) in
                        try await self.head(of: call, over: lease, limits, until: deadline)
                    }
                    return try await read(response)
                }
            } catch {
                guard case .unreachable(.connection) = error else { throw error }
                failure = error
            }
        }
        throw failure
    }

    /// The first machine and the first one of the other family.
    private static func tried(_ machines: [IPAddress]) -> [IPAddress] {
        guard let first = machines.first else { return [] }
        let other = machines.first { $0.family != first.family }
        return [first] + (other.map { [$0] } ?? [])
    }

    /// The head of the answer; its body is still to come.
    private func head(
        of call: Call, over lease: Connections.Lease, _ limits: FetchLimits,
        until deadline: ContinuousClock.Instant
    ) async throws(OutboundError) -> HTTPClientResponse {
        var request = HTTPClientRequest(url: call.destination.text)
        request.method = .init(rawValue: call.method)
        for header in call.headers { request.headers.add(name: header.name, value: header.value) }
        if !request.headers.contains(name: "User-Agent") {
            request.headers.add(name: "User-Agent", value: agent)
        }
        if !call.body.isEmpty {
            request.body = .stream(
                TimedBody(bytes: call.body, deadline: deadline),
                length: .known(Int64(call.body.count)))
        }
        do {
            return try await lease.client.execute(
                request, timeout: TimeAmount(limits.connect + limits.firstByte))
        } catch {
            throw Self.told(error, of: call, over: lease)
        }
    }

    /// A failure of the client in our words: what cannot be told apart for sure is ambiguous.
    private static func told(
        _ error: any Error, of call: Call, over lease: Connections.Lease
    ) -> OutboundError {
        if let error = error as? OutboundError { return error }
        if Connections.isCertificate(error) { return .unreachable(.certificate) }
        let isEarly = !lease.history.hasConnected || Connections.isBeforeSending(error)
        if (error as? HTTPClientError) == .deadlineExceeded, call.late == .timedOut {
            return .timedOut
        }
        return isEarly ? .unreachable(.connection) : .ambiguous
    }
}

extension OutboundClient {
    /// What a fetch finds behind an answer: the document, or another place to look at.
    private static func find(
        in response: HTTPClientResponse, of call: Call, _ limits: FetchLimits,
        until deadline: ContinuousClock.Instant
    ) async throws(OutboundError) -> Found {
        let status = Int(response.status.code)
        if [301, 302, 303, 307, 308].contains(status),
            let location = response.headers.first(name: "Location")
        {
            return .redirect(location)
        }
        guard (200..<300).contains(status) else {
            throw .status(
                status,
                retryAfter: response.headers.first(name: "Retry-After").flatMap { RetryAfter($0) })
        }
        return .document(
            Fetched(
                address: call.destination.text,
                contentType: response.headers.first(name: "Content-Type"),
                body: try await whole(response, most: limits.bytes, until: deadline)))
    }

    /// The whole body of an answer, as it came.
    private static func whole(
        _ response: HTTPClientResponse, most: Int, until deadline: ContinuousClock.Instant
    ) async throws(OutboundError) -> [UInt8] {
        let codings = response.headers[canonicalForm: "Content-Encoding"]
        guard codings.allSatisfy({ $0.lowercased() == "identity" }) else { throw .encoded }
        if let length = response.headers.first(name: "Content-Length").flatMap({ Int($0) }) {
            guard length <= most else { throw .tooLarge }
        }
        let (body, rest) = try await within(until: deadline, orElse: .timedOut) {
            await collect(response.body, most: most)
        }
        switch rest {
        case .none: return body
        case .left: throw .tooLarge
        case .lost: throw .ambiguous
        }
    }

    /// An answer as it is; its status is known even if its body does not come to an end.
    private static func answer(
        _ response: HTTPClientResponse, most: Int, until deadline: ContinuousClock.Instant
    ) async -> OutboundAnswer {
        let body: [UInt8]
        let rest: OutboundAnswer.Rest
        do throws(OutboundError) {
            (body, rest) = try await within(until: deadline, orElse: .timedOut) {
                await collect(response.body, most: most)
            }
        } catch {
            (body, rest) = ([], .lost)
        }
        return OutboundAnswer(
            status: Int(response.status.code),
            headers: response.headers.map { OutboundRequest.Header($0.name, $0.value) },
            body: body, rest: rest)
    }

    /// The bytes of a body, as far as they come and are allowed.
    private static func collect(
        _ body: HTTPClientResponse.Body, most: Int
    ) async -> ([UInt8], OutboundAnswer.Rest) {
        var bytes: [UInt8] = []
        do {
            for try await chunk in body {
                let room = most - bytes.count
                bytes += chunk.readableBytesView.prefix(room)
                guard chunk.readableBytes <= room else { return (bytes, .left) }
            }
        } catch {
            return (bytes, .lost)
        }
        // A cancelled reader may see an end where none is.
        return (bytes, Task.isCancelled ? .lost : .none)
    }
}
