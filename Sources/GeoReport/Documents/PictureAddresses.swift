/// Where clients find the pictures of a report or an update.
struct PictureAddresses {
    private let base: String

    /// `base` stands in front of the names of stored pictures, without a slash at its end.
    init(_ base: String) {
        self.base = base
    }

    /// An entry of `Report.media` as an address: the name of a stored picture has no `://` in it.
    func address(of entry: String) -> String {
        guard entry.utf8.contains(UInt8(ascii: ":")) else { return base + "/" + entry }
        return entry
    }

    func addresses(of entries: [String]) -> [String] { entries.map(address) }
}
