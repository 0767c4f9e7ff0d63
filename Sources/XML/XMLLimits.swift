/// How large a document may be, each bound checked before libxml2 sees a byte (X1).
package struct XMLLimits: Sendable {
    /// Bytes of the whole document.
    package var document = 8 << 20
    /// Bytes of one start tag: libxml2 takes time quadratic in its attributes.
    package var tag = 16 << 10
    /// Bytes of one element's own character data.
    package var text = 256 << 10
    /// Bytes of the name of an element or an attribute.
    package var name = 256
    package var attributes = 64
    package var depth = 32
    package var elements = 200_000
    /// Encodings that a document may have; another one than UTF-8 is allowed to a peer by name.
    package var encodings: Set<Encoding> = [.utf8]

    package init() {}

    /// An encoding that a document may be in.
    package enum Encoding: String, Sendable, CaseIterable {
        case utf8 = "utf-8"
        case utf16 = "utf-16"
        case latin1 = "iso-8859-1"
        case windows1251 = "windows-1251"
    }
}

/// Why a document was not read, told as what to do next.
package enum XMLError: Error, Equatable {
    /// It breaks a bound: ask for less, or raise the bound.
    case tooLarge(Bound)
    /// It uses what we never process; its sender must change it.
    case refused(Construct)
    /// It is not well-formed XML; what came may not be XML at all.
    case malformed

    /// The bound that a document broke.
    package enum Bound: String, Sendable {
        case document, tag, text, name, attributes, depth, elements
    }

    /// What a document may not use.
    package enum Construct: String, Sendable {
        case doctype, entity, processingInstruction, encoding
    }
}
