import Federation

/// What somebody said about a ticket for everybody to read.
struct Said {
    var text: String?
    var pictures: [String]
}

extension RequestTrackerAdapter {
    /// The text and the pictures of a correspondence; `nil` if we said it, or if there is nothing.
    func said(in transaction: String, by calls: JSONCalls) async throws(PeerError) -> Said? {
        // Without what they hold: a list shows pictures as text.
        let list: ListDocument<AttachmentDocument> = try await calls.get(
            address(
                "transaction/\(PercentEncoding.encoded(transaction))/attachments",
                ["fields": "Subject,ContentType,Filename,Headers", "per_page": "100"]))
        guard !list.items.contains(where: OwnMark.isOurs) else { return nil }
        let pictures = list.items.filter(\.isPicture).compactMap(\.id.text)
        let text = try await text(of: list.items, by: calls)
        guard text != nil || !pictures.isEmpty else { return nil }
        return Said(text: text, pictures: pictures.map { PeerPicture.named($0) })
    }

    /// The text as it was written; of a text in HTML only, what of it is to be read.
    private func text(
        of attachments: [AttachmentDocument], by calls: JSONCalls
    ) async throws(PeerError) -> String? {
        let bodies = attachments.filter { $0.name?.isEmpty ?? true }
        let plain = bodies.first { $0.mediaType == "text/plain" }
        guard let body = plain ?? bodies.first(where: { $0.mediaType == "text/html" }),
            let id = body.id.text
        else { return nil }
        let whole: AttachmentDocument = try await calls.get(address("attachment/\(id)"))
        guard let bytes = whole.bytes else { return nil }
        let written = String(decoding: bytes, as: UTF8.self)
        let text = MailText.said(in: plain == nil ? HTMLText.plain(written) : written)
        return text.isEmpty ? nil : text
    }

    package func picture(
        _ reference: String, over wire: Wire
    ) async throws(PeerError) -> [UInt8] {
        guard !reference.isEmpty, reference.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw PeerError(.refused, "this is no number of an attachment")
        }
        let calls = calls(over: wire)
        let call = Wire.Call(
            "GET", address("attachment/\(reference)"), most: Self.mostOfPicture,
            patience: .seconds(60))
        let attachment: AttachmentDocument = try calls.read(
            try await calls.reply(to: call), of: call)
        guard attachment.isPicture, let bytes = attachment.bytes else {
            throw PeerError(.refused, "this attachment is no picture")
        }
        return bytes
    }

    /// Twenty megabytes in base64.
    private static let mostOfPicture = 28 << 20
}

extension AttachmentDocument {
    /// A picture that is made of dots; one that is a program is none.
    fileprivate var isPicture: Bool {
        guard let mediaType = mediaType?.lowercased() else { return false }
        return mediaType.hasPrefix("image/") && !mediaType.hasPrefix("image/svg")
    }
}
