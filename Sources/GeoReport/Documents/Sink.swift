import FoundationEssentials

/// Takes the members of a document in order and writes them in one format.
///
/// A document is one sequence of calls, written once for both formats, so that its JSON and its
/// XML cannot differ (GR-11.2, X4). Members of an object carry their name in both formats; the
/// names of roots and items are XML's alone (GR-11.1).
protocol Sink {
    mutating func beginObject(_ name: StaticString, as role: Role)
    mutating func endObject()
    mutating func beginList(_ name: StaticString, as role: Role)
    mutating func endList()
    /// A text, or the sign of its absence (GR-11.3).
    mutating func text(_ name: StaticString, _ value: String?)
    /// A text in UTF-8, or the sign of its absence.
    mutating func text(_ name: StaticString, _ value: UnsafeRawBufferPointer)
    /// One of the format's own words, which need no escape.
    mutating func word(_ name: StaticString, _ value: StaticString)
    /// A time in whole seconds of UTC (GR-2.6), or the sign of its absence.
    mutating func time(_ name: StaticString, _ value: Date?)
    /// A coordinate's number in at most seven decimals, or the sign of its absence.
    mutating func degrees(_ name: StaticString, _ value: Double?)
    mutating func integer(_ name: StaticString, _ value: Int)
    mutating func truth(_ name: StaticString, _ value: Bool)
    /// One text as it is, several as an array in JSON and as a repeated element in XML.
    mutating func texts(_ name: StaticString, _ values: [String])
    /// A text in a list.
    mutating func item(_ name: StaticString, _ value: String)
    /// A text in UTF-8 in a list.
    mutating func item(_ name: StaticString, _ value: UnsafeRawBufferPointer)
    /// What has been written and not yet taken.
    var bytes: [UInt8] { get }
    /// Hands out what has been written since the last time.
    mutating func take() -> [UInt8]
    /// Hands out what has been written without a copy; nothing may be written after this.
    mutating func finish() -> [UInt8]
}

/// Where an object or a list stands in its document.
enum Role {
    case root
    case item
    case member
}
