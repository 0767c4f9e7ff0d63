import Reports

/// A POST of a report, understood and valid (GR-6).
package struct Creation: Sendable, Equatable {
    /// Without its pictures, which nobody has looked at yet.
    package var draft: Report.Draft
    package var idempotency: Idempotency
    /// What will happen, in the reporter's language.
    package let notice: String?
    /// Pictures that came along, in their order.
    package let pictures: [UploadedPicture]
    /// Addresses of pictures to fetch, in their order.
    package let addresses: [String]

    package init(
        draft: Report.Draft, idempotency: Idempotency, notice: String? = nil,
        pictures: [UploadedPicture] = [], addresses: [String] = []
    ) {
        self.draft = draft
        self.idempotency = idempotency
        self.notice = notice
        self.pictures = pictures
        self.addresses = addresses
    }
}
