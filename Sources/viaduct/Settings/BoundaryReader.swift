import Foundation
import Reports
import Yams

/// Reads a jurisdiction's area: GeoJSON in the file itself, or in a file beside it (RFC 7946).
enum BoundaryReader {
    /// The boundary, or `nil` with findings.
    static func read(
        _ entry: Entry, _ directory: String, _ findings: inout Findings
    ) -> Boundary? {
        guard case .scalar = entry.node else { return boundary(entry, &findings) }
        guard let name = entry.text(&findings) else { return nil }
        let path = name.hasPrefix("/") ? name : directory + "/" + name
        guard let bytes = FileManager.default.contents(atPath: path) else {
            findings.add("\(path) cannot be read; put the GeoJSON file there", at: entry)
            return nil
        }
        // JSON is YAML, so that this file's problems have their lines, too.
        var own = Findings(file: path)
        let root = Entry.root(of: String(decoding: bytes, as: UTF8.self), &own)
        let result = root.flatMap { boundary($0, &own) }
        for problem in own.problems {
            findings.add("\(problem)", at: entry)
        }
        return result
    }

    private static func boundary(_ entry: Entry, _ findings: inout Findings) -> Boundary? {
        guard let polygons = polygons(entry, &findings), !polygons.isEmpty else { return nil }
        guard let boundary = Boundary(polygons: polygons) else {
            findings.add(
                "has a ring that is not closed: at least 4 points, the last one as the first",
                at: entry)
            return nil
        }
        return boundary
    }

    /// The polygons of a geometry, a feature, or a collection of features.
    private static func polygons(
        _ entry: Entry, _ findings: inout Findings
    ) -> [[Boundary.Ring]]? {
        guard let mapping = entry.keys(&findings) else { return nil }
        func child(_ name: String) -> Entry? { mapping.entries.first { $0.name == name }?.entry }
        let type = child("type")?.node.string ?? ""
        let member =
            ["Feature": "geometry", "FeatureCollection": "features"][type] ?? "coordinates"
        guard let content = child(member) else {
            findings.add("needs type: Polygon or MultiPolygon, and coordinates", at: entry)
            return nil
        }
        switch type {
        case "Polygon": return [rings(content, &findings)]
        case "MultiPolygon": return content.list(&findings).map { rings($0, &findings) }
        case "Feature": return polygons(content, &findings)
        case "FeatureCollection":
            return content.list(&findings).compactMap { polygons($0, &findings) }.flatMap { $0 }
        default:
            findings.add("is a \(type); write type: Polygon or MultiPolygon", at: entry)
            return nil
        }
    }

    private static func rings(_ entry: Entry, _ findings: inout Findings) -> [Boundary.Ring] {
        entry.list(&findings).map { ring in
            ring.list(&findings).compactMap { point($0, &findings) }
        }
    }

    private static func point(_ entry: Entry, _ findings: inout Findings) -> Coordinate? {
        let numbers = entry.node.sequence?.compactMap { $0.string.flatMap(Double.init) } ?? []
        guard numbers.count >= 2,
            let point = Coordinate(latitude: numbers[1], longitude: numbers[0])
        else {
            findings.add("needs [longitude, latitude] in degrees", at: entry)
            return nil
        }
        return point
    }
}
