import Glibc

/// Who runs the cluster's processes and owns its files.
struct ClusterAccount: Sendable {
    let name: String
    let user: uid_t
    let group: gid_t
    /// The names that may connect: the account and, if we are root, root.
    let connecting: [String]
    /// What goes before a command so that the account runs it.
    let prefix: [String]

    /// Ourselves, or an unprivileged account if we are root.
    init(named wanted: String?) throws(ClusterError) {
        guard getuid() == 0 else {
            let (user, group) = (getuid(), getgid())
            name = ClusterAccount.entry { getpwuid(user) }?.name ?? String(user)
            (self.user, self.group) = (user, group)
            connecting = [name]
            prefix = []
            return
        }
        let names = wanted.map { [$0] } ?? ["viaduct", "postgres"]
        let found = names.lazy.compactMap { name in ClusterAccount.entry { getpwnam(name) } }.first
        guard let found, found.user != 0 else { throw .noAccount(named: wanted) }
        (name, user, group) = found
        connecting = [found.name, "root"]
        prefix = [
            "setpriv", "--reuid=\(found.user)", "--regid=\(found.group)", "--clear-groups",
            "--no-new-privs", "--",
        ]
    }

    private static func entry(
        _ look: () -> UnsafeMutablePointer<passwd>?
    ) -> (name: String, user: uid_t, group: gid_t)? {
        guard let entry = look()?.pointee else { return nil }
        return (String(cString: entry.pw_name), entry.pw_uid, entry.pw_gid)
    }
}
