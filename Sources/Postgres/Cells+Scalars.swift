import FoundationEssentials

/// The types that most cells hold, each by an overload of its own: other modules do not see the
/// generic one's body, and without it the compiler cannot specialise it. A list of 50 rows of 23
/// columns spent a third of its time looking up types.
extension Cells {
    /// The next cell as text; NULL is an error.
    package mutating func next(_: String.Type = String.self) throws(PostgresError) -> String {
        try value()
    }

    /// The next cell as text, or `nil` for NULL.
    package mutating func next(_: String?.Type = String?.self) throws(PostgresError) -> String? {
        try optional()
    }

    /// The next cell as a moment; NULL is an error.
    package mutating func next(_: Date.Type = Date.self) throws(PostgresError) -> Date {
        try value()
    }

    /// The next cell as a moment, or `nil` for NULL.
    package mutating func next(_: Date?.Type = Date?.self) throws(PostgresError) -> Date? {
        try optional()
    }

    /// The next cell as a number, or `nil` for NULL.
    package mutating func next(_: Double?.Type = Double?.self) throws(PostgresError) -> Double? {
        try optional()
    }

    /// The next cell as a number; NULL is an error.
    package mutating func next(_: Int.Type = Int.self) throws(PostgresError) -> Int {
        try value()
    }

    /// The next cell as a list of texts, or `nil` for NULL.
    package mutating func next(
        _: [String]?.Type = [String]?.self
    ) throws(PostgresError) -> [String]? {
        try optional()
    }
}
