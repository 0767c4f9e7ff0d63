/// What a jurisdiction does for the privacy of those who report.
package struct Privacy: Sendable, Equatable {
    package var masking: Masking
    package var retention: Retention

    package init(masking: Masking = .on, retention: Retention = Retention()) {
        self.masking = masking
        self.retention = retention
    }

    /// How long personal data is kept (P4); `nil` is for ever.
    package struct Retention: Sendable, Equatable {
        /// Contact data and originals, after the report was closed.
        package var contact: Duration?
        /// What names a person's device, after it came.
        package var device: Duration?
        /// What peers said, as they said it.
        package var peerPayloads: Duration?

        package init(
            contact: Duration? = .seconds(180 * 86_400), device: Duration? = .seconds(30 * 86_400),
            peerPayloads: Duration? = .seconds(30 * 86_400)
        ) {
            self.contact = contact
            self.device = device
            self.peerPayloads = peerPayloads
        }
    }
}
