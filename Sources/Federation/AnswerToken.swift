import FoundationEssentials
import Reports

/// What lets whoever holds it answer for a peer about one report, until a day: the end of a link in a
/// mail.
///
/// Its text is `peer.report.expiry.code`, of letters, digits, `-`, `_` and dots only, so that it stands
/// in an address as it is: the expiry in seconds since 1970, and a code of 160 bits over the rest.
package struct AnswerToken: Sendable, Equatable {
    package let peer: Peer.Name
    package let report: Report.ID
    /// When it ends, in whole seconds.
    package let expiry: Date

    /// Why a token is not believed.
    package enum Flaw: Error, Equatable {
        /// It is none of ours, or somebody changed it.
        case wrong
        /// It was ours, and its time is over.
        case expired
    }

    package init(peer: Peer.Name, report: Report.ID, expiry: Date) {
        self.peer = peer
        self.report = report
        self.expiry = Date(timeIntervalSince1970: expiry.timeIntervalSince1970.rounded(.down))
    }

    /// The token as it stands in a link.
    package func text(by key: TokenKey) -> String {
        "\(claim).\(key.code(of: claim, for: Self.purpose, length: Self.length))"
    }

    /// The token of a text that was made with one of these keys.
    package static func read(
        _ text: String, by keys: [TokenKey], now: Date
    ) throws(Flaw) -> AnswerToken {
        // The longest is of two names of 64 bytes each.
        let parts =
            text.utf8.count <= 192
            ? text.split(separator: ".", omittingEmptySubsequences: false) : []
        guard parts.count == 4, let peer = Peer.Name(rawValue: String(parts[0])),
            let report = Report.ID(rawValue: String(parts[1])), let seconds = Int64(parts[2]),
            seconds >= 0, "\(seconds)" == parts[2]
        else { throw .wrong }
        let token = AnswerToken(
            peer: peer, report: report, expiry: Date(timeIntervalSince1970: Double(seconds)))
        let isOurs = keys.contains {
            $0.isCode(parts[3], of: token.claim, for: purpose, length: length)
        }
        guard isOurs else { throw .wrong }
        guard now < token.expiry else { throw .expired }
        return token
    }

    private var claim: String {
        "\(peer).\(report).\(Int64(exactly: expiry.timeIntervalSince1970) ?? 0)"
    }

    private static let purpose = "answer"
    private static let length = 32
}
