import CaseStore
import GeoReport
import Reports

/// The `Link` header of a page: where the first, previous, next and last one are (GR-15.1,
/// RFC 8288).
struct PageLinks {
    private let address: String
    private let kept: [String]

    /// The address of the search with all its parameters but those that choose the page.
    init(address: String, query: String?) {
        self.address = address
        // By bytes: finding characters in an address takes ten times as long.
        kept = (query ?? "").utf8.split(separator: UInt8(ascii: "&")).map(Substring.init)
            .filter { item in
                let name = Substring(item.utf8.prefix { $0 != UInt8(ascii: "=") })
                return !Self.choosing.contains(name)
            }.map(Percent.plain)
    }

    private static let choosing: [Substring] = ["page", "offset", "cursor", "api_key"]

    /// The header, or `nil` if one page holds everything.
    func header(_ search: Search, _ page: FoundPage) -> String? {
        let size = search.filter.page.size
        var links: [String] = []
        func add(_ relation: String, _ choice: String) {
            links.append(
                "<\(address)?\((kept + [choice]).joined(separator: "&"))>; rel=\"\(relation)\""
            )
        }
        if case .offset(let rows) = search.filter.page.start, rows > 0, size > 0 {
            add("first", "page=1")
            add("prev", "page=\(max(1, (rows + size - 1) / size))")
        } else if case .after = search.filter.page.start {
            add("first", "page=1")
        }
        if let next = page.next { add("next", "cursor=\(search.cursor(after: next))") }
        if let total = page.total, total > size, size > 0 {
            add("last", "page=\((total + size - 1) / size)")
        }
        return links.isEmpty ? nil : links.joined(separator: ", ")
    }
}
