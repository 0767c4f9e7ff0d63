import Conformance
import Foundation
import Testing

/// The specifications hold together: what is cited exists, and what exists is cited.
struct SpecsTreeTests {
    private let requirements: String

    init() throws {
        requirements = try String(
            contentsOfFile: Folder.specs + "/GeoReport/Requirements.md", encoding: .utf8)
    }

    private var anchors: Set<String> {
        Set(requirements.matches(of: #/<a id="(GR-[A-Z0-9.]+)">/#).map { String($0.output.1) })
    }

    @Test func `every vector is shown behind the requirements that it names`() throws {
        for vector in try Vectors.all() {
            #expect(requirements.contains("(Vectors/\(vector.id).http)"), "\(vector.id)")
            for requirement in vector.requirements {
                #expect(anchors.contains(requirement), "\(vector.id) names \(requirement)")
            }
        }
    }

    @Test func `every vector that a requirement shows exists`() throws {
        let ids = Set(try Vectors.all().map(\.id))
        for match in requirements.matches(of: #/\(Vectors\/([^)]*)\.http\)/#) {
            #expect(ids.contains(String(match.output.1)))
        }
    }

    @Test func `every assertion of the standard has a vector, or a reason why not`() throws {
        let shown = Set(try Vectors.all().map(\.assertion))
        let reasons = Set(
            requirements.matches(of: #/(?m)^- assertion (\d+): .+/#).compactMap { Int($0.output.1) }
        )
        for assertion in 1...162 {
            #expect(
                shown.contains(assertion) != reasons.contains(assertion), "assertion \(assertion)")
        }
    }

    @Test func `every requirement that binds has a vector, or an assertion that says why not`() {
        let lines = requirements.split(separator: "\n").map(String.init)
        for (line, next) in zip(lines, lines.dropFirst() + [""]) {
            guard let match = line.firstMatch(of: #/\*\*(GR-[0-9.]+)\*\* (MUST|SHOULD|EXT)\./#)
            else {
                continue
            }
            let isExcused = lines.contains {
                $0.hasPrefix("- assertion") && $0.contains("(\(match.output.1))")
            }
            #expect(next.hasPrefix("  [") || isExcused, "\(match.output.1) has no vector")
        }
    }

    @Test func `what the code cites is an anchor`() throws {
        let folders = ["Sources", "Tests", "Specs", "Adapters"].map { Folder.root + "/" + $0 }
        for file in folders.flatMap(Self.swiftFiles) {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            for match in text.matches(of: #/GR-(A?\d+(?:\.\d+)*)/#) {
                #expect(anchors.contains(String(match.output.0)), "\(match.output.0) in \(file)")
            }
        }
    }

    private static func swiftFiles(in folder: String) -> [String] {
        let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(".swift") }.map { folder + "/" + $0 }
    }
}
