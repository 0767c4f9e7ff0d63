import Foundation
import Reports

/// The jurisdictions' files of one directory, read and fit to be published together.
package struct JurisdictionDirectory: Sendable {
    package var catalogue: Catalogue
    /// The file of each jurisdiction.
    package var files: [Jurisdiction.ID: String]

    init() {
        // An empty catalogue has nothing that could be in conflict.
        catalogue = Catalogue.empty
        files = [:]
    }

    /// Reads every `.yaml` of a directory, in the order of their names.
    package static func read(_ directory: String) -> (JurisdictionDirectory, [Problem]) {
        var result = JurisdictionDirectory()
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
                .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        } catch {
            return (
                result,
                [
                    Problem(
                        file: directory, line: nil, key: "jurisdictions",
                        text: "cannot be listed; make this directory, one YAML file a jurisdiction")
                ]
            )
        }
        var problems: [Problem] = []
        var read: [JurisdictionFile] = []
        for name in names {
            let (file, found) = JurisdictionFile.read(directory + "/" + name)
            problems += found
            if let file { read.append(file) }
        }
        problems += result.publish(read)
        return (result, problems)
    }

    /// Takes the jurisdictions in, or tells which two are in each other's way.
    private mutating func publish(_ read: [JurisdictionFile]) -> [Problem] {
        for file in read { files[file.jurisdiction.id] = file.path }
        do throws(Catalogue.Conflict) {
            catalogue = try Catalogue(read.map(\.jurisdiction))
            return []
        } catch {
            switch error {
            case .id(let id):
                let rivals = read.filter {
                    ([$0.jurisdiction.id] + $0.jurisdiction.aliases).contains(id)
                }
                return [
                    rivals.last?.problem(
                        "id", "\(id) is already used by \(rivals.first?.path ?? "another file")")
                ].compactMap { $0 }
            case .slug(let slug):
                let rivals = read.filter { $0.jurisdiction.slug == slug }
                return [
                    rivals.last?.problem(
                        "slug", "\(slug) is already used by \(rivals.first?.path ?? "another file")"
                    )
                ].compactMap { $0 }
            }
        }
    }
}

extension Catalogue {
    /// No jurisdiction at all.
    static var empty: Catalogue {
        do {
            return try Catalogue([])
        } catch {
            preconditionFailure("nothing is in conflict with nothing")
        }
    }
}
