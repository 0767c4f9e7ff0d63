import FoundationEssentials

/// What Roundup answers: everything stands below `data`.
struct Answer<Value: Decodable & Sendable>: Decodable, Sendable {
    let data: Value
}

/// One thing with its properties, and the state in which it was read.
struct Item: Decodable, Sendable {
    let id: String
    let properties: Properties
    /// What proves, with a change, that nobody else changed it since.
    let etag: String?

    enum CodingKeys: String, CodingKey {
        case id
        case properties = "attributes"
        case etag = "@etag"
    }
}

/// The number of what was made.
struct Made: Decodable, Sendable {
    let id: String
}

/// A page of a list.
struct Listed: Decodable, Sendable {
    let rows: [Properties]
    let total: Int?

    enum CodingKeys: String, CodingKey {
        case rows = "collection"
        case total = "@total_size"
    }
}

/// The properties of a thing by their names, which are the tracker's own.
struct Properties: Decodable, Sendable {
    private let values: [String: Value]

    /// What a property holds, as far as it concerns us.
    private enum Value: Sendable {
        case text(String), number(Double), link(Link), links([Link]), nothing
    }

    /// Another thing, by its number and, where it has one, its name.
    struct Link: Decodable, Sendable {
        let id: String
        let name: String?
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        var values: [String: Value] = [:]
        for key in container.allKeys { values[key.stringValue] = Self.value(of: key, container) }
        self.values = values
    }

    private static func value(of key: Key, _ container: KeyedDecodingContainer<Key>) -> Value {
        if let text = try? container.decode(String.self, forKey: key) { return .text(text) }
        // SQLite gives 1 for a flag where others give true.
        if let flag = try? container.decode(Bool.self, forKey: key) { return .number(flag ? 1 : 0) }
        if let number = try? container.decode(Double.self, forKey: key) { return .number(number) }
        if let link = try? container.decode(Link.self, forKey: key) { return .link(link) }
        if let links = try? container.decode([Link].self, forKey: key) { return .links(links) }
        return .nothing
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func text(_ name: String?) -> String? {
        guard let name, case .text(let text)? = values[name], !text.isEmpty else { return nil }
        return text
    }

    func number(_ name: String?) -> Double? {
        guard let name, case .number(let number)? = values[name] else { return nil }
        return number
    }

    func link(_ name: String) -> Link? {
        guard case .link(let link)? = values[name] else { return nil }
        return link
    }

    func links(_ name: String) -> [Link] {
        guard case .links(let links)? = values[name] else { return [] }
        return links
    }

    /// The number of the thing itself, in lists.
    var id: String? { text("id") }
    /// When something of it changed last, or it was made.
    func time(_ name: String) -> Date? { text(name).flatMap(Stamp.time) }
}

/// Roundup's own way to write a time: `2026-11-22.01:45:41`, in UTC where it answers, and in the
/// account's zone where it is asked.
enum Stamp {
    static func text(_ time: Date) -> String {
        time.formatted(.iso8601).replacing("T", with: ".").replacing("Z", with: "")
    }

    static func time(_ text: String) -> Date? {
        guard text.utf8.count >= 19 else { return nil }
        // Whatever follows are fractions.
        let parts = text.prefix(19).split(separator: ".")
        guard parts.count == 2 else { return nil }
        return try? Date("\(parts[0])T\(parts[1])Z", strategy: .iso8601)
    }
}
