import Conformance
import FoundationEssentials
import Postgres
import Testing

extension Vector: CustomTestStringConvertible {
    /// The file's name.
    public var testDescription: String { id }
}

@Suite(.serialized, FixtureTrait())
struct GatewayVectorTests {
    @Test(arguments: try Vectors.all())
    func `the gateway answers as the standard says`(vector: Vector) async throws {
        let gateway = try #require(FixtureTrait.gateway)
        for finding in await gateway.judge(vector) {
            let format = finding.format?.rawValue ?? ""
            switch finding.outcome {
            case .passed: break
            case .skipped(let reason): Issue.record("\(vector.id) \(format): skipped, \(reason)")
            case .failed(let failures):
                for failure in failures {
                    Issue.record(
                        """
                        \(vector.id) \(format), line \(failure.line)
                        expected \(failure.expected)
                        got \(failure.got)
                        """)
                }
            }
        }
    }

    @Test(.enabled(if: Grammar.canValidate, "xmllint is not installed"))
    func `every XML answer keeps to the grammar`() async throws {
        let gateway = try #require(FixtureTrait.gateway)
        let answers = Answers()
        for vector in try Vectors.all() where vector.formats != [.json] {
            _ = await gateway.judge(vector, answers: answers)
        }
        #expect(answers.xml.count > 100)
        #expect(try await Grammar.complaints(about: answers.xml) == "")
    }

    @Test(.enabled(if: Grammar.canValidate, "xmllint is not installed"))
    func `the grammar refuses what the standard does not have`() async throws {
        for body in [
            "<services><service/></services>",
            "<errors/>",
            "<errors><error><code>200</code><description>x</description></error></errors>",
            "<service_requests><request><token>t</token><service_request_id>i</service_request_id>"
                + "</request></service_requests>",
            "<service_definition key=\"1\"><service_code>A</service_code><attributes/>"
                + "</service_definition>",
        ] {
            #expect(try await Grammar.complaints(about: [Array(body.utf8)]) != "")
        }
    }
}

/// `georeport.rng`, applied by xmllint.
private enum Grammar {
    private static let program = "/usr/bin/xmllint"

    static var canValidate: Bool { FileManager.default.isExecutableFile(atPath: program) }

    /// What xmllint says of documents that break the grammar; empty if none does.
    static func complaints(about documents: [[UInt8]]) async throws -> String {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "viaduct-grammar-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var files: [String] = []
        for (number, document) in documents.enumerated() {
            let file = folder.appending(path: "\(number).xml")
            try Data(document).write(to: file)
            files.append(file.path)
        }
        let grammar = Folder.specs + "/GeoReport/georeport.rng"
        let output = folder.appending(path: "complaints").path
        let child = ChildProcess(
            [program, "--nonet", "--noout", "--relaxng", grammar] + files, output: output)
        guard await (try #require(child)).exitCode() != 0 else { return "" }
        let text = try String(contentsOfFile: output, encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasSuffix("validates") }
            .prefix(20).joined(separator: "\n")
    }
}
