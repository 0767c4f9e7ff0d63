import Reports

/// A POST of a report, understood and valid (GR-6).
package struct Creation: Sendable, Equatable {
    package let draft: Report.Draft
    package let idempotency: Idempotency
    /// What will happen, in the reporter's language.
    package let notice: String?

    package init(draft: Report.Draft, idempotency: Idempotency, notice: String? = nil) {
        self.draft = draft
        self.idempotency = idempotency
        self.notice = notice
    }
}
