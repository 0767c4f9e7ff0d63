import FoundationEssentials

/// What staff wrote about a report for each other; never shown to the public.
package struct InternalNote: Sendable, Equatable {
    package let id: Update.ID
    /// When it was taken in.
    package let time: Date
    package let description: String

    package init(id: Update.ID, time: Date, description: String) {
        self.id = id
        self.time = time
        self.description = description
    }
}
