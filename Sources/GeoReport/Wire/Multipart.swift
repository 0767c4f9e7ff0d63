/// `multipart/form-data` (RFC 7578), with or without files.
enum Multipart {
    private static let mostParts = 64
    /// Bytes of a part's header, the file name not counted: it is never used (bad inputs 95, 98).
    private static let longestHeader = 4 << 10
    /// Bytes of one part that is text: as much as a whole form may have.
    private static let longestText = 256 << 10

    /// The parameters and files of a body that is whole, or a fault.
    static func items(_ bytes: [UInt8], boundary: String) throws(Fault) -> [Parameters.Item] {
        var reader = PartReader(bytes, boundary: boundary)
        guard reader.skipPreamble() else { throw malformed("has no part") }
        var items: [Parameters.Item] = []
        var parts = 0
        while let part = try reader.next() {
            parts += 1
            guard parts <= mostParts else { throw malformed("has more than \(mostParts) parts") }
            if let item = try item(part) { items.append(item) }
        }
        return items
    }

    static func malformed(_ problem: String) -> Fault {
        Fault(.malformed, "multipart body \(problem)")
    }

    /// A part as a parameter; `nil` for the field of a form in which no file was chosen.
    private static func item(_ part: PartReader.Part) throws(Fault) -> Parameters.Item? {
        let header = try Header(part.header)
        guard let name = header.name, !name.isEmpty else {
            throw malformed("has a part without a name")
        }
        let label = String(validating: name, as: UTF8.self).map(Parameters.Item.label)
        guard header.isFile else {
            // A picture as text is as long as the body may be; what it holds is judged later.
            let isPicture = label == "media" || label == "media[]"
            guard part.content.count <= longestText || isPicture else {
                throw Fault(
                    .tooLarge, "\(label ?? "parameter") is longer than \(longestText) bytes")
            }
            return try .checked(name[...], part.content, source: .body)
        }
        if part.content.isEmpty {
            guard !header.hasFileName else {
                throw Fault(.malformed, "\(label ?? "parameter") is an empty file")
            }
            return nil
        }
        return try .checked(
            name[...], [],
            source: .file(contentType: header.contentType?.token, bytes: part.content))
    }

    /// What the header of a part says.
    private struct Header {
        private var disposition: HeaderValue?
        private(set) var contentType: HeaderValue?

        init(_ bytes: ArraySlice<UInt8>) throws(Fault) {
            for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
                let name = line.prefix { $0 != UInt8(ascii: ":") }
                guard name.allSatisfy({ $0 < 0x80 }) else { continue }
                let value = HeaderValue(line[name.endIndex...].dropFirst())
                switch String(decoding: name, as: UTF8.self).lowercased() {
                case "content-disposition": disposition = value
                case "content-type": contentType = value
                case "content-transfer-encoding":
                    guard ["7bit", "8bit", "binary", nil].contains(value?.token) else {
                        throw malformed("has a part with a transfer encoding")
                    }
                default: break
                }
            }
            try check(size: bytes.count)
        }

        private func check(size: Int) throws(Fault) {
            guard size - (disposition?[bytes: "filename"]?.count ?? 0) <= longestHeader else {
                throw malformed("has a part with a header over \(longestHeader) bytes")
            }
            guard contentType?.token.hasPrefix("multipart/") != true else {
                throw malformed("has a part that is multipart itself")
            }
            let charset = contentType?["charset"]?.lowercased()
            guard isFile || ["utf-8", "utf8", "us-ascii", nil].contains(charset) else {
                throw Fault(.unsupportedMediaType, "multipart body must be in UTF-8")
            }
        }

        /// The parameter's name; a browser writes a quote in it as `%22`, some clients brackets as well.
        var name: [UInt8]? {
            guard disposition?.token == "form-data", let raw = disposition?[bytes: "name"] else {
                return nil
            }
            var name: [UInt8] = []
            var rest = raw[...]
            while let byte = rest.popFirst() {
                let escape = byte == UInt8(ascii: "%") ? Self.escapes[Array(rest.prefix(2))] : nil
                if escape != nil { rest = rest.dropFirst(2) }
                name.append(escape ?? byte)
            }
            return name
        }

        /// What may follow a `%` in a name, and what it means there; anything else stands for itself.
        private static let escapes: [[UInt8]: UInt8] = [
            Array("22".utf8): UInt8(ascii: "\""),
            Array("5B".utf8): UInt8(ascii: "["), Array("5b".utf8): UInt8(ascii: "["),
            Array("5D".utf8): UInt8(ascii: "]"), Array("5d".utf8): UInt8(ascii: "]"),
        ]

        /// A part with a file name, even an empty one, or a picture whose sender forgot it.
        var isFile: Bool {
            disposition?[bytes: "filename"] != nil || disposition?[bytes: "filename*"] != nil
                || contentType?.token.hasPrefix("image/") == true
        }

        var hasFileName: Bool {
            disposition?[bytes: "filename"]?.isEmpty == false
                || disposition?[bytes: "filename*"] != nil
        }
    }
}
