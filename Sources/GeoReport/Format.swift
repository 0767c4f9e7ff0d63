/// The shape of a document on the wire.
package enum Format: String, Sendable, CaseIterable {
    case xml
    case json
    /// A FeatureCollection, for lists of reports only (GR-19.5).
    case geojson
    /// GeoReport Bulk, for lists of reports only (GR-19.2).
    case csv

    /// The value of `Content-Type` (GR-2.1).
    package var contentType: String {
        switch self {
        case .xml: "text/xml; charset=utf-8"
        case .json: "application/json; charset=utf-8"
        case .geojson: "application/geo+json; charset=utf-8"
        case .csv: "text/csv; charset=utf-8"
        }
    }

    /// The format of documents that are no list of reports, errors among them: XML is the
    /// standard's own (GR-A47).
    package var plain: Format {
        switch self {
        case .xml, .csv: .xml
        case .json, .geojson: .json
        }
    }
}
