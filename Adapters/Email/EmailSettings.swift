import Federation
import FoundationEssentials
import Mail

/// How a department is written to, and where its answers come.
package struct EmailSettings: Sendable {
    package var peer: Peer.Name
    /// `smtp(s)://host:port`.
    package var smtp: String
    /// Where answers come; `nil` if nobody reads them.
    package var mailbox: Box?
    package var from: Mailbox
    /// Who gets reports of services whose code is no address.
    package var to: Mailbox?
    /// What answers go to; a report's own token is added behind a `+`.
    package var replies: Mailbox
    /// Whose word counts on a status: addresses, or `@host` for all of one.
    package var senders: Set<String>
    /// What tokens in addresses and ids are made with.
    package var key: TokenKey
    package var language = EmailLanguage.english
    /// The longest mail that the server takes, in bytes as they go over the wire.
    package var mostBytes = 10 << 20
    /// Whether a ticket system's own number is looked for in the mailbox, and told in later mails.
    package var numbers = Numbers.learnt
    /// Where links to answer begin; `nil` for none.
    package var answers: String?
    /// How long such a link counts.
    package var answerLife = Duration.seconds(90 * 86_400)
    /// How far back a mailbox is read that we know nothing of.
    package var reach = Duration.seconds(90 * 86_400)
    /// What times are told in.
    package var zone = TimeZone.gmt
    /// What nobody may see.
    package var secrets: [String] = []

    /// A mailbox of our own.
    package struct Box: Sendable, Equatable {
        /// `imap(s)://host:port`.
        package var address: String
        package var folder = "INBOX"
        /// Where mails go that were read; `nil` leaves them.
        package var taken: String?

        package init(address: String) {
            self.address = address
        }
    }

    /// What becomes of the number that a ticket system gave a report.
    package enum Numbers: String, Sendable, CaseIterable {
        case learnt, ignored
    }

    package init(
        peer: Peer.Name, smtp: String, from: Mailbox, to: Mailbox?, key: TokenKey
    ) {
        self.peer = peer
        self.smtp = smtp
        self.from = from
        self.to = to
        self.key = key
        replies = from
        senders = Set([to].compactMap { $0?.address.lowercased() })
    }

    /// Whether what comes from here may decide.
    func lists(_ sender: Mailbox) -> Bool {
        senders.contains(sender.address.lowercased()) || senders.contains("@" + sender.host)
    }
}
