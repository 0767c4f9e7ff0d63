import Foundation
import Media

/// Copies stored pictures from one directory to another; their names are made of their content, so
/// what is there already is the same.
struct PictureCopy {
    let source: String
    let target: String

    /// Copies what is missing, and answers how many files that were.
    func run() throws -> Int {
        let files = FileManager.default
        guard files.fileExists(atPath: source) else { return 0 }
        try files.createDirectory(
            atPath: target, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o750])
        var count = 0
        for folder in try files.contentsOfDirectory(atPath: source).sorted() {
            // Names that are no pictures, such as those of files that are just being written, stay.
            let names = (try? files.contentsOfDirectory(atPath: "\(source)/\(folder)")) ?? []
            for name in names where PictureName(name) != nil {
                if try copy("\(folder)/\(name)", named: name, to: "\(target)/\(folder)") {
                    count += 1
                }
            }
        }
        return count
    }

    /// Copies one file beside its place and moves it there; `false` if it is there already.
    private func copy(_ path: String, named name: String, to folder: String) throws -> Bool {
        let files = FileManager.default
        let place = "\(folder)/\(name)"
        guard !files.fileExists(atPath: place) else { return false }
        try files.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o750])
        guard let bytes = files.contents(atPath: "\(source)/\(path)") else {
            // An erasure or the sweep has just removed it.
            return false
        }
        try bytes.write(to: URL(filePath: place), options: .atomic)
        return true
    }
}
