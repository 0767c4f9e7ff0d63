import FoundationEssentials

/// Who says "me too" to a report: personal data, known to us only as a hash and never shown.
package struct Supporter: Sendable, Equatable, CustomStringConvertible {
    /// In lower case, without blanks around it.
    package let email: String?
    package let deviceID: String?
    package let accountID: String?

    /// A supporter, or `nil` if nothing tells one person from another.
    package init?(email: String? = nil, deviceID: String? = nil, accountID: String? = nil) {
        func said(_ text: String?) -> String? {
            let words = text?.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            return words.flatMap { $0.isEmpty ? nil : $0 }
        }
        self.email = said(email)?.lowercased()
        self.deviceID = said(deviceID)
        self.accountID = said(accountID)
        guard self.email != nil || self.deviceID != nil || self.accountID != nil else {
            return nil
        }
    }

    /// The person that a call tells of.
    package init?(_ reporter: Reporter) {
        self.init(
            email: reporter.email, deviceID: reporter.deviceID, accountID: reporter.accountID)
    }

    /// Never the data itself, so that no log can leak it.
    package var description: String { "•••" }
}
