import GeoReport

/// The choice of a format by `Accept`, for addresses without a suffix (GR-2.1, RFC 9110, 12.5.1).
package enum Accept {
    /// The best of the offered formats, or `nil` if the client takes none of them.
    ///
    /// Equal wishes go to the format offered first, a named type before a wildcard.
    package static func choose(_ header: String?, from offered: [Format]) -> Format? {
        guard let header, header.contains(where: { $0 != " " }) else { return offered.first }
        var best: (format: Format, quality: Int, rank: Int)?
        for range in header.utf8.count <= 4096 ? header.split(separator: ",") : [] {
            let parts = range.split(separator: ";").map { String($0.trimmed).lowercased() }
            guard let type = parts.first else { continue }
            let quality = quality(parts.dropFirst())
            guard quality > 0, let (format, rank) = match(type, offered) else { continue }
            if let best, (best.quality, best.rank) >= (quality, rank) { continue }
            best = (format, quality, rank)
        }
        return best?.format
    }

    /// What a media range takes, and how exactly it says so.
    private static func match(_ range: String, _ offered: [Format]) -> (Format, Int)? {
        func first(_ formats: [Format], _ rank: Int) -> (Format, Int)? {
            offered.first(where: formats.contains).map { ($0, rank) }
        }
        return switch range {
        case "text/xml", "application/xml": first([.xml], 2)
        case "application/json": first([.json], 2)
        case "application/geo+json": first([.geojson], 2)
        case "text/*": first([.xml], 1)
        case "application/*": first([.xml, .json], 1)
        case "*/*", "*": first(offered, 0)
        default: nil
        }
    }

    /// The value of `q` in thousandths; a broken one counts as 1.
    private static func quality(_ parameters: ArraySlice<String>) -> Int {
        guard let text = parameters.first(where: { $0.hasPrefix("q=") })?.dropFirst(2) else {
            return 1000
        }
        let digits = text.filter { $0 != "." }.prefix(4)
        guard let number = Int(digits), number >= 0,
            digits.count == text.count || text.contains(".")
        else { return 1000 }
        let scaled = number * [1000, 1000, 100, 10, 1][min(digits.count, 4)]
        return min(scaled, 1000)
    }
}

extension Substring {
    /// Without blanks and tabs at its ends.
    var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
