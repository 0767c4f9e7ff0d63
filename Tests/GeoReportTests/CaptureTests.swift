import Foundation
import GeoReport
import Reports
import Testing

/// Answers of real cities, which lie beside the project and are no part of it.
private enum Captures {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["VIADUCT_CAPTURES"] {
            return URL(filePath: path)
        }
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return root.deletingLastPathComponent().appending(path: "shared/captures")
    }()

    static var areThere: Bool { FileManager.default.fileExists(atPath: folder.path) }

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }
}

@Suite(.enabled(if: Captures.areThere, "needs the captured answers beside the project"))
struct `Captured answers` {
    @Test func `of Köln are read field by field`() throws {
        let bytes = try Captures.bytes("koeln-requests.json")
        let source = try #require(JSONReader.parse(bytes, limits: .document).elements)
        let rows = try Reading.reports(bytes, as: .json).map { try $0.get() }
        #expect(rows.count == 50 && source.count == 50)
        for (row, item) in zip(rows, source) {
            #expect(row.id == item["service_request_id"]?.string)
            #expect(row.status.rawValue == item["status"]?.string)
            #expect(row.serviceCode == item["service_code"]?.string)
            #expect(row.serviceName == item["service_name"]?.string)
            #expect(row.address == item["address"]?.string)
            #expect(row.description == item["description"]?.string)
            #expect(row.statusNotes == item["status_notes"]?.string)
            #expect(row.mediaURL == item["media_url"]?.string)
            let requested = try #require(item["requested_datetime"]?.string)
            #expect(row.requested == DateTime.parse(requested))
            #expect(item["lat"] == row.latitude.map { .number(text: "\($0)") })
            #expect(item["long"] == row.longitude.map { .number(text: "\($0)") })
        }
    }

    @Test func `of Washington are read as a catalogue`() throws {
        let services = try Reading.services(Captures.bytes("dc-services.xml"), as: .xml)
        #expect(services.count > 50)
        #expect(services.allSatisfy { !$0.groups.isEmpty && $0.hasMetadata })
        #expect(services.first?.keywords == ["311", "Online", "Reported", "Issues"])
        let bytes = try Captures.bytes("dc-services-S0301.xml")
        let definition = try Reading.definition(bytes, as: .xml)
        #expect(definition.serviceCode == "S0301")
        #expect(definition.attributes.first?.code == "WHISPOLO")
        #expect(
            definition.attributes.map(\.order)
                == definition.attributes.map(\.order).sorted { ($0 ?? 0) < ($1 ?? 0) })
    }

    @Test func `of Washington tell where its endpoints are`() throws {
        let discovery = try Reading.discovery(Captures.bytes("discovery-dc.xml"), as: .xml)
        #expect(discovery.endpoints.map(\.type) == ["production", "production"])
        #expect(discovery.endpoints.first?.formats == ["text/xml"])
    }
}
