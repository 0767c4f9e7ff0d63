import FoundationEssentials
import Glibc

/// What the server runs for each file of its log that is full, before it uses the file anew.
///
/// A script, so that archiving begins and ends without a restart: the server's settings always name
/// it, and without a shelf it lets go of the file.
struct ArchiveScript: Sendable {
    let path: String

    /// The setting `archive_command`.
    var command: String { "sh \(path.quotedForCommand) \"%p\" \"%f\"" }

    /// A script that archives nothing, unless there is one.
    func writeIfMissing() throws(ClusterError) {
        guard access(path, F_OK) != 0 else { return }
        try write(
            """
            #!/bin/sh
            # Written by viaduct: nothing is archived before `viaduct backup` was run.
            exit 0

            """)
    }

    /// From now on, files go to a directory.
    func write(archivingTo directory: String) throws(ClusterError) {
        try write(Self.text(archivingTo: directory))
    }

    /// Keeps a file of the log in a directory: compressed, whole, and safe from a crash before the
    /// server may forget it. One that is there already must be the same.
    static func text(archivingTo directory: String) -> String {
        """
        #!/bin/sh
        # Written by viaduct backup: keeps the file $1 of the server's log under the name $2.
        set -e
        to=\(directory.quotedForShell)
        if [ -e "$to/$2.gz" ]; then
            gzip -dc "$to/$2.gz" | cmp -s - "$1"
            exit
        fi
        gzip -1 -n -c "$1" > "$to/$2.part"
        sync "$to/$2.part"
        mv "$to/$2.part" "$to/$2.gz"
        sync "$to"

        """
    }

    /// Writes it beside its place and moves it there, as the server may be about to run it.
    private func write(_ text: String) throws(ClusterError) {
        let new = path + ".new"
        do {
            try text.write(toFile: new, atomically: false, encoding: .utf8)
        } catch {
            throw .directory(new, reason: "it cannot be written.")
        }
        guard chmod(new, 0o644) == 0, rename(new, path) == 0 else {
            throw .directory(path, reason: "it cannot be written.")
        }
    }
}

extension ClusterPlace {
    var archiveScript: ArchiveScript { ArchiveScript(path: home + "/archive.sh") }
}

extension String {
    /// As one word of a shell's command.
    var quotedForShell: String { "'" + replacing("'", with: "'\\''") + "'" }

    /// As a command of PostgreSQL's settings, where `%` begins a name.
    var quotedForCommand: String { quotedForShell.replacing("%", with: "%%") }
}
