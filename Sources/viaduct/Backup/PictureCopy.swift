import Foundation
import Media

/// Copies stored pictures from one directory to another; their names are made of their content, so
/// what is there already is the same.
struct PictureCopy {
    let source: String
    let target: String

    /// Copies what is missing, and answers how many files that were.
    func run() throws -> Int {
        var count = 0
        for picture in Self.pictures(in: source) where try copy(picture) { count += 1 }
        return count
    }

    /// Moves what is no longer at the source out of the target, into another directory: a restore to
    /// an earlier moment may still need it. Answers how many files that were.
    func retire(to directory: String) throws -> Int {
        let files = FileManager.default
        // A source that is not there is none whose pictures were all removed.
        guard files.fileExists(atPath: source) else { return 0 }
        var count = 0
        for picture in Self.pictures(in: target)
        where !files.fileExists(atPath: "\(source)/\(picture)") {
            let place = "\(directory)/\(picture)"
            try makeFolder(of: place)
            try files.moveItem(atPath: "\(target)/\(picture)", toPath: place)
            count += 1
        }
        return count
    }

    /// The stored pictures of a directory, each with its folder. Other names, such as those of files
    /// that are just being written, are none.
    private static func pictures(in directory: String) -> [String] {
        func names(_ path: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        }
        return names(directory).flatMap { folder in
            names("\(directory)/\(folder)").filter { PictureName($0) != nil }
                .map { "\(folder)/\($0)" }
        }
    }

    private func makeFolder(of path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
    }

    /// Copies one picture beside its place and moves it there; `false` if it is there already.
    private func copy(_ picture: String) throws -> Bool {
        let place = "\(target)/\(picture)"
        guard !FileManager.default.fileExists(atPath: place),
            // An erasure or the sweep may just have removed it.
            let bytes = FileManager.default.contents(atPath: "\(source)/\(picture)")
        else { return false }
        try makeFolder(of: place)
        try bytes.write(to: URL(filePath: place), options: .atomic)
        return true
    }
}
