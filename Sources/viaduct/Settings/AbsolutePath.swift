import Foundation

extension String {
    /// The path from the root, with neither `.` nor `..` in it nor a slash at its end.
    var absolutePath: String {
        let path = URL(filePath: self).standardizedFileURL.path(percentEncoded: false)
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
