import Federation

/// Parameters of a call in their order, as a query or as the body of a form.
struct Arguments: Equatable {
    private(set) var items: [Item] = []

    struct Item: Equatable {
        let name: String
        let value: String
    }

    /// Adds a parameter, unless there is nothing to say: empty and absent are the same, and some
    /// servers fail on what is empty (GR-2.4, GR-2.5).
    mutating func add(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        items.append(Item(name: name, value: value))
    }

    /// Only the parameters that a strict server has declared.
    func kept(by known: Set<String>?) -> Arguments {
        guard let known else { return self }
        var kept = Arguments()
        kept.items = items.filter { item in
            known.contains(String(item.name.prefix { $0 != "[" }))
        }
        return kept
    }

    /// `name=value&name=value` in UTF-8, with all but letters, digits and `-._~` escaped.
    var encoded: String {
        items.map { PercentEncoding.encoded($0.name) + "=" + PercentEncoding.encoded($0.value) }
            .joined(separator: "&")
    }
}
