import FoundationEssentials
import Glibc

/// Where PostgreSQL's programs are.
struct ClusterPrograms: Sendable {
    let directory: String

    var initdb: String { directory + "/initdb" }
    var postgres: String { directory + "/postgres" }

    /// Another one of them, such as `pg_basebackup`.
    func program(_ name: String) throws(ClusterError) -> String {
        let path = directory + "/" + name
        guard access(path, X_OK) == 0 else { throw .incomplete(missing: path) }
        return path
    }

    /// The programs of the wanted version, or of the newest one installed.
    ///
    /// `VIADUCT_PG_BIN` goes before all, then an installed version that a cluster was made with, then
    /// `PATH`, then the newest of Debian's.
    init(for data: String, environment: [String: String]) throws(ClusterError) {
        let installed = ClusterPrograms.installed()
        let version = (try? String(contentsOfFile: data + "/PG_VERSION", encoding: .utf8))?
            .trimmingSuffix(while: \.isWhitespace)
        let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let places =
            [environment["VIADUCT_PG_BIN"]].compactMap(\.self)
            + installed.filter { $0.version == version }.map(\.directory)
            + path + installed.map(\.directory)
        let place = places.first {
            access($0 + "/initdb", X_OK) == 0 && access($0 + "/postgres", X_OK) == 0
        }
        guard let place else { throw .notInstalled }
        directory = place
    }

    /// Debian's versions, the newest first.
    private static func installed() -> [(version: String, directory: String)] {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return versions.sorted { (Double($0) ?? 0) > (Double($1) ?? 0) }
            .map { ($0, "\(root)/\($0)/bin") }
    }
}

extension String {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        var kept = self[...]
        while let last = kept.last, isTrimmed(last) { kept.removeLast() }
        return String(kept)
    }
}
