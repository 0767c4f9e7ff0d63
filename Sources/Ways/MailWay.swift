import Federation
import Foundation

/// The way to somebody who is reached by mail: SMTP out, and a mailbox by IMAP in, over libcurl.
///
/// | Method | Address | Headers | Body | Answers |
/// |---|---|---|---|---|
/// | `MAIL` | smtp(s)://host:port | `From`, `To`: one address each | the mail | the server's status; body: its last line |
/// | `VRFY` | the same | the same | – | the same for a mail between these two, of which nothing is sent |
/// | `STATUS` | imap(s)://host:port/FOLDER | – | – | 200; headers `UIDVALIDITY`, `UIDNEXT` |
/// | `SEARCH` | …/FOLDER;UIDVALIDITY=n | `From-UID`, `Since` (24-Nov-2026), `Message-ID`, `In-Reply-To` | – | 200; body: UIDs with blanks between them, ascending, none below `From-UID` |
/// | `GET` | …/FOLDER;UIDVALIDITY=n/;UID=n | – | – | 200; body: the mail, which stays unread |
/// | `MOVE` | …/FOLDER;UIDVALIDITY=n | `UIDs` (1:7), `To`: a folder, which is made if it is not there | – | 200 |
///
/// Of a mailbox, 401 is a log-in that was refused, 404 a folder or mail that is not there, 409
/// another UIDVALIDITY, 413 more than `most` bytes, 503 a server that says it is busy, 400 any
/// other no. What SMTP says carries a header `Stage`: the command that was answered.
///
/// Failures: `later` if nothing of the mail itself went out, `ambiguous` if some did and no answer
/// came to it. Credentials go only to the addresses of the settings, never stand in one, and in
/// nothing that is kept. Where a mail cannot be read otherwise, reading it marks it as read: that
/// answer has a header `Seen`.
package struct MailWay: Sendable {
    /// The way as adapters use it.
    package var wire: Wire {
        Wire(now: { Date() }) { call async throws(PeerError) in try await exchange(call) }
    }

    let settings: Settings
    private let threads: CurlThreads

    /// Where the servers are, and who we are there.
    package struct Settings: Sendable {
        /// `smtp://host:port` or `smtps://host:port`.
        package var smtp: String
        /// `imap://host:port` or `imaps://host:port`.
        package var imap: String?
        package var user: String?
        package var password: String?
        /// Whether connections that begin in clear may stay so.
        package var staysInClear = false
        /// A file with the certificates of authorities that are believed instead of the system's.
        package var authorities: String?

        package init(smtp: String) {
            self.smtp = smtp
        }
    }

    package init(_ settings: Settings) {
        self.settings = settings
        threads = CurlThreads(width: 4)
    }

    private func exchange(_ call: Wire.Call) async throws(PeerError) -> Wire.Reply {
        guard
            !(call.address + call.headers.map(\.value).joined()).utf8.contains(
                where: Self.isControl)
        else { throw PeerError(.refused, "a mail server is told nothing with line breaks in it") }
        switch call.method {
        case "MAIL", "VRFY": return try await send(call)
        case "STATUS", "SEARCH", "GET", "MOVE":
            guard let imap = settings.imap, call.address.hasPrefix(imap + "/") else {
                throw PeerError(.refused, "no mailbox of that address is in the settings")
            }
            return try await read(call)
        default: throw PeerError(.refused, "mail knows no \(call.method)")
        }
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    /// What is alike in all exchanges for a call.
    func request(_ call: Wire.Call, to address: String) -> CurlRequest {
        let account = settings.user.map {
            CurlRequest.Account(user: $0, password: settings.password ?? "")
        }
        return CurlRequest(
            address: address, account: account,
            encryption: settings.staysInClear ? .none : .required,
            authorities: settings.authorities, most: call.most, patience: call.patience)
    }

    func perform(_ request: CurlRequest) async -> CurlOutcome {
        await threads.perform(request)
    }
}
