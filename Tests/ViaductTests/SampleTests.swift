import Crypto
import Foundation
import Reports
import Testing

@testable import viaduct

@Suite struct SampleTests {
    private static let until = Date(timeIntervalSince1970: 1_790_000_000)

    private func sample(seed: UInt64, count: Int = 1000) throws -> Sample {
        let directory = Examples.path + "/sample"
        let files = ["mitrovica", "prishtina", "sofia"].compactMap {
            JurisdictionFile.read("\(Examples.path)/jurisdictions/\($0).yaml").0
        }
        return Sample(
            of: try files.map {
                let path = "\(directory)/\($0.jurisdiction.slug).yaml"
                return ($0.jurisdiction, try SamplePlaces.read(path, for: $0.jurisdiction))
            },
            texts: try SampleTexts.read(directory + "/texts.yaml"), count: count, seed: seed,
            until: Self.until, pictures: [.road: ["http://x.example/media/a.png"]])
    }

    @Test func `the same seed makes the same reports, another seed others`() throws {
        let numbers = 0..<300
        let one = numbers.compactMap(try sample(seed: 1).report)
        #expect(one.count == 300)
        #expect(numbers.compactMap(try sample(seed: 1).report) == one)
        #expect(numbers.compactMap(try sample(seed: 2).report) != one)
    }

    @Test func `reports are plausible`() throws {
        let sample = try sample(seed: 311)
        let reports = (0..<1000).compactMap(sample.report)
        let cities = Dictionary(
            uniqueKeysWithValues: ["mitrovica", "prishtina", "sofia"].compactMap {
                JurisdictionFile.read("\(Examples.path)/jurisdictions/\($0).yaml").0
            }.map { ($0.jurisdiction.id, $0.jurisdiction) })
        #expect(Set(reports.map(\.jurisdiction)).count == 3)
        #expect(Set(reports.map(\.id)).count == 1000)
        for report in reports {
            let city = try #require(cities[report.jurisdiction])
            let service = try #require(city.service(report.service))
            let place = try #require(report.coordinate)
            #expect(city.boundary?.contains(place) == true)
            #expect(report.requested <= report.updated && report.updated <= Self.until)
            #expect(report.requested > Self.until.addingTimeInterval(-731 * 86_400))
            #expect(report.description?.contains("{") == false)
            #expect(report.detail?.status == report.status)
            for attribute in service.attributes where attribute.purpose == .required {
                #expect(report.answers.contains { $0.code == attribute.code })
            }
            for answer in report.answers {
                let keys = service.attributes.first { $0.code == answer.code }?.datatype.values
                if let keys { #expect(answer.values.allSatisfy(keys.map(\.key).contains)) }
            }
        }
        #expect((600...950).contains(reports.count { $0.status == .closed }))
        #expect(reports.contains { !$0.media.isEmpty })
        #expect(reports.contains { $0.visibility == .private })
        #expect(reports.contains { $0.requested > Self.until.addingTimeInterval(-6 * 86_400) })
    }

    @Test func `ids differ, however many there are`() throws {
        let sample = try sample(seed: 7)
        let ids = (0..<20_000).compactMap { sample.report($0 * 50)?.id }
        #expect(Set(ids).count == 20_000)
    }

    @Test func `a jurisdiction without texts gets reports, too`() throws {
        let file = try #require(
            JurisdictionFile.read(Examples.path + "/jurisdictions/sofia.yaml").0)
        let sample = Sample(
            of: [(file.jurisdiction, SamplePlaces())], texts: SampleTexts(), count: 50, seed: 1,
            until: Self.until)
        let reports = (0..<50).compactMap(sample.report)
        #expect(reports.count == 50)
        #expect(reports.allSatisfy { $0.description?.isEmpty == false })
    }

    @Test(arguments: Scene.allCases)
    func `a picture is a PNG with right checksums`(scene: Scene) throws {
        let file = PNG.file(of: scene.canvas(3))
        #expect(file.starts(with: PNG.signature))
        var rest = file.dropFirst(PNG.signature.count)
        var types: [String] = []
        var data: [UInt8] = []
        while !rest.isEmpty {
            let length = number(rest.prefix(4))
            let body = rest.dropFirst(4).prefix(4 + length)
            types.append(String(decoding: body.prefix(4), as: UTF8.self))
            if types.last == "IDAT" { data += body.dropFirst(4) }
            #expect(number(rest.dropFirst(8 + length).prefix(4)) == Int(PNG.crc32(body)))
            rest = rest.dropFirst(12 + length)
        }
        #expect(types == ["IHDR", "PLTE", "IDAT", "IEND"])
        let pixels = try inflateStored(data)
        #expect(pixels.count == 240 * 161)
        #expect(number(data.suffix(4)[...]) == Int(PNG.adler32(pixels)))
        #expect(file == PNG.file(of: scene.canvas(3)))
        #expect(file != PNG.file(of: scene.canvas(4)))
    }

    @Test func `checksums are those of the standards`() {
        #expect(PNG.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(PNG.adler32(Array("Wikipedia".utf8)) == 0x11E6_0398)
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    /// The content of stored blocks.
    private func inflateStored(_ stream: [UInt8]) throws -> [UInt8] {
        var rest = stream.dropFirst(2)
        var content: [UInt8] = []
        while true {
            let head = Array(rest.prefix(5))
            try #require(head.count == 5)
            let length = Int(head[1]) | Int(head[2]) << 8
            #expect(head[3] == ~head[1] && head[4] == ~head[2])
            content += rest.dropFirst(5).prefix(length)
            rest = rest.dropFirst(5 + length)
            if head[0] == 1 { return content }
        }
    }
}
