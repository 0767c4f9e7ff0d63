import Federation
import FoundationEssentials
import Reports

/// Speaks with a tracker of Roundup 2 by its REST interface.
package struct RoundupAdapter: Adapter {
    let settings: RoundupSettings

    package init(_ settings: RoundupSettings) {
        self.settings = settings
    }

    package var traits: AdapterTraits {
        AdapterTraits(
            resend: .lookup,
            carries: [
                .reports, .updates, .media, .severalMedia, .answers, .title, .details,
                .ownReference,
            ], looks: 10, settling: .seconds(60))
    }

    package func deliver(
        _ message: Message, over wire: Wire
    ) async throws(PeerError) -> Ticket {
        if message.firstTried != nil, let ticket = try await find(message, over: wire) {
            return ticket
        }
        switch message.content {
        case .report(let report): return try await create(report, of: message, over: wire)
        case .update(let update): return try await change(update, of: message, over: wire)
        case .erasure:
            throw PeerError(
                .refused,
                "Roundup keeps what it was told in the history of the issue: "
                    + "ask whoever runs it to erase it")
        }
    }

    package func picture(
        _ reference: String, over wire: Wire
    ) async throws(PeerError) -> [UInt8] {
        guard Self.isNumber(reference) else { throw PeerError(.refused, "names no file") }
        return try await RoundupCalls(settings, over: wire).file(reference)
    }

    static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 18
            && text.allSatisfy { $0.isASCII && $0.isNumber }
    }
}

/// What a message of ours is called, in the property that is meant for the ids of mails: by this it
/// is found, and by this and our account as its author it is no news when it comes back.
enum OwnName {
    private static let end = "@viaduct"

    static func of(_ report: Report.ID) -> String { report.rawValue + end }

    static func of(_ update: OutgoingUpdate) -> String {
        "\(update.report?.rawValue ?? "-")/\(update.id)" + end
    }

    static func isOne(_ name: String?) -> Bool { name?.hasSuffix(end) ?? false }
}
