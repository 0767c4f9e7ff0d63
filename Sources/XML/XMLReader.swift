/// Reads a document that a peer or a file gave us.
///
/// The bytes are judged three times, each time by less trusting code: size and encoding first, then
/// `XMLScan`, which bounds everything that has ever made libxml2 slow or talkative, then libxml2
/// itself for what is left of well-formedness. It gets no DTD, opens nothing and prints nothing.
package enum XMLReader {
    /// The root element of a well-formed document within the limits.
    package static func parse(
        _ bytes: [UInt8], limits: XMLLimits = XMLLimits()
    ) throws(XMLError) -> XMLElement {
        guard bytes.count <= limits.document else { throw .tooLarge(.document) }
        let text = try XMLText.utf8(bytes, limits: limits)
        var scan = XMLScan(text, limits: limits)
        try scan.run()
        return try XMLTree.build(text)
    }
}
