import FoundationEssentials
import Glibc

/// Whether a cluster's postmaster runs, by the file it leaves and the process that this file names.
enum ClusterProcess {
    /// The postmaster's process; `nil` if it is gone, or if its number belongs to somebody else now.
    static func running(in place: ClusterPlace) -> pid_t? {
        guard let told = told(by: place.processFile) else { return nil }
        // A postmaster works in its data directory; a process that has got an old number does not.
        // A zombie has no directory any more.
        var buffer = [CChar](repeating: 0, count: 4097)
        let length = readlink("/proc/\(told)/cwd", &buffer, buffer.count - 1)
        guard length > 0 else { return nil }
        let directory = String(
            decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return isSame(directory, place.data) ? told : nil
    }

    /// Whether somebody answers at the cluster's socket: also a postmaster that we cannot see, because
    /// it runs in another container on the same files.
    static func isAnswered(at place: ClusterPlace) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array((place.socketDirectory + "/.s.PGSQL.5432").utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    /// Removes the files that a killed postmaster left, if their number is somebody else's now:
    /// PostgreSQL itself would take that process for a postmaster and refuse to start.
    static func removeStaleFiles(of place: ClusterPlace) {
        guard told(by: place.processFile) != nil, running(in: place) == nil,
            !isAnswered(at: place)
        else { return }
        unlink(place.processFile)
        unlink(place.socketDirectory + "/.s.PGSQL.5432.lock")
        unlink(place.socketDirectory + "/.s.PGSQL.5432")
    }

    /// A moment between two looks, also for a task that is cancelled and may not sleep any more.
    static func pause() async {
        await Task.detached { try? await Task.sleep(for: .milliseconds(50)) }.value
    }

    private static func told(by file: String) -> pid_t? {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first.flatMap { pid_t($0) }.flatMap { $0 > 1 ? $0 : nil }
    }

    /// Whether two paths lead to the same directory, whatever links are on the way.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(one, &first) == 0, stat(other, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}

/// Keeps two starters of one cluster apart.
struct ClusterLock: Sendable {
    private let descriptor: Int32

    /// Waits until nobody else starts the cluster; a starter that dies lets go.
    init(_ path: String) async throws(ClusterError) {
        while true {
            if let lock = try ClusterLock(ifFree: path) {
                self = lock
                return
            }
            if Task.isCancelled { throw .refused(step: "its start", output: "interrupted") }
            await ClusterProcess.pause()
        }
    }

    /// The lock, or `nil` while somebody else starts the cluster.
    init?(ifFree path: String) throws(ClusterError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .directory(path, reason: "it cannot be written.") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
    }

    func unlock() {
        close(descriptor)
    }
}
