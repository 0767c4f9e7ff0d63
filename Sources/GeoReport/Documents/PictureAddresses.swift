import Reports
import XML

/// Where clients find the pictures of a report or an update.
package struct PictureAddresses: Sendable {
    private let base: String

    /// `base` stands in front of the names of stored pictures, without a slash at its end.
    package init(_ base: String) {
        self.base = base
    }

    /// An entry of `Report.media` as an address: the name of a stored picture has no `://` in it.
    package func address(of entry: String) -> String {
        guard entry.utf8.contains(UInt8(ascii: ":")) else { return base + "/" + entry }
        return entry
    }

    /// As `address(of:)`, in UTF-8.
    func withAddress(of entry: ReportBytes.Text, _ body: (ReportBytes.Text) -> Void) {
        guard !entry.contains(UInt8(ascii: ":")) else { return body(entry) }
        address(of: String(decoding: entry, as: UTF8.self)).withBytes(body)
    }

    func addresses(of entries: [String]) -> [String] { entries.map(address) }
}
