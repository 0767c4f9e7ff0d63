import Federation
import FoundationEssentials
import Reports

/// Speaks with Redmine 5 by its REST interface.
package struct RedmineAdapter: Adapter {
    let settings: RedmineSettings

    package init(_ settings: RedmineSettings) {
        self.settings = settings
    }

    package var traits: AdapterTraits {
        var carries: Set<AdapterTraits.Feature> = [
            .reports, .updates, .media, .severalMedia, .answers, .title, .details, .ownReference,
        ]
        if settings.fields.contact != nil { carries.insert(.contact) }
        // A reading tells of every change but that a ticket is not to be seen any more.
        return AdapterTraits(
            resend: .lookup, carries: carries, looks: 50, settling: .seconds(60))
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
                "Redmine keeps what it was told in the history of the ticket: "
                    + "ask whoever runs it to erase it")
        }
    }

    package func picture(
        _ reference: String, over wire: Wire
    ) async throws(PeerError) -> [UInt8] {
        guard !reference.isEmpty, reference.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            throw PeerError(.refused, "names no attachment")
        }
        return try await RedmineCalls(settings, over: wire).attachment(reference)
    }
}

/// What became of pictures that were to go along.
struct Enclosures {
    /// What stands for each file in the call that makes them part of a ticket.
    var uploads: [Upload] = []
    /// Addresses of those that go without a file.
    var addresses: [String] = []
    /// How many Redmine did not take.
    var refused = 0

    struct Upload: Encodable {
        let token: String
        let filename: String
        let type: String
        /// By this, and by our account as its author, it is known to be ours when it comes back.
        let description: String

        enum CodingKeys: String, CodingKey {
            case token, filename, description
            case type = "content_type"
        }

        /// Whether an attachment is one of ours.
        static func isOurs(_ attachment: Issue.Attachment, account: Int) -> Bool {
            attachment.author?.id == account && attachment.description == mark
        }

        static let mark = "Viaduct"
    }

    /// Hands over the files of these pictures.
    init(
        _ media: [String], by calls: RedmineCalls, over wire: Wire
    ) async throws(PeerError) {
        for address in media {
            guard let picture = try await wire.picture(at: address) else {
                addresses.append(address)
                continue
            }
            guard let token = try await calls.upload(picture) else {
                addresses.append(address)
                refused += 1
                continue
            }
            uploads.append(
                Upload(
                    token: token, filename: picture.name, type: picture.mediaType,
                    description: Upload.mark))
        }
    }

    var remark: String? {
        refused > 0 ? "\(refused) pictures were not taken; their addresses stand in the text" : nil
    }
}
