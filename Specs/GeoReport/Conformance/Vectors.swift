import Foundation

/// The vectors of the standard: the files beside the engine.
package enum Vectors {
    /// All vectors, by number.
    package static func all() throws -> [Vector] {
        guard let folder = Bundle.module.url(forResource: "Vectors", withExtension: nil) else {
            throw CocoaError(.fileNoSuchFile)
        }
        return try FileManager.default
            .contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "http" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { file in
                let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
                return try Vector(parsing: text, id: file.deletingPathExtension().lastPathComponent)
            }
    }
}
