/// A statement and its bound values.
///
/// `"SELECT name FROM service WHERE code = \(code)"` binds `code`; a value is never pasted into the
/// text. `\(part)` with another `SQL` splices that part in, with the values it has bound.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
    /// The text as PostgreSQL reads it, with `$1`, `$2`… where values are bound.
    package private(set) var text: String
    private(set) var bindings: Bindings

    /// Whether the protocol can count the values.
    var isSendable: Bool { bindings.count <= Int(Int16.max) * 2 + 1 }

    /// A statement without values; also the one way to run text that is not a literal.
    package init(verbatim text: String) {
        self.text = text
        self.bindings = Bindings()
    }

    package init(stringLiteral value: String) {
        self.init(verbatim: value)
    }

    package init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.sql
    }

    /// One part after the other, values renumbered.
    package static func + (left: SQL, right: SQL) -> SQL {
        var both = left
        both.append(right)
        return both
    }

    /// Puts one part after what is there, values renumbered.
    package static func += (left: inout SQL, right: SQL) {
        left.append(right)
    }

    private mutating func append(_ part: SQL) {
        if bindings.isEmpty || part.bindings.isEmpty {
            let offset = text.utf8.count
            text += part.text
            bindings.append(part.bindings) { $0 + offset }
            return
        }
        var copied = part.text.startIndex
        for (index, binding) in part.bindings.items.enumerated() {
            let mark = part.text.utf8.index(part.text.startIndex, offsetBy: binding.mark)
            text += part.text[copied..<mark]
            copied = part.text.utf8.index(mark, offsetBy: 1 + String(index + 1).utf8.count)
            let here = text.utf8.count
            bindings.append(binding, of: part.bindings, mark: here)
            text += "$\(bindings.count)"
        }
        text += part.text[copied...]
    }

    private mutating func bind(_ value: some SQLValue) {
        bindings.append(value, mark: text.utf8.count)
        text += "$\(bindings.count)"
    }

    /// What the compiler fills with the literals and the values of an interpolated statement.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var sql: SQL

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql = SQL(verbatim: "")
            sql.text.reserveCapacity(literalCapacity + 3 * interpolationCount)
            sql.bindings.reserve(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) {
            sql.text += literal
        }

        /// Binds a value; `nil` is NULL.
        package mutating func appendInterpolation(_ value: some SQLValue) {
            sql.bind(value)
        }

        /// Binds a value, or NULL: an overload of its own, because the compiler warns of an optional
        /// that meets none.
        package mutating func appendInterpolation<Value: SQLValue>(_ value: Value?) {
            sql.bind(value)
        }

        /// Splices another statement's text and values in.
        package mutating func appendInterpolation(_ part: SQL) {
            sql.append(part)
        }
    }
}

extension Sequence<SQL> {
    /// The parts one after the other, with the separator between them.
    package func joined(separator: SQL = ", ") -> SQL {
        var whole: SQL = ""
        for (index, part) in enumerated() {
            if index > 0 { whole += separator }
            whole += part
        }
        return whole
    }
}
