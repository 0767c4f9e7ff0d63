import CaseStore
import FoundationEssentials
import GeoReport

/// The operators' pages, on a loopback port of their own (A13): `/live`, `/ready`, `/metrics`,
/// `/peers`, `/deliveries`.
package struct Admin: Sendable {
    private let metrics: Metrics
    private let pulse: Pulse
    private let peers: PeerPulse
    private let ledger: Ledger
    private let version: String
    private let gauges: @Sendable () -> [Gauge]

    /// `gauges`: further numbers, known to whoever runs the gateway.
    package init(
        metrics: Metrics, pulse: Pulse, peers: PeerPulse, ledger: Ledger, version: String,
        gauges: @escaping @Sendable () -> [Gauge] = { [] }
    ) {
        self.metrics = metrics
        self.pulse = pulse
        self.peers = peers
        self.ledger = ledger
        self.version = version
        self.gauges = gauges
    }

    /// Answers one request of an operator or a probe.
    package func respond(_ request: EdgeRequest) async -> EdgeResponse {
        guard request.method == .get || request.method == .head else {
            var response = text(405, "Only GET is answered here.\n")
            response.headers.append(("Allow", "GET, HEAD"))
            return response
        }
        var response =
            switch request.path {
            case "/live": text(200, "alive\n")
            // The peers' troubles are no reason to take us out of service.
            case "/ready": ready()
            case "/metrics": exposition()
            case "/peers":
                await ledger { () async throws(CaseStoreError) in
                    Ledger.json(try await ledger.peers(now: Date()))
                }
            case "/deliveries": await deliveries(request.query)
            default: text(404, "Nothing is found here.\n")
            }
        response.omitsBody = request.method == .head
        return response
    }

    /// `?report=`, `?peer=`, `?id=`, `?state=` (several with commas) and `?limit=`; tries are shown
    /// where one report or one delivery is asked for.
    private func deliveries(_ query: String?) async -> EdgeResponse {
        let filter: DeliveryFilter
        do throws(Fault) {
            filter = try DeliveryFilter(query: try Parameters(query: query))
        } catch {
            return text(error.status, error.problems.joined(separator: "\n") + "\n")
        }
        let depth: Ledger.Depth =
            filter.report != nil || filter.id != nil ? .tries : .deliveries
        return await ledger { () async throws(CaseStoreError) in
            Ledger.json(try await ledger.deliveries(filter, depth: depth, now: Date()))
        }
    }

    private func ledger(
        _ page: () async throws(CaseStoreError) -> [UInt8]
    ) async -> EdgeResponse {
        do throws(CaseStoreError) {
            return bytes(200, try await page(), type: "application/json")
        } catch {
            return text(503, "The database does not answer.\n")
        }
    }

    /// The pages as what stands behind a listener.
    package var site: Site {
        Site(
            respond: { await respond($0) },
            refuse: { refusal in text(refusal.fault.status, refusal.fault.problems.joined() + "\n")
            })
    }

    private func ready() -> EdgeResponse {
        let problems = pulse.problems
        guard !problems.isEmpty else {
            let warnings = pulse.warnings.map { "warning: \($0)\n" }
            return text(200, "ready\n" + warnings.joined())
        }
        return text(503, problems.joined(separator: "\n") + "\n")
    }

    private func exposition() -> EdgeResponse {
        var own = Exposition()
        own.begin("viaduct_database_up", "gauge", "Whether the case store can be used.")
        own.add(pulse.problems.isEmpty ? 1 : 0)
        own.begin("viaduct_build_info", "gauge", "The version that runs.")
        own.add(1, [("version", version)])
        if let bytes = ResidentMemory.bytes {
            own.begin("process_resident_memory_bytes", "gauge", "Resident memory.")
            own.add(bytes)
        }
        peers.tell(to: &own)
        for gauge in gauges() { own.add(gauge) }
        return text(
            200, metrics.text() + own.text, type: "text/plain; version=0.0.4; charset=utf-8")
    }

    private func text(
        _ status: Int, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> EdgeResponse {
        bytes(status, Array(text.utf8), type: type)
    }

    private func bytes(_ status: Int, _ bytes: [UInt8], type: String) -> EdgeResponse {
        EdgeResponse(
            status: status,
            headers: [
                ("Content-Type", type), ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
            ], body: .bytes(bytes))
    }
}

/// How much memory the process holds.
enum ResidentMemory {
    /// Bytes, or `nil` where the system does not tell.
    static var bytes: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return nil }
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
            .flatMap { Int($0) }.map { $0 << 10 }
    }
}
