import CLibPQ
import Glibc

/// A program started by us: without our descriptors, our signals or our terminal.
package struct ChildProcess: Sendable {
    package let id: pid_t

    /// Whether the program shares our process group, and so our Ctrl-C.
    package enum Bond { case attached, detached }

    /// Starts a program in `/` with nothing to read and both outputs going to a file.
    ///
    /// `nil` if the system refuses, such as for a missing program.
    package init?(
        _ command: [String], output: String = "/dev/null", bond: Bond = .attached,
        standardInput: Int32? = nil
    ) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let standardInput {
            posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o640)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // The account that the program runs as may not be allowed to enter our directory.
        posix_spawn_file_actions_addchdir_np(&actions, "/")
        // Whatever we hold open without close-on-exec must not live on in the program.
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let session = bond == .detached ? POSIX_SPAWN_SETSID : 0
        posix_spawnattr_setflags(
            &attributes,
            Int16(truncatingIfNeeded: POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | session))

        let arguments = copies(of: command)
        // Neither PGHOST and its like nor secrets of ours reach the program.
        let environment = copies(of: ["PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"])
        defer { (arguments + environment).forEach { free($0) } }
        var child: pid_t = 0
        let status = posix_spawnp(
            &child, command[0], &actions, &attributes, arguments, environment)
        guard status == 0 else { return nil }
        id = child
    }

    /// Waits for the program's end; `nil` if a signal ended it.
    package func exitCode() async -> Int32? {
        await withUnsafeContinuation { continuation in
            startThread { [id] in
                var status: Int32 = 0
                while waitpid(id, &status, 0) < 0, errno == EINTR {}
                let hasExited = status & 0x7f == 0
                continuation.resume(returning: hasExited ? (status >> 8) & 0xff : nil)
            }
        }
    }

    /// Takes note of the program's end, so that no zombie stays; `false` while it still runs.
    @discardableResult
    static func reap(_ id: pid_t) -> Bool {
        var status: Int32 = 0
        return waitpid(id, &status, WNOHANG) != 0
    }
}

/// The strings as C has them, ended by a null pointer; to be freed.
private func copies(of strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
    strings.map { strdup($0) } + [nil]
}
