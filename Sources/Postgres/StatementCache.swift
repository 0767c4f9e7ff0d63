/// The statements that one connection has prepared, by their text and the types of their values.
struct StatementCache {
    /// Text and types; the types matter because one text may be bound with a number or a string.
    struct Key: Hashable {
        var text: String
        var types: [UInt32]

        // The text alone tells nearly all apart.
        func hash(into hasher: inout Hasher) {
            hasher.combine(text)
        }
    }

    /// More than a program writes by hand; only generated texts reach it.
    static let capacity = 400

    private var names: [Key: String] = [:]
    private var made = 0

    var isFull: Bool { names.count >= StatementCache.capacity }

    func name(of key: Key) -> String? { names[key] }

    /// A name for a statement about to be prepared; a name is never used twice.
    mutating func add(_ key: Key) -> String {
        made += 1
        let name = "s\(made)"
        names[key] = name
        return name
    }

    mutating func remove(_ key: Key) {
        names[key] = nil
    }

    mutating func removeAll() {
        names.removeAll(keepingCapacity: true)
    }
}
