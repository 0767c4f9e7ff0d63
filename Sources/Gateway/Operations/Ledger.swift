import CaseStore
import Federation
import FoundationEssentials
import Reports

/// Where every report is at each peer, for people: what the commands and the admin port show.
package struct Ledger: Sendable {
    private let store: CaseStore
    private let peering: Peering

    package init(_ store: CaseStore, peering: Peering) {
        self.store = store
        self.peering = peering
    }

    /// Whether the tries of a delivery are shown as well.
    package enum Depth: Sendable {
        case deliveries, tries
    }

    /// The deliveries that the filter asks for, each with what it waits for.
    package func deliveries(
        _ filter: DeliveryFilter, depth: Depth = .deliveries, now: Date
    ) async throws(CaseStoreError) -> [DeliveryLine] {
        let states = try await store.peerStates()
        var lines: [DeliveryLine] = []
        for entry in try await store.deliveries(filter) {
            let state = states.first { $0.name == entry.delivery.peer }
            var line = DeliveryLine(entry, peer: state, now: now)
            if depth == .tries {
                line.tries = try await store.attempts(of: entry.delivery.id).map(TryLine.init)
            }
            lines.append(line)
        }
        return lines
    }

    /// How every peer stands: those of the settings, and those for which something is left.
    package func peers(now: Date) async throws(CaseStoreError) -> [PeerLineup] {
        let states = try await store.peerStates()
        let counts = try await store.federationCounts(now: now)
        let readings = try await store.readings()
        let names = Set(states.map(\.name) + peering.peers.map(\.name))
        return names.sorted { $0.rawValue < $1.rawValue }.map { name in
            PeerLineup(
                name, peering[name], state: states.first { $0.name == name },
                counts: counts.first { $0.peer == name },
                reading: readings.first { $0.peer == name }, now: now)
        }
    }

    /// Any of these as JSON.
    package static func json(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts, numbers and dates can always be written.
        let data = (try? encoder.encode(value)) ?? Data("null".utf8)
        return Array(data) + [UInt8(ascii: "\n")]
    }
}
